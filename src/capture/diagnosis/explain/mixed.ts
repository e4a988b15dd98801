/**
 * Loss in both directions where most losses may be of either. A story has to put each of them into one direction, and the cheapest puts all into the
 * same; but a mixture makes the same packets in many ways. Only the losses that one direction alone explains tell how they are shared out.
 */
import { CHANCE_LOSS_COST, PARAMETER_COST } from './fit.ts'
import type { Explanation } from './explanation.ts'
import { unknownShareCost } from './unknown-share.ts'

/** Undefined without a loss. `data` and `ack`: the stories in which all losses are of one direction, as far as it can be. */
export function mixedLosses(data: Explanation, ack: Explanation): Explanation | undefined {
  if (data.own.length === 0 || ack.own.length === 0) return undefined
  const base = data.cost <= ack.cost ? data : ack
  const foreign = base === data ? surelyUp(data) : surelyDown(ack)
  const up = surelyUp(data) + Math.max(0, oddOf(data) - oddOf(ack))
  const down = surelyDown(ack) + Math.max(0, oddOf(ack) - oddOf(data))
  const own = [...data.own, ...ack.own].sort((a, b) => a.at - b.at)
  return {
    ...base,
    fault: 'both-losses',
    cost: base.cost - CHANCE_LOSS_COST * foreign + PARAMETER_COST + unknownShareCost(up, down),
    events: own,
    own,
  }
}

function surelyUp({ events }: Explanation): number {
  return events.filter(({ kind }) => kind === 'up-lost').length
}

function surelyDown({ events }: Explanation): number {
  return events.filter(({ kind }) => kind === 'down-lost').length
}

function oddOf({ events }: Explanation): number {
  return events.filter(({ kind }) => kind === 'odd').length
}
