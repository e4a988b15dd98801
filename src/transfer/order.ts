/** Rule A1: when to ask in which order the client takes blocks, and with which block. What the answers prove is in order-search.ts. */
import { type ClientOrder, OrderSearch } from './order-search.ts'
import { repeatsOf } from './scoreboard.ts'
import type { SenderState } from './sender-state.ts'
import { type Action, NOTHING } from './transmit.ts'
import { runAheadEnd } from './window.ts'
import { nearWrap } from './wrap.ts'

/** A gap that survived this many repeats is asked about. */
const GAP_REPEATS = 3
/** A gap that survived this many repeats of a client that was taken for one of any order may belong to one in order. */
const DOUBT_REPEATS = 8
/** At most this many blocks that ran ahead leave again before a new one. */
const MOST_REPEATED = 4

/** The order in which the client takes blocks, as far as it is proved. */
export function orderOf(s: SenderState): ClientOrder {
  return s.order === undefined ? 'unknown' : s.order.order
}

export function searchOf(s: SenderState): OrderSearch {
  return (s.order ??= new OrderSearch())
}

/** A gap survived its repeats, and nothing is known of the client's order yet. */
export function isQuestionDue(s: SenderState): boolean {
  if (s.order === undefined ? s.firstUnacked >= s.highestAcked : !hasOpenGap(s, s.order)) return false
  return s.order?.hasNamed(s.highestAcked) === true || repeatsOf(s.board, s.firstUnacked) >= GAP_REPEATS
}

function hasOpenGap(s: SenderState, search: OrderSearch): boolean {
  if (s.firstUnacked >= s.highestAcked) return false
  if (search.order === 'any' && repeatsOf(s.board, s.firstUnacked) >= DOUBT_REPEATS) search.doubted()
  return search.order === 'unknown'
}

/** The next question about the gap, one datagram; the answers come as ACKs. Nothing, when the silence since the last one was the last proof that was needed. */
export function decideQuestion(s: SenderState, now: number): Action {
  const search = searchOf(s)
  const { firstUnacked, highestAcked, nextToSend } = s
  const mayBeNew = nextToSend > highestAcked + 1 || mayRunAhead(s, nextToSend)
  let question = search.nextQuestion(highestAcked, mayBeNew, mayRunAhead(s, highestAcked + 2))
  if (search.order === 'inorder') return NOTHING
  // What ran ahead and was not acknowledged has to arrive first.
  if (question === 'ahead' && (nextToSend > highestAcked + 1 || !mayRunAhead(s, highestAcked + 2))) question = 'more'
  if (question === 'more' && nextToSend <= highestAcked + 1 && !mayRunAhead(s, nextToSend)) question = 'gap'
  search.asked(now, question)
  switch (question) {
    case 'more':
      if (nextToSend <= highestAcked + 1) return { type: 'ahead' }
      return search.asksTwice ? { type: 'repeat', seq: highestAcked + 1 } : ranAheadAgain(s)
    case 'ahead':
      s.unaskedAt = now
      return { type: 'beyond', seq: highestAcked + 2 }
    case 'gap':
      return { type: 'repeat', seq: firstUnacked }
    case 'top':
    case 'top-again':
      return { type: 'repeat', seq: highestAcked }
    default:
      return NOTHING
  }
}

/** The client is taken for one of any order by an ACK that the network may have delayed: it may count in order after all, and be mute at its place. */
export function isAboveDoubtfulGap(s: SenderState): boolean {
  return s.firstUnacked < s.highestAcked && s.order?.isDoubtful === true
}

/** The next block above the gap, or what ran ahead of it already; the gap itself where nothing may. Every client answers a new block. */
export function decideNew(s: SenderState): Action {
  if (s.nextToSend > s.highestAcked + 1) return ranAheadAgain(s)
  return mayRunAhead(s, s.nextToSend) ? { type: 'ahead' } : { type: 'repeat', seq: s.firstUnacked }
}

/**
 * What ran ahead of the highest acknowledged block, again, its beginning and its end in turn: the client may lack the first of them, or
 * have them all and be silent on repeats. Then only a new one moves it on.
 */
function ranAheadAgain(s: SenderState): Action {
  const first = s.highestAcked + 1
  const last = s.nextToSend - 1
  const from = s.timeouts % 2 === 0 ? first : Math.max(first, last - MOST_REPEATED + 1)
  const to = Math.min(last, from + MOST_REPEATED - 1)
  return { type: to === last && mayRunAhead(s, last + 1) ? 'catch-up' : 'again', from, to }
}

/** Never the final block, never far beyond the gap, never at a wrap. */
function mayRunAhead(s: SenderState, seq: number): boolean {
  return seq < s.lastSeq && seq < runAheadEnd(s) && !nearWrap(seq, s.rollover)
}
