/** One seeded transfer in virtual time: the real sender against a model of a device, over a link with faults. */
import {
  type Client,
  type ClientResult,
  judge,
  type LinkTap,
  Rng,
  ServerNode,
  type Verdict,
  World,
} from '../../src/lab/index.ts'
import type { Fault } from '../../src/lab/link.ts'
import { encodeOack } from '../../src/packet/index.ts'
import {
  COUNTER,
  type Counters,
  type NoticeKind,
  type Outcome,
  type WindowPolicy,
} from '../../src/transfer/contract.ts'
import { type Agreed, type Limits, negotiateRead } from '../../src/transfer/negotiate.ts'
import { takesWhateverComes } from '../../src/profile/request-shape.ts'
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

export interface TransferRun {
  readonly verdict: Verdict
  readonly client: ClientResult | undefined
  readonly outcome: Outcome | undefined
  readonly datagrams: number
  readonly datagramsPerBlock: number
  /** Virtual milliseconds until the device had the file or gave up. */
  readonly ms: number
  readonly counters: Counters
  /** The last policy that was made. */
  readonly policy: WindowPolicy | undefined
}

/** A strict server needs a second and more for each lost packet. */
const UNTIL_MS = 48 * 3_600_000

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
      policy = patient ? anticipation({ windowBlocks: 1 }) : spec.policy(agreed)
      const oack = agreed.oack.length > 0 ? encodeOack(agreed.oack) : undefined
      const machine = new Sender(
        {
          sizeBytes: image.length,
          blksize: agreed.blksize,
          rollover: agreed.rollover,
          oack,
          near: spec.near ?? true,
          clientTimeoutMs: agreed.timeoutMs,
          proven: false,
          label: '"test.bin" to 10.0.0.1:2070',
          known: spec.known ?? false,
          patient,
        },
        policy,
        sink,
      )
      return { machine, blksize: agreed.blksize, rollover: agreed.rollover }
    },
    ...(spec.notice === undefined ? {} : { notice: spec.notice }),
  })
  const world = new World()
  const delayMs = spec.delayMs ?? 0.075
  const jitterMs = spec.jitterMs ?? 0
  const rate = spec.rateBytesPerSec === undefined ? {} : { rateBytesPerSec: spec.rateBytesPerSec }
  world.join(client, server, {
    up: {
      ...rate,
      delayMs,
      jitterMs,
      rng: rng.fork('up'),
      faults: spec.up?.(rng.fork('upFaults')) ?? [],
      ...tap(spec.upTap),
    },
    down: {
      ...rate,
      delayMs,
      jitterMs,
      rng: rng.fork('down'),
      faults: spec.down?.(rng.fork('downFaults')) ?? [],
      ...tap(spec.downTap),
    },
  })
  const mostBlocks = Math.floor(spec.sizeBytes / 8) + 1
  world.run({ untilMs: UNTIL_MS, maxDatagrams: 100 * mostBlocks + 100_000 })
  return {
    verdict: judge(client.result, server.outcome, image, server.started > 0),
    client: client.result,
    outcome: server.outcome,
    datagrams: server.dataSent,
    datagramsPerBlock: server.dataSent / (Math.floor(spec.sizeBytes / (client.result?.blksize ?? 512)) + 1),
    ms: client.result?.endedAt ?? world.now,
    counters: server.counters,
    policy,
  }
}

function tap(value: LinkTap | undefined): { tap?: LinkTap } {
  return value === undefined ? {} : { tap: value }
}

/** Bytes that differ from block to block, so that a misplaced block shows. */
export function randomImage(sizeBytes: number, rng: Rng): Uint8Array {
  const image = new Uint8Array(sizeBytes)
  let x = (rng.int(0x7fffffff) | 1) >>> 0
  for (let i = 0; i < sizeBytes; i++) {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0
    image[i] = x >>> 24
  }
  return image
}

export { COUNTER }
