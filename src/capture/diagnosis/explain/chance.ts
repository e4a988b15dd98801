/** What it costs that something happens just when something else would have brought the same packets. */
import { type Costs, FAULT_COSTS } from './faults.ts'
import type { Script } from './script.ts'
import { isMultiple, isWholeSeconds } from './timer-cost.ts'

const CHANCE_COST = 3
const MOST_CHANCE_COST = 8
const SECOND_MS = 1000
/** On a link that is slower than that any wait may be one of the timer. */
const LEAST_TIMER_MEDIANS = 10
const LEAST_GAP_MS = 1e-6
const MOST_SHORT_COST = 6

/**
 * A pause that begins at position `at` ends, with the packet at `match`, where something else would have brought the same answer: with the timer of
 * the client, or right behind a repeat of the server.
 */
export function chanceOf(script: Script, costs: Costs, at: number, match: number, pausedMs: number): number {
  const { ms, sentBefore, timerMs, isTimerSure, usualMs, medianMs } = script
  const sent = sentBefore[match]
  // The pauses of a device that writes its flash are alike, and look like a timer that nothing else shows.
  const mayBeTimer = isTimerSure || costs !== FAULT_COSTS['slow-flash']
  const isTimer =
    mayBeTimer &&
    (timerMs === undefined || timerMs < LEAST_TIMER_MEDIANS * medianMs
      ? isWholeSeconds(pausedMs, medianMs) || (sent > at && isWholeSeconds(ms[match] - ms[sent], medianMs))
      : isMultiple(pausedMs, timerMs, 2 * medianMs))
  const ofTimer = isTimer ? timerChance(script, pausedMs, timerMs ?? SECOND_MS) : 0
  let before = sent < 0 ? -1 : sentBefore[sent]
  // Packets of a burst are one repeat.
  while (before > at && ms[sent] - ms[before] <= medianMs) before = sentBefore[before]
  if (sent <= at || before < 0) return ofTimer
  const everyMs = Math.max(usualMs, ms[sent] - ms[before])
  const tookMs = ms[match] - ms[sent]
  const sinceMs = cleanWidthMs(script, tookMs) ?? Math.max(usualMs, tookMs)
  return Math.max(ofTimer, Math.log(everyMs / sinceMs) - 1)
}

/**
 * Where all answers take the same time, one that takes it behind a later packet is hardly one to the packet before: the time within which it would
 * have to come. Undefined for another time.
 */
function cleanWidthMs({ cleanMs }: Script, tookMs: number): number | undefined {
  if (cleanMs === undefined) return undefined
  const widthMs = Math.max(CLOCK_MS, cleanMs.to - cleanMs.from)
  return tookMs >= cleanMs.from - widthMs && tookMs <= cleanMs.to + widthMs ? 3 * widthMs : undefined
}

/** The closer the pause is to the time of the timer, the less it is chance. */
function timerChance({ medianMs }: Script, pausedMs: number, timerMs: number): number {
  const off = Math.abs(pausedMs - Math.round(pausedMs / timerMs) * timerMs)
  const closeness = Math.log(timerMs / (2 * Math.max(off, medianMs, LEAST_GAP_MS)))
  return Math.min(MOST_CHANCE_COST, Math.max(CHANCE_COST, closeness))
}

/** An answer to the packet at `at`, which arrived at `arrivedMs`, comes late, and just when one to a later packet would. */
export function repeatChance(script: Script, at: number, match: number, arrivedMs: number): number {
  const { ms, outMs, sentBefore, leastMs, usualMs } = script
  const sent = sentBefore[match]
  if (sent <= at) return 0
  const tookMs = ms[match] - outMs[sent]
  if (tookMs < leastMs || tookMs > usualMs) return 0
  const widthMs = Math.min(usualMs - leastMs, cleanWidthMs(script, tookMs) ?? Infinity)
  // Of many packets at many times there is always one just before.
  let times = 1
  for (let one = sent; sentBefore[one] > at && times < MOST_TIMES; one = sentBefore[one])
    if (ms[one] - ms[sentBefore[one]] > usualMs) times++
  const lateMs = Math.max(LEAST_GAP_MS, ms[match] - arrivedMs)
  return Math.max(0, Math.log(lateMs / (times * Math.max(LEAST_GAP_MS, widthMs))))
}

/** The same for an answer in the usual time: 0 where others take as long, although nothing happened to them. */
export function usualChance(script: Script, at: number, match: number, arrivedMs: number): number {
  const { ms, sentBefore, cleanMs } = script
  if (sentBefore[match] <= at || cleanMs === undefined) return 0
  const widthMs = Math.max(CLOCK_MS, cleanMs.to - cleanMs.from)
  return ms[match] - arrivedMs <= LATE * cleanMs.to + widthMs ? 0 : repeatChance(script, at, match, arrivedMs)
}

/** An answer takes this many times as long as nearly all now and then. */
const LATE = 1.3

/** Hosts and captures make answers differ by this. */
const CLOCK_MS = 0.05

/** Times at which the server sends something, of which one is just before an answer. */
const MOST_TIMES = 16

/** An outage between two packets that left together is as unlikely as it would have been short. */
export function shortCost({ ms, sentBefore, medianMs }: Script, at: number): number {
  const before = sentBefore[at]
  if (before < 0) return 0
  const gapMs = Math.max(LEAST_GAP_MS, ms[at] - ms[before])
  return Math.min(MOST_SHORT_COST, Math.max(0, Math.log(medianMs / gapMs)))
}
