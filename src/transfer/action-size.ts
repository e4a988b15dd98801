/** How much an action sends to a silent client, and how it is made to fit what that one may get (questions.ts). */
import { orderOf } from './order.ts'
import { isAcked } from './scoreboard.ts'
import type { SenderState } from './sender-state.ts'
import { type Action, NOTHING } from './transmit.ts'

/** Datagrams in `action`. */
export function datagramsOf(s: SenderState, action: Action): number {
  switch (action.type) {
    case 'nothing':
      return 0
    // The nudge itself, and the block that is waited for.
    case 'nudge':
      return action.first === 0 ? 2 : 3
    case 'again':
      return unackedIn(s, action.from, action.to)
    case 'catch-up':
      return unackedIn(s, action.from, action.to) + 1
    default:
      return 1
  }
}

/** `action`, or what of it can be sent with `datagrams` datagrams. */
export function shortened(s: SenderState, action: Action, datagrams: number): Action {
  if (datagramsOf(s, action) <= datagrams) return action
  if (datagrams < 1) return NOTHING
  if (action.type !== 'again' && action.type !== 'catch-up') return { type: 'repeat', seq: s.firstUnacked }
  if (action.type === 'catch-up') {
    // Above a gap the client may lack the first block that ran ahead, or wait for a new one.
    const isFirst = s.firstUnacked < s.highestAcked && s.timeouts % 2 === 0
    if (isFirst) return { type: 'again', from: action.from, to: action.from + datagrams - 1 }
    if (datagrams === 1) return { type: 'ahead' }
    // Where the order is not known most silences are lost ACKs: the end is what moves such a client on.
    if (orderOf(s) !== 'inorder') return { ...action, from: action.to - datagrams + 2 }
  }
  return { type: 'again', from: action.from, to: action.from + datagrams - 1 }
}

function unackedIn(s: SenderState, from: number, to: number): number {
  let blocks = 0
  for (let seq = from; seq <= to; seq++) if (!isAcked(s.board, seq)) blocks++
  return blocks
}
