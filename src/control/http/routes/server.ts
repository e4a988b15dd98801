/** The server as a whole: how it stands, where it listens, how it was set. */
import * as v from 'valibot'
import type { RequestTime } from '../../request-time.ts'
import type { ApiSource } from '../../source.ts'
import { networkOf } from '../network.ts'
import type { Route } from '../route.ts'
import { NETWORK, STATS, STATUS } from '../schemas.ts'
import { statusOf } from '../status.ts'

export function serverRoutes(source: ApiSource, requestTime: RequestTime): Route[] {
  const { server } = source
  return [
    {
      method: 'GET',
      path: '/api/v1/status',
      summary: 'where the server listens, and how much it did',
      access: 'read',
      answer: STATUS,
      handle: () => ({ json: statusOf(source) }),
    },
    {
      method: 'GET',
      path: '/api/v1/stats',
      summary: 'counters since the start',
      access: 'read',
      answer: STATS,
      handle: () => ({ json: server.stats() }),
    },
    {
      method: 'GET',
      path: '/api/v1/network',
      summary: 'what a device has to ask for, and what may be in the way while nothing arrives',
      access: 'read',
      answer: NETWORK,
      handle: async () => ({ json: await networkOf(source, requestTime.last) }),
    },
    {
      method: 'GET',
      path: '/api/v1/config',
      summary: 'the settings that were made; the others have their defaults',
      access: 'read',
      answer: v.object({ settings: v.record(v.string(), v.unknown()), defaults: v.array(v.string()) }),
      handle: () => {
        const settings = source.settings()
        return { json: { settings, defaults: source.settingKeys.filter((key) => !(key in settings)) } }
      },
    },
    {
      method: 'POST',
      path: '/api/v1/reload',
      summary: 'read the settings, the folder and the addresses of this machine again',
      access: 'change',
      answer: v.object({ reloaded: v.literal(true) }),
      handle: async () => {
        await server.reload()
        return { json: { reloaded: true } }
      },
    },
  ]
}
