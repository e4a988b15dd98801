/** What a device does with the blocks that it gets, as far as a source or a transfer shows it. */

export const ORDERS = ['any', 'inorder'] as const
export const REPEATS = ['acknowledged', 'acknowledged-once', 'silent', 'counted'] as const
export const AHEADS = [
  'stored',
  'stored-names-gap',
  'dropped',
  'last-ack-again',
  'last-ack-once',
  'counted',
  'error-5',
] as const
export const TIMEOUTS_OF = ['transfer', 'row'] as const
export const GIVES_UP = ['ends', 'restarts'] as const

export interface Behaviour {
  /** What an ACK proves: `any`, its block alone; `inorder`, every block up to it. */
  readonly order?: (typeof ORDERS)[number]
  /** The block that it took last, once more. `counted`: taken for the next block, which spoils the image (rule A13). */
  readonly repeat?: (typeof REPEATS)[number]
  /** A block with one missing before it. `last-ack-once`: the last ACK again, once for each position. */
  readonly ahead?: (typeof AHEADS)[number]
  /** Milliseconds from the last block to the first packet that it sends of its own accord; 0 when it never does. */
  readonly timerMs?: number
  /** Packets that it sends of its own accord before it gives up. */
  readonly timeouts?: number
  /** `transfer`: all timeouts of a transfer count. `row`: a block that comes renews the budget. */
  readonly timeoutsOf?: (typeof TIMEOUTS_OF)[number]
  readonly givesUp?: (typeof GIVES_UP)[number]
}

/** What a transfer showed, with how fast the device answers. */
export interface SeenBehaviour extends Behaviour {
  /** Median milliseconds from a block to its ACK. */
  readonly latencyMs?: number
}

/** One packet of a transfer that the device reads, in the order of time. `seq` counts blocks from 1 without bound; 0 for an OACK's ACK. */
export interface Sighting {
  readonly ms: number
  readonly kind: 'data' | 'ack' | 'error'
  readonly seq: number
}

/** Answers later than this many median latencies have another cause than the block before them. */
const ANSWER_LATENCIES = 5
/** This many cases tell a client that never answers from lost packets. */
const CASES = 3
/** ACKs of this many transfers are enough for a median; more only cost time. */
const LATENCY_SAMPLES = 1000

/**
 * Reads a transfer as a capture or a trace shows it. What it does not show stays open: silence has to be seen several times,
 * since a lost packet looks like it once.
 */
export function observeBehaviour(sightings: readonly Sighting[]): SeenBehaviour {
  const latencyMs = medianLatency(sightings)
  if (latencyMs === undefined) return {}
  const withinMs = ANSWER_LATENCIES * latencyMs
  const repeat = repeatSeen(sightings, withinMs)
  const timerMs = timerSeen(sightings, withinMs)
  return {
    latencyMs,
    ...(repeat === undefined ? {} : { repeat }),
    ...aheadSeen(sightings, withinMs),
    ...(timerMs === undefined ? {} : { timerMs }),
  }
}

/** From each block that was sent once to its ACK. */
function medianLatency(sightings: readonly Sighting[]): number | undefined {
  const sentAt = new Map<number, number>()
  const samples: number[] = []
  for (const { kind, seq, ms } of sightings) {
    if (kind === 'data') sentAt.set(seq, sentAt.has(seq) ? Number.NaN : ms)
    const at = kind === 'ack' ? sentAt.get(seq) : undefined
    if (at === undefined) continue
    sentAt.delete(seq)
    // A block sent twice has two possible starts (Karn's rule).
    if (!Number.isNaN(at)) samples.push(ms - at)
    if (samples.length === LATENCY_SAMPLES) break
  }
  return samples.sort((a, b) => a - b)[Math.floor(samples.length / 2)]
}

/** Packets of the device between this one and the next DATA, no later than `withinMs`. */
function answersTo(sightings: readonly Sighting[], index: number, withinMs: number): Sighting[] {
  const answers: Sighting[] = []
  for (let i = index + 1; i < sightings.length; i++) {
    const { kind, ms } = sightings[i]
    if (kind === 'data' || ms - sightings[index].ms > withinMs) break
    answers.push(sightings[i])
  }
  return answers
}

/** The device says nothing at all until the next DATA: an answer that comes late is an answer. */
function isSilentAfter(sightings: readonly Sighting[], index: number): boolean {
  return answersTo(sightings, index, Infinity).length === 0
}

/** Walks over DATA, with the highest block that the device acknowledged before. */
function* dataAfterAcks(sightings: readonly Sighting[]): Generator<{ index: number; seq: number; acked: number }> {
  let acked = 0
  for (const [index, { kind, seq }] of sightings.entries()) {
    if (kind === 'data') yield { index, seq, acked }
    else if (kind === 'ack') acked = Math.max(acked, seq)
  }
}

function repeatSeen(sightings: readonly Sighting[], withinMs: number): Behaviour['repeat'] {
  let silent = 0
  let highestSent = 0
  const answered = new Map<number, number>()
  for (const { index, seq, acked } of dataAfterAcks(sightings)) {
    highestSent = Math.max(highestSent, seq)
    if (seq !== acked || seq === 0) continue
    const answers = answersTo(sightings, index, withinMs).filter(({ kind }) => kind === 'ack')
    if (answers.some((ack) => ack.seq > highestSent)) return 'counted'
    if (answers.some((ack) => ack.seq === seq)) answered.set(seq, (answered.get(seq) ?? 0) + 1)
    else if (isSilentAfter(sightings, index)) silent++
    if ((answered.get(seq) ?? 0) > 1) return 'acknowledged'
  }
  if (answered.size > 0) return silent < CASES ? 'acknowledged' : undefined
  return silent >= CASES ? 'silent' : undefined
}

function aheadSeen(sightings: readonly Sighting[], withinMs: number): Pick<Behaviour, 'order' | 'ahead'> {
  const sent = new Set<number>()
  /** Blocks beyond a gap by the position before it: how many brought that position's ACK again, and how many nothing. */
  const positions = new Map<number, { again: number; silent: number }>()
  for (const { index, seq, acked } of dataAfterAcks(sightings)) {
    const isAhead = seq > acked + 1
    // A predecessor that was never sent cannot have arrived; one that was sent may have.
    const isGap = isAhead && !sent.has(acked + 1)
    sent.add(seq)
    const answers = answersTo(sightings, index, withinMs)
    if (isGap && answers.some((one) => one.kind === 'ack' && one.seq === seq)) return { order: 'any', ahead: 'stored' }
    if (isAhead && answers.some(({ kind }) => kind === 'error')) return { order: 'inorder', ahead: 'error-5' }
    if (!isGap) continue
    const position = positions.get(acked) ?? { again: 0, silent: 0 }
    positions.set(acked, position)
    if (answers.some((one) => one.kind === 'ack' && one.seq === acked)) position.again++
    else if (isSilentAfter(sightings, index)) position.silent++
  }
  const counts = [...positions.values()]
  if (counts.filter(({ again }) => again > 0).length < CASES) return {}
  if (counts.some(({ again }) => again > 1)) return { order: 'inorder', ahead: 'last-ack-again' }
  const once = counts.filter(({ again, silent }) => again === 1 && silent > 0).length >= CASES
  return once ? { order: 'inorder', ahead: 'last-ack-once' } : { order: 'inorder' }
}

/** Median pause before an ACK that was sent before and that no block brings. */
function timerSeen(sightings: readonly Sighting[], withinMs: number): number | undefined {
  const waits: number[] = []
  let lastAck: Sighting | undefined
  for (const [index, now] of sightings.entries()) {
    if (now.kind !== 'ack') continue
    // A new ACK that comes late is a device that was busy.
    const isRepeat = lastAck?.seq === now.seq && now.ms - sightings[index - 1].ms > withinMs
    if (lastAck !== undefined && isRepeat) waits.push(now.ms - lastAck.ms)
    lastAck = now
  }
  return waits.length < 2 ? undefined : waits.sort((a, b) => a - b)[Math.floor(waits.length / 2)]
}
