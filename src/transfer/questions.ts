/**
 * A silent client is asked where it is, by repeats and by blocks ahead. However fast its round trip, it gets few of them: it may be
 * writing its flash, and everything that reaches it meanwhile costs it time.
 */
import type { SenderState } from './sender-state.ts'

/** Datagrams of questions in a second of silence. A window that leaves again as a whole is none. */
export const MOST_ASKED = 8
const SPAN_MS = 1000

/** Whether `datagrams` more may leave as a question at `now`. */
export function canAsk(s: SenderState, now: number, datagrams: number): boolean {
  return now - s.askedSince >= SPAN_MS || s.asked + datagrams <= MOST_ASKED
}

/** As `canAsk`, and counts them when they may. */
export function mayAsk(s: SenderState, now: number, datagrams: number): boolean {
  if (!canAsk(s, now, datagrams)) return false
  if (now - s.askedSince >= SPAN_MS) {
    s.askedSince = now
    s.asked = 0
  }
  s.asked += datagrams
  return true
}

/** When the next question may leave, after `mayAsk` refused one. */
export function askAgainAt(s: SenderState): number {
  return s.askedSince + SPAN_MS
}

/** The client spoke: its next silence is a new one. */
export function stopAsking(s: SenderState): void {
  s.asked = 0
  s.askedSince = -Infinity
}
