/**
 * A silent client is asked where it is, by repeats and by blocks ahead. However fast its round trip, it gets few of them: it may be
 * writing its flash, and everything that reaches it meanwhile costs it time.
 */
import type { SenderState } from './sender-state.ts'

/** Datagrams of questions in a second of silence. */
export const MOST_ASKED = 8
const SPAN_MS = 1000

/** Datagrams of questions that may leave now. */
export function leftToAsk(s: SenderState, now: number): number {
  return now >= askAgainAt(s) ? MOST_ASKED : MOST_ASKED - s.asked
}

/** Whether `datagrams` more may leave as a question at `now`. */
export function canAsk(s: SenderState, now: number, datagrams: number): boolean {
  return datagrams <= leftToAsk(s, now)
}

/** `datagrams` leave as a question. */
export function noteAsked(s: SenderState, now: number, datagrams: number): void {
  if (now >= askAgainAt(s)) {
    s.askedSince = now
    s.asked = 0
  }
  s.asked += datagrams
}

/** As `canAsk`, and counts them when they may. */
export function mayAsk(s: SenderState, now: number, datagrams: number): boolean {
  if (!canAsk(s, now, datagrams)) return false
  noteAsked(s, now, datagrams)
  return true
}

/** When the next second of questions begins. */
export function askAgainAt(s: SenderState): number {
  return s.askedSince + SPAN_MS
}

/** The client stayed silent for all that a second allows, and the next second begins. */
export function isNewSpan(s: SenderState, now: number): boolean {
  return s.asked > 0 && now >= askAgainAt(s)
}

/** The client spoke: its next silence is a new one. */
export function stopAsking(s: SenderState): void {
  s.asked = 0
  s.askedSince = -Infinity
}
