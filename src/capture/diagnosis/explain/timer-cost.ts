/** What it costs to take a packet of the client for one of its timer. */
import type { Branch, Pause } from './branch.ts'
import { REQUEST_SAID, type Terms } from './client.ts'
import type { Script } from './script.ts'

/** No client's timer is shorter. */
const SHORTEST_TIMER_MS = 45
export const TIMER_OFF = 0.05
const SECOND_MS = 1000
const SECOND_OFF_MS = 5
/** Timers of programs end late, not early. */
const SECOND_LATE_MS = 12
/** No timer that learns is shorter. */
const SHORTEST_ADAPTIVE_MS = 240
const ADAPTIVE_LATE_MS = 10
/** Of a doubling. */
const ADAPTIVE_OFF = 0.15
const ADAPTIVE_MEDIANS = 4
/** By how well the time fits. */
const TIMER_COST = { exact: 0.1, near: 1, odd: 4, never: 6 }

/** `at`: the position of the packet. `tookMs`: when the client took a block, or its timer ran out. */
export function timerCost(script: Script, terms: Terms, { pause }: Branch, at: number, tookMs: number): number {
  const { ms, seq, timerMs, isTimerSure, medianMs, heardBefore } = script
  const { timer } = terms.habits
  const quietMs = ms[at] - (heardBefore[at] < 0 ? -Infinity : ms[heardBefore[at]])
  const isTime = timerMs !== undefined && isMultiple(ms[at] - tookMs, timerMs, 2 * medianMs)
  if (isTime && isTimerSure && timer !== 'none') return TIMER_COST.exact
  if (quietMs < SHORTEST_TIMER_MS)
    return pause !== undefined && waitedAsWell(script, pause, at) ? TIMER_COST.near : TIMER_COST.never
  if (timer === 'none' && seq[at] !== REQUEST_SAID) return TIMER_COST.odd
  if (timer === 'adaptive') return isAdaptiveTime(script, quietMs) ? TIMER_COST.near : TIMER_COST.odd
  // It has just spoken. Many wait longer each time.
  if (heardBefore[at] >= 0 && seq[heardBefore[at]] === seq[at]) return isTimerSure ? TIMER_COST.exact : TIMER_COST.near
  if (timerMs === undefined) return isWholeSeconds(ms[at] - tookMs, medianMs) ? TIMER_COST.near : TIMER_COST.odd
  if (!isTime && !isMultiple(quietMs, timerMs, 2 * medianMs)) return isTimerSure ? TIMER_COST.never : TIMER_COST.odd
  return isTimerSure ? TIMER_COST.exact : TIMER_COST.near
}

/** A timer that learns waits for some round trips, and for its shortest time at the least; from there on twice as long each time. */
function isAdaptiveTime({ medianMs, timerMs }: Script, quietMs: number): boolean {
  if (quietMs < SHORTEST_ADAPTIVE_MS) return false
  if (ADAPTIVE_MEDIANS * medianMs >= SHORTEST_ADAPTIVE_MS) return true
  const times = Math.log2(quietMs / (timerMs ?? SHORTEST_ADAPTIVE_MS + ADAPTIVE_LATE_MS))
  return Math.abs(times - Math.round(times)) <= ADAPTIVE_OFF
}

/**
 * A packet waited somewhere, for longer than the timer needs. What the timer said meanwhile waited with it: it comes at any time of that wait, or
 * behind it sooner than two packets of a timer do.
 */
function waitedAsWell({ ms, timerMs, isTimerSure }: Script, { fromMs, untilMs }: Pause, at: number): boolean {
  const shortestMs = isTimerSure ? (timerMs ?? SHORTEST_TIMER_MS) * (1 - TIMER_OFF) : SHORTEST_TIMER_MS
  return Math.min(untilMs, ms[at]) - fromMs >= shortestMs && ms[at] - untilMs < SHORTEST_TIMER_MS
}

/** A client that took its last block so long ago repeats it about now. */
export function isTimerDue({ timerMs, medianMs }: Script, agoMs: number): boolean {
  return timerMs !== undefined && isMultiple(agoMs, timerMs, 2 * medianMs)
}

export function isMultiple(waitedMs: number, timerMs: number, moreMs: number): boolean {
  const times = Math.round(waitedMs / timerMs)
  return times >= 1 && Math.abs(waitedMs - times * timerMs) <= TIMER_OFF * timerMs + moreMs
}

/** Where nothing else shows a timer: most count in seconds, and other waits end so seldom with one. */
export function isWholeSeconds(waitedMs: number, medianMs: number): boolean {
  const seconds = Math.round(waitedMs / SECOND_MS)
  const earlyMs = Math.min(2 * medianMs, SECOND_OFF_MS)
  const offMs = waitedMs - seconds * SECOND_MS
  return seconds >= 1 && offMs >= -earlyMs && offMs <= SECOND_LATE_MS
}
