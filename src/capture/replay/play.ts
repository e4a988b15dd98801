/** Boots of one device against one server of the lab. */
import type { Device } from '../../lab/device/device.ts'
import { median } from '../../lab/median.ts'
import { isIntact, type Row, runCell } from '../../lab/run.ts'
import { SERVERS, type ServerName } from '../../lab/server/catalogue.ts'
import type { ReplayRow, Spread } from './contract.ts'

export function playRow(device: Device, server: ServerName, sizeBytes: number, seeds: number): ReplayRow {
  const rows: Row[] = []
  for (let seed = 1; seed <= seeds; seed++)
    rows.push(runCell({ device, server, model: SERVERS[server], sizeBytes, seed }).row)
  return {
    runs: rows.length,
    intact: rows.filter(isIntact).length,
    holed: rows.filter(({ verdict }) => verdict === 'hole' || verdict === 'wrong-bytes').length,
    ms: spread(rows.map(({ ms }) => ms)),
    clientTimeouts: spread(rows.map(({ clientTimeouts }) => clientTimeouts)),
    blocks: spread(rows.map(({ blocks }) => blocks)),
  }
}

function spread(values: readonly number[]): Spread {
  return { median: median(values) ?? 0, least: Math.min(...values), most: Math.max(...values) }
}
