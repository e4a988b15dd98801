/** How much an action sends to a silent client, and how it is made to fit what that one may get (questions.ts). */
import { orderOf } from './order.ts'
import { isAcked } from './scoreboard.ts'
import type { SenderState } from './sender-state.ts'
import { type Action, NOTHING } from './transmit.ts'

/** Datagrams of questions in `action`. A window that is open and leaves again as a whole counts as one; what ran ahead of it adds to that. */
export function datagramsOf(s: SenderState, action: Action): number {
  switch (action.type) {
    case 'nothing':
      return 0
    // The nudge itself, and the block that is waited for.
    case 'nudge':
      return action.first === 0 ? 2 : 3
    case 'again':
      return Math.ceil(unackedIn(s, action.from, action.to) / outInTurn(s))
    case 'catch-up':
      return Math.ceil((unackedIn(s, action.from, action.to) + 1) / outInTurn(s))
    default:
      return 1
  }
}

/** `action`, or what of it can be sent with `datagrams` datagrams. */
export function shortened(s: SenderState, action: Action, datagrams: number): Action {
  if (datagramsOf(s, action) <= datagrams) return action
  if (datagrams < 1) return NOTHING
  if (action.type !== 'again' && action.type !== 'catch-up') return { type: 'repeat', seq: s.firstUnacked }
  const blocks = datagrams * outInTurn(s)
  // In lock-step most silences are lost ACKs: the end is what moves such a client on.
  if (action.type === 'catch-up' && outInTurn(s) === 1) {
    return blocks < 2 ? { type: 'ahead' } : { ...action, from: action.to - blocks + 2 }
  }
  return { type: 'again', from: action.from, to: action.from + blocks - 1 }
}

function unackedIn(s: SenderState, from: number, to: number): number {
  let blocks = 0
  for (let seq = from; seq <= to; seq++) if (!isAcked(s.board, seq)) blocks++
  return blocks
}

/** Blocks that were out when the silence began, because the window allowed it; 1 where the window is no proof that the client can take them. */
function outInTurn(s: SenderState): number {
  return orderOf(s) === 'inorder' ? Math.max(1, s.endInTurn - s.firstUnacked) : 1
}
