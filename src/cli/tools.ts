/** The parts that commands run, loaded when first used: `--version` and `--help` need none of them. */
import type { get } from '../client/get.ts'
import type { put } from '../client/put.ts'
import type { openControlSocket } from '../control/socket.ts'
import type { openHistory } from '../history/history.ts'
import type { startServer } from '../server/server.ts'

export interface Tools {
  readonly startServer: typeof startServer
  readonly openHistory: typeof openHistory
  readonly openControlSocket: typeof openControlSocket
  readonly get: typeof get
  readonly put: typeof put
}

export function loadTools(): Tools {
  return {
    startServer: async (...given) => (await import('../server/server.ts')).startServer(...given),
    openHistory: async (options) => {
      const opening = (await import('../history/history.ts')).openHistory(options)
      // The server's code is loaded while a thread opens the database.
      await import('../server/server.ts')
      return opening
    },
    openControlSocket: async (...given) => (await import('../control/socket.ts')).openControlSocket(...given),
    get: async (options) => (await import('../client/get.ts')).get(options),
    put: async (options) => (await import('../client/put.ts')).put(options),
  }
}
