/** One boot for the figures: a device of the lab against `serve` as it treats devices, or against any model of the lab. */
import type { ClientName } from '../../src/lab/device/clients.ts'
import { bootDevice, type Device, type DeviceFault, type Draws } from '../../src/lab/device/device.ts'
import { DEVICE_FAULTS } from '../../src/lab/device/faults.ts'
import { DAY_MS, runExperiment } from '../../src/lab/experiment.ts'
import { isIntact, serverWords } from '../../src/lab/run.ts'
import {
  type Fault,
  type Frame,
  type LinkTap,
  Rng,
  EndpointNode,
  type ServingNode,
  type ServerModel,
  serverNode,
  type VerdictKind,
  wireBytes,
} from '../../src/lab/index.ts'
import { HEADER_BYTES, OPCODE, readBlock, readOpcode } from '../../src/packet/index.ts'
import { DeviceMemory } from '../../src/profile/memory.ts'
import type { LearntDevice, NoticeKind, Outcome } from '../../src/transfer/contract.ts'
import type { PolicyOptions } from '../../src/transfer/policy/choose.ts'
import { randomImage } from './transfer.ts'

/** `serve` without flags. */
export const DEFAULTS: PolicyOptions = { window: 'auto' }
export const STRICT: PolicyOptions = { window: 'strict' }
export const LOCK_STEP: PolicyOptions = { window: 1 }

/** 7.75 MiB. */
export const FIRMWARE_BYTES = 8_126_464

/** 150 us round trip, and nothing else that takes time. */
export const CABLE: Draws = { delayMs: 0.075 }
/** The same at 100 Mbit/s: each frame takes its time, so that a window pays only until the wire is full. */
export const FAST_ETHERNET: Draws = { ...CABLE, rateBytesPerSec: 12.5e6 }

export interface BootSpec {
  readonly client: ClientName
  readonly values?: Draws
  readonly faults?: readonly DeviceFault[]
  /** `serve` with these flags, or a model of another server. Default: without flags. */
  readonly server?: PolicyOptions | ServerModel
  readonly sizeBytes: number
  readonly seed: number
  readonly link?: Draws
  /** What `serve` learnt before; it learns from this boot as well. */
  readonly memory?: DeviceMemory
  /** What it presumed of a device that the memory does not know. */
  readonly learnt?: LearntDevice
  /** More faults, beyond those of the device. */
  readonly up?: readonly Fault[]
  readonly down?: readonly Fault[]
  /** Keep a digest of everything that happened on the link, and when. */
  readonly digest?: boolean
  readonly tap?: { readonly up: LinkTap; readonly down: LinkTap }
}

export interface Boot {
  readonly verdict: VerdictKind
  readonly intact: boolean
  readonly harmful: boolean
  /** Virtual milliseconds until the device had the file or gave up. */
  readonly ms: number
  /** What it has by then, over that time. */
  readonly bytesPerSec: number
  /** DATA sent for each block of the file. */
  readonly datagramsPerBlock: number
  /** Datagrams that arrived, both ways. */
  readonly delivered: number
  readonly outcome: Outcome | undefined
  readonly notices: ReadonlyMap<NoticeKind, number>
  readonly learnt: LearntDevice | undefined
  /** Equal for two boots in which the same packets left at the same times. */
  readonly digest: number
  readonly drawn: Readonly<Record<string, number>>
  /** False when no request ever reached the server. */
  readonly heard: boolean
  readonly deviceSays: string
  readonly serverSays: string
}

const MOST_DATAGRAMS_PER_BLOCK = 40
const DATAGRAMS_ALLOWANCE = 10_000

export function boot(spec: BootSpec): Boot {
  const image = imageOf(spec.sizeBytes)
  const device = deviceOf(spec)
  const booted = bootDevice(device, { seed: spec.seed, sizeBytes: spec.sizeBytes })
  const notices = new Map<NoticeKind, number>()
  const count = (_now: number, kind: NoticeKind): void => void notices.set(kind, (notices.get(kind) ?? 0) + 1)
  const server = serverOf(spec, image, count)
  const digest = spec.digest === true ? new Digest() : undefined
  const upTap = digest ?? spec.tap?.up
  const downTap = digest ?? spec.tap?.down
  const most = MOST_DATAGRAMS_PER_BLOCK * (spec.sizeBytes / 512 + 1) + DATAGRAMS_ALLOWANCE
  const { node } = server
  const result = runExperiment({
    client: booted.client,
    server: node,
    image,
    up: { ...booted.up, faults: [...booted.up.faults!, ...(spec.up ?? [])], ...(upTap && { tap: upTap }) },
    down: { ...booted.down, faults: [...booted.down.faults!, ...(spec.down ?? [])], ...(downTap && { tap: downTap }) },
    limits: { untilMs: DAY_MS, maxDatagrams: most },
  })
  const { verdict, ms, outcome } = result
  return {
    verdict: verdict.kind,
    intact: isIntact({ verdict: verdict.kind }),
    harmful: verdict.harmful,
    ms,
    bytesPerSec: (result.bytes * 1000) / ms,
    datagramsPerBlock: result.datagrams / (Math.floor(spec.sizeBytes / result.blksize) + 1),
    delivered: result.delivered,
    outcome,
    notices,
    learnt: server.learnt?.(),
    digest: digest?.value ?? 0,
    drawn: booted.drawn,
    heard: node.started > 0,
    deviceSays: result.client?.reason ?? 'waits for ever',
    serverSays: serverWords(node),
  }
}

/**
 * A fault as its device would have it; `p` for its probability where it has one. Of `bit-errors` that is the share of
 * frames with a block of `blksize` bytes that are damaged.
 */
export function faultOf(name: string, p?: number | readonly [low: number, high: number], blksize = 512): DeviceFault {
  const parameters = DEVICE_FAULTS[name].parameters
  if (p === undefined) return { fault: name, values: {} }
  const [low, high] = typeof p === 'number' ? [p, p] : p
  if ('p' in parameters) return { fault: name, values: { p: { logUniform: [low, high] } } }
  if (!('perByte' in parameters)) return { fault: name, values: {} }
  const perByte = (share: number): number => 1 - (1 - share) ** (1 / wireBytes(HEADER_BYTES + blksize))
  return { fault: name, values: { perByte: { logUniform: [perByte(low), perByte(high)] } } }
}

export function range(count: number, first = 1): number[] {
  return Array.from({ length: count }, (_, i) => first + i)
}

function deviceOf(spec: BootSpec): Device {
  return {
    name: spec.client,
    description: 'for the figures',
    source: 'for the figures',
    client: { model: spec.client, values: spec.values ?? {} },
    faults: (spec.faults ?? []).filter(({ fault }) => fault !== 'none'),
    link: spec.link ?? CABLE,
  }
}

interface Served {
  readonly node: ServingNode
  learnt?(): LearntDevice | undefined
}

/** `serve` as it is, or a model of another server. */
function serverOf(spec: BootSpec, image: Uint8Array, notice: (now: number, kind: NoticeKind) => void): Served {
  const chosen = spec.server ?? DEFAULTS
  if ('type' in chosen) return { node: serverNode(chosen, { image, rng: new Rng(spec.seed, chosen.type), notice }) }
  const memory = spec.memory ?? new DeviceMemory()
  const presumed = spec.learnt === undefined ? {} : { presumed: spec.learnt }
  const node = new EndpointNode({ image, policy: chosen, memory, notice, ...presumed })
  return { node, learnt: () => node.learnt }
}

/** FNV-1a over the time, direction and kind of every packet that was sent or arrived. */
class Digest implements LinkTap {
  value = 0x811c9dc5
  readonly #time = new Float64Array(1)
  readonly #halves = new Uint32Array(this.#time.buffer)

  sent(now: number, frame: Frame): void {
    this.#add(now, frame, 1)
  }

  arrived(now: number, frame: Frame): void {
    this.#add(now, frame, 2)
  }

  #add(now: number, frame: Frame, what: number): void {
    this.#time[0] = now
    const opcode = readOpcode(frame.buffer, frame.offset, frame.length)
    const block = opcode === OPCODE.data || opcode === OPCODE.ack ? readBlock(frame.buffer, frame.offset) : 0
    for (const word of [this.#halves[0], this.#halves[1], what, opcode, block, frame.length, frame.from, frame.to]) {
      this.value = Math.imul(this.value ^ word, 0x01000193) >>> 0
    }
  }
}

let lastImage: Uint8Array = new Uint8Array(0)

function imageOf(sizeBytes: number): Uint8Array {
  if (lastImage.length !== sizeBytes) lastImage = randomImage(sizeBytes, new Rng(sizeBytes, 'image'))
  return lastImage
}
