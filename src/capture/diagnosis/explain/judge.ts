/** Weighs the explanations of a transfer against each other: how likely is each fault, given what the capture shows. */
import type { CapturedTransfer } from '../../contract.ts'
import { explain } from './explain.ts'
import type { Explanation } from './explanation.ts'
import { type EventKind, type FaultName, PLACED } from './faults.ts'
import { isWindowUnknown } from '../holes.ts'
import { acknowledgesEach } from './each.ts'
import { isFlood, isRepeatedForEach } from './flood.ts'
import { deafRhythmCost, lossCost, lossesOf, noiseCost, ringOf, sleepCost, withoutLosses } from './fit.ts'
import { mixedLosses } from './mixed.ts'
import { mixtureOf } from './mixture.ts'
import { latenciesOf } from './latency.ts'
import { clientTimerOf } from './timer.ts'

/** A fault that the capture may show: one of the search, or one that tells from where the losses are. */
export type Hypothesis = FaultName | 'bit-errors'

export interface Judged {
  readonly hypothesis: Hypothesis
  readonly story: Explanation
  readonly cost: number
  /** 0 to 1: of all that may have been, `none` included; of those that are level each has the same. */
  readonly weight: number
  /** The same where none count as level. */
  readonly share: number
  /** It makes the same packets as the likeliest one, about as often, and others do as well. */
  readonly isLevel: boolean
}

export interface Judgement {
  /** The likeliest first; empty for a healthy transfer and for one that nothing explains. */
  readonly judged: readonly Judged[]
  readonly timerMs: number | undefined
  /** The server answers copies with copies, which hides all else. */
  readonly isFlood: boolean
}

/** A fault has to explain this much more than plain chance. */
const LEAST_GAIN = 1
/** What stopped a transfer is its cause, be it chance. */
const LEAST_GAIN_FAILED = -2
/** On a link as slow as this timers of both sides cross with answers, and jitter looks like events. */
const SLOW_MS = 50
const LEAST_GAIN_SLOW = 15
/** There a story that leaves something unexplained is the less believable. */
const ODD_COST = 11
/** So is one where no fault at all leaves as much. */
const NONE_ODD_COST = 3
/** Loss by where it happens is rarer than loss. */
const RARE_COST = 2
const NOISE_COST = 0.5
/** Of two faults that explain the same packets as well. */
const RARER_COST = 0.05

const LOSSES: ReadonlySet<FaultName> = new Set(['ack-loss', 'data-loss', 'both-losses', 'rx-ring', 'eee-wake'])

/** Below twenty to one the odds decide nothing between stories of the same packets. */
export const LEVEL_COST = Math.log(20)
/** What became of a packet. Played, a story of these alone makes the packets of the capture; of the rest it says nothing. */
const EXACT: ReadonlySet<EventKind> = new Set([
  'up-lost',
  'down-lost',
  'up-held',
  'down-held',
  'outage',
  'timer',
  'dead',
])

/** `isRunning`: the capture ends in the middle, and nothing was overdue. */
export function judge(
  transfer: CapturedTransfer,
  all: Uint32Array,
  windowBlocks: number,
  isRunning: boolean,
): Judgement {
  const latencies = latenciesOf(transfer, all)
  const timer = clientTimerOf(transfer, all, latencies[0].usualMs)
  if (transfer.direction !== 'read' || isLostFromTheStart(transfer))
    return { judged: [], timerMs: timer.ms, isFlood: false }
  if (isFlood(transfer, all, latencies[0].medianMs)) return { judged: [], timerMs: timer.ms, isFlood: true }
  // Whether a block without an ACK was lost, or none was due, nothing tells.
  if (isWindowUnknown(transfer)) return { judged: [], timerMs: timer.ms, isFlood: false }
  if (isRepeatedForEach(transfer, acknowledgesEach(transfer, all)))
    return { judged: [], timerMs: timer.ms, isFlood: false }
  const stories = explain(transfer, all, latencies, timer, windowBlocks)
  const told = stories.filter(({ fault, own }) => !PLACED.has(fault) && (fault !== 'both-losses' || isBoth(own)))
  const found: Candidate[] = told.map((story) => ({
    hypothesis: story.fault,
    story,
    cost: story.cost + (isRarer(story.fault, transfer) ? RARER_COST : 0),
  }))
  for (const story of stories) {
    if (!LOSSES.has(story.fault)) continue
    const add = (hypothesis: Hypothesis, cost: number | undefined): void => {
      if (cost !== undefined) found.push({ hypothesis, story, cost })
    }
    if (story.fault === 'rx-ring') add('rx-ring', plus(ringOf(story, 'down-lost')?.cost, RARE_COST))
    if (story.fault === 'eee-wake') add('eee-wake', plus(sleepCost(story), RARE_COST))
    if (PLACED.has(story.fault)) continue
    if (windowBlocks <= 1) add('slow-flash', deafRhythmCost(story, transfer.agreed.blksize))
    if (windowBlocks > 1) {
      if (story.fault !== 'ack-loss') add('rx-ring', plus(ringOf(story, 'down-lost')?.cost, RARE_COST))
      // One transmit buffer for all loses the later one of two ACKs.
      const isLosingData = story.fault === 'both-losses' && isBoth(story.own)
      if (story.fault !== 'data-loss')
        add(isLosingData ? 'both-losses' : 'ack-loss', plus(ringOf(story, 'up-lost')?.cost, RARE_COST + RARER_COST))
    }
    add('eee-wake', plus(sleepCost(story), RARE_COST))
    if (transfer.agreed.windowsize === 1) add('bit-errors', plus(noiseCost(story, transfer), NOISE_COST))
    const mixture = mixtureOf(story)
    if (mixture !== undefined) found.push({ hypothesis: 'both-losses', story: mixture, cost: mixture.cost })
    // Of what both directions explain, all goes to one of them.
    const { up, down } = lossesOf(story.events)
    if (up.length > 0 && down.length > 0)
      add(
        'both-losses',
        withoutLosses(story) + lossCost(up, story.script, 'up-lost') + lossCost(down, story.script, 'down-lost'),
      )
  }
  const data = stories.find(({ fault }) => fault === 'data-loss')
  const ack = stories.find(({ fault }) => fault === 'ack-loss')
  const mixed = data === undefined || ack === undefined ? undefined : mixedLosses(data, ack)
  if (mixed !== undefined) found.push({ hypothesis: 'both-losses', story: mixed, cost: mixed.cost })
  return {
    judged: weighed(found, isRunning || transfer.outcome.type === 'complete'),
    timerMs: timer.ms,
    isFlood: false,
  }
}

/**
 * Long frames are lost a little more often than short ones. Bootloaders in lock-step hold ACKs that they write into a shared buffer; what is known to
 * hold received frames is a network card at the end of a burst.
 */
function isRarer(fault: FaultName, { agreed }: CapturedTransfer): boolean {
  return fault === 'ack-loss' || fault === (agreed.windowsize === 1 ? 'rx-hold' : 'tx-hold')
}

/** Before the first ACK of a block everything is lost, whatever the cause; but for a client that took the options of a server that sent no block. */
function isLostFromTheStart({ blocks, fromClient, request }: CapturedTransfer): boolean {
  return blocks.highestAcknowledged === 0 && (blocks.sent > 0 || fromClient <= (request?.count ?? 0))
}

function isBoth(own: Explanation['own']): boolean {
  return own.some(({ kind }) => kind === 'up-lost') && own.some(({ kind }) => kind === 'down-lost')
}

function plus(cost: number | undefined, more: number): number | undefined {
  return cost === undefined ? undefined : cost + more
}

function oddOf({ events }: Explanation): number {
  return events.filter(({ kind }) => kind === 'odd').length
}

/** The story leaves out so much of what the client said that it is none. */
function isUnexplained(story: Explanation): boolean {
  return oddOf(story) > Math.max(MOST_ODD, MOST_ODD_SHARE * story.script.heard)
}

const MOST_ODD = 8
const MOST_ODD_SHARE = 0.15

type Candidate = Omit<Judged, 'weight' | 'share' | 'isLevel'>

/** What a story leaves unsaid. */
function restOf({ events }: Explanation): string {
  return events
    .filter(({ kind }) => !EXACT.has(kind))
    .map(({ kind, at }) => `${kind} ${at}`)
    .join()
}

/** Both losses at once are no cause beside each of them: where they are the likeliest, each of them is compared with the likelier one. */
function levelWith(sorted: readonly Candidate[]): readonly Candidate[] {
  const single = sorted.filter(({ hypothesis }) => hypothesis !== 'both-losses')
  const [best] = single
  if (best === undefined || best.cost - sorted[0].cost > LEVEL_COST) return []
  const rest = restOf(best.story)
  return single.filter((one) => one.cost - best.cost <= LEVEL_COST && restOf(one.story) === rest)
}

function weighed(found: readonly Candidate[], isWell: boolean): Judged[] {
  const best = new Map<Hypothesis, Candidate>()
  for (const one of found) {
    // Without an event of its own it is the healthy story once more.
    if (one.hypothesis !== 'none' && one.story.own.length === 0) continue
    const other = best.get(one.hypothesis)
    if (other === undefined || one.cost < other.cost) best.set(one.hypothesis, one)
  }
  const sorted = [...best.values()].sort((a, b) => a.cost - b.cost)
  if (sorted.length === 0) return []
  const [{ cost, story }] = sorted
  if (isUnexplained(story)) return []
  // Where a shorter time of answers is possible as well, the link may be quick.
  const isSlow = sorted.every((one) => one.story.script.medianMs >= SLOW_MS)
  const none = best.get('none')
  const doubt = ODD_COST * oddOf(story) + NONE_ODD_COST * (none === undefined ? 0 : oddOf(none.story))
  const leastWell = isSlow ? LEAST_GAIN_SLOW + doubt : LEAST_GAIN
  const leastFailed = isSlow ? LEAST_GAIN + doubt : LEAST_GAIN_FAILED
  const leastGain = isWell ? leastWell : leastFailed
  if ((none?.cost ?? Infinity) - cost < leastGain) return []
  const shares = sorted.map(({ cost }) => Math.exp(sorted[0].cost - cost))
  const sum = shares.reduce((a, b) => a + b, 0)
  const level = levelWith(sorted)
  const weightOfEach = level.reduce((all, one) => all + shares[sorted.indexOf(one)], 0) / sum / level.length
  return sorted.map((one, n) => {
    const isLevel = level.length > 1 && level.includes(one)
    const share = shares[n] / sum
    return { ...one, weight: isLevel ? weightOfEach : share, share, isLevel }
  })
}
