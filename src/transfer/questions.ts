/**
 * A silent client is asked where it is, by repeats and by blocks ahead. However fast its round trip, it gets few of them: it may be
 * writing its flash, and everything that reaches it meanwhile costs it time.
 */
import type { SenderState } from './sender-state.ts'

/** Datagrams of questions in any second of silence. */
export const MOST_ASKED = 8
const SPAN_MS = 1000
/** Questions of a run are this far apart: less than the shortest time after which a link sleeps. */
export const RUN_SPACING_MS = 0.75
/** What is out leaves again together when this many of them may leave. */
const ALMOST_ALL = MOST_ASKED - 2

/** Datagrams of questions that may leave now. */
export function leftToAsk(s: SenderState, now: number): number {
  let left = MOST_ASKED - Math.min(s.asked, MOST_ASKED)
  for (let i = 0; i < Math.min(s.asked, MOST_ASKED); i++) if (s.askedAt[i] + SPAN_MS <= now) left++
  return left
}

/** Whether `datagrams` more may leave as a question at `now`. */
export function canAsk(s: SenderState, now: number, datagrams: number): boolean {
  return datagrams <= leftToAsk(s, now)
}

/** `datagrams` leave as a question. */
export function noteAsked(s: SenderState, now: number, datagrams: number): void {
  if (datagrams > 0 && s.askedAt.length === 0) s.askedAt = new Float64Array(MOST_ASKED)
  for (let i = 0; i < datagrams; i++) s.askedAt[s.asked++ % MOST_ASKED] = now
}

/** As `canAsk`, and counts them when they may. */
export function mayAsk(s: SenderState, now: number, datagrams: number): boolean {
  if (!canAsk(s, now, datagrams)) return false
  noteAsked(s, now, datagrams)
  return true
}

/** When `datagrams` more may leave. */
export function askAgainAt(s: SenderState, datagrams: number): number {
  const over = s.asked + datagrams - MOST_ASKED
  return over > 0 ? s.askedAt[(over - 1) % MOST_ASKED] + SPAN_MS : -Infinity
}

/** The client stayed silent for what `seconds` seconds allow, and for the first question of the next one. */
export function isSilentFor(s: SenderState, now: number, seconds: number): boolean {
  return s.asked > seconds * MOST_ASKED && canAsk(s, now, ALMOST_ALL)
}

/** What the second second allows leaves as soon as it may; later ones go slower. */
export function isHurried(s: SenderState): boolean {
  return s.asked > 0 && s.asked < 2 * MOST_ASKED
}

/** The client spoke: its next silence is a new one. */
export function stopAsking(s: SenderState): void {
  s.asked = 0
}
