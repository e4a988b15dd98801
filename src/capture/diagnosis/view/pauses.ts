/**
 * Times in which the client sends nothing, each begun after the same number of blocks: a device that writes its flash. Loss is as likely at any block, so equal
 * distances tell the two apart.
 */
import type { CapturedPackets } from '../../contract.ts'
import type { ClientTimer } from './client-timer.ts'
import type { Incident } from './incident.ts'

export interface Pauses {
  /** Blocks between two pauses; undefined when there is no rhythm. */
  readonly everyBlocks: number | undefined
  readonly pauses: readonly Pause[]
}

export interface Pause {
  readonly fromMs: number
  readonly toMs: number
  /** The highest block that was acknowledged when it began. */
  readonly seq: number
  /** Index of the packet that ended it. */
  readonly packet: number
}

const NO_RHYTHM: Pauses = { everyBlocks: undefined, pauses: [] }
const LEAST_PAUSES = 3
/** Distances below these are met by chance; the first is in windows. */
const LEAST_DISTANCE = 8
const LONG_DISTANCE = 32
const LEAST_BLOCKS = 3
/** How alike the pauses are. */
const SPREAD = 0.2

export function pausesOf(
  packets: CapturedPackets,
  list: Uint32Array,
  leastMs: number,
  windowBlocks: number,
  timer: ClientTimer,
): Pauses {
  const silences = silencesOf(packets, list, leastMs, timer)
  for (const longest of new Set(silences.map(lengthMs))) {
    const alike = silences.filter((s) => Math.abs(lengthMs(s) - longest) <= SPREAD * longest)
    const everyBlocks = alike.length < LEAST_PAUSES ? undefined : rhythmOf(alike, windowBlocks)
    if (everyBlocks !== undefined) return { everyBlocks, pauses: alike }
  }
  return NO_RHYTHM
}

/** Incidents that a pause explains: they began, or ended, in one. */
export function outsidePauses(incidents: readonly Incident[], { pauses }: Pauses): Incident[] {
  return incidents.filter(
    ({ fromMs, toMs }) => !pauses.some((p) => fromMs <= p.toMs + AFTERMATH * lengthMs(p) && toMs >= p.fromMs),
  )
}

/** What was repeated during a pause is answered behind it. */
const AFTERMATH = 0.1

function lengthMs({ fromMs, toMs }: Pause): number {
  return toMs - fromMs
}

function silencesOf(packets: CapturedPackets, list: Uint32Array, leastMs: number, timer: ClientTimer): Pause[] {
  const found: Pause[] = []
  let spokeAt: number | undefined
  let acked = 0
  /** When a block that had left before left again. */
  let repeatMs = -Infinity
  let sent = 0
  for (let at = 0; at < list.length; at++) {
    const i = list[at]
    const ms = packets.timeMs(i)
    if (!packets.fromClient(i)) {
      if (packets.kind(i) !== 'data') continue
      if (packets.seq(i) <= sent) repeatMs = ms
      sent = Math.max(sent, packets.seq(i))
      continue
    }
    // Its timer, or the answer to a repeat, ends a wait for something that is lost, not a pause.
    const isLoss = timer.positions.has(at) || timer.doubtful.has(at) || ms - repeatMs <= leastMs / ANSWERS
    if (spokeAt !== undefined && ms - spokeAt > leastMs && !isLoss)
      found.push({ fromMs: spokeAt, toMs: ms, seq: acked, packet: i })
    spokeAt = ms
    if (packets.kind(i) === 'ack') acked = Math.max(acked, packets.seq(i))
  }
  return found
}

/** A stall is this many answers long, at least. */
const ANSWERS = 15

/** The distance of which all others are multiples, to within a window. */
function rhythmOf(pauses: readonly Pause[], windowBlocks: number): number | undefined {
  const distances = pauses.slice(1).map(({ seq }, at) => seq - pauses[at].seq)
  const shortest = Math.min(...distances)
  const off = windowBlocks - 1
  // A short distance, or one that a window blurs, needs one more proof.
  if ((off > 0 || shortest < LONG_DISTANCE) && pauses.length <= LEAST_PAUSES) return undefined
  if (shortest < LEAST_BLOCKS * off || shortest < LEAST_DISTANCE) return undefined
  return distances.every((d) => Math.abs(d - Math.round(d / shortest) * shortest) <= off) ? shortest : undefined
}
