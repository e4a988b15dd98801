/** What a capture at the server shows while the lab plays a device against a server: a pcapng file of Foresend's own writer. */
import { pcapngDatagram, pcapngHeader } from '../../src/capture/pcapng.ts'
import { DAY_MS, type ExperimentResult, runExperiment } from '../../src/lab/experiment.ts'
import {
  bootDevice,
  type Device,
  DEVICES,
  type Frame,
  type LinkOptions,
  type LinkTap,
  Rng,
  SERVERS,
  type ServerName,
  serverNode,
} from '../../src/lab/index.ts'
import { mostDatagrams } from '../../src/lab/run.ts'
import { concat } from './capture-maker.ts'
import { CLIENT, SERVER } from './capture-scene.ts'

const START_MS = 1_700_000_000_000
const NOTHING = (): void => {}

export interface LabCapture {
  readonly file: Uint8Array
  readonly result: ExperimentResult
  /** Packets that a capture at the server sees: those that the server sent, and those that reached it. */
  readonly datagrams: number
}

/** One boot. `name` of a device file of the lab. */
export function captureOfLab(name: string, server: ServerName, image: Uint8Array, seed: number): LabCapture {
  const device = DEVICES[name]
  if (device === undefined) throw new Error(`the lab has no device ${name}`)
  return captureOfDevice(device, server, image, seed)
}

/** One boot of any device. `watch` may look at what the faults of its links do. */
export function captureOfDevice(
  device: Device,
  server: ServerName,
  image: Uint8Array,
  seed: number,
  watch: (link: LinkOptions) => LinkOptions = (link) => link,
): LabCapture {
  const sizeBytes = image.length
  const booted = bootDevice(device, { seed, sizeBytes, boot: 1 })
  const blocks: Uint8Array[] = [pcapngHeader(`${device.name}, ${server}, seed ${seed}`)]
  const add = (now: number, frame: Frame, fromClient: boolean): void => {
    const [from, to] = fromClient ? [CLIENT, SERVER] : [SERVER, CLIENT]
    blocks.push(
      pcapngDatagram({
        timeUs: Math.round((START_MS + now) * 1000),
        source: from.address,
        destination: to.address,
        sourcePort: frame.from,
        destinationPort: frame.to,
        payload: frame.buffer.subarray(frame.offset, frame.offset + frame.length),
      }),
    )
  }
  const up: LinkTap = { sent: NOTHING, arrived: (now, frame) => add(now, frame, true) }
  const down: LinkTap = { sent: (now, frame) => add(now, frame, false), arrived: NOTHING }
  const most = mostDatagrams(sizeBytes)
  const result = runExperiment({
    client: booted.client,
    server: serverNode(SERVERS[server], { image, rng: new Rng(seed, `server ${server}`) }),
    image,
    up: { ...watch(booted.up), tap: up },
    down: { ...watch(booted.down), tap: down },
    limits: { untilMs: DAY_MS, maxDatagrams: 2 * most, maxSent: most },
  })
  return { file: concat(blocks), result, datagrams: blocks.length - 1 }
}
