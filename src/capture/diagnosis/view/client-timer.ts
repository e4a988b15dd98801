/**
 * Packets that the client sends of its own accord, by its timer. They are the surest witnesses: an ACK that no DATA provoked names the block
 * that the client took last.
 */
import type { CapturedPackets, CapturedTransfer } from '../../contract.ts'
import { median } from './median.ts'

/** An answer takes at most this many medians. */
export const ANSWER_MEDIANS = 5
/** No timer of a client is shorter. */
const SHORTEST_TIMER_MS = 300
/** A timer that is read in ticks, and a round trip, are this much off. */
const TOLERANCE = 0.03
const MOST_PERIODS = 12

export interface ClientTimer {
  /** Undefined when the client said nothing of its own accord, and asked for no `timeout`. */
  readonly periodMs: number | undefined
  /** Positions in the list of counting packets. */
  readonly positions: ReadonlySet<number>
  /** ACKs at the time of the timer and of an answer as well: they prove nothing. */
  readonly doubtful: ReadonlySet<number>
}

export function clientTimerOf(
  transfer: CapturedTransfer,
  list: Uint32Array,
  medianMs: number | undefined,
): ClientTimer {
  const candidates = candidatesOf(transfer.packets, list, medianMs ?? 0)
  const periodMs = askedMs(transfer) ?? learntMs(candidates)
  const positions = new Set<number>()
  const doubtful = new Set<number>()
  for (const { position, waitedMs, isAnswer } of candidates) {
    if (periodMs === undefined || !isMultiple(waitedMs, periodMs)) continue
    if (isAnswer) doubtful.add(position)
    else positions.add(position)
  }
  return { periodMs, positions, doubtful }
}

interface Candidate {
  readonly position: number
  /** Since the client's packet before. */
  readonly waitedMs: number
  /** DATA came so recently that this may be its answer. */
  readonly isAnswer: boolean
  /** It says nothing new: only a timer sends that. */
  readonly isRepeat: boolean
}

function candidatesOf(packets: CapturedPackets, list: Uint32Array, medianMs: number): Candidate[] {
  const found: Candidate[] = []
  let spokeAt: number | undefined
  let dataAt = -Infinity
  let dataSeq = -1
  let acked = -1
  for (let position = 0; position < list.length; position++) {
    const i = list[position]
    const ms = packets.timeMs(i)
    if (!packets.fromClient(i)) {
      if (packets.kind(i) === 'data') {
        dataAt = ms
        dataSeq = packets.seq(i)
      }
      continue
    }
    const isRequest = packets.kind(i) === 'rrq' || packets.kind(i) === 'wrq'
    if (packets.kind(i) === 'ack' || isRequest) {
      const seq = packets.seq(i)
      const waitedMs = spokeAt === undefined ? 0 : ms - spokeAt
      const sinceDataMs = ms - dataAt
      // Quicker than any answer: it crossed the DATA on its way.
      const crossed = sinceDataMs < medianMs / 2 || (seq <= acked && seq !== dataSeq && sinceDataMs <= medianMs / 2)
      if (waitedMs >= SHORTEST_TIMER_MS) {
        const isAnswer = !isRequest && !crossed && sinceDataMs <= ANSWER_MEDIANS * medianMs
        found.push({ position, waitedMs, isAnswer, isRepeat: isRequest || seq <= acked })
      }
      if (packets.kind(i) === 'ack') acked = Math.max(acked, seq)
    }
    spokeAt = ms
  }
  return found
}

/** In seconds on the wire, and a client that asks for it goes by it itself. */
function askedMs({ request, agreed }: CapturedTransfer): number | undefined {
  const asked = Number(request?.options.find(({ name }) => name.toLowerCase() === 'timeout')?.value)
  return agreed.timeoutMs ?? (Number.isInteger(asked) && asked >= 1 && asked <= 255 ? asked * 1000 : undefined)
}

/** The shortest wait that others repeat, or the only one. */
function learntMs(candidates: readonly Candidate[]): number | undefined {
  const waits = candidates.filter(({ isAnswer, isRepeat }) => isRepeat && !isAnswer).map(({ waitedMs }) => waitedMs)
  if (waits.length === 0) return undefined
  const shortest = Math.min(...waits)
  return median(waits.filter((ms) => ms <= shortest * (1 + TOLERANCE)))
}

function isMultiple(waitedMs: number, periodMs: number): boolean {
  const periods = Math.round(waitedMs / periodMs)
  return periods >= 1 && periods <= MOST_PERIODS && Math.abs(waitedMs - periods * periodMs) <= TOLERANCE * periodMs
}
