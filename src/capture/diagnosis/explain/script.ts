/** The packets of a transfer as the search reads them: typed arrays, and what is asked of each packet again and again. */
import type { CapturedTransfer } from '../../contract.ts'
import { exchangesInRow } from './exchanges.ts'
import { idlesMs } from './idle.ts'
import { ERROR_SAID, REQUEST_SAID } from './client.ts'
import type { Latency } from './latency.ts'
import { seqOf } from './said.ts'
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
