/**
 * Loss in both directions where many losses may be of either. A story has to put each of them into one direction; a mixture makes the same packets in
 * many ways, and all of them count. What a loss of either direction explains happens as often as both of them together.
 */
import type { StoryEvent } from './branch.ts'
import type { Explanation } from './explanation.ts'
import { burstsCost, chancesOf, lossesOf, shareCost, withoutLosses } from './fit.ts'

/** Shares of lost packets that a bad link has: each of these steps is as likely as another. */
const LEAST_SHARE = 0.008
const MOST_SHARE = 0.5
const STEPS = 24

/** One in each direction. */
const LEAST_LOSSES = 2

const SHARES = Array.from({ length: STEPS }, (_, n) => LEAST_SHARE * (MOST_SHARE / LEAST_SHARE) ** (n / (STEPS - 1)))

/** The story with losses in both directions, and what it costs that these may be shared out in many ways. Undefined for a story of another fault. */
export function mixtureOf(story: Explanation): Explanation | undefined {
  const { script, own, events, alsoGain, upLost, downLost } = story
  if (story.fault !== 'both-losses' || own.length < LEAST_LOSSES) return undefined
  const either = Math.min(alsoGain / Math.LN2, 2 * upLost, 2 * downLost)
  const isUp = upLost >= downLost
  const chances = chancesOf(script, isUp ? 'up-lost' : 'down-lost', own.length)
  const asOneCost = burstsCost(own, chances)
  // In bursts only their beginnings are chance.
  const isInBursts = asOneCost < shareCost(own.length, chances)
  const of = isInBursts ? own.filter(({ isAgain }) => !isAgain).length / own.length : 1
  const counts = {
    up: of * Math.max(0, upLost - either / 2),
    down: of * Math.max(0, downLost - either / 2),
    either: of * either,
    upPassed: script.heard,
    downPassed: Math.max(0, script.sent - downLost),
  }
  const cost = withoutLosses(story) + asOneCost + ofBothCost(counts) - ofOneCost(counts, isUp)
  const { up, down } = lossesOf(own)
  if (isShown(up, upLost) && isShown(down, downLost)) return { ...story, cost }
  // The likeliest way puts nearly all of them into one direction, and some are of the other.
  const missing = isUp ? 'down-lost' : 'up-lost'
  const both = (list: readonly StoryEvent[]): StoryEvent[] =>
    list
      .filter(({ kind }) => kind !== missing)
      .flatMap((event) => (own.includes(event) ? [event, { ...event, kind: missing }] : [event]))
  return { ...story, cost, events: both(events), own: both(own), isEither: missing }
}

/** `mean`: how many there are in all of the stories. */
function isShown(events: readonly StoryEvent[], mean: number): boolean {
  return events.length > 0 && events.length >= mean / 2
}

interface Counts {
  readonly up: number
  readonly down: number
  readonly either: number
  readonly upPassed: number
  readonly downPassed: number
}

/** All of them are of one direction. */
function ofOneCost({ up, down, either, upPassed, downPassed }: Counts, isUp: boolean): number {
  return meanCost(
    SHARES.map((p) => (up + down + either) * Math.log(p) + (isUp ? upPassed : downPassed) * Math.log1p(-p)),
  )
}

function ofBothCost({ up, down, either, upPassed, downPassed }: Counts): number {
  return meanCost(
    SHARES.flatMap((p) =>
      SHARES.map(
        (q) =>
          up * Math.log(p) +
          down * Math.log(q) +
          either * Math.log(p + q) +
          upPassed * Math.log1p(-p) +
          downPassed * Math.log1p(-q),
      ),
    ),
  )
}

/** Of the logarithms of how likely each is. */
function meanCost(logs: readonly number[]): number {
  const most = Math.max(...logs)
  return Math.log(logs.length) - most - Math.log(logs.reduce((sum, one) => sum + Math.exp(one - most), 0))
}
