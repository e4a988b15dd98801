/**
 * Finds the cheapest story that makes a client of given habits say what the capture shows, when a given fault may happen to its packets. The packets
 * are read in their order; a few branches, each with a client of its own, are carried along (a beam search). What the server does needs no
 * explanation: its packets are given.
 */
import { LIVES } from '../contract.ts'
import { isBehindIdle } from './asleep.ts'
import { areTaken, dropped } from './buffers.ts'
import { chanceOf, repeatChance, shortCost, usualChance } from './chance.ts'
import {
  answered,
  type Branch,
  cheapest,
  type Earlier,
  earlierOf,
  explaining,
  goOnAlike,
  inOrder,
  joined,
  mostBranches,
  mostHopeful,
  newBranch,
  type Story,
} from './branch.ts'
import { type ClientState, ERROR_SAID, newClient, receive, repeats, REQUEST_SAID, type Terms } from './client.ts'
import { burstMsOf, isUsual } from './exchanges.ts'
import { againCost, type Costs, type EventKind, FAULT_COSTS, pauseCost } from './faults.ts'
import { firstMatch, LATE_MS, MOST_AHEAD } from './match.ts'
import type { Script } from './script.ts'
import { goesOnLater, longStopCost, stoppedFrom } from './stop.ts'
import { isTimerDue, TIMER_OFF, timerCost } from './timer-cost.ts'

/** Packets with several branches; a bound on the time that a search takes. */
const MOST_DOUBTFUL = 4000
/** Packets that are overtaken at a time. */
const MOST_LATE = 2
const LONGEST_PAUSE_MS = 30_000
/** An answer that comes later than usual. */
const LATE_COST = 2.5
const AWAKING_COST = 1
/** No queue on the way holds a packet for longer. */
const LONGEST_HOLD_MS = 2000
/** A link that wakes too slowly loses nothing while it is awake. */
const AWAKE_COST = 12
/** A packet that comes late although nothing overtook it. */
const NOT_OVERTAKEN_COST = 8
/** A console that prints a line for each block that it ignores holds up the next answer by this at most. */
const CONSOLE_MS = 40
const PUSHED_COST = 4
/** No block that the story knows of calls for this ERROR. */
const ERROR_COST = 6
/** `told` of a client that did not answer a repeat at the end. */
const GONE = -2
const BACK_COST = 6
/** Few programs stay after the ACK of the final block, for the case that it is lost. */
const STAYS_COST = 1.5

/** Undefined when every story costs more than `mostCost`. `most`: packets to be read. */
export function storyOf(script: Script, terms: Terms, costs: Costs, mostCost: number, most: number): Story | undefined {
  return new Search(script, terms, costs).run(mostCost, Math.min(most, script.length))
}

class Search {
  readonly #script: Script
  readonly #terms: Terms
  readonly #costs: Costs
  readonly #mostBranches: number
  /** Packets of a window that arrive within this are taken together. */
  readonly #burstMs: number
  /** By position: exchanges without anything unusual. */
  readonly #inRow: Uint32Array
  /** The position that is being read. */
  #at = 0
  /** A story that costs more will not be among those that go on. */
  #mostCost = Infinity

  constructor(script: Script, terms: Terms, costs: Costs) {
    this.#script = script
    this.#terms = terms
    this.#costs = costs
    this.#burstMs = burstMsOf(script, terms.windowsize)
    this.#inRow = script.exchangesInRow(terms.windowsize, terms.final)
    this.#mostBranches = mostBranches(costs, terms.windowsize)
  }

  run(mostCost: number, length: number): Story | undefined {
    const { fromClient, gapBefore } = this.#script
    let branches = [this.#begin(0, false)]
    let doubtful = 0
    for (this.#at = 0; this.#at < length; this.#at++) {
      if (gapBefore[this.#at] === 1) branches = [this.#afterGap(branches[0])]
      branches = this.#skipped(branches, length)
      const at = this.#at
      const next: Branch[] = []
      let plain = 0
      let looked = 0
      this.#mostCost = Infinity
      for (const branch of branches) {
        this.#mostCost = mostHopeful(next, looked, this.#mostCost)
        looked = next.length
        if (this.#isPlain(branch)) {
          plain++
          next.push(this.#plain(branch))
          continue
        }
        for (const b of this.#missedTimers(branch)) {
          if (fromClient[at] === 1) this.#heard(b, next)
          else this.#sent(b, next)
        }
      }
      branches = plain === branches.length ? next : cheapest(next, this.#mostBranches, this.#isAlike)
      if (branches[0].cost > mostCost) return undefined
      if (plain < next.length && ++doubtful > MOST_DOUBTFUL) break
    }
    const { cost, events, alsoGain, upLost, downLost } = branches.reduce(joined)
    return { cost, events: inOrder(events), alsoGain, upLost, downLost, read: Math.min(length, this.#at + 1) }
  }

  #begin(have: number, begun: boolean): Branch {
    return newBranch(newClient(have, begun, this.#terms.windowsize), this.#script.ms[this.#at])
  }

  /** Packets were left out of the capture: the client stands where its last ACK said. */
  #afterGap(branch: Branch): Branch {
    const { cost, alsoGain, upLost, downLost, pauses, events } = branch
    const { fromClient, seq, ackedBefore } = this.#script
    const at = this.#at
    // What is behind it follows from what was left out: a client in lock-step stands there.
    const isAck = fromClient[at] === 1 && seq[at] >= 0
    const stands = isAck ? seq[at] : this.#terms.windowsize === 1 ? seq[at] - 1 : 0
    const begun = this.#begin(Math.max(ackedBefore[at], stands), true)
    return { ...begun, cost, alsoGain, upLost, downLost, pauses, events, explained: isAck ? [at] : [] }
  }

  /** Behind all but the last one of the exchanges in which nothing happened, where that is so for each branch. */
  #skipped(branches: Branch[], length: number): Branch[] {
    const from = this.#at
    const { windowsize, habits } = this.#terms
    const exchange = windowsize + 1
    const count = Math.min(this.#inRow[from], Math.floor((length - from) / exchange)) - 1
    const isAtWindow = ({ client, explained }: Branch): boolean =>
      explained.length === 0 &&
      (windowsize === 1 || (habits.order === 'inorder' && client.nextAck === client.have + windowsize))
    if (count < 1 || !branches.every((branch) => isAtWindow(branch) && this.#isPlain(branch))) return branches
    this.#at += count * exchange
    const heard = this.#at - 1
    const have = this.#script.seq[heard]
    return branches.map((branch) => ({
      ...branch,
      client: {
        ...branch.client,
        have,
        nextAck: habits.order === 'inorder' ? have + windowsize : branch.client.nextAck,
      },
      passed: Math.max(branch.passed, heard),
      tookMs: this.#script.outMs[heard - 1],
      said: have,
      slowUntilMs: -Infinity,
      isUpLost: false,
      isDownLost: false,
    }))
  }

  /** The next block, answered in the usual time, with nothing unusual before it: most packets are like that. */
  #isPlain(branch: Branch): boolean {
    const { client, heldDown, heldUp, late, isOut, busyUntilMs, explained, behind } = branch
    const { fromClient, seq, ms, nextHeard } = this.#script
    const at = this.#at
    if (fromClient[at] === 1) return explained.length > 0 && explained[0] === at && behind !== at
    if (client.done || !client.begun || seq[at] !== client.have + 1) return false
    if (this.#costs['down-seen'] !== undefined) return false
    if (heldDown !== undefined || heldUp !== undefined || late.length > 0 || isOut || ms[at] < busyUntilMs) return false
    if (client.beyond.length > 0 || this.#isTimerMissed(branch)) return false
    if (explained.length >= MOST_AHEAD) return false
    // Of what is not explained yet, the next that the client says.
    const heard = nextHeard[explained.at(-1) ?? at]
    if (heard < 0) return false
    if (this.#terms.windowsize === 1) return seq[heard] === seq[at] && this.#isUsual(at, heard)
    if (explained.length > 0) return false
    if (this.#costs['down-twice'] !== undefined) return false
    // All up to the end of the window left without another packet between, and the answer names that end.
    const end = Math.min(client.nextAck, this.#terms.final)
    const last = at + end - seq[at]
    return last < heard && seq[last] === end && seq[heard] === end && this.#isUsual(last, heard)
  }

  #isUsual(at: number, heard: number): boolean {
    return isUsual(this.#script, at, heard) && usualChance(this.#script, at, heard, this.#script.outMs[at]) === 0
  }

  #plain(branch: Branch): Branch {
    const { fromClient, outMs, seq, nextHeard } = this.#script
    const at = this.#at
    if (fromClient[at] === 1) return { ...branch, explained: branch.explained.slice(1) }
    const { client, says } = receive(branch.client, this.#terms, seq[at])
    const heard = nextHeard[branch.explained.at(-1) ?? at]
    const explained = says === undefined ? branch.explained : [...branch.explained, heard]
    const passed = says === undefined ? branch.passed : Math.max(branch.passed, heard)
    const before = earlierOf(branch, outMs[at], this.#burstMs)
    const earlier = says === undefined ? before : { ...before, answeredAt: heard }
    const isUpLost = says === undefined && branch.isUpLost
    const said = says ?? branch.said
    const slowUntilMs = says === undefined ? branch.slowUntilMs : -Infinity
    return {
      ...branch,
      passed,
      client,
      tookMs: outMs[at],
      earlier,
      said,
      explained,
      slowUntilMs,
      isUpLost,
      isDownLost: false,
    }
  }

  /** A packet of the server. */
  #sent(branch: Branch, out: Branch[]): void {
    const { seq, ms, outMs, lastHeard, within } = this.#script
    const at = this.#at
    const block = seq[at]
    const arrivesMs = outMs[at]
    if (branch.client.done) return this.#arriveAtEnd(branch, block, out)
    if (branch.isOut) {
      out.push(branch)
      // A packet of the client that opens the way again is on it already, for half of a round trip.
      const heard = this.#script.nextHeard[at]
      if (branch.staysOut || heard < 0 || ms[heard] - ms[at] > this.#script.medianMs / 2) return
      branch = { ...branch, isOut: false }
    }
    if (this.#script.isLeftOut[at] === 1) {
      out.push(branch)
      return
    }
    const isUndecided = at >= this.#script.undecidedFrom
    if (at > lastHeard) {
      const dead = this.#happened(branch, 'dead', at, block)
      if (dead !== undefined) out.push({ ...dead, client: { ...dead.client, done: true } })
      // The capture ends before an answer could have come.
      if (isUndecided) return void out.push(branch)
    }
    // So it does where answers to blocks before this one come in meanwhile.
    if (isUndecided && block > this.#script.highestAcked) out.push(branch)
    if (at === this.#script.refusedAt || (this.#script.isBegunAgain[at] === 1 && branch.client.begun)) out.push(branch)
    if (this.#isLastTimer(branch)) out.push({ ...branch, client: { ...branch.client, done: true } })
    const lost = this.#happened(branch, 'down-lost', at, block)
    if (lost !== undefined) out.push(lost)
    const outage = branch.client.have > 0 ? this.#happened(branch, 'outage', at, block) : undefined
    if (outage !== undefined) out.push({ ...outage, cost: outage.cost + shortCost(this.#script, at), isOut: true })
    // What waited comes first.
    let ready: Branch[] = [branch]
    if (branch.heldDown !== undefined)
      ready = this.#arrive({ ...branch, heldDown: undefined }, branch.heldDown, arrivesMs)
    for (const b of ready) {
      const held = this.#happened(b, 'down-held', at, block)
      if (held !== undefined) out.push({ ...held, heldDown: block })
      const late =
        b.late.length < MOST_LATE && within(at, LATE_MS) ? this.#happened(b, 'down-late', at, block) : undefined
      if (late !== undefined) out.push({ ...late, late: [...late.late, { seq: block, at }] })
      const paused = goesOnLater(b, this.#script, this.#costs, at) ?? this.#pausedInWindow(b)
      if (paused !== undefined) out.push(...this.#arrive(paused, block, arrivesMs))
      const seen = this.#happened(b, 'down-seen', at, block) ?? b
      const arrived = this.#arrive(seen, block, arrivesMs)
      for (const a of arrived) this.#overtaken(a, arrivesMs, out)
      const twice = this.#happened(b, 'down-twice', at, block)
      if (twice !== undefined)
        for (const first of this.#arrive(twice, block, arrivesMs)) out.push(...this.#arrive(first, block, arrivesMs))
    }
  }

  /**
   * In a window the client may stop without an answer that is due: of what comes meanwhile it sees the first packets, when it goes on. At the latest
   * that is when it speaks, or before one of the repeats of the server.
   */
  #pausedInWindow(branch: Branch): Branch | undefined {
    const { seq, ms } = this.#script
    const at = this.#at
    const { client, busyUntilMs } = branch
    if (this.#terms.windowsize === 1 || !client.begun || seq[at] !== client.have + 1 || ms[at] < busyUntilMs)
      return undefined
    const paused = this.#happened(branch, 'pause', at, seq[at])
    const stopped =
      paused === undefined ? undefined : stoppedFrom({ ...paused, queued: 0 }, this.#script, this.#costs, at)
    return stopped === undefined
      ? undefined
      : { ...stopped, cost: stopped.cost + this.#longCost(stopped.busyUntilMs - ms[at]) }
  }

  /** A device that writes its flash stops for long each time. */
  #longCost(ms: number): number {
    return this.#costs === FAULT_COSTS['slow-flash'] ? 0 : longStopCost(ms)
  }

  /** Packets that others overtook arrive behind any of these, and within LATE_MS. */
  #overtaken(branch: Branch, ms: number, out: Branch[]): void {
    const [first, ...rest] = branch.late
    if (first === undefined || first.at === this.#at) {
      out.push(branch)
      return
    }
    for (const b of this.#arrive({ ...branch, late: rest }, first.seq, ms)) this.#overtaken(b, ms, out)
    const mayWait = this.#script.within(this.#at, this.#script.ms[first.at] + LATE_MS - ms)
    if (mayWait) out.push(branch)
  }

  #arriveAtEnd(branch: Branch, block: number, out: Branch[]): void {
    const match = block === branch.client.have ? this.#match(branch, block, this.#script.outMs[this.#at], 0) : -1
    if (match >= 0) {
      // A client that left the first repeat unanswered is gone.
      const cost = branch.cost + (branch.client.told === GONE ? BACK_COST : STAYS_COST)
      out.push(explaining({ ...branch, cost }, match))
    } else out.push(block === branch.client.have ? { ...branch, client: { ...branch.client, told: GONE } } : branch)
  }

  /** The client receives a packet. */
  #arrive(branch: Branch, block: number, ms: number): Branch[] {
    const isBusy = ms < branch.busyUntilMs
    if (isBusy && areTaken(branch)) return [dropped(branch), ...this.#keptByProgram(branch, block)]
    const atMs = isBusy ? branch.busyUntilMs : ms
    const { client, says, took } = receive(branch.client, this.#terms, block)
    const next: Branch = {
      ...branch,
      client,
      tookMs: took ? atMs : branch.tookMs,
      earlier: took ? earlierOf(branch, atMs, this.#burstMs) : branch.earlier,
      queued: isBusy ? branch.queued + 1 : 0,
      isDownLost: false,
    }
    if (says !== undefined) {
      const said = this.#say(isBusy ? { ...next, cost: next.cost + next.endCost, endCost: 0 } : next, says, atMs)
      return took ? said.map((b) => answered(b, branch)) : said
    }
    const isIgnored = client === branch.client && block <= client.have && this.#terms.habits.order === 'any'
    return [isIgnored ? { ...next, slowUntilMs: atMs + CONSOLE_MS } : next]
  }

  /** The socket of a program keeps more than the buffers of a bootloader, where an answer in time shows that. */
  #keptByProgram(branch: Branch, block: number): Branch[] {
    const atMs = branch.busyUntilMs
    const { client, says, took } = receive(branch.client, this.#terms, block)
    if (says === undefined || !took) return []
    const queued = branch.queued + 1
    // It goes on just before something else, as for what found room.
    const cost = branch.cost + branch.endCost
    const earlier = earlierOf(branch, atMs, this.#burstMs)
    const next = { ...branch, client, tookMs: atMs, earlier, queued, cost, endCost: 0, isDownLost: false }
    const passed = this.#pass(next, says, atMs)
    return passed === undefined || passed.cost > cost ? [] : [answered({ ...passed, said: says }, branch)]
  }

  /** The client says something: the packet is found in the capture, or something happened to it. */
  #say(branch: Branch, what: number, ms: number): Branch[] {
    const at = this.#at
    const found: Branch[] = []
    if (branch.heldUp !== undefined) {
      // Both leave now; with one buffer for all the first one is a copy of the second.
      for (const waiting of new Set([branch.heldUp, what])) {
        const first = this.#pass({ ...branch, heldUp: undefined }, waiting, ms)
        const both = first === undefined ? undefined : this.#pass(first, what, ms)
        if (first !== undefined && both !== undefined && this.#areTogether(first, both))
          found.push({ ...both, said: what })
      }
    } else {
      const passed = this.#pass(branch, what, ms)
      if (passed !== undefined) {
        found.push({ ...passed, said: what })
        // The next thing that the client says, in the usual time: no doubt about that.
        const next = this.#script.nextHeard[branch.explained.at(-1) ?? this.#at]
        if (passed.cost === branch.cost && passed.explained.at(-1) === next)
          return this.#alsoStale(branch, what, ms, found)
      }
      const held = what >= 0 ? this.#happened(branch, 'up-held', at, what) : undefined
      if (held !== undefined) found.push({ ...held, heldUp: what, said: what })
    }
    const lost = this.#happened(branch, 'up-lost', at, what)
    if (lost !== undefined) found.push({ ...lost, heldUp: undefined, said: what })
    const late = this.#happened(branch, 'up-late', at, what)
    const lateMatch = late === undefined ? -1 : this.#match(branch, what, ms, LATE_MS)
    if (late !== undefined && lateMatch >= 0) {
      const cost = late.cost + repeatChance(this.#script, at, lateMatch, ms)
      found.push({ ...explaining(late, lateMatch), cost, passed: branch.passed, behind: lateMatch, said: what })
    }
    const paused = this.#happened(branch, 'pause', at, what)
    if (paused !== undefined && ms >= branch.busyUntilMs) {
      const match = this.#match(branch, what, ms + this.#script.usualMs, LONGEST_PAUSE_MS)
      if (match >= 0) {
        const busyUntilMs = this.#script.ms[match] - this.#script.medianMs
        const pausedMs = this.#script.ms[match] - ms
        const cost = paused.cost + this.#longCost(pausedMs) + chanceOf(this.#script, this.#costs, at, match, pausedMs)
        const pause = { fromMs: ms, untilMs: this.#script.ms[match] }
        found.push({ ...explaining(paused, match), cost, said: what, busyUntilMs, pause, endCost: 0, queued: 1 })
      }
    }
    return this.#alsoStale(branch, what, ms, found)
  }

  /** What left together arrives together. */
  #areTogether(first: Branch, second: Branch): boolean {
    return this.#script.ms[second.passed] - this.#script.ms[first.passed] <= LATE_MS
  }

  #alsoStale(branch: Branch, what: number, ms: number, found: Branch[]): Branch[] {
    const stale = branch.said >= 0 && what >= 0 ? this.#happened(branch, 'stale', this.#at, what) : undefined
    if (stale !== undefined && branch.said !== what) {
      const passed = this.#pass(stale, branch.said, ms)
      if (passed !== undefined) found.push({ ...passed, said: what })
    }
    return found
  }

  /** The packet arrived: undefined when the capture does not have it. */
  #pass(branch: Branch, what: number, ms: number): Branch | undefined {
    const match = this.#match(branch, what, ms, 0)
    if (match < 0) return undefined
    if (this.#script.ms[match] - this.#script.freeMs(branch.passed, this.#at, ms) <= this.#script.usualMs) {
      // An answer in the usual time shows that the console is done; what the timer says does not.
      const isAnswer = this.#script.fromClient[this.#at] === 0
      const cost = branch.cost + usualChance(this.#script, this.#at, match, ms)
      const slowUntilMs = isAnswer ? -Infinity : branch.slowUntilMs
      const isSame = cost === branch.cost && slowUntilMs === branch.slowUntilMs
      return explaining(isSame ? branch : { ...branch, cost, slowUntilMs }, match)
    }
    const isLate = ms > branch.slowUntilMs
    const cost = isLate ? branch.cost + this.#lateCost() + repeatChance(this.#script, this.#at, match, ms) : branch.cost
    return explaining(isLate ? { ...branch, cost } : branch, match)
  }

  /** A bootloader that only polls its network card does not sleep, and what comes late of it comes by its timer. */
  #lateCost(): number {
    const isAwaking = this.#script.isAwaking(this.#at) && this.#terms.habits.timer !== 'exact'
    return isAwaking ? AWAKING_COST : LATE_COST
  }

  /** As `firstMatch`, at this position. */
  #match(branch: Branch, what: number, ms: number, moreMs: number): number {
    return firstMatch(this.#script, this.#terms, branch, this.#at, what, ms, moreMs)
  }

  /** A packet of the client. */
  #heard(branch: Branch, out: Branch[]): void {
    const at = this.#at
    if (branch.explained[0] === at) {
      const cost = branch.behind === at ? branch.cost + NOT_OVERTAKEN_COST : branch.cost
      out.push({
        ...branch,
        cost,
        behind: branch.behind === at ? -1 : branch.behind,
        explained: branch.explained.slice(1),
      })
      return
    }
    const { seq, ms } = this.#script
    const what = seq[at]
    if (what === ERROR_SAID) {
      // One that ends the transfer may have any reason; a client that goes on complains of a block.
      const isEnd = at > this.#script.lastAck
      out.push(isEnd ? branch : { ...branch, cost: branch.cost + ERROR_COST })
      return
    }
    out.push(...this.#timerSays(branch))
    const previous = this.#script.heardBefore[at]
    if (previous >= 0 && seq[previous] === what && ms[at] - ms[previous] <= LATE_MS) {
      const twice = this.#happened(branch, 'up-twice', at, what)
      if (twice !== undefined) out.push(twice)
    }
    if (what === REQUEST_SAID && !this.#wasBegun(branch)) out.push(branch)
    if (branch.heldDown !== undefined) out.push(...this.#pushed(branch, branch.heldDown))
    const odd = this.#happened(branch, 'odd', at, what)
    // It was there: the client stands where it says.
    if (odd !== undefined) out.push(this.#standing(odd, what))
  }

  /** A server had answered it when it sent the packet that is being read. */
  #wasBegun({ client, earlier }: Branch): boolean {
    return client.begun && (earlier === undefined || earlier.client.begun || !this.#isHeld(earlier))
  }

  /** A frame that the capture does not have, such as a broadcast, made the client see what waited. */
  #pushed(branch: Branch, block: number): Branch[] {
    const at = this.#at
    const cost = branch.cost + pauseCost(PUSHED_COST, branch.pauses)
    const pushed = { ...branch, heldDown: undefined, cost, pauses: branch.pauses + 1 }
    return this.#arrive(pushed, block, this.#script.ms[at])
      .filter(({ explained }) => explained[0] === at)
      .map((b) => ({ ...b, explained: b.explained.slice(1) }))
  }

  #standing(branch: Branch, what: number): Branch {
    if (what <= branch.client.have) return branch
    return { ...branch, client: newClient(what, true, this.#terms.windowsize), tookMs: this.#script.ms[this.#at] }
  }

  /** The stories in which its timer sent this packet. */
  #timerSays(branch: Branch): Branch[] {
    const { earlier } = branch
    const found = branch.client.done ? [] : this.#timerSaysAs(branch, branch.client, branch.tookMs)
    const isCrossing =
      earlier !== undefined &&
      (this.#isHeld(earlier) || this.#script.ms[this.#at] - earlier.ms <= this.#script.medianMs)
    return isCrossing ? [...found, ...this.#timerSaysAs(branch, earlier.client, earlier.tookMs)] : found
  }

  /** The answer to what it took then is still to come: the client may not have seen it yet. */
  #isHeld({ answeredAt, ms }: Earlier): boolean {
    return this.#at < answeredAt && this.#script.ms[answeredAt] - ms <= LONGEST_HOLD_MS
  }

  #timerSaysAs(branch: Branch, client: ClientState, tookMs: number): Branch[] {
    const { ms, seq } = this.#script
    const at = this.#at
    const what = repeats(client, this.#terms)
    const isRequest = what === REQUEST_SAID
    if (isRequest !== (seq[at] === REQUEST_SAID)) return []
    const { habits, windowsize } = this.#terms
    const { have } = branch.client
    const fired: Branch = {
      ...branch,
      client: habits.timerBegins ? { ...branch.client, told: -1, nextAck: have + windowsize } : branch.client,
      cost: branch.cost + timerCost(this.#script, this.#terms, branch, at, tookMs),
      tookMs: client === branch.client ? ms[at] : branch.tookMs,
      earlier:
        client === branch.client || branch.earlier === undefined ? undefined : { ...branch.earlier, tookMs: ms[at] },
      timeouts: branch.timeouts + 1,
      isOut: false,
      events: { kind: 'timer', at, seq: what, isAgain: false, before: branch.events },
    }
    const found = this.#say(fired, what, ms[at])
      .filter(({ explained }) => explained[0] === at)
      .map((b) => ({ ...b, explained: b.explained.slice(1) }))
    if (!branch.isOut) return found
    const closed = found.map((b) => ({ ...b, isOut: true, staysOut: true }))
    return branch.staysOut ? closed : [...found, ...closed]
  }

  /** A client that keeps its time would have spoken before this moment: what it said was lost, or waits. */
  #missedTimers(branch: Branch): Branch[] {
    const { timerMs } = this.#script
    if (timerMs === undefined || !this.#isTimerMissed(branch)) return [branch]
    const next = { ...branch, tookMs: branch.tookMs + timerMs, timeouts: branch.timeouts + 1 }
    // The eleventh ends it.
    if (next.timeouts > LIVES) return [{ ...next, client: { ...next.client, done: true } }]
    const what = repeats(branch.client, this.#terms)
    const found: Branch[] = []
    const lost = this.#happened(next, 'up-lost', this.#at, what)
    if (lost !== undefined) found.push(lost)
    const held = next.heldUp === undefined ? this.#happened(next, 'up-held', this.#at, what) : undefined
    if (held !== undefined) found.push({ ...held, heldUp: what })
    return found.flatMap((b) => this.#missedTimers(b))
  }

  /** The timeout that ends the transfer comes about now: the client may be gone already. */
  #isLastTimer({ client, tookMs, timeouts }: Branch): boolean {
    const { timerMs, ms, medianMs } = this.#script
    if (timerMs === undefined || this.#terms.habits.timer !== 'exact' || !client.begun || timeouts < LIVES) return false
    return ms[this.#at] >= tookMs + timerMs - 2 * medianMs
  }

  #isTimerMissed({ client, tookMs, busyUntilMs }: Branch): boolean {
    const { timerMs, ms, medianMs } = this.#script
    if (timerMs === undefined || this.#terms.habits.timer !== 'exact' || !client.begun || client.done) return false
    const dueMs = tookMs + timerMs
    return busyUntilMs <= dueMs && ms[this.#at] > dueMs + 2 * TIMER_OFF * timerMs + 2 * medianMs
  }

  readonly #isAlike = (one: Branch, other: Branch): boolean =>
    goOnAlike(one, other, this.#terms, this.#script.ms[this.#at], this.#costs.stale !== undefined) &&
    this.#isDue(one.tookMs) === this.#isDue(other.tookMs) &&
    this.#isDue(one.earlier?.tookMs) === this.#isDue(other.earlier?.tookMs)

  #isDue(tookMs: number | undefined): boolean {
    return tookMs !== undefined && isTimerDue(this.#script, this.#script.ms[this.#at] - tookMs)
  }

  #happened(branch: Branch, kind: EventKind, at: number, seq: number): Branch | undefined {
    const cost = this.#costs[kind]
    if (cost === undefined) return undefined
    const isUp = kind === 'up-lost'
    const isDown = kind === 'down-lost'
    const isPause = kind === 'pause'
    const isAgain = (isUp && branch.isUpLost) || (isDown && branch.isDownLost)
    const isAwake = this.#costs === FAULT_COSTS['eee-wake'] && (isUp || isDown) && !isBehindIdle(this.#script, isUp, at)
    const ofEvent = isAgain ? againCost(cost) : isPause ? pauseCost(cost, branch.pauses) : cost
    const costs = branch.cost + (isAwake ? AWAKE_COST : ofEvent)
    if (costs > this.#mostCost) return undefined
    return {
      ...branch,
      cost: costs,
      upLost: branch.upLost + (isUp ? 1 : 0),
      downLost: branch.downLost + (isDown ? 1 : 0),
      pauses: isPause ? branch.pauses + 1 : branch.pauses,
      isUpLost: branch.isUpLost || isUp,
      isDownLost: branch.isDownLost || isDown,
      events: { kind, at, seq, isAgain, before: branch.events },
    }
  }
}
