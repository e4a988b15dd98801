/**
 * What may happen between the packets that the server sent and those that came back, one row for each fault. An explanation is a list of such events,
 * and each has a cost: minus the logarithm of how likely it is.
 */
export type EventKind =
  /** A packet of the client was lost on its way to the server, a packet of the server on its way to the client. */
  | 'up-lost'
  | 'down-lost'
  /** The ACK before left in place of the one that was due. */
  | 'stale'
  /** An ACK left the client only with its next packet; or a copy of that one in its place. */
  | 'up-held'
  /** The client saw a packet only when the next one arrived. */
  | 'down-held'
  /** It saw one at once although it is a frame behind. */
  | 'down-seen'
  /** A packet arrived twice, at the server or at the client. */
  | 'up-twice'
  | 'down-twice'
  /** A packet arrived late, behind others. */
  | 'up-late'
  | 'down-late'
  /** The client did nothing for a while. */
  | 'pause'
  /** From one moment on nothing reached the client. */
  | 'outage'
  /** The client repeated its last packet by its timer. */
  | 'timer'
  /** It said nothing to the end. */
  | 'dead'
  /** A packet of the client that nothing explains. */
  | 'odd'

export type FaultName =
  | 'none'
  | 'ack-loss'
  | 'data-loss'
  | 'both-losses'
  | 'ack-stale'
  | 'tx-hold'
  | 'rx-hold'
  | 'rx-one-behind'
  | 'rx-ring'
  | 'eee-wake'
  | 'reorder'
  | 'duplicate'
  | 'slow-flash'
  | 'outage'

/** An event that the fault is known for. Later the share of packets that it hit takes the place of this. */
const OWN_COST = 3
export function ownCost(fault: FaultName): number {
  return fault === 'rx-one-behind' ? 0 : fault === 'rx-ring' ? RING_COST : OWN_COST
}
/** A packet that finds a receive ring full. Those behind it in a burst are lost as well, and cost nearly nothing. */
const RING_COST = 3.5
const RING_AGAIN_COST = 0.05

/** One more loss of a burst. */
const AGAIN_COST = 1
export function againCost(cost: number): number {
  return cost === OWN_COST ? AGAIN_COST : cost === RING_COST ? RING_AGAIN_COST : cost
}

/** A host is busy once or twice; each further pause is the less believable, unless the device is known for them. */
const MORE_PAUSES_COST = 3
export function pauseCost(cost: number, before: number): number {
  return cost === OWN_COST ? cost : cost + Math.min(before, MORE_PAUSES_COST)
}

export type Costs = Readonly<Partial<Record<EventKind, number>>>

export const CHANCE_PAUSE_COST = 6

/** Events that happen on any link once in a while. What is not named does not happen. */
const CHANCE: Costs = {
  'up-lost': 9,
  'down-lost': 9,
  'up-twice': 9,
  // A busy host, or a client that had something else to do.
  pause: CHANCE_PAUSE_COST,
  dead: 8,
  odd: 11,
}

/** What a fault that hits every packet makes unlikely. */
const EXCEPTIONS: Partial<Record<FaultName, Costs>> = { 'rx-one-behind': { 'down-seen': 3 } }

/** The events of each fault. */
export const FAULT_EVENTS: Readonly<Record<FaultName, readonly EventKind[]>> = {
  none: [],
  'ack-loss': ['up-lost'],
  'data-loss': ['down-lost'],
  'both-losses': ['up-lost', 'down-lost'],
  'ack-stale': ['stale'],
  'tx-hold': ['up-held'],
  'rx-hold': ['down-held'],
  'rx-one-behind': ['down-held'],
  'rx-ring': ['down-lost'],
  'eee-wake': ['up-lost', 'down-lost'],
  reorder: ['up-late', 'down-late'],
  duplicate: ['up-twice', 'down-twice'],
  'slow-flash': ['pause'],
  outage: ['outage'],
}

/** Faults that lose packets in certain places: what such a story costs follows from where its losses are. */
export const PLACED: ReadonlySet<FaultName> = new Set(['rx-ring', 'eee-wake'])

export const FAULT_COSTS: Readonly<Record<FaultName, Costs>> = Object.fromEntries(
  Object.entries(FAULT_EVENTS).map(([name, own]) => [
    name,
    {
      ...CHANCE,
      ...EXCEPTIONS[name as FaultName],
      ...Object.fromEntries(own.map((kind) => [kind, ownCost(name as FaultName)])),
    },
  ]),
) as Record<FaultName, Costs>
