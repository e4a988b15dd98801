/**
 * One experiment: a client asks a server for an image over a link, in virtual time, until nothing is left to happen or a
 * limit is reached. `run`, `explain` and `sweep`, the scripts and the simulations of the tests play their transfers here, in both directions.
 */
import { OPCODE, readBlock, readOpcode } from '../packet/index.ts'
import type { Outcome } from '../transfer/contract.ts'
import { DEFAULT_BLKSIZE } from '../transfer/negotiate.ts'
import type { ClientResult } from './client/client.ts'
import type { LinkOptions, LinkTap } from './link.ts'
import type { LabNode, ReceivingNode, Service, ServingNode, StoringNode, UploadingNode } from './node.ts'
import { judge, judgeUpload, type Verdict } from './verdict.ts'
import { type PauseFacts, PauseWatch, type PauseVerdict } from './verdict-pause.ts'
import { type RunEnd, type RunLimits, World } from './world.ts'

export interface Experiment {
  readonly client: ReceivingNode
  readonly server: ServingNode
  /** What the server serves; the verdict compares the memory of the client with it. */
  readonly image: Uint8Array
  /** From client to server. */
  readonly up: LinkOptions
  readonly down: LinkOptions
  readonly limits: ExperimentLimits
  /** Stands between the link and the client, to watch its timer. Default: the client itself. */
  readonly clientNode?: LabNode
}

export interface ExperimentLimits extends RunLimits {
  /** Datagrams that the server may send before the run counts as a storm and is stopped. Default: no limit. */
  readonly maxSent?: number
}

export interface ExperimentResult {
  readonly end: RunEnd
  readonly verdict: Verdict
  /** Undefined when the client had not ended. */
  readonly client: ClientResult | undefined
  /** Undefined when the server had not ended. */
  readonly outcome: Outcome | undefined
  /** Virtual milliseconds from the request until the client was done, or the run was cut off. */
  readonly ms: number
  /** Agreed, or the default when none was. */
  readonly blksize: number
  /** Distinct blocks that the client has, the empty block that ends a file of whole blocks included. */
  readonly blocks: number
  /** Bytes of the file that the client has. */
  readonly bytes: number
  /** Blocks missing in an image that the client takes for whole. */
  readonly holes: number
  readonly clientTimeouts: number
  /** DATA that the server sent. */
  readonly datagrams: number
  /** Datagrams that arrived, both ways. */
  readonly delivered: number
  /** The longest time without a block that the client did not have, in milliseconds. */
  readonly longestGapMs: number
  /** Those above a second, and what they were made of; of Foresend's own servers only. */
  readonly pauses: readonly PauseVerdict[]
  /** The network made copies of DATA. */
  readonly copied: boolean
  /** An ERROR left the server before the client had ended. */
  readonly serverGaveUp: boolean
  /** … in answer to an ACK that later ones had overtaken on the network. */
  readonly endedByOvertaken: boolean
}

/** Virtual milliseconds of a day: a server that waits whole seconds for each block needs hours. */
export const DAY_MS = 24 * 3_600_000

/** The other direction: a client stores `image` on a server. */
export interface UploadExperiment extends Pick<Experiment, 'image' | 'up' | 'down' | 'limits'> {
  readonly client: UploadingNode
  readonly server: StoringNode
}

export interface UploadResult {
  readonly end: RunEnd
  readonly verdict: Verdict
  /** Virtual milliseconds from the request until the client was done, or the run was cut off. */
  readonly ms: number
  /** Bytes that the server has taken for the whole file; 0 while there is none. */
  readonly bytes: number
  readonly clientTimeouts: number
  /** DATA that the client sent. */
  readonly datagrams: number
  /** Datagrams that arrived, both ways. */
  readonly delivered: number
  /** The longest time without a block that the server had not seen, in milliseconds. */
  readonly longestGapMs: number
}

/** Runs one experiment. The same inputs give the same result. */
export function runExperiment(experiment: Experiment): ExperimentResult {
  const { client, server, image } = experiment
  const watch = new PauseWatch(client)
  const { world, end } = play(
    experiment.clientNode ?? client,
    server,
    experiment,
    { up: [watch.up], down: [watch.down] },
    'down',
  )
  const { result } = client
  const ms = result?.endedAt ?? world.now
  const written = result?.writtenMap ?? new Uint8Array(0)
  const blksize = result?.blksize ?? DEFAULT_BLKSIZE
  const blocks = countWritten(written)
  // The block behind an exact multiple of the block size is empty: it is written, but nothing is missing without it.
  const needed = Math.ceil(image.length / blksize)
  return {
    end,
    verdict: judge(result, server.outcome, image, server.started > 0),
    client: result,
    outcome: server.outcome,
    ms,
    blksize,
    blocks,
    bytes: Math.min(image.length, blocks * blksize),
    holes: result?.status === 'ok' ? Math.max(0, needed - countWritten(written.subarray(0, needed))) : 0,
    clientTimeouts: result?.timeouts ?? 0,
    datagrams: server.dataSent,
    delivered: world.delivered,
    longestGapMs: watch.longestUntil(ms),
    pauses: server.service === undefined ? [] : watch.pausesUntil(ms, factsOf(experiment, server.service, blksize)),
    copied: watch.copied || isMiscounted(experiment),
    serverGaveUp: watch.serverGaveUp,
    endedByOvertaken: watch.endedByOvertaken,
  }
}

/** The server saw a client count a block twice, on a link that makes copies: a lost datagram before it hides the copy. */
function isMiscounted({ server, down }: Experiment): boolean {
  const makesCopies = (down.faults ?? []).some(({ type }) => type === 'duplicate')
  return makesCopies && server.outcome?.error?.code === 'ERR_TFTP_COUNTS_REPEATS'
}

/** Faults that may keep everything from the device. */
const SILENCING: ReadonlySet<string> = new Set(['arp-silent', 'dead-rx'])

function factsOf({ image, down }: Experiment, service: Service, blksize: number): PauseFacts {
  const silences = (down.faults ?? []).some(({ type }) => SILENCING.has(type))
  return { ...service, silences, lastSeq: Math.floor(image.length / blksize) + 1 }
}

/** Runs one upload. The same inputs give the same result. */
export function runUpload(experiment: UploadExperiment): UploadResult {
  const { client, server, image } = experiment
  const gaps = new Gaps()
  const { world, end } = play(client, server, experiment, { up: [gaps], down: [] }, 'up')
  const ms = client.endedAt ?? world.now
  return {
    end,
    verdict: judgeUpload(client.outcome, server.stored, server.acknowledged, image),
    ms,
    bytes: server.stored?.bytes.length ?? 0,
    clientTimeouts: client.timeouts,
    datagrams: client.dataSent,
    delivered: world.delivered,
    longestGapMs: gaps.longestUntil(ms),
  }
}

/** Lets two nodes talk until nothing is left to happen or a limit is reached. DATA goes the way of `data`. */
function play(
  client: LabNode,
  server: LabNode,
  { up, down, limits }: Pick<Experiment, 'up' | 'down' | 'limits'>,
  taps: { readonly up: readonly LinkTap[]; readonly down: readonly LinkTap[] },
  data: 'up' | 'down',
): { readonly world: World; readonly end: RunEnd } {
  const world = new World()
  const storm = new Storm(limits.maxSent ?? Infinity, () => world.stop())
  const watched = (link: LinkOptions, own: readonly LinkTap[], carriesData: boolean): LinkOptions => {
    const all = [...(carriesData ? [storm] : []), ...own, ...(link.tap === undefined ? [] : [link.tap])]
    return all.length === 0 ? link : { ...link, tap: all.reduce(both) }
  }
  world.join(client, server, {
    up: watched(up, taps.up, data === 'up'),
    down: watched(down, taps.down, data === 'down'),
  })
  return { world, end: world.run(limits) }
}

const LCG_FACTOR = 1_664_525
const LCG_ADDEND = 1_013_904_223
/** Four steps of the generator in one. */
const FOUR_FACTOR = Math.imul(Math.imul(LCG_FACTOR, LCG_FACTOR), Math.imul(LCG_FACTOR, LCG_FACTOR))
const FOUR_ADDEND = lcg(lcg(lcg(lcg(0))))

function lcg(x: number): number {
  return (Math.imul(x, LCG_FACTOR) + LCG_ADDEND) | 0
}

/**
 * Bytes that differ from block to block, so that a misplaced block shows. The same for the same size and seed: the high bytes of
 * a linear congruential generator, four of them at once.
 */
export function patternedImage(sizeBytes: number, seed: number): Uint8Array {
  const words = new Uint32Array((sizeBytes + 3) >>> 2)
  let a = lcg(seed | 0)
  let b = lcg(a)
  let c = lcg(b)
  let d = lcg(c)
  for (let i = 0; i < words.length; i++) {
    words[i] = (a >>> 24) | ((b >>> 16) & 0xff00) | ((c >>> 8) & 0xff0000) | (d & 0xff000000)
    a = (Math.imul(a, FOUR_FACTOR) + FOUR_ADDEND) | 0
    b = (Math.imul(b, FOUR_FACTOR) + FOUR_ADDEND) | 0
    c = (Math.imul(c, FOUR_FACTOR) + FOUR_ADDEND) | 0
    d = (Math.imul(d, FOUR_FACTOR) + FOUR_ADDEND) | 0
  }
  return new Uint8Array(words.buffer, 0, sizeBytes)
}

/** Stops a storm. */
class Storm implements LinkTap {
  #sentLeft: number
  readonly #stop: () => void

  constructor(mostSent: number, stop: () => void) {
    this.#sentLeft = mostSent
    this.#stop = stop
  }

  /** What waits in a link counts too: a storm may send faster than anything arrives. */
  sent(): void {
    if (--this.#sentLeft < 0) this.#stop()
  }

  arrived(): void {}
}

/** Measures the time between blocks of an upload that the server had not seen; the block number alone tells. */
class Gaps implements LinkTap {
  #longest = 0
  #lastAt = 0
  #highest = 0

  sent(): void {}

  arrived(now: number, frame: Parameters<LinkTap['arrived']>[1]): void {
    if (readOpcode(frame.buffer, frame.offset, frame.length) !== OPCODE.data) return
    const ahead = (readBlock(frame.buffer, frame.offset) - this.#highest) & 0xffff
    // Block 1 after a restart counts as progress, a repeat does not.
    if (ahead === 0 || (ahead >= 0x8000 && ahead !== ((1 - this.#highest) & 0xffff))) return
    this.#highest = (this.#highest + ahead) & 0xffff
    this.#longest = Math.max(this.#longest, now - this.#lastAt)
    this.#lastAt = now
  }

  longestUntil(endMs: number): number {
    return Math.max(this.#longest, endMs - this.#lastAt)
  }
}

function both(first: LinkTap, second: LinkTap): LinkTap {
  return {
    sent: (now, frame) => {
      first.sent(now, frame)
      second.sent(now, frame)
    },
    arrived: (now, frame) => {
      first.arrived(now, frame)
      second.arrived(now, frame)
    },
  }
}

function countWritten(written: Uint8Array): number {
  let count = 0
  for (let i = 0; i < written.length; i++) if (written[i]! > 0) count++
  return count
}
