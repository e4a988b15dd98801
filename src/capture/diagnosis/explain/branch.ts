/** One branch of the search: a story up to the packet that is looked at. */
import type { ClientState, Terms } from './client.ts'
import { type Costs, type EventKind, FAULT_COSTS } from './faults.ts'

/** One event of a story. */
export interface StoryEvent {
  readonly kind: EventKind
  /** Position in the script: the server's packet, or the client's one that shows it. */
  readonly at: number
  /** The block in question. */
  readonly seq: number
  /** A loss right behind another one in the same direction. */
  readonly isAgain: boolean
  readonly before: StoryEvent | undefined
}

export interface Story {
  readonly cost: number
  /** In the order of the capture. */
  readonly events: readonly StoryEvent[]
  /** What other stories of the same packets were worth, in which as many packets were lost, and some of them in the other direction. */
  readonly alsoGain: number
  /** Packets lost in each direction, in the mean of all these stories. */
  readonly upLost: number
  readonly downLost: number
  /** Packets that were read: fewer than there are when so much went wrong that the rest would tell nothing new. */
  readonly read: number
}

export interface Branch {
  readonly cost: number
  readonly client: ClientState
  /** When it took a block, or its timer ran out. */
  readonly tookMs: number
  readonly timeouts: number
  /** What it was before it took the last packet, which may still be on its way when its timer speaks. */
  readonly earlier: Earlier | undefined
  /** It looks at its network card again from here on. */
  readonly busyUntilMs: number
  /** The last wait of an answer that was neither lost nor in time. */
  readonly pause: Pause | undefined
  /** What it costs that it answers then, just before something else. */
  readonly endCost: number
  /** Packets that wait meanwhile. */
  readonly queued: number
  /** A packet of the server that the client has not seen yet, and an ACK that has not left it yet. */
  readonly heldDown: number | undefined
  readonly heldUp: number | undefined
  /** Packets of the server that others may overtake. */
  readonly late: readonly Late[]
  /** The ACK before. */
  readonly said: number
  /** Nothing reaches it; `staysOut`: what it says does not open the way again. */
  readonly isOut: boolean
  readonly staysOut: boolean
  /** Positions of the client's packets that are explained, still ahead. */
  readonly explained: readonly number[]
  /** The last of them that no other packet overtook. */
  readonly passed: number
  /** A packet of the client that is late, until another one overtakes it; -1 for none. */
  readonly behind: number
  /** Until then it prints that it ignores a block, and answers late. */
  readonly slowUntilMs: number
  /** The last packet in this direction was lost. */
  readonly isUpLost: boolean
  readonly isDownLost: boolean
  /** As of a `Story`: of all branches that came together in this one. */
  readonly alsoGain: number
  readonly upLost: number
  readonly downLost: number
  /** How often the client did nothing for a while. */
  readonly pauses: number
  readonly events: StoryEvent | undefined
}

export interface Pause {
  readonly fromMs: number
  readonly untilMs: number
}

export interface Earlier {
  readonly client: ClientState
  readonly tookMs: number
  /** When the packet left that it took then. */
  readonly ms: number
  /** Position of its answer to that packet: what comes before was said before. */
  readonly answeredAt: number
}

interface Late {
  readonly seq: number
  readonly at: number
}

/** Nothing has happened to this client so far, at `ms`. */
export function newBranch(client: ClientState, ms: number): Branch {
  return {
    cost: 0,
    client,
    tookMs: ms,
    timeouts: 0,
    earlier: undefined,
    busyUntilMs: -Infinity,
    pause: undefined,
    endCost: 0,
    queued: 0,
    heldDown: undefined,
    heldUp: undefined,
    late: [],
    said: -1,
    isOut: false,
    staysOut: false,
    explained: [],
    passed: -1,
    behind: -1,
    slowUntilMs: -Infinity,
    isUpLost: false,
    isDownLost: false,
    alsoGain: 0,
    upLost: 0,
    downLost: 0,
    pauses: 0,
    events: undefined,
  }
}

/** Branches that are carried along. In a window each of its packets may begin one. */
const MOST_BRANCHES = 10
const MOST_OF_WINDOWS = 16
/** There each of them may also arrive behind any of the next ones, or be the one at which the client stops. */
const MOST_OF_LATE = 32
const MOST_OF_STOPS = 80

export function mostBranches(costs: Costs, windowsize: number): number {
  if (windowsize === 1) return MOST_BRANCHES
  if (costs['down-late'] !== undefined) return MOST_OF_LATE
  return costs === FAULT_COSTS['slow-flash'] ? Math.min(MOST_OF_STOPS, MOST_OF_WINDOWS + windowsize) : MOST_OF_WINDOWS
}

/** A branch that costs this much more than the cheapest is given up, and so are all but the cheapest few. */
const MOST_BEHIND = 10
/** The cheapest of those that go on alike, and only those that may still win, `most` at the most. */
export function cheapest(branches: Branch[], most: number, isAlike: (one: Branch, other: Branch) => boolean): Branch[] {
  if (branches.length === 1) return branches
  const mostCost = mostHopeful(branches, 0, Infinity)
  const hopeful = branches.filter(({ cost }) => cost <= mostCost).sort((x, y) => x.cost - y.cost)
  const kept: Branch[] = []
  for (const branch of hopeful) {
    const alike = kept.findIndex((one) => isAlike(one, branch))
    if (alike >= 0) kept[alike] = joined(kept[alike], branch)
    else if (kept.length < most) kept.push(branch)
  }
  return kept
}

/** Both go on alike. Where a packet of the one direction is lost in place of one of the other, both are worth more than the likelier one alone. */
export function joined(one: Branch, other: Branch): Branch {
  const up = other.upLost - one.upLost
  const down = other.downLost - one.downLost
  if (up * down >= 0 || Math.abs(up - down) < OTHER_LOSSES) return one
  const weight = Math.exp(one.cost - other.cost + other.alsoGain - one.alsoGain)
  const share = weight / (1 + weight)
  return {
    ...one,
    alsoGain: one.alsoGain + Math.log1p(weight),
    upLost: one.upLost + share * up,
    downLost: one.downLost + share * down,
  }
}

/** One loss in the other direction, unless what came before was of either already. */
const OTHER_LOSSES = 1

/** What the branches from index `from` on leave of `mostCost`, above which a branch is given up. */
export function mostHopeful(branches: readonly Branch[], from: number, mostCost: number): number {
  for (let i = from; i < branches.length; i++) mostCost = Math.min(mostCost, branches[i].cost + MOST_BEHIND)
  return mostCost
}

/** Both go on alike, at the packet of time `ms`. The ACK before matters where stale ones may come. */
export function goOnAlike(one: Branch, other: Branch, { habits }: Terms, ms: number, isSaidOfUse: boolean): boolean {
  return (
    // What mostly differs comes first.
    one.client.have === other.client.have &&
    one.explained.length === other.explained.length &&
    one.isUpLost === other.isUpLost &&
    one.isDownLost === other.isDownLost &&
    one.heldDown === other.heldDown &&
    one.heldUp === other.heldUp &&
    one.isOut === other.isOut &&
    one.staysOut === other.staysOut &&
    one.behind === other.behind &&
    one.slowUntilMs < ms === other.slowUntilMs < ms &&
    (!isSaidOfUse || one.said === other.said) &&
    areAlike(one.client, other.client, habits.once) &&
    areBusyAlike(one, other, ms) &&
    areSame(one.explained, other.explained) &&
    one.late.length === other.late.length &&
    one.late.every(({ seq }, n) => seq === other.late[n].seq)
  )
}

function areAlike(one: ClientState, other: ClientState, isToldOfUse: boolean): boolean {
  return (
    one === other ||
    (one.have === other.have &&
      one.begun === other.begun &&
      one.done === other.done &&
      one.nextAck === other.nextAck &&
      (!isToldOfUse || (one.told === one.have) === (other.told === other.have)) &&
      areSame(one.beyond, other.beyond))
  )
}

function areBusyAlike(one: Branch, other: Branch, ms: number): boolean {
  const isReady = one.busyUntilMs < ms
  if (isReady !== other.busyUntilMs < ms) return false
  return isReady || (one.busyUntilMs === other.busyUntilMs && one.queued === other.queued)
}

function areSame(some: readonly number[], others: readonly number[]): boolean {
  return some === others || (some.length === others.length && some.every((value, n) => value === others[n]))
}

/** What it was before the packet that it takes now, at `ms`; of a burst, before the first one. */
export function earlierOf({ client, tookMs, earlier }: Branch, ms: number, burstMs: number): Earlier {
  return earlier !== undefined && ms - earlier.ms <= burstMs ? earlier : { client, tookMs, ms, answeredAt: -1 }
}

/** The client's packet `match` is what this branch expected. */
export function explaining(branch: Branch, match: number): Branch {
  const explained = [...branch.explained, match].sort((a, b) => a - b)
  const behind = match < branch.behind ? -1 : branch.behind
  return { ...branch, explained, passed: Math.max(branch.passed, match), behind, isUpLost: false }
}

/** The answer to the packet that a client took is found, unless it was lost. `before`: the branch until then. */
export function answered(branch: Branch, before: Branch): Branch {
  const { earlier, passed, explained } = branch
  const isFound = earlier !== undefined && explained.length > before.explained.length
  return isFound ? { ...branch, earlier: { ...earlier, answeredAt: passed } } : branch
}

/** The events of a story, the first one first. */
export function inOrder(last: StoryEvent | undefined): StoryEvent[] {
  const events: StoryEvent[] = []
  for (let event = last; event !== undefined; event = event.before) events.push(event)
  return events.reverse()
}
