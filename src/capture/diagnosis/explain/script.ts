/** The packets of a transfer as the search reads them: typed arrays, and what is asked of each packet again and again. */
import type { CapturedPackets, CapturedTransfer } from '../../contract.ts'
import { median, quantile } from '../view/median.ts'
import { exchangesInRow } from './exchanges.ts'
import { throughQueue } from './queue.ts'
import { idlesMs } from './idle.ts'
import { ERROR_SAID, REQUEST_SAID } from './client.ts'
import type { ClientTimer } from './timer.ts'

export interface Script {
  readonly length: number
  /** Packets of the server, and ACKs of the client. */
  readonly sent: number
  readonly heard: number
  /** Indices of the packets in the capture's store. */
  readonly packet: Uint32Array
  readonly ms: Float64Array
  /** When a packet of the server has passed a slow link; else as `ms`. */
  readonly outMs: Float64Array
  readonly fromClient: Uint8Array
  /** DATA and ACK: the block. 0 for an OACK, REQUEST_SAID, ERROR_SAID. */
  readonly seq: Float64Array
  /** Packets were left out before this one. */
  readonly gapBefore: Uint8Array
  /** Its answer may be among packets that were left out. */
  readonly isLeftOut: Uint8Array
  /** The highest block acknowledged before this packet. */
  readonly ackedBefore: Float64Array
  /** The server begins once more for a repeated request, from another port: a client that took the first answer leaves this one alone. */
  readonly isBegunAgain: Uint8Array
  /** Positions of the client's next packet and of the one before; -1 for none. */
  readonly nextHeard: Int32Array
  readonly heardBefore: Int32Array
  /** The server's packet before; -1 for none. */
  readonly sentBefore: Int32Array
  /**
   * The client's first packet that names a block which left only behind this packet of the server; `length` for none. Where packets keep their order,
   * an answer to this one comes before it.
   */
  readonly newsBehind: Int32Array
  /** The client's last packet; -1 for none. */
  readonly lastHeard: number
  /** Its last ACK; -1 for none. */
  readonly lastAck: number
  /** From here on the capture ends before an answer could have come. */
  readonly undecidedFrom: number
  /** The highest block that the client acknowledges. */
  readonly highestAcked: number
  /** The server's packet that the client answered with the ERROR that ends the transfer; -1 for none. */
  readonly refusedAt: number
  readonly medianMs: number
  /** An answer comes in this time: never sooner, nearly always within, and never later. */
  readonly leastMs: number
  readonly usualMs: number
  readonly mostMs: number
  /** The link may sleep after this. */
  readonly idleMs: number
  /** As of a `Latency`. */
  readonly cleanMs: Latency['cleanMs']
  /** The client's timer. */
  readonly timerMs: number | undefined
  /** It asked for this time, or repeated what it had said by it. */
  readonly isTimerSure: boolean
  readonly isTimerCoincidence: boolean
  /** Positions behind `after` of the client's packets that say this, in their order: the first `most` of them. */
  saying(what: number, after: number, most: number): readonly number[]
  /** Programs had nothing to do for long before this packet, and are slow to go on. */
  isAwaking(at: number): boolean
  /** How late an answer to the packet at this position may come. */
  latestMs(at: number): number
  /**
   * When the client turns to what left at position `at` and arrived at `ms`: not before it has sent the packet at `passed`. A busy host is late for all
   * that waits at once.
   */
  freeMs(passed: number, at: number, ms: number): number
  /** As the function of this name; it counts once for all that ask the same. */
  exchangesInRow(windowsize: number, final: number): Uint32Array
  /** Another packet of the server leaves within this time behind position `at`. */
  within(at: number, ms: number): boolean
}

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

/** A small host may be late by this, now and then. */
const SCHEDULING_MS = 4
/** A busy one by this, and no timer is as short. */
const BUSY_MS = 40
const ASLEEP_MS = 900
/** No client gives up sooner than this after a block that came once. */
const GIVES_UP_MS = 1000

export function scriptOf(
  { packets, quietMs, followedUntil }: Pick<CapturedTransfer, 'packets' | 'quietMs' | 'followedUntil'>,
  all: Uint32Array,
  latency: Latency,
  timer: ClientTimer,
): Script {
  const packet = all.filter((i) => seqOf(packets, i) !== undefined)
  const { length } = packet
  const ms = new Float64Array(length)
  const outMs = new Float64Array(length)
  const fromClient = new Uint8Array(length)
  const seq = new Float64Array(length)
  const gapBefore = new Uint8Array(length)
  const ackedBefore = new Float64Array(length)
  const isBegunAgain = new Uint8Array(length)
  let acked = 0
  let requests = 0
  let offered: number | undefined
  for (let at = 0; at < length; at++) {
    const i = packet[at]
    ms[at] = packets.timeMs(i)
    outMs[at] = latency.through?.[i] ?? ms[at]
    fromClient[at] = packets.fromClient(i) ? 1 : 0
    seq[at] = seqOf(packets, i)!
    gapBefore[at] = packets.thinnedBefore(i) > 0 ? 1 : 0
    ackedBefore[at] = acked
    if (fromClient[at] === 1) {
      acked = Math.max(acked, seq[at])
      if (seq[at] === REQUEST_SAID) requests++
    } else {
      isBegunAgain[at] = seq[at] === offered && requests > 1 ? 1 : 0
      offered ??= seq[at]
    }
  }
  const sentCount = fromClient.filter((is) => is === 0).length
  const nextHeard = new Int32Array(length).fill(-1)
  const nextSent = new Int32Array(length).fill(-1)
  const heardBefore = new Int32Array(length).fill(-1)
  let heard = -1
  let sent = -1
  for (let at = length - 1; at >= 0; at--) {
    nextHeard[at] = heard
    nextSent[at] = sent
    if (fromClient[at] === 1) heard = at
    else sent = at
  }
  const sentBefore = new Int32Array(length).fill(-1)
  let before = -1
  let lastSent = -1
  for (let at = 0; at < length; at++) {
    heardBefore[at] = before
    sentBefore[at] = lastSent
    if (fromClient[at] === 1) before = at
    else lastSent = at
  }
  const saying = new Map<number, number[]>()
  for (let at = 0; at < length; at++) {
    if (fromClient[at] === 0) continue
    const same = saying.get(seq[at])
    if (same === undefined) saying.set(seq[at], [at])
    else same.push(at)
  }
  const newsBehind = newsBehindOf(fromClient, seq)
  const mostMs = Math.max(2 * latency.usualMs + SCHEDULING_MS, Math.min(latency.latestMs, BUSY_MS))
  const isAwaking = (at: number): boolean => at > 0 && ms[at] - ms[at - 1] >= ASLEEP_MS
  let undecidedFrom = length
  if (followedUntil === 'capture-end')
    while (undecidedFrom > 0 && ms[length - 1] - outMs[undecidedFrom - 1] + quietMs <= mostMs) undecidedFrom--
  const isLeftOut = new Uint8Array(length)
  for (let gap = 1; gap < length; gap++) {
    if (gapBefore[gap] === 0) continue
    for (let at = gap - 1; at >= 0 && isLeftOut[at] === 0 && ms[gap - 1] - outMs[at] <= mostMs; at--) isLeftOut[at] = 1
  }
  // An ERROR that comes when an answer is due is that answer.
  const asked = before < 0 || seq[before] !== ERROR_SAID ? -1 : sentBefore[before]
  const isNew = asked >= 0 && (sentBefore[asked] < 0 || seq[sentBefore[asked]] < seq[asked])
  const refusedAt = asked >= 0 && ms[before] - ms[asked] <= (isNew ? GIVES_UP_MS : mostMs) ? asked : -1
  const times = { length, ms, outMs, fromClient, seq, gapBefore, timerMs: timer.ms, ...latency }
  const inRow = new Map<string, Uint32Array>()
  return {
    ...times,
    sent: sentCount,
    heard: seq.filter((says, at) => fromClient[at] === 1 && says >= 0).length,
    packet,
    isLeftOut,
    ackedBefore,
    isBegunAgain,
    nextHeard,
    heardBefore,
    sentBefore,
    newsBehind,
    lastHeard: before,
    lastAck: seq.findLastIndex((says, at) => fromClient[at] === 1 && says >= 0),
    undecidedFrom,
    highestAcked: acked,
    refusedAt,
    idleMs: idlesMs(latency.medianMs)[0] ?? 0,
    mostMs,
    isTimerSure: timer.isSure,
    isTimerCoincidence: timer.isCoincidence === true,
    saying: (what, after, most) => {
      const same = saying.get(what) ?? NONE
      const from = firstBehind(same, after)
      return same.slice(from, from + most)
    },
    isAwaking,
    latestMs: (at) => (isAwaking(at) ? Math.max(mostMs, BUSY_MS) : mostMs),
    freeMs: (passed, at, arrivedMs) => (passed > at ? Math.max(arrivedMs, ms[passed]) : arrivedMs),
    exchangesInRow: (windowsize, final) => {
      const key = `${windowsize} ${final}`
      const found = inRow.get(key) ?? exchangesInRow(times, windowsize, final)
      inRow.set(key, found)
      return found
    },
    within: (at, longestMs) => nextSent[at] >= 0 && ms[nextSent[at]] - ms[at] <= longestMs,
  }
}

/** The first `read` packets of it, as a story has them that did not go on to the end. */
export function firstOf(script: Script, read: number): Script {
  if (read >= script.length) return script
  const { fromClient, seq } = script
  let heard = 0
  let sent = 0
  for (let at = 0; at < read; at++) {
    if (fromClient[at] === 0) sent++
    else if (seq[at] >= 0) heard++
  }
  return { ...script, length: read, sent, heard }
}

function newsBehindOf(fromClient: Uint8Array, seq: Float64Array): Int32Array {
  const { length } = seq
  const firstSent = new Map<number, number>()
  /** By the position at which a block left for the first time. */
  const named = new Int32Array(length).fill(length)
  for (let at = 0; at < length; at++) {
    const sent = firstSent.get(seq[at])
    if (fromClient[at] === 0) {
      if (sent === undefined) firstSent.set(seq[at], at)
    } else if (sent !== undefined && named[sent] === length) named[sent] = at
  }
  const behind = new Int32Array(length)
  let next = length
  for (let at = length - 1; at >= 0; at--) {
    behind[at] = next
    next = Math.min(next, named[at])
  }
  return behind
}

const NONE: readonly number[] = []

/** Where the first position above `after` stands. */
function firstBehind(positions: readonly number[], after: number): number {
  let [low, high] = [0, positions.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (positions[middle] <= after) low = middle + 1
    else high = middle
  }
  return low
}

function seqOf(packets: CapturedPackets, i: number): number | undefined {
  const kind = packets.kind(i)
  if (packets.fromClient(i))
    return kind === 'ack' ? packets.seq(i) : kind === 'rrq' ? REQUEST_SAID : kind === 'error' ? ERROR_SAID : undefined
  return kind === 'data' ? packets.seq(i) : kind === 'oack' ? 0 : undefined
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
  const waits: number[] = []
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
    waits.push(ms - left)
    acked = seq
  }
  if (shortMs === undefined || waits.length < ENOUGH_WAITS) return []
  const isOther = Math.min(...waits) >= Math.max(LEAST_WAIT_MS, MUCH_SOONER * shortMs)
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

/** `clean`: of blocks that were sent once, whose spread no repeat blurs. `first`: the soonest of all may be among these, be it of a shorter packet. */
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
