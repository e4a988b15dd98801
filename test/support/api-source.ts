/** A server that stands in for one that runs, for tests of what is asked of it. */
import type { ApiServer, ApiSource } from '../../src/control/source.ts'
import type { ServerStats } from '../../src/server/contract.ts'

export const STATS: ServerStats = {
  since: 5,
  transfers: { running: 1, requested: 1, completed: 0, probed: 0, refused: 0, superseded: 0, failed: 0 },
  writes: { requested: 0, completed: 0, probed: 0, refused: 0, superseded: 0, failed: 0 },
  bytes: { read: 7, written: 0 },
  network: {
    requests: 1,
    ignored: 0,
    repeated: 0,
    refused: 0,
    arrivals: 3,
    sendErrors: {},
    receiveErrors: 0,
    dropped: 0,
  },
}

export function sourceOf(server: Partial<ApiServer> = {}, more: Partial<ApiSource> = {}): ApiSource {
  return {
    server: {
      bound: [{ address: '127.0.0.1', port: 69 }],
      transfers: () => [],
      stats: () => STATS,
      workers: async () => [{ cpu: { user: 2_000_000, system: 500_000 }, restarts: 0 }],
      abort: (id) => id === 3,
      forget: async (name) => (name === '02:00:00:00:00:01' ? [`${name} 1 octet`] : []),
      trace: async () => undefined,
      subscribe: () => () => {},
      reload: async () => {},
      ...server,
    },
    about: { version: '1.2.3', pid: 42 },
    stateFolder: undefined,
    content: () => ({ type: 'path', path: 'images' }),
    settings: () => ({ path: 'images' }),
    settingKeys: ['path', 'port'],
    isWritable: false,
    readsNeedToken: false,
    ...more,
  }
}
