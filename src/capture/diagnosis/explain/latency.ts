/** How long the client takes for an answer, counted in each way that may be the right one. */
import type { CapturedTransfer } from '../../contract.ts'
import { median, quantile } from '../view/median.ts'
import { throughQueue } from './queue.ts'
import { seqOf } from './said.ts'

/** How long the client takes for an answer. */
export interface Latency {
  /** When packets have passed a slow link, by index of the store; undefined where none wait for each other. */
  readonly through?: Float64Array | undefined
  readonly medianMs: number
  readonly leastMs: number
  readonly usualMs: number
  /** All but very few come within this. */
  readonly latestMs: number
  /** Nearly all answers to blocks that were sent once came between these; undefined for too few of them. */
  readonly cleanMs: { readonly from: number; readonly to: number } | undefined
  /** Answers that came in the usual time, and how much most of them differ. */
  readonly inTime: number
  readonly spreadMs: number
}

/** Without a sample: what a small device on a local network takes. */
const UNKNOWN: Latency = {
  medianMs: 1,
  leastMs: 0,
  usualMs: 20,
  latestMs: 20,
  cleanMs: undefined,
  inTime: 0,
  spreadMs: 20,
}
/** Of blocks that are mostly sent again the first packet tells little. */
const MOSTLY = 0.3
const MUCH_LONGER = 3
const AT_ONCE = 3
const SAME_SHARE = 0.1

/**
 * How long answers take: counted from the first packet of each block, where most blocks were repeated also from the last one, and where the link may be
 * slow also from when packets have passed it. Which of these holds is for the stories to tell: a slow link answers the first packet, a device that is
 * one frame behind the last.
 */
export function latenciesOf(transfer: CapturedTransfer, all: Uint32Array): Latency[] {
  const usual = [...countedFromOack(transfer, all), ...countedFrom(transfer, all), ...countedFromRepeats(transfer, all)]
  const through = throughQueue(transfer, all)
  if (through === undefined) return usual
  const [slow] = countedFrom(transfer, all, through)
  // Answers that come before their packets are through: the link is not slow.
  return slow.medianMs > 0 ? [...usual, slow] : usual
}

/**
 * Where a receive ring has room for the first blocks of a window alone, only the timer of the client brings ACKs, and no block has an answer in time. The
 * ACK of the OACK has. Empty where that is not so.
 */
function countedFromOack({ packets, agreed }: CapturedTransfer, all: Uint32Array): Latency[] {
  if (agreed.windowsize === 1) return []
  const leftAt = new Map<number, number>()
  let waits = 0
  let shortestMs = Infinity
  let oackMs: number | undefined
  let shortMs: number | undefined
  let acked = 0
  for (const i of all) {
    const seq = seqOf(packets, i)
    if (seq === undefined || seq < 0) continue
    const ms = packets.timeMs(i)
    if (!packets.fromClient(i)) {
      if (seq === 0) oackMs ??= ms
      else if (!leftAt.has(seq)) leftAt.set(seq, ms)
      continue
    }
    if (seq === 0 && oackMs !== undefined) shortMs ??= ms - oackMs
    const left = leftAt.get(seq)
    if (seq <= acked || left === undefined) continue
    if (seq - acked >= agreed.windowsize) return []
    waits++
    shortestMs = Math.min(shortestMs, ms - left)
    acked = seq
  }
  if (shortMs === undefined || waits < ENOUGH_WAITS) return []
  const isOther = shortestMs >= Math.max(LEAST_WAIT_MS, MUCH_SOONER * shortMs)
  return isOther ? [latencyOf([shortMs], [])!] : []
}

const ENOUGH_WAITS = 3
/** No link takes as long. */
const NO_ANSWER_MS = 3000
const MUCH_SOONER = 20

/**
 * Where a receive ring loses the end of each window, only the timer of the server brings an answer: of its last packet, and soon. Undefined where
 * answers take no less time from there.
 */
function countedFromRepeats({ packets, agreed }: CapturedTransfer, all: Uint32Array): Latency[] {
  if (agreed.windowsize === 1) return []
  const sinceFirst: number[] = []
  const sinceLast: number[] = []
  const leftAt = new Map<number, number>()
  let beforeMs: number | undefined
  let lastMs: number | undefined
  let acked = 0
  for (const i of all) {
    if (packets.thinnedBefore(i) > 0) leftAt.clear()
    const seq = seqOf(packets, i)
    if (seq === undefined || seq < 0) continue
    const ms = packets.timeMs(i)
    if (!packets.fromClient(i)) {
      if (!leftAt.has(seq)) leftAt.set(seq, ms)
      if (lastMs === undefined || ms - lastMs >= LEAST_WAIT_MS) beforeMs = lastMs
      lastMs = ms
      continue
    }
    const left = leftAt.get(seq)
    if (seq <= acked || left === undefined || lastMs === undefined) continue
    acked = seq
    leftAt.clear()
    sinceFirst.push(ms - left)
    // A wait of the server before its last packets: they are repeats.
    if (beforeMs !== undefined && beforeMs >= left) sinceLast.push(ms - lastMs)
    beforeMs = undefined
  }
  const found = latencyOf(sinceLast, [])
  const isOther =
    found !== undefined &&
    sinceLast.length > MOSTLY * sinceFirst.length &&
    median(sinceFirst)! > MUCH_LONGER * found.medianMs &&
    quantile(sinceLast, 0.8)! <= AT_ONCE * found.medianMs
  return isOther ? [found] : []
}

/** No timer of a server is shorter. */
const LEAST_WAIT_MS = 45

function countedFrom(
  { packets, agreed, blocks: { final } }: CapturedTransfer,
  all: Uint32Array,
  through?: Float64Array,
): Latency[] {
  const firstAt = new Map<number, number>()
  const lastAt = new Map<number, number>()
  const sinceFirst: number[] = []
  const sinceLast: number[] = []
  const sinceOnly: number[] = []
  /** Since an OACK or the final block left: a slow link carries them sooner than a whole block. */
  const sinceShort: number[] = []
  const sinceWhole: number[] = []
  /** Second answers, since the second packet of the block left. */
  const sinceSecond: number[] = []
  const secondAt = new Map<number, number>()
  let repeated = 0
  for (const i of all) {
    if (packets.thinnedBefore(i) > 0) {
      firstAt.clear()
      lastAt.clear()
    }
    const seq = seqOf(packets, i)
    if (seq === undefined || seq < 0) continue
    const ms = through?.[i] ?? packets.timeMs(i)
    if (!packets.fromClient(i)) {
      if (!firstAt.has(seq)) firstAt.set(seq, ms)
      else if (!secondAt.has(seq)) secondAt.set(seq, ms)
      lastAt.set(seq, ms)
      continue
    }
    const first = firstAt.get(seq)
    const last = lastAt.get(seq)
    const second = secondAt.get(seq)
    if (second !== undefined && first !== undefined && Number.isNaN(first)) {
      sinceSecond.push(ms - second)
      secondAt.delete(seq)
    }
    if (first === undefined || last === undefined || Number.isNaN(first)) continue
    if (seq === 0 || seq === final) sinceShort.push(ms - first)
    else sinceWhole.push(ms - first)
    sinceFirst.push(ms - first)
    sinceLast.push(ms - last)
    if (last > first) repeated++
    else sinceOnly.push(ms - first)
    firstAt.set(seq, Number.NaN)
  }
  // Of few blocks the short ones would be the usual ones. Where nothing is sent twice no fault held up the others.
  const isFew = repeated === 0 && sinceWhole.length > 0 && sinceWhole.length < ENOUGH
  // Copies of a window fill a link, and wait for each other from then on.
  const soonest = agreed.windowsize > 1 ? sinceFirst.slice(0, FIRST) : []
  const byFirst = isFew
    ? latencyOf(sinceWhole, sinceWhole, through, sinceShort)
    : latencyOf(sinceFirst, sinceOnly, through, soonest)
  const byLast = latencyOf(isFew ? sinceWhole : sinceLast, [], undefined, soonest)
  if (byFirst === undefined || byLast === undefined) return [UNKNOWN]
  // The timer of the client brought it, after all answers before it were lost.
  if (sinceFirst.length < ENOUGH_WAITS && byFirst.medianMs >= NO_ANSWER_MS) return [UNKNOWN]
  const isOther = repeated > MOSTLY * sinceFirst.length && byFirst.medianMs > MUCH_LONGER * byLast.medianMs
  if (!isOther) return [byFirst]
  // A slow link answers at any time behind a repeat; what always follows it at once is an answer to it.
  const isAtOnce = quantile(sinceLast, 0.8)! <= AT_ONCE * byLast.medianMs && byFirst.medianMs > AT_ONCE * byLast.usualMs
  // Nor does each of two packets get its answer after the same time, unless the link is slow.
  const second = sinceSecond.length >= ENOUGH ? median(sinceSecond) : undefined
  const isEach = second !== undefined && Math.abs(second - byFirst.medianMs) <= SAME_SHARE * byFirst.medianMs
  return isAtOnce && !isEach ? [byLast] : [byFirst, byLast]
}

/**
 * What it costs to take answers for ones that may come at any of many times, where another count has them all come after nearly the same time. By index of
 * `latencies`.
 */
export function timesCosts(latencies: readonly Latency[]): readonly number[] {
  const [narrow] = latencies.filter(({ inTime }) => inTime >= FEW).sort((a, b) => a.spreadMs - b.spreadMs)
  if (narrow === undefined) return latencies.map(() => 0)
  const count = Math.min(MOST_COUNTED, narrow.inTime)
  return latencies.map(({ spreadMs, medianMs }) => {
    const wider = Math.max(0, Math.log(spreadMs / narrow.spreadMs / MUCH_WIDER))
    // The timer of the server would have to be as long as a round trip, for each answer to come right behind a repeat.
    const longer = Math.max(0, Math.log(medianMs / Math.max(HOST_MS, narrow.medianMs) / FAR_LONGER))
    return count * wider + longer
  })
}

const FEW = 4
const MOST_COUNTED = 30
/** Two counts that differ less than this tell nothing. */
const MUCH_WIDER = 8
const FAR_LONGER = 20

/** `clean`: of blocks that were sent once, whose spread no repeat blurs. `first`: the soonest of all may be among these, be it of a shorter packet. */
function latencyOf(
  samples: readonly number[],
  clean: readonly number[],
  through?: Float64Array,
  first: readonly number[] = [],
): Latency | undefined {
  const medianMs = median(samples)
  if (medianMs === undefined) return undefined
  const most = clean.length >= ENOUGH ? mostOf(clean) : quantile(samples, 0.75)!
  const usualMs = Math.max(CLOCK_MS, Math.min(Math.max(2 * medianMs, 1.5 * most), MOST_MEDIANS * medianMs + JITTER_MS))
  // A block that was sent once is answered by that packet alone: on a link that is full later on, the first ones are answered soonest.
  // None comes before its packet, which a slow link may seem to hold for too long.
  const least = Math.max(0, Math.min(quantile(samples, 0.05)!, ...clean.slice(0, FIRST), ...first))
  const inTime = samples.filter((ms) => ms <= usualMs)
  // Where answers differ much, those that were seen do not show the soonest.
  const isEven = medianMs <= EVEN * least
  return {
    through,
    medianMs,
    leastMs: (isEven ? LEAST_SHARE : LEAST_SHARE_UNEVEN) * least,
    usualMs,
    latestMs: clean.length === 0 || areHeldUp(clean) ? usualMs : quantile(clean, 0.97)!,
    cleanMs: clean.length < ENOUGH ? undefined : { from: quantile(clean, 0.03)!, to: quantile(clean, 0.9)! },
    inTime: inTime.length,
    spreadMs: inTime.length === 0 ? usualMs : quantile(inTime, 0.9)! - quantile(inTime, 0.1)! + HOST_MS,
  }
}

/** What nearly all answers take. */
function mostOf(clean: readonly number[]): number {
  return quantile(clean, areHeldUp(clean) ? 0.75 : 0.9)!
}

/** A part of the answers comes much later than the rest: a fault held them up. */
function areHeldUp(clean: readonly number[]): boolean {
  return quantile(clean, 0.9)! > HELD_UP * quantile(clean, 0.75)!
}

const HELD_UP = 4
const ENOUGH = 20
/** Blocks that were sent before anything filled the link. */
const FIRST = 16
const EVEN = 1.5
const LEAST_SHARE = 0.4
const LEAST_SHARE_UNEVEN = 0.15
/** What takes longer is no answer of a busy link: something was lost, and a timer ended the wait. */
const MOST_MEDIANS = 8
const JITTER_MS = 10
/** Answers of one host differ by this at the least. */
const HOST_MS = 0.05
/** No capture tells times apart that are closer than this. */
const CLOCK_MS = 0.001
