/** The faults of the lab that a diagnosis stands for, with parameters from what was counted. */
import { type DeviceFault, type Draws } from '../../lab/device/device.ts'
import { wireBytes } from '../../lab/frame.ts'
import { HEADER_BYTES } from '../../packet/index.ts'
import { PACKET_FLAG } from '../contract.ts'
import type { CauseId, Diagnosis } from '../diagnosis/index.ts'
import { rhythmOf, ringOf } from '../diagnosis/explain/fit.ts'
import type { EventKind } from '../diagnosis/explain/faults.ts'
import type { Hypothesis, Judged } from '../diagnosis/explain/judge.ts'
import { median } from '../diagnosis/view/median.ts'
import type { View } from '../diagnosis/view/view.ts'
import { UDP_HEADER_BYTES } from '../frame/udp.ts'

/** A cause that is less sure than this is left out, unless it is the first. */
const LEAST_CONFIDENCE = 0.5
/** A share of all packets has no smaller and no larger value in the lab. */
const MOST_P = 0.9
const IPV4_BYTES = 20
/** RFC 791: what each host takes. */
const LEAST_MTU = 576

/** Undefined for a cause that no fault of the lab stands for. */
type Fit = (view: View) => DeviceFault | undefined

/** The two losses have a function of their own. */
const FITS: Readonly<Partial<Record<CauseId, Fit>>> = {
  'ack-stale': (view) => share('ack-stale', count(view, 'ack-stale', 'stale'), view.transfer.blocks.acks),
  'tx-hold': (view) => share('tx-hold', count(view, 'tx-hold', 'up-held'), view.transfer.blocks.acks),
  'rx-hold': (view) => share('rx-hold', count(view, 'rx-hold', 'down-held'), view.transfer.blocks.datagrams),
  'rx-one-behind': () => ({ fault: 'rx-one-behind', values: {} }),
  'rx-ring': ringFit,
  'eee-wake': () => ({ fault: 'eee-wake', values: {} }),
  'arp-silent': arpFit,
  'dead-rx': () => ({ fault: 'dead-rx', values: {} }),
  'bit-errors': bitErrorFit,
  reorder: (view) => share('reorder', count(view, 'reorder', 'up-late', 'down-late'), packetsOf(view)),
  duplicate: (view) => share('duplicate', count(view, 'duplicate', 'up-twice', 'down-twice'), packetsOf(view)),
  'fragments-dropped': fragmentFit,
  'slow-flash': flashFit,
}

export interface FittedFaults {
  /** What may be wrong, the likeliest first: the direction of a loss is not always certain. Never empty. */
  readonly sets: readonly (readonly DeviceFault[])[]
  /** Causes that no fault of the lab stands for. */
  readonly leftOut: readonly CauseId[]
}

export function fitFaults(view: View, { causes }: Diagnosis): FittedFaults {
  const others: DeviceFault[] = []
  const leftOut: CauseId[] = []
  const [first] = causes
  for (const { id, confidence } of causes) {
    const isTold = id === first.id || confidence >= LEAST_CONFIDENCE
    const isSecondHold = isHold(id) && others.some(({ fault }) => isHold(fault))
    if (!isTold || isLoss(id) || isSecondHold) continue
    const fit = FITS[id]
    const fault = fit?.(view)
    if (fault !== undefined) others.push(fault)
    // What follows from another cause follows in the lab as well.
    else if (!CONSEQUENCES.has(id)) leftOut.push(id)
  }
  if (first === undefined) return { sets: unexplained(view), leftOut }
  const losses = causes.filter(({ id }) => isLoss(id))
  // Where the first cause gives no fault, the next best explanation stands for it.
  const isPart =
    losses.some(({ id, confidence }) => id === first.id || confidence >= LEAST_CONFIDENCE) ||
    (others.length === 0 && losses.length > 0)
  const lost = isPart ? lossSets(view, losses) : [[]]
  const sets = lost.map((loss) => [...others, ...loss])
  // What loses packets in its own way looks like loss as well: then it stands alone, unless the losses repeat the capture better.
  return { sets: others.length > 0 && isPart ? [others, ...sets] : sets, leftOut }
}

/** Without a cause nothing is wrong, or a window hides it: blocks were repeated all the same, a window of them for each loss. */
function unexplained({ transfer: { blocks, agreed } }: View): DeviceFault[][] {
  const repeats = blocks.datagrams - blocks.sent
  if (repeats === 0) return [[]]
  const losses = Math.max(1, repeats / agreed.windowsize)
  const either = [share('data-loss', losses, blocks.datagrams), share('ack-loss', losses, blocks.acks)]
  return [[], ...either.filter((fault) => fault !== undefined).map((fault) => [fault])]
}

function isHold(name: string): boolean {
  return name === 'tx-hold' || name === 'rx-hold'
}

/** The story of a fault; the likeliest of several names. */
function storyOf({ judgement }: View, ...names: readonly Hypothesis[]): Judged['story'] | undefined {
  return judgement.judged.find(({ hypothesis }) => names.includes(hypothesis))?.story
}

/** How often the story of a fault has one of these events. */
function count(view: View, name: Hypothesis, ...kinds: readonly EventKind[]): number {
  return storyOf(view, name)?.events.filter(({ kind }) => kinds.includes(kind)).length ?? 0
}

function isLoss(id: CauseId): boolean {
  return id === 'ack-loss' || id === 'data-loss'
}

/** As the likeliest story divides the losses, and all in one direction where it is not sure. */
function lossSets(view: View, losses: Diagnosis['causes']): DeviceFault[][] {
  const isSure = losses.length === 1 || Math.max(...losses.map(({ confidence }) => confidence)) >= SURE
  const divided = lossesIn(storyOf(view, 'both-losses', 'ack-loss', 'data-loss'), view)
  if (isSure) return [divided]
  const names = view.judgement.judged.map(({ hypothesis }) => hypothesis)
  const single = names.filter((name) => name === 'ack-loss' || name === 'data-loss')
  return [divided, ...single.map((name) => lossesIn(storyOf(view, name), view))]
}

function lossesIn(story: Judged['story'] | undefined, { transfer: { blocks } }: View): DeviceFault[] {
  const lost = (kind: EventKind): number => story?.events.filter((event) => event.kind === kind).length ?? 0
  return [
    share('ack-loss', lost('up-lost'), blocks.acks),
    share('data-loss', lost('down-lost'), blocks.datagrams),
  ].filter((fault) => fault !== undefined)
}

const SURE = 0.9

const CONSEQUENCES: ReadonlySet<CauseId> = new Set([
  'budget-used-up',
  'cumulative-server-hole',
  'sorcerers-apprentice',
  'client-silent',
])

/** `harmed` of those that arrived and those that did not. */
function share(fault: string, harmed: number, arrived: number): DeviceFault | undefined {
  if (harmed === 0) return undefined
  return { fault, values: { p: Math.min(MOST_P, rounded(harmed / (arrived + harmed))) } }
}

function packetsOf({ transfer: { blocks } }: View): number {
  return blocks.datagrams + blocks.acks
}

function ringFit(view: View): DeviceFault {
  const story = storyOf(view, 'rx-ring')
  const ring = story === undefined ? undefined : ringOf(story, 'down-lost')
  const values: Draws = ring === undefined ? { descriptors: 1 } : { descriptors: ring.places, drainMs: ring.drainMs }
  return { fault: 'rx-ring', values }
}

/** Nothing reached the device behind the last block that it acknowledged for the first time. */
function arpFit({ transfer, packets, list }: View): DeviceFault {
  const last = list.findLast((i) => packets.kind(i) === 'ack' && (packets.flags(i) & PACKET_FLAG.repeat) === 0)
  const afterMs = Math.max(1, last === undefined ? 1 : packets.timeMs(last))
  const fault = transfer.outcome.type === 'complete' ? 'arp-silent-revived' : 'arp-silent'
  return { fault, values: { afterMs: Math.round(afterMs) } }
}

function bitErrorFit(view: View): DeviceFault | undefined {
  const { blocks, agreed } = view.transfer
  const p = Math.min(MOST_P, count(view, 'bit-errors', 'down-lost') / Math.max(1, blocks.datagrams))
  if (p <= 0) return undefined
  const perByte = 1 - (1 - p) ** (1 / wireBytes(HEADER_BYTES + agreed.blksize))
  return { fault: 'bit-errors', values: { perByte } }
}

/** By the MTU that ICMP names, or by the first fragments; else the path is just too narrow for a block. */
function fragmentFit({ transfer: { sideEvents, agreed } }: View): DeviceFault {
  for (const event of sideEvents)
    if (event.type === 'icmp' && event.mtuBytes !== undefined)
      return { fault: 'fragment-loss', values: { mtu: event.mtuBytes } }
  const seen = sideEvents.find(({ type }) => type === 'fragments-missing')
  const bytes =
    seen?.type === 'fragments-missing' ? seen.seenBytes : UDP_HEADER_BYTES + HEADER_BYTES + agreed.blksize - 1
  return { fault: 'fragment-loss', values: { mtu: Math.max(LEAST_MTU, bytes + IPV4_BYTES) } }
}

/** Without a rhythm the pauses are spread over the blocks. */
function flashFit(view: View): DeviceFault | undefined {
  const story = storyOf(view, 'slow-flash')
  if (story === undefined || story.own.length === 0) return undefined
  const { ms, nextHeard } = story.script
  const waits = story.own.flatMap(({ at }) => (nextHeard[at] < 0 ? [] : [ms[nextHeard[at]] - ms[at]]))
  const every = rhythmOf(story.own, view.latencies.windowBlocks) ?? view.transfer.blocks.acknowledged / story.own.length
  const values: Draws = { everyBlocks: Math.max(1, Math.round(every)), pauseMs: Math.round(median(waits) ?? 0) }
  return { fault: 'slow-flash', values }
}

function rounded(p: number): number {
  return Number(p.toPrecision(3))
}
