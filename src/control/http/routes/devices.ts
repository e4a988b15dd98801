/** Devices: what is known of each, and forgetting it. */
import * as v from 'valibot'
import type { ApiSource } from '../../source.ts'
import { devicesOf } from '../devices.ts'
import { readHistory } from '../history.ts'
import { nothingThere } from '../problem.ts'
import type { Route } from '../route.ts'
import { jsonOf } from '../../../history/json.ts'
import { DEVICE, HISTORY_ROW, limitOf } from '../schemas.ts'

/** Transfers of a device that are shown with it. */
const TRANSFERS = 50
const MAX_DEVICES = 500

export function deviceRoutes(source: ApiSource): Route[] {
  return [
    {
      method: 'GET',
      path: '/api/v1/devices',
      summary: 'devices, the one that was there last first',
      access: 'read',
      query: { limit: limitOf(MAX_DEVICES) },
      answer: v.object({ devices: v.array(DEVICE) }),
      handle: ({ query }) => ({
        json: { devices: readHistory(source, (reader) => devicesOf(reader, query.limit as number)) },
      }),
    },
    {
      method: 'GET',
      path: '/api/v1/devices/:name',
      summary: 'one device, and its last transfers',
      access: 'read',
      answer: v.object({ device: DEVICE, transfers: v.array(HISTORY_ROW) }),
      handle: ({ params }) => ({
        json: readHistory(source, (reader) => {
          const name = params.name.toLowerCase()
          const device = devicesOf(reader, MAX_DEVICES).find((one) => one.name === name || one.addresses.includes(name))
          if (device === undefined) throw nothingThere('no such device is known')
          return { device, transfers: reader.page({ device: device.name }, TRANSFERS).map(jsonOf) }
        }),
      }),
    },
    {
      method: 'DELETE',
      path: '/api/v1/devices/:name/memory',
      summary: 'forget what was learnt of a device; its transfers stay',
      access: 'change',
      answer: v.object({ forgotten: v.array(v.string()) }),
      handle: async ({ params }) => {
        const forgotten = await source.server.forget(params.name)
        if (forgotten.length === 0) throw nothingThere('nothing was learnt of such a device')
        return { json: { forgotten } }
      },
    },
  ]
}
