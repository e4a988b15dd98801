/** A cell of uploads: one client stores a file on one server in virtual time, and a row says what came of it. */
import { DEVICES } from './device/catalogue.ts'
import { bootDevice, type DeviceFault, faultsText } from './device/device.ts'
import { DAY_MS, patternedImage, runUpload } from './experiment.ts'
import { Rng } from './rng.ts'
import { cutOff, mostDatagrams, type Row } from './run.ts'
import type { StorerModel } from './storer/catalogue.ts'
import type { UploaderModel } from './uploader/catalogue.ts'

export interface UploadCell {
  /** Name of the client, for the row. */
  readonly client: string
  readonly uploader: UploaderModel
  /** Name of the server, for the row. */
  readonly server: string
  readonly storer: StorerModel
  /** Of a link. They sit at the device: at the client, or at the server where that is one in its recovery mode. */
  readonly faults: readonly DeviceFault[]
  readonly sizeBytes: number
  readonly seed: number
}

/** Runs one cell. The same cell gives the same row. */
export function runUploadCell(cell: UploadCell): Row {
  const { client, server, faults, sizeBytes, seed } = cell
  const image = patternedImage(sizeBytes, sizeBytes | 1)
  const rng = new Rng(seed, `upload ${client} ${server}`)
  const link = bootDevice(
    { ...DEVICES.strict, name: `upload ${client} ${server}`, faults, link: {} },
    { seed, sizeBytes: 0 },
  )
  const isDeviceServer = cell.storer.type === 'recovery'
  const uploader = cell.uploader.make({ image })
  const storer = cell.storer.make(rng.fork('server'))
  const most = mostDatagrams(sizeBytes)
  const result = runUpload({
    client: uploader,
    server: storer,
    image,
    up: isDeviceServer ? link.down : link.up,
    down: isDeviceServer ? link.up : link.down,
    limits: { untilMs: DAY_MS, maxDatagrams: 2 * most, maxSent: most },
  })
  const { verdict, ms, datagrams } = result
  const blocks = result.bytes === 0 ? 0 : Math.floor(result.bytes / uploader.blksize) + 1
  return {
    direction: 'write',
    device: client,
    server,
    fault: faultsText(faults),
    seed,
    boot: 1,
    sizeBytes,
    verdict: verdict.kind,
    harmful: verdict.harmful,
    ms,
    bytesPerSec: ms > 0 ? (result.bytes * 1000) / ms : 0,
    blocks,
    holes: 0,
    clientTimeouts: result.clientTimeouts,
    datagrams,
    datagramsPerBlock: blocks > 0 ? datagrams / blocks : 0,
    longestGapMs: result.longestGapMs,
    windowBlocks: 0,
    drawn: link.drawn,
    clientSays: uploader.outcome === undefined ? cutOff(result.end) : uploader.says,
    serverSays: storer.says,
  }
}
