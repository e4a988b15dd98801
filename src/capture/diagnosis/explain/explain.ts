/** Tells the story of a transfer under each fault, and compares them. */
import type { CapturedTransfer } from '../../contract.ts'
import { coincidenceCost } from './coincidence.ts'
import { acknowledgesEach } from './each.ts'
import type { Terms } from './client.ts'
import type { Explanation } from './explanation.ts'
import { againCost, FAULT_COSTS, FAULT_EVENTS, type FaultName, ownCost, PLACED } from './faults.ts'
import { burstsCost, busyGain, chancesOf, outagesCost, pausesCost } from './fit.ts'
import { mixtureOf } from './mixture.ts'
import { type Habits, type LikelyHabits, likelyHabits } from './habits.ts'
import { type Latency, timesCosts } from './latency.ts'
import { firstOf, type Script, scriptOf } from './script.ts'
import type { Story } from './branch.ts'
import { storyOf } from './search.ts'
import type { ClientTimer } from './timer.ts'

/** What a healthy transfer may cost: no event. */
const HEALTHY_COST = 2.4
/** Habits that are this much less likely than the best are not looked at for every fault. */
const SIMILAR = 6
const MOST_HABITS = 2
/** Stories that cost more than the best by this have no share in the answer. */
const HOPELESS = 40
/** The share of packets that the fault hit, found later, makes stories of many events cheaper. */
const HOPELESS_TIMES = 1.5
/** Transfers of more packets than LONG are first read to BEGINNING. There a story that costs this many times as much has no chance in the rest. */
const LONG = 600
const BEGINNING = 250
const HOPELESS_BEGINNING = 1.25
/** A fault that is rarer than loss. */
const RARE_COST = 2
const COMMON: ReadonlySet<FaultName> = new Set(['none', 'ack-loss', 'data-loss', 'both-losses'])

/** What a search reads a story with. */
interface Told extends LikelyHabits {
  readonly script: Script
}

export function explain(
  transfer: CapturedTransfer,
  all: Uint32Array,
  latencies: readonly Latency[],
  timer: ClientTimer,
  windowBlocks: number,
): Explanation[] {
  const { agreed, blocks, request } = transfer
  const isWhole = request !== undefined && !request.isCut
  const names = isWhole ? request.options.map(({ name }) => name.toLowerCase()).join(' ') : undefined
  const final = blocks.final ?? Infinity
  let mostCost = Infinity
  let most = Infinity
  /** Before its losses are fitted a story of bursts costs far more than in the end: what is kept says how much that may be. */
  const hopelessCosts = new Map<Explanation, number>()
  /** What a story did not read is no chance that a fault left out. */
  const wholeOf = new Map<Script, Script>()
  const whole = ({ script }: Pick<Explanation, 'script'>): Script => wholeOf.get(script) ?? script
  const terms = ({ habits }: Pick<LikelyHabits, 'habits'>): Terms => ({
    habits,
    windowsize: habits.each === true ? 1 : agreed.windowsize,
    final,
  })
  const tell = (fault: FaultName, habits: Habits, script: Script, asksCost: number): Explanation | undefined => {
    const story = storyOf(script, terms({ habits }), FAULT_COSTS[fault], mostCost, most)
    if (story === undefined) return undefined
    // Every story is told of the same packets.
    most = Math.min(most, story.read)
    const hopelessCost = HOPELESS_TIMES * story.cost + HOPELESS
    mostCost = Math.min(mostCost, hopelessCost)
    const part = firstOf(script, story.read)
    wholeOf.set(part, script)
    const told = fitted(fault, habits, part, story, asksCost + timesCost.get(script)!, windowBlocks)
    hopelessCosts.set(told, hopelessCost)
    return told
  }
  const likely = likelyHabits(names, acknowledgesEach(transfer, all), agreed.windowsize > 1)
  const asksCost = new Map(likely.map(({ habits, cost }) => [habits.name, cost]))
  const scripts = latencies.map((latency) => scriptOf(transfer, all, latency, timer))
  const timesCost = new Map(timesCosts(latencies).map((cost, n) => [scripts[n], cost]))
  mostCost = HEALTHY_COST
  const healthy = scripts
    .map((script) => tell('none', likely[0].habits, script, 0))
    .find((e) => e !== undefined && e.cost <= HEALTHY_COST)
  if (healthy !== undefined) return [healthy]
  /** Of a long transfer the beginning shows which habits and times have a chance. */
  const hopeful = (fault: FaultName): Told[] => {
    const each = likely.flatMap((one) => scripts.map((script) => ({ ...one, script })))
    if (scripts[0].length < LONG) return each
    let limit = mostCost
    const begun = each.map((one) => {
      const story = storyOf(one.script, terms(one), FAULT_COSTS[fault], limit, BEGINNING)
      const cost = story === undefined ? Infinity : story.cost + one.cost
      limit = Math.min(limit, HOPELESS_BEGINNING * cost + HOPELESS)
      return { one, cost }
    })
    return begun.filter(({ cost }) => cost <= limit).map(({ one }) => one)
  }
  /** A later search may stop sooner than those before it: these run again, up to the same packet. */
  const evenly = (told: readonly Explanation[]): Explanation[] =>
    told.flatMap((one) => {
      if (one.read <= most) return [one]
      mostCost = Infinity
      return tell(one.fault, one.habits, whole(one), asksCost.get(one.habits.name) ?? 0) ?? []
    })
  const kept = (fault: FaultName): Explanation[] => {
    const told = evenly(
      hopeful(fault)
        .map(({ habits, script, cost }) => tell(fault, habits, script, cost))
        .filter((e) => e !== undefined),
    )
      .map((one) => ({ one, cost: Math.min(one.cost, mixtureOf(one)?.cost ?? Infinity) }))
      .sort(byCost)
    return told
      .filter(({ cost }) => cost - told[0].cost <= SIMILAR)
      .slice(0, MOST_HABITS)
      .map(({ one }) => one)
  }
  mostCost = Infinity
  const asLost = kept('both-losses')
  mostCost = Math.max(...asLost.map((one) => hopelessCosts.get(one)!))
  const found = [...asLost, ...kept('rx-one-behind').slice(0, 1)]
  const lost = asLost.map((one) => ({ habits: one.habits, script: whole(one) }))
  // A fault other than loss may show habits that loss hides.
  const others = likely
    .filter(({ habits, cost }) => cost === 0 && !asLost.some((k) => k.habits === habits))
    .slice(0, MOST_HABITS)
  const tried = distinct([
    ...lost,
    ...[...asLost, ...others].flatMap(({ habits }) => scripts.map((script) => ({ habits, script }))),
  ])
  const ofPlaces = (fault: FaultName): Explanation[] => {
    const usual = likely.filter(({ cost }) => cost === 0).slice(0, MOST_HABITS)
    const before = mostCost
    const told = distinct([
      ...lost,
      ...usual.flatMap(({ habits }) => scripts.map((script) => ({ habits, script }))),
    ]).map((k) => {
      // Before its losses are fitted a story of many costs most.
      mostCost = Infinity
      return tell(fault, k.habits, k.script, asksCost.get(k.habits.name) ?? 0)
    })
    mostCost = before
    return told.filter((e) => e !== undefined)
  }
  for (const fault of Object.keys(FAULT_COSTS) as FaultName[]) {
    if (fault === 'both-losses' || fault === 'rx-one-behind') continue
    if (PLACED.has(fault)) {
      // Without bursts no ring is full.
      if (fault !== 'rx-ring' || windowBlocks > 1) found.push(...ofPlaces(fault))
      continue
    }
    const tales = tried
      .map((k) => tell(fault, k.habits, k.script, asksCost.get(k.habits.name) ?? 0))
      .filter((e) => e !== undefined)
    if (tales.length > 0) found.push(tales.sort(byCost)[0])
  }
  return evenly(found).sort(byCost)
}

/** Each pair once. */
function distinct(pairs: readonly Pick<Told, 'habits' | 'script'>[]): Pick<Told, 'habits' | 'script'>[] {
  return pairs.filter((one, n) => pairs.findIndex((o) => o.habits === one.habits && o.script === one.script) === n)
}

function byCost(a: Pick<Explanation, 'cost'>, b: Pick<Explanation, 'cost'>): number {
  return a.cost - b.cost
}

/** The share of packets that the fault hit takes the place of a set cost. */
function fitted(
  fault: FaultName,
  habits: Habits,
  script: Script,
  story: Story,
  asksCost: number,
  windowBlocks: number,
): Explanation {
  const kinds = FAULT_EVENTS[fault]
  const own = story.events.filter(({ kind }) => kinds.includes(kind))
  const base =
    story.cost +
    asksCost -
    own.reduce((sum, { isAgain }) => sum + (isAgain ? againCost(ownCost(fault)) : ownCost(fault)), 0) +
    (COMMON.has(fault) ? 0 : RARE_COST) +
    coincidenceCost(script, story.events)
  const { cost: _, ...rest } = story
  const told = { fault, habits, script, cost: base, own, ...rest }
  if (fault === 'none') return { ...told, cost: base - busyGain(told) }
  if (own.length === 0 || fault === 'rx-one-behind') return told
  if (fault === 'slow-flash') return { ...told, cost: base + pausesCost(told, windowBlocks) }
  if (fault === 'outage') return { ...told, cost: base + outagesCost(told) }
  const shares = kinds.map((kind) => {
    const ofKind = own.filter((e) => e.kind === kind)
    return burstsCost(ofKind, chancesOf(script, kind, ofKind.length))
  })
  return { ...told, cost: base + shares.reduce((a, b) => a + b, 0) }
}
