/** DATA that a server repeats at once because an ACK came that it had already. */
import type { CapturedTransfer } from '../../contract.ts'

export interface RepeatsAtOnce {
  /** Indices of all of them, and how long before each the last copy left. */
  readonly all: readonly number[]
  readonly waitsMs: readonly number[]
  /** Indices of those whose last copy can not have been answered yet. */
  readonly early: readonly number[]
  /** Those of the longest row of blocks, one of each. */
  readonly row: readonly number[]
}

export function repeatsAtOnce({ packets }: CapturedTransfer, list: Uint32Array, medianMs: number): RepeatsAtOnce {
  const atOnceMs = Math.min(medianMs / 4, MOST_AT_ONCE_MS)
  const all: number[] = []
  const waitsMs: number[] = []
  const early: number[] = []
  let longest: number[] = []
  let row: number[] = []
  let acked = -1
  let repeatMs = -Infinity
  let rowSeq = -1
  const sentMs = new Map<number, number>()
  for (const i of list) {
    const seq = packets.seq(i)
    const kind = packets.kind(i)
    if (kind === 'ack') {
      if (seq <= acked) repeatMs = packets.timeMs(i)
      acked = Math.max(acked, seq)
      continue
    }
    if (kind !== 'data') continue
    const before = sentMs.get(seq)
    const ms = packets.timeMs(i)
    sentMs.set(seq, ms)
    if (before === undefined || ms - repeatMs > atOnceMs) continue
    all.push(i)
    waitsMs.push(ms - before)
    if (ms - before < medianMs) early.push(i)
    if (seq > rowSeq + 1) row = []
    if (seq !== rowSeq) row.push(i)
    rowSeq = seq
    if (row.length > longest.length) longest = row
  }
  return { all, waitsMs, early, row: longest }
}

/** A server takes no longer over an ACK, however slow the link is; what its timer sends comes later. */
const MOST_AT_ONCE_MS = 20
/** Repeats for each block, and in all, that no loss makes. */
const FLOOD_REPEATS = 3
const LEAST_FLOOD = 100
/** On a link that the copies fill no copy leaves before the last one was answered. */
const SATURATED_REPEATS = 10
/** In a flood an answer to one copy comes right behind the next, and the usual time of an answer is not known. */
const LEAST_MS = 1

/** Copies of each block that a server sends which takes each ACK inside a window for the report of a loss. */
const REPEATS_OF_EACH = 3

/**
 * To a client that acknowledges each block of a window many servers send most of each window again, at every ACK: a transfer that came through shows
 * nothing else.
 */
export function isRepeatedForEach({ blocks, outcome }: CapturedTransfer, isEach: boolean): boolean {
  return isEach && outcome.type === 'complete' && blocks.datagrams - blocks.sent >= REPEATS_OF_EACH * blocks.sent
}

/** Copies bring about copies: what the packets show is the server's doing, and hides all else. */
export function isFlood(transfer: CapturedTransfer, list: Uint32Array, medianMs: number): boolean {
  const { datagrams, sent } = transfer.blocks
  const least = Math.max(LEAST_FLOOD, FLOOD_REPEATS * sent)
  if (datagrams - sent < least) return false
  const { early, all } = repeatsAtOnce(transfer, list, Math.max(medianMs, LEAST_MS))
  return early.length >= least || all.length >= Math.max(LEAST_FLOOD, SATURATED_REPEATS * sent)
}
