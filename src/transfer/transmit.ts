/**
 * What leaves a sender. The rules decide, and their actions are carried out here: nothing else sends a block, counts one as sent,
 * or moves `nextToSend` and `endInTurn`. Copies and gaps are kept apart in time by deadlines, never by sleeps.
 */
import { COUNTER } from './contract.ts'
import { isAcked, isSent, markSent, reserve, clearSlot } from './scoreboard.ts'
import type { SenderState } from './sender-state.ts'
import { windowOf } from './window.ts'
import { nearWrap } from './wrap.ts'

/** What a rule wants done. */
export type Action =
  | { readonly type: 'nothing' }
  /** One block again, out of turn. */
  | { readonly type: 'repeat'; readonly seq: number }
  /** A second copy of the block that has just left, which is no repeat of it. */
  | { readonly type: 'copy'; readonly seq: number }
  /** Blocks `from` .. `to` again, those that are not acknowledged. */
  | { readonly type: 'again'; readonly from: number; readonly to: number }
  /** The next block in turn although the window is closed: the client's answer tells where it stands (rules A1, A7). */
  | { readonly type: 'ahead' }
  /** As `ahead`, with blocks `from` .. `to` again before it: where the client stands among them is not known. */
  | { readonly type: 'catch-up'; readonly from: number; readonly to: number }
  /** A block further ahead, with others left out: it cannot be taken in order. */
  | { readonly type: 'beyond'; readonly seq: number }
  /** A block that the client has, so that it speaks again (rule A7), `first` sent before it when that is not 0. */
  | { readonly type: 'nudge'; readonly partner: number; readonly first: number }
  /** One byte that no client takes for anything (rule A12). */
  | { readonly type: 'filler' }

export const NOTHING: Action = { type: 'nothing' }

/** True while something that the client has not confirmed is on its way. */
export function outstanding(s: SenderState): boolean {
  return s.firstUnacked < s.nextToSend
}

/** Carries `action` out. */
export function carryOut(s: SenderState, now: number, action: Action): void {
  switch (action.type) {
    case 'repeat':
      return repeatBlock(s, now, action.seq)
    case 'copy':
      return leave(s, now, action.seq, 1, true)
    case 'again':
      return repeatRun(s, now, action.from, action.to + 1)
    case 'ahead':
      return sendAhead(s, now)
    case 'catch-up':
      return repeatRun(s, now, action.from, ++s.nextToSend)
    case 'beyond':
      return leave(s, now, action.seq, 1, false)
    case 'nudge':
      if (action.first !== 0) repeatBlock(s, now, action.first)
      return leave(s, now, action.partner, 1, false)
    case 'filler':
      // A network card that shows a frame only when the next one arrives lets go of the block that it holds (ADR 4).
      s.sink.sendControl(FILLER, FILLER.length)
      s.lastSentAt = now
      return
    case 'nothing':
  }
}

const FILLER = new Uint8Array(1)

/** DATA 1, alone (rule A5). */
export function sendFirst(s: SenderState, now: number): void {
  sendRun(s, now, 1, 1, true)
  s.nextToSend = 2
  s.endInTurn = 2
}

/** Sends what the window allows: never the final block before all others are confirmed (A4), never a wrap in company (A12). */
export function sendNew(s: SenderState, now: number): void {
  // Rule A13: the ACK of a repeated block is being watched.
  if (s.heldUntil !== Infinity) return
  // Rule A11: the window before is waited for as a whole.
  if (s.policy.wholeMs > 0 && outstanding(s)) return
  const { lastSeq, rollover } = s
  const window = windowOf(s)
  // A policy may have widened its window: blocks that shared a slot would acknowledge each other.
  s.board = reserve(s.board, window, s.firstUnacked, s.highestSent)
  const limit = Math.min(s.firstUnacked + window, endInWindow(s))
  while (s.nextToSend < limit) {
    const first = s.nextToSend
    if (isSent(s.board, first)) {
      s.nextToSend++
      continue
    }
    const alone = s.wraps && nearWrap(first, rollover)
    if (s.wraps && outstanding(s) && (alone || nearWrap(s.firstUnacked, rollover))) return
    let count = 1
    while (!alone && first + count < limit && !isSent(s.board, first + count)) {
      if (s.wraps && nearWrap(first + count, rollover)) break
      count++
    }
    s.nextToSend = first + count
    s.endInTurn = s.nextToSend
    sendRun(s, now, first, count, alone || s.firstUnacked === lastSeq)
  }
}

/**
 * Rule A4: the final block leaves alone. So does the one before it to a client in order that is silent on repeats: there nothing that may leave moves
 * it on, so an answer that is lost with the one before costs its own timer.
 */
function endInWindow({ firstUnacked, lastSeq, order }: SenderState): number {
  if (firstUnacked === lastSeq) return lastSeq + 1
  const fallsMute = order !== undefined && order.order === 'inorder' && !order.answersRepeats
  return fallsMute && firstUnacked < lastSeq - 1 ? lastSeq - 1 : lastSeq
}

/** Cumulative ACKs: blocks `nextToSend` .. `end - 1`. */
export function sendUpTo(s: SenderState, now: number, end: number): void {
  const first = s.nextToSend
  s.nextToSend = end
  sendRun(s, now, first, end - first, false)
}

/** Cumulative ACKs: everything from the first unacknowledged block will leave again. What still waits of a paced run does not. */
export function rewind(s: SenderState): void {
  s.paceAt = Infinity
  s.nextToSend = s.firstUnacked
}

/** The first unacknowledged block moved to `seq`: nothing below it is to be sent. */
export function advanceTo(s: SenderState, seq: number): void {
  s.firstUnacked = seq
  if (s.nextToSend < seq) s.nextToSend = seq
}

/** Blocks that ran ahead are taken back: only the first unacknowledged block counts as sent (rule A10). */
export function forgetAhead(s: SenderState): void {
  s.paceAt = Infinity
  for (let seq = s.firstUnacked + 1; seq <= s.highestSent; seq++) {
    if (!isAcked(s.board, seq)) clearSlot(s.board, seq)
  }
  s.nextToSend = Math.min(s.nextToSend, s.firstUnacked + 1)
}

/** Sends what has become due of a paced run; confirmed blocks are left out. */
export function pace(s: SenderState, now: number): void {
  const { copies, gapMs } = s.policy
  while (s.paceAt <= now) {
    if (s.paceSeq >= s.firstUnacked && !isAcked(s.board, s.paceSeq)) {
      leave(s, now, s.paceSeq, 1, s.paceCopy > 0)
      const next = s.paceCopy + 1 < copies ? s.paceSeq : s.paceSeq + 1
      s.paceAt = now + (next < s.paceApartEnd ? s.paceGapMs : gapMs)
    }
    if (++s.paceCopy >= copies) {
      s.paceCopy = 0
      s.paceSeq++
    }
    if (s.paceSeq >= s.paceEnd) s.paceAt = Infinity
  }
}

/** Blocks `first` .. `first + count - 1` with the policy's copies and gap; `plain` sends each once, at once (A5, A12). */
function sendRun(s: SenderState, now: number, first: number, count: number, plain: boolean): void {
  const { copies, gapMs } = s.policy
  const waitMs = s.allowance?.spend(now, count * copies * s.blksize) ?? 0
  // Behind a run that has not left yet, never before it.
  if (!plain && s.paceAt !== Infinity && first === s.paceEnd) {
    s.paceEnd += count
    return
  }
  if (plain || (copies === 1 && gapMs === 0 && waitMs === 0)) {
    leave(s, now, first, count, false)
    return
  }
  s.paceSeq = first
  s.paceEnd = first + count
  s.paceCopy = 0
  s.paceGapMs = gapMs
  const last = s.paceAt === Infinity ? s.lastSentAt + gapMs : s.paceAt
  s.paceAt = Math.max(now + waitMs, s.highestSent === 0 ? now : last)
  if (waitMs > 0) s.withheldUntil = s.paceAt
  pace(s, now)
}

/** Blocks `from` .. `end - 1` again, a round trip apart: a small receive ring would lose all but the first of them. */
function repeatRun(s: SenderState, now: number, from: number, end: number): void {
  s.repeatSeq = from
  s.repeatAt = now
  // What waits behind in a run that is under way leaves in this one.
  s.paceEnd = s.paceAt === Infinity ? end : Math.max(end, s.paceEnd)
  s.paceSeq = from
  s.paceCopy = 0
  // What joins it later is new, and lets the client's ACKs set the pace: else a window that always joins would never be fast again.
  s.paceApartEnd = end
  s.paceGapMs = Math.max(s.policy.gapMs, s.rto.srttMs)
  s.paceAt = now
  pace(s, now)
}

function sendAhead(s: SenderState, now: number): void {
  s.unaskedLeft++
  sendRun(s, now, s.nextToSend++, 1, true)
}

function repeatBlock(s: SenderState, now: number, seq: number): void {
  leave(s, now, seq, 1, false)
  s.repeatSeq = seq
  s.repeatAt = now
}

/** Copies that the policy asked for are counted as repeats on the wire, but are not held against the link. */
function leave(s: SenderState, now: number, first: number, count: number, isCopy: boolean): void {
  const { counters, policy } = s
  const isIndividual = !policy.cumulative
  s.sink.sendBlocks(first, count)
  s.lastSentAt = now
  counters[COUNTER.datagrams] += count
  if (!isIndividual && first > s.highestSent + 1) s.withheld = first - 1
  for (let seq = first; seq < first + count; seq++) {
    const repeat = isCopy || (seq <= s.highestSent && wasSent(s, seq))
    // A confirmed block has no slot of its own any more.
    if (isIndividual && seq >= s.firstUnacked && !isCopy) markSent(s.board, now, seq)
    if (!isCopy) policy.sent(now, seq, repeat)
    if (repeat) {
      counters[COUNTER.retransmitted]++
      s.unaskedLeft++
      s.repeated = true
      s.lastRepeat = seq
    } else {
      counters[COUNTER.blocks]++
      if (seq === s.withheld) s.withheld = 0
      if (seq > s.highestSent) s.highestSent = seq
    }
  }
}

/** A block below the highest may still be new: it was withheld (rules A1, N4). */
function wasSent(s: SenderState, seq: number): boolean {
  if (s.policy.cumulative) return seq !== s.withheld
  return seq < s.firstUnacked || isSent(s.board, seq)
}
