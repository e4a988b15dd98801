/** What it costs that the timer of the client always speaks right behind a packet of the server, where an answer would come as well. */
import { quantile } from '../view/median.ts'
import type { StoryEvent } from './branch.ts'
import type { Script } from './script.ts'

/** Two programs seldom have the same timer. */
const SAME_TIMER_COST = 3
const LEAST_TIMERS = 2
const MOSTLY = 0.7
/** Fewer waits do not show how much they differ. */
const LEAST_WAITS = 3
const MOST_UNSTEADY_COST = 3
/** Clocks of captures are no better. */
const CLOCK_MS = 0.05

export function coincidenceCost(script: Script, events: readonly StoryEvent[]): number {
  const { isTimerCoincidence, ms, sentBefore, mostMs } = script
  const timers = events.filter(({ kind }) => kind === 'timer').map(({ at }) => at)
  const withServer = timers.filter((at) => sentBefore[at] >= 0 && ms[at] - ms[sentBefore[at]] <= mostMs)
  const isSame =
    isTimerCoincidence || (withServer.length >= LEAST_TIMERS && withServer.length >= MOSTLY * timers.length)
  return (isSame && timers.length > 0 ? SAME_TIMER_COST : 0) + unsteadyCost(script, withServer)
}

/** A timer keeps its time: where the waits differ, and the time since the packet of the server does not, that packet was answered. */
function unsteadyCost({ ms, sentBefore, heardBefore, usualMs }: Script, timers: readonly number[]): number {
  const close = timers.filter((at) => ms[at] - ms[sentBefore[at]] <= usualMs)
  if (close.length < LEAST_WAITS) return 0
  const waits = spread(
    close.map((at) => {
      let before = heardBefore[at]
      // What came together with it began no wait.
      while (before >= 0 && ms[at] - ms[before] <= usualMs) before = heardBefore[before]
      return before < 0 ? 0 : ms[at] - ms[before]
    }),
  )
  const answers = spread(close.map((at) => ms[at] - ms[sentBefore[at]]))
  const each = Math.log((waits + CLOCK_MS) / (answers + CLOCK_MS))
  return close.length * Math.min(MOST_UNSTEADY_COST, Math.max(0, each))
}

function spread(times: readonly number[]): number {
  return quantile(times, 0.75)! - quantile(times, 0.25)!
}
