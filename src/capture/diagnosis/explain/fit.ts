/**
 * What a story costs when its events are not spread by chance alone. The search finds which packets were lost; where they were lost tells noise on the
 * wire, a full receive ring and a link that sleeps from plain loss.
 */
import type { CapturedTransfer } from '../../contract.ts'
import { idlesMs } from './idle.ts'
import type { Explanation } from './explanation.ts'
import { CHANCE_PAUSE_COST, type EventKind, pauseCost } from './faults.ts'
import type { Script } from './script.ts'
import type { StoryEvent } from './branch.ts'

/** What one more unknown number costs. */
export const PARAMETER_COST = 1.5
/** A loss that a hypothesis does not speak of. */
export const CHANCE_LOSS_COST = 9

/** `hit` of `chances`, each with this probability; by default the one that fits best. */
export function binomialCost(hit: number, chances: number, share = hit / Math.max(1, chances)): number {
  const missed = Math.max(0, chances - hit)
  const p = Math.min(1, Math.max(share, 0))
  return (hit === 0 ? 0 : -hit * Math.log(p)) + (missed === 0 || p === 0 ? 0 : -missed * Math.log(1 - p))
}

/** `hit` of `chances`, with a share that has to be found. */
export function shareCost(hit: number, chances: number): number {
  if (hit === 0) return 0
  const isHigh = hit >= HIGH_SHARE * chances && chances >= LEAST_CHANCES
  return PARAMETER_COST + binomialCost(hit, Math.max(chances, hit)) + (isHigh ? HIGH_SHARE_COST : 0)
}

/** Events of one kind, alone or in bursts: what fits better. */
export function burstsCost(events: readonly StoryEvent[], chances: number): number {
  const more = events.filter(({ isAgain }) => isAgain).length
  const alone = shareCost(events.length, chances)
  // Bursts leave most packets alone: what is lost all the time is lost one by one, or in a full ring.
  if (more === 0 || events.length >= HIGH_SHARE * chances) return alone
  const bursts = events.length - more
  const lengthsCost = Math.min(binomialCost(more, events.length), alikeCost(burstLengths(events)))
  return Math.min(alone, shareCost(bursts, chances - more) + PARAMETER_COST + lengthsCost)
}

function burstLengths(events: readonly StoryEvent[]): number[] {
  const lengths: number[] = []
  for (const { isAgain } of events)
    if (isAgain && lengths.length > 0) lengths[lengths.length - 1]++
    else lengths.push(1)
  return lengths
}

/** Most bursts are of one length, as those of a buffer or of a moment without a link are; others may have any. */
function alikeCost(lengths: readonly number[]): number {
  const counts = new Map<number, number>()
  for (const length of lengths) counts.set(length, (counts.get(length) ?? 0) + 1)
  const alike = Math.max(...counts.values())
  const others = lengths.length - alike
  return PARAMETER_COST + binomialCost(others, lengths.length) + others * OTHER_LENGTH_COST
}

const OTHER_LENGTH_COST = 3

/** What hits every third packet at random is rare: no link works like that for long. */
const HIGH_SHARE = 0.33
const HIGH_SHARE_COST = 4
const LEAST_CHANCES = 9

/** Packets that an event of this kind may hit. */
export function chancesOf(script: Script, kind: EventKind, count: number): number {
  // What was lost on its way to the server is not in the capture.
  if (kind === 'up-lost') return script.heard + count
  // A frame that waits is only noticed where the client would have answered it.
  if (kind === 'down-held') return Math.min(script.sent, script.heard + count)
  return kind.startsWith('up-') || kind === 'stale' ? script.heard : script.sent
}

/** Lost packets of a story: those that its fault is known for, and others. */
export function lossesOf(events: readonly StoryEvent[]): { readonly up: StoryEvent[]; readonly down: StoryEvent[] } {
  return {
    up: events.filter(({ kind }) => kind === 'up-lost'),
    down: events.filter(({ kind }) => kind === 'down-lost'),
  }
}

/** The cost of losses that are spread by chance. */
export function lossCost(lost: readonly StoryEvent[], script: Script, kind: 'up-lost' | 'down-lost'): number {
  return burstsCost(lost, chancesOf(script, kind, lost.length))
}

/** The cost of the story without its losses. */
export function withoutLosses({ fault, cost, events, script }: Explanation): number {
  const { up, down } = lossesOf(events)
  const isBoth = fault === 'both-losses' || fault === 'eee-wake'
  const upCost = isBoth || fault === 'ack-loss' ? lossCost(up, script, 'up-lost') : CHANCE_LOSS_COST * up.length
  const downCost =
    isBoth || fault === 'data-loss' ? lossCost(down, script, 'down-lost') : CHANCE_LOSS_COST * down.length
  return cost - upCost - downCost
}

/** Headers and checksum of Ethernet, IPv4, UDP and TFTP, with preamble and gap; an ACK is filled up to the shortest frame. */
const HEADERS_BYTES = 14 + 4 + 20 + 8 + 4
const SHORTEST_BYTES = 64

/** Noise hits each byte alike. */
export function noiseCost(story: Explanation, { agreed }: CapturedTransfer): number | undefined {
  const { up, down } = lossesOf(story.events)
  if (up.length === 0 || down.length === 0) return undefined
  const upChances = chancesOf(story.script, 'up-lost', up.length)
  const downChances = chancesOf(story.script, 'down-lost', down.length)
  const dataBytes = agreed.blksize + HEADERS_BYTES
  const perByte = (up.length + down.length) / (downChances * dataBytes + upChances * SHORTEST_BYTES)
  return (
    withoutLosses(story) +
    PARAMETER_COST +
    binomialCost(down.length, downChances, perByte * dataBytes) +
    binomialCost(up.length, upChances, perByte * SHORTEST_BYTES)
  )
}

/** Packets without a gap before them, or the gap explains nothing. */
const LEAST_BUSY = 30

/** Only packets behind an idle gap are lost. */
export function sleepCost(story: Explanation): number | undefined {
  const costs = idlesMs(story.script.medianMs)
    .map((idleMs) => sleepCostOf(story, idleMs))
    .filter((cost) => cost !== undefined)
  return costs.length === 0 ? undefined : Math.min(...costs)
}

function sleepCostOf(story: Explanation, idleMs: number): number | undefined {
  const { script } = story
  const { up, down } = lossesOf(story.events)
  const { ms, fromClient, seq, sentBefore, heardBefore, length } = script
  const isLost = new Set(down.map(({ at }) => at))
  const isIdle = (at: number): boolean => sentBefore[at] < 0 || ms[at] - ms[sentBefore[at]] >= idleMs
  // Of copies that left together any may be the one that was lost.
  const idleDown = (at: number): boolean => {
    const before = sentBefore[at]
    const isCopy = before >= 0 && seq[before] === seq[at] && ms[at] - ms[before] < idleMs && !isLost.has(before)
    return isCopy && isLost.has(at) ? idleDown(before) : isIdle(at)
  }
  const idleUp = (at: number): boolean => heardBefore[at] < 0 || ms[at] - ms[heardBefore[at]] >= idleMs
  let idle = 0
  for (let at = 0; at < length; at++) if (fromClient[at] === 1 ? idleUp(at) : idleDown(at)) idle++
  const lost = [...up.map(({ at }) => idleUp(at)), ...down.map(({ at }) => idleDown(at))]
  const idleLost = lost.filter(Boolean).length
  if (lost.length - idleLost > 0 || length - idle < LEAST_BUSY) return undefined
  const idleUpLost = up.filter(({ at }) => idleUp(at)).length
  return withoutLosses(story) + 2 * PARAMETER_COST + binomialCost(idleLost, idle + idleUpLost)
}

/** Receive rings: how many frames they hold, and how long the device takes for each. */
const RING_PLACES = [1, 2, 3, 4, 6, 8, 12, 16]
/** Of a transmit buffer: the second of two ACKs finds it taken. */
const TX_PLACES = [1]
const RING_DRAINS_MS = [0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6]
/** Frames that find room are lost at most this much as often as those that find none. */
const MOST_EARLIER = 0.25
const LEAST_RING_GAIN = 3
/** A full ring loses what comes; how full it is, is known to some packets only. */
const LEAST_FULL_LOST = 0.5

export interface Ring {
  readonly cost: number
  readonly places: number
  readonly drainMs: number
}

/** Only packets that find the receive ring full are lost, or only their answers. Undefined without such losses. */
export function ringOf(story: Explanation, kind: 'up-lost' | 'down-lost'): Ring | undefined {
  const { script, events } = story
  const losses = events.filter((event) => event.kind === kind)
  const isLost = new Set(losses.map(({ at }) => at))
  const telling = tellingPackets(story, isLost)
  const lost = telling.filter((at) => isLost.has(at)).length
  const others = story.cost - burstsCost(losses, chancesOf(script, kind, losses.length))
  // A ring has to tell which of these packets are lost, better than plain loss does.
  const mostFitted = burstsCost(losses, telling.length) - LEAST_RING_GAIN
  // One buffer for all ACKs loses the later of two only now and then.
  const leastShare = kind === 'down-lost' ? LEAST_FULL_LOST : 0
  let best: Ring | undefined
  for (const places of kind === 'down-lost' ? RING_PLACES : TX_PLACES)
    for (const drainMs of RING_DRAINS_MS) {
      const isFull = fullRing(script, places, drainMs)
      let full = 0
      let fullLost = 0
      for (const at of telling)
        if (isFull[at] === 1) {
          full++
          if (isLost.has(at)) fullLost++
        }
      const roomy = telling.length - full
      if (fullLost < leastShare * full || fullLost === 0 || (lost - fullLost) * full > MOST_EARLIER * fullLost * roomy)
        continue
      const fitted = 4 * PARAMETER_COST + binomialCost(fullLost, full) + binomialCost(lost - fullLost, roomy)
      const cost = others + fitted
      if (fitted <= mostFitted && (best === undefined || cost < best.cost)) best = { cost, places, drainMs }
    }
  return best
}

/** Packets of the server whose loss would show: of a client that keeps order, those that it answers, and the block that it waits for. */
function tellingPackets({ script, habits }: Explanation, isLost: ReadonlySet<number>): number[] {
  const { length, fromClient, seq, ackedBefore } = script
  const telling: number[] = []
  const tellsAll = habits.order !== 'inorder' || (habits.ahead !== 'silent' && !habits.once)
  const tellsRepeats = habits.repeat === 'ack' || (habits.repeat !== 'silent' && !habits.once)
  const tellsOlder = habits.older === 'ack' || (habits.older !== 'silent' && !habits.once)
  let awaited = 0
  for (let at = 0; at < length; at++) {
    if (fromClient[at] === 1) continue
    awaited = Math.max(awaited, ackedBefore[at] + 1)
    const isAnswered = seq[at] === awaited - 1 ? tellsRepeats : seq[at] < awaited ? tellsOlder : seq[at] === awaited
    if (!tellsAll && !isAnswered && !isLost.has(at)) continue
    telling.push(at)
    if (!isLost.has(at)) awaited = Math.max(awaited, seq[at] + 1)
  }
  return telling
}

/** Packets of the server that find all places of such a ring taken. */
function fullRing({ length, fromClient, ms }: Script, places: number, drainMs: number): Uint8Array {
  const isFull = new Uint8Array(length)
  const freeAt = new Float64Array(places).fill(-Infinity)
  let oldest = 0
  let doneMs = -Infinity
  for (let at = 0; at < length; at++) {
    if (fromClient[at] === 1) continue
    if (freeAt[oldest] > ms[at]) {
      isFull[at] = 1
      continue
    }
    doneMs = Math.max(ms[at], doneMs) + drainMs
    freeAt[oldest] = doneMs
    oldest = (oldest + 1) % places
  }
  return isFull
}

/** Distances below this are met by chance. */
const LEAST_DISTANCE = 8
const LEAST_ALIKE = 3
const MOST_TIMES = 3
/** Events that keep a rhythm cost little each, those that keep none cost more than a loss. */
const RHYTHM_COST = 0.5
const NO_RHYTHM_COST = 5
/** Too few pauses for a rhythm. */
const FEW_COST = 2

/** Pauses of a device that writes its flash come each after the same number of blocks. */
export function pausesCost({ own, script }: Explanation, windowBlocks: number): number {
  const isLong = own.filter((pause) => pauseMs(script, pause) >= LEAST_WRITE_MS).length * 2 > own.length
  const inRhythm = (isLong ? [1, windowBlocks] : [windowBlocks])
    .map((off) => rhythmCost(own, Math.max(1, off)))
    .filter((cost) => cost !== undefined)
  if (inRhythm.length > 0) return Math.min(...inRhythm)
  const oddCost = own.length < LEAST_ALIKE ? FEW_COST : NO_RHYTHM_COST
  return shareCost(own.length, chancesOf(script, 'pause', own.length)) + oddCost * own.length
}

/** Until the client answers the packet; in a window it may still say something that left before. 0 where no answer came. */
export function pauseMs({ ms, seq, nextHeard }: Script, pause: StoryEvent): number {
  let heard = nextHeard[pause.at]
  for (let n = 0; heard >= 0 && seq[heard] < pause.seq && n < MOST_SAID; n++) heard = nextHeard[heard]
  return heard < 0 ? 0 : ms[heard] - ms[pause.at]
}

/** A window of answers may be on its way. */
const MOST_SAID = 64

/** Undefined without a rhythm. In a window the rhythm is known to some blocks only, and met by chance the more easily. */
function rhythmCost(own: readonly StoryEvent[], windowBlocks: number): number | undefined {
  const misfits = rhythmOf(own, windowBlocks) === undefined ? mostlyRhythm(own, windowBlocks)?.misfits : 0
  if (misfits === undefined) return undefined
  const blurredCost = Math.log(2 * windowBlocks - 1) * (own.length - 1)
  return 2 * PARAMETER_COST + RHYTHM_COST * own.length + blurredCost + MISFIT_COST * misfits
}

/** What it gains that a host that paused several times is busy: its pauses have a share of all packets, as those of a fault have. */
export function busyGain({ events, script }: Pick<Explanation, 'events' | 'script'>): number {
  const count = events.filter(({ kind }) => kind === 'pause').length
  if (count < LEAST_ALIKE) return 0
  let each = 0
  for (let n = 0; n < count; n++) each += pauseCost(CHANCE_PAUSE_COST, n)
  return Math.max(0, each - shareCost(count, chancesOf(script, 'pause', count)) - BUSY_COST * count)
}

const BUSY_COST = 1

/** The same where the device drops what comes in a pause: losses that keep the rhythm. A dropped packet may be repeated, and be dropped again. */
export function deafRhythmCost(story: Explanation, blksize: number): number | undefined {
  const seqs = new Set(story.own.map(({ seq }) => seq))
  const every = rhythmOf(story.own, 1)
  if (seqs.size < LEAST_DEAF || every === undefined) return undefined
  // An outage by the clock keeps a rhythm of blocks too, but no flash has its sizes.
  if ((every * blksize) % FLASH_BYTES !== 0 || [...seqs].some((seq) => seq % every !== 0)) return undefined
  return withoutLosses(story) + 3 * PARAMETER_COST + RHYTHM_COST * story.own.length
}

/** Fewer losses keep a rhythm by chance. */
const LEAST_DEAF = 4
/** The smallest part of a flash that is erased at a time; others are multiples. */
const FLASH_BYTES = 4096

/** The distance of which all others are multiples, to within a window; undefined without a rhythm. */
export function rhythmOf(pauses: readonly StoryEvent[], windowBlocks: number): number | undefined {
  const seqs = [...new Set(pauses.map(({ seq }) => seq))].sort((a, b) => a - b)
  const distances = seqs.slice(1).map((seq, at) => seq - seqs[at])
  const shortest = Math.min(...distances)
  const off = windowBlocks - 1
  if (seqs.length < LEAST_ALIKE || shortest < LEAST_DISTANCE || shortest <= 2 * off) return undefined
  const times = distances.map((d) => Math.round(d / shortest))
  if (!distances.every((d, n) => Math.abs(d - times[n] * shortest) <= off)) return undefined
  const total = times.reduce((a, b) => a + b, 0)
  // A device that pauses each time leaves out few; of a short distance everything is nearly a multiple.
  if (total > MOST_TIMES * times.length) return undefined
  return Math.round((seqs.at(-1)! - seqs[0]) / total)
}

/**
 * The distance of which most others are multiples. A device that counts what it stores counts repeats as well, and is off the rhythm by these.
 * Undefined where too many differ.
 */
export function mostlyRhythm(
  pauses: readonly StoryEvent[],
  windowBlocks: number,
): { readonly every: number; readonly misfits: number } | undefined {
  const seqs = [...new Set(pauses.map(({ seq }) => seq))].sort((a, b) => a - b)
  const distances = seqs.slice(1).map((seq, at) => seq - seqs[at])
  const off = windowBlocks - 1
  let best: { readonly every: number; readonly misfits: number } | undefined
  for (const every of new Set(distances.slice(0, MOST_TRIED))) {
    if (every < LEAST_DISTANCE || every <= 2 * off) continue
    const times = distances.map((d) => Math.max(1, Math.round(d / every)))
    const fits = distances.filter((d, n) => Math.abs(d - times[n] * every) <= off)
    const total = times.reduce((a, b) => a + b, 0)
    const misfits = distances.length - fits.length
    if (fits.length < LEAST_FITS || misfits > MOST_MISFITS * distances.length) continue
    if (total > MOST_TIMES * times.length || (best !== undefined && best.misfits <= misfits)) continue
    best = { every, misfits }
  }
  return best
}

/** Distances that are tried: a rhythm shows in the first ones. */
const MOST_TRIED = 64
const LEAST_FITS = 3
/** No flash erases its blocks sooner. */
const LEAST_WRITE_MS = 10
const MISFIT_COST = NO_RHYTHM_COST + 1
const MOST_MISFITS = 0.35

const OUTAGE_COST = 4
/** As likely as a client that is dead from one moment on. */
const LASTING_OUTAGE_COST = 6
/** Times that are alike by less are one and the same. */
const OUTAGE_ALIKE = 0.06
/** A time that fits by chance costs this much less. */
const FITS_COST = 0.7
const UNKNOWN_COST = 3
/** Each outage may come after the same time, which does not show. Bursts of losses that end when the client speaks look alike. */
const UNSEEN_TIME_COST = 1.2
/** Shorter runs than this many round trips are alike by chance. */
const LEAST_MEDIANS = 5
const LEAST_RUNS = 3
/** Two times are alike by chance more often: they have to be alike to this share and a round trip. */
const FEWEST_RUNS = 2
const FEW_ALIKE = 0.01
const MOST_OFF = 0.15
/** Every second outage ends with an answer on its way. */
const LONGER_COST = Math.LN2
/** Of such a run, the server waits at most this share. */
const MOST_WAIT = 0.3

/** One outage to the end, or outages each after the same time. */
export function outagesCost(story: Pick<Explanation, 'own' | 'script' | 'events'>): number {
  const { own, script, events } = story
  const lengths = runLengths(story)
  const { atOnce, isOneTime } = firstPacketsOf(story)
  const runs = isOneTime ? alikeRuns(lengths, script.medianMs) : undefined
  // The others began or ended while the server only waited: their times are not known.
  if (runs !== undefined)
    return (
      2 * PARAMETER_COST +
      FITS_COST * lengths.length +
      LONGER_COST * (runs.times - lengths.length) +
      UNKNOWN_COST * (own.length - 1 - lengths.length) +
      MISFIT_COST * runs.misfits
    )
  // The way opened and closed again before anything was sent: that is one outage more only in name.
  const began = isOneTime ? own.length - atOnce : own.length
  const goOn = FITS_COST * (own.length - began)
  if (began === 1) return goOn + (isOver(own[0], events) ? 2 * OUTAGE_COST : LASTING_OUTAGE_COST)
  // A time that shows only once may be that of all.
  const oddCost = isOneTime && lengths.length < FEWEST_RUNS ? UNSEEN_TIME_COST : NO_RHYTHM_COST
  return goOn + shareCost(began, chancesOf(script, 'outage', began)) + oddCost * began
}

/** Of the first packets of the server behind each word that opened the way: those that were lost, and whether one time explains which were. */
function firstPacketsOf({ own, events, script }: Pick<Explanation, 'own' | 'events' | 'script'>) {
  const { fromClient, ms } = script
  let atOnce = 0
  let leastMs = 0
  let mostMs = Infinity
  for (let n = 1; n < own.length; n++) {
    const over = openedBefore({ own, events }, n)
    if (over === undefined) continue
    const first = fromClient.indexOf(0, over.at)
    const waitedMs = ms[first] - ms[over.at]
    if (first === own[n].at) {
      atOnce++
      mostMs = Math.min(mostMs, waitedMs)
    } else leastMs = Math.max(leastMs, waitedMs)
  }
  return { atOnce, isOneTime: leastMs <= mostMs }
}

/** What the client said last by its timer opened the way again. */
function openedBefore({ own, events }: Pick<Explanation, 'own' | 'events'>, n: number): StoryEvent | undefined {
  return events.findLast(({ kind, at }) => kind === 'timer' && at > own[n - 1].at && at < own[n].at)
}

/** Something got through to the client behind it. */
function isOver({ at }: StoryEvent, events: readonly StoryEvent[]): boolean {
  return events.some((e) => e.at > at && e.kind !== 'timer' && e.kind !== 'up-lost')
}

/** How long it works each time until nothing arrives; undefined when these times are not alike. */
export function runsMs(story: Pick<Explanation, 'own' | 'events' | 'script'>): number | undefined {
  return alikeRuns(runLengths(story), story.script.medianMs)?.shortestMs
}

/** The runs whose length is known. */
function runLengths({ own, events, script }: Pick<Explanation, 'own' | 'events' | 'script'>): number[] {
  const { ms, mostMs, fromClient, nextHeard } = script
  const runs: number[] = []
  for (let n = 1; n < own.length; n++) {
    const over = openedBefore({ own, events }, n)
    if (over === undefined) continue
    const runMs = ms[own[n].at] - ms[over.at]
    // A server that only waited in between shows nothing, nor does one whose first packet was lost as well.
    const first = fromClient.indexOf(0, over.at)
    const answer = nextHeard[first]
    if (answer < 0 || ms[answer] - ms[first] > mostMs) continue
    if (ms[first] - ms[over.at] <= MOST_WAIT * runMs) runs.push(runMs)
  }
  return runs
}

interface AlikeRuns {
  readonly shortestMs: number
  /** How many times it is in all of them. */
  readonly times: number
  /** Runs that are no multiple of it. */
  readonly misfits: number
}

/** The shortest of runs that are multiples of it; of many runs nearly all. */
function alikeRuns(runs: readonly number[], medianMs: number): AlikeRuns | undefined {
  const all = multiplesOf(Math.min(...runs), runs, medianMs)
  if (all === undefined || all.misfits === 0) return all
  if (runs.length < MANY_RUNS) return undefined
  const sorted = [...runs].sort((a, b) => a - b)
  const nearlyAll = multiplesOf(sorted[Math.ceil(MOST_MISFIT_RUNS * runs.length)], runs, medianMs)
  return nearlyAll !== undefined && nearlyAll.misfits <= MOST_MISFIT_RUNS * runs.length ? nearlyAll : undefined
}

const MANY_RUNS = 10
const MOST_MISFIT_RUNS = 0.1

function multiplesOf(shortestMs: number, runs: readonly number[], medianMs: number): AlikeRuns | undefined {
  // With a coarse clock both are 0.
  if (runs.length < FEWEST_RUNS || shortestMs <= LEAST_MEDIANS * medianMs) return undefined
  const share = runs.length < LEAST_RUNS ? FEW_ALIKE + medianMs / shortestMs : OUTAGE_ALIKE
  let all = 0
  let misfits = 0
  for (const run of runs) {
    // An outage that ends with an answer on its way, before anything is sent, does not show.
    const times = Math.max(1, Math.round(run / shortestMs))
    const offMs = Math.min(share * shortestMs + (times - 1) * medianMs, MOST_OFF * shortestMs)
    if (Math.abs(run - times * shortestMs) > offMs) misfits++
    all += times
  }
  return { shortestMs, times: all, misfits }
}
