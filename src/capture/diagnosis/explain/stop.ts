/** When a client that stops in a window goes on: at the latest when it speaks, or before one of the repeats of the server. */
import type { Branch } from './branch.ts'
import { chanceOf } from './chance.ts'
import type { Costs } from './faults.ts'
import type { Script } from './script.ts'

const LEAST_STOP_MS = 50
/** Packets in which the end of a stop is looked for. */
const MOST_IN_STOP = 256
const BEFORE_MS = 0.001
const LEAST_END_COST = 0.01

/** Busy hosts stop for this long now and then. Twice as long is a third as often. */
const LONGEST_USUAL_MS = 700
const LONG_COST = 1.5

/** What it costs that a client does nothing for so long, by chance. */
export function longStopCost(ms: number): number {
  return LONG_COST * Math.log(Math.max(1, ms / LONGEST_USUAL_MS))
}

/** The client of this branch looks at nothing from position `at` on; undefined where nothing shows how long. */
export function stoppedFrom(branch: Branch, script: Script, costs: Costs, at: number): Branch | undefined {
  const { ms, fromClient, length, usualMs, medianMs } = script
  const end = Math.min(length, at + MOST_IN_STOP)
  let next = at + 1
  while (
    next < end &&
    (fromClient[next] === 1 ? ms[next] - ms[at] <= usualMs : ms[next] - ms[next - 1] < LEAST_STOP_MS)
  )
    next++
  if (next === end || ms[next] - ms[at] < LEAST_STOP_MS) return undefined
  if (fromClient[next] === 1) {
    const cost = branch.cost + chanceOf(script, costs, at, next, ms[next] - ms[at])
    return { ...branch, cost, busyUntilMs: ms[next] - medianMs, endCost: 0 }
  }
  // When it goes on is not known; an answer would show it.
  const endCost = Math.max(LEAST_END_COST, Math.log((ms[next] - ms[next - 1]) / usualMs))
  return { ...branch, busyUntilMs: ms[next] - BEFORE_MS, endCost }
}

/** It was to go on before the packet at `at`, has not answered anything yet, and stops until another repeat. */
export function goesOnLater(branch: Branch, script: Script, costs: Costs, at: number): Branch | undefined {
  const isEnd = branch.busyUntilMs === script.ms[at] - BEFORE_MS
  return isEnd && branch.endCost > 0
    ? stoppedFrom({ ...branch, cost: branch.cost + Math.LN2 }, script, costs, at)
    : undefined
}
