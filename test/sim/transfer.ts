/** One seeded transfer in virtual time: the real sender against a model of a device, over a link with faults. */
import { DAY_MS, type ExperimentResult, patternedImage, runExperiment } from '../../src/lab/experiment.ts'
import { type Client, type LinkTap, Rng, ServerNode } from '../../src/lab/index.ts'
import type { Fault, LinkOptions } from '../../src/lab/link.ts'
import { COUNTER, type Counters, type NoticeKind, type WindowPolicy } from '../../src/transfer/contract.ts'
import { type Agreed, agreedForSender, type Limits, negotiateRead, oackOf } from '../../src/transfer/negotiate.ts'
import { mayTakeWhateverComes, takesWhateverComes } from '../../src/profile/request-shape.ts'
import { adaptive } from '../../src/transfer/policy/adaptive.ts'
import { anticipation } from '../../src/transfer/policy/anticipation.ts'
import { Sender } from '../../src/transfer/sender.ts'

export const LIMITS: Limits = { maxBlksize: 65464, maxWindowsize: 65535, maxWindowBytes: 1 << 22, refuse: new Set() }

export interface TransferSpec {
  readonly sizeBytes: number
  readonly seed: number
  /** One way, milliseconds. */
  readonly delayMs?: number
  readonly jitterMs?: number
  /** Of the wire, both ways; unlimited by default. */
  readonly rateBytesPerSec?: number
  readonly near?: boolean
  readonly known?: boolean
  client(sizeBytes: number, rng: Rng): Client
  policy(agreed: Agreed): WindowPolicy
  /** Device to server. */
  up?(rng: Rng): readonly Fault[]
  /** Server to device. */
  down?(rng: Rng): readonly Fault[]
  readonly upTap?: LinkTap
  readonly downTap?: LinkTap
  notice?(now: number, kind: NoticeKind, seq: number): void
}

export interface TransferRun extends ExperimentResult {
  /** DATA sent for each block of the file. */
  readonly datagramsPerBlock: number
  readonly counters: Counters
  /** The last policy that was made. */
  readonly policy: WindowPolicy | undefined
}

export function runTransfer(spec: TransferSpec): TransferRun {
  const rng = new Rng(spec.seed)
  const image = randomImage(spec.sizeBytes, rng.fork('image'))
  const client = spec.client(spec.sizeBytes, rng.fork('client'))
  let policy: WindowPolicy | undefined
  const server = new ServerNode({
    image,
    create(request, sink) {
      const agreed = negotiateRead(request, image.length, LIMITS)
      // What the server does with a device that takes whatever comes (server/policy.ts).
      const patient = takesWhateverComes(request)
      const mayCountRepeats = !patient && mayTakeWhateverComes(request)
      policy = patient ? anticipation({ windowBlocks: 1 }) : spec.policy(agreed)
      if (mayCountRepeats && policy.type !== 'strict') policy = adaptive({ isLockStep: true })
      const machine = new Sender(
        {
          sizeBytes: image.length,
          ...agreedForSender(agreed),
          oack: oackOf(agreed),
          near: spec.near ?? true,
          addressValidated: false,
          label: '"test.bin" to 10.0.0.1:2070',
          known: spec.known ?? false,
          patient,
          mayCountRepeats,
        },
        policy,
        sink,
      )
      return { machine, blksize: agreed.blksize, rollover: agreed.rollover }
    },
    ...(spec.notice === undefined ? {} : { notice: spec.notice }),
  })
  const delayMs = spec.delayMs ?? 0.075
  const jitterMs = spec.jitterMs ?? 0
  const rate = spec.rateBytesPerSec === undefined ? {} : { rateBytesPerSec: spec.rateBytesPerSec }
  const link = (way: 'up' | 'down', watched: LinkTap | undefined): LinkOptions => ({
    ...rate,
    delayMs,
    jitterMs,
    rng: rng.fork(way),
    faults: spec[way]?.(rng.fork(`${way}Faults`)) ?? [],
    ...(watched === undefined ? {} : { tap: watched }),
  })
  const up = link('up', spec.upTap)
  const down = link('down', spec.downTap)
  const mostBlocks = Math.floor(spec.sizeBytes / 8) + 1
  const limits = { untilMs: 2 * DAY_MS, maxDatagrams: 100 * mostBlocks + 100_000 }
  const result = runExperiment({ client, server, image, up, down, limits })
  return {
    ...result,
    datagramsPerBlock: result.datagrams / (Math.floor(spec.sizeBytes / result.blksize) + 1),
    counters: server.counters,
    policy,
  }
}

/** All images are parts of one: to make bytes anew for each of many small transfers takes longer than the transfers. */
let noise: Uint8Array = new Uint8Array(0)
const NOISE_SEED = 1
const OFFSETS = 4096
/** An image on a word's border is compared in words. */
const OFFSET_BYTES = 4

export function randomImage(sizeBytes: number, rng: Rng): Uint8Array {
  const offset = OFFSET_BYTES * rng.int(OFFSETS)
  const needed = offset + sizeBytes
  if (noise.length < needed) noise = patternedImage(needed, NOISE_SEED)
  return noise.subarray(offset, needed)
}

export { COUNTER }
