/** The timer of the client, as its option or its packets show it. */
import type { CapturedTransfer } from '../../contract.ts'
import { quantile } from '../view/median.ts'

/** No timer of a client is shorter. */
const SHORTEST_MS = 45
/** Waits of one timer are this much alike. */
const ALIKE = 0.02
const LEAST_ALIKE = 2
/** Clients that repeat at the same moment as the server count in seconds, as servers do. */
const SECOND_MS = 1000
const OFF = 0.01

export interface ClientTimer {
  /** Undefined when nothing shows it. */
  readonly ms: number | undefined
  /** It was asked for, or repeats show it; else a pause may look like it. */
  readonly isSure: boolean
  /** It always ran out together with the timer of the server: something else may have made the client speak twice. */
  readonly isCoincidence?: true
}

export function clientTimerOf(
  { packets, request, agreed }: Pick<CapturedTransfer, 'packets' | 'request' | 'agreed'>,
  all: Uint32Array,
  usualMs: number,
): ClientTimer {
  const asked = Number(request?.options.find(({ name }) => name.toLowerCase() === 'timeout')?.value)
  if (agreed.timeoutMs !== undefined) return { ms: agreed.timeoutMs, isSure: true }
  if (Number.isInteger(asked) && asked >= 1 && asked <= 255) return { ms: asked * SECOND_MS, isSure: true }
  const alone: number[] = []
  const repeated: number[] = []
  /** Waits that ended with two packets at once. */
  const twice: number[] = []
  let heardMs: number | undefined
  let waitedMs = 0
  let sentMs = -Infinity
  let acked = -1
  for (const i of all) {
    const ms = packets.timeMs(i)
    if (!packets.fromClient(i)) {
      sentMs = ms
      continue
    }
    // ACK 0 repeats no request.
    const seq = packets.kind(i) === 'ack' ? packets.seq(i) : -1
    if (heardMs !== undefined && ms - heardMs >= SHORTEST_MS) {
      waitedMs = ms - heardMs
      if (ms - sentMs > 2 * usualMs) (seq <= acked ? repeated : alone).push(waitedMs)
    } else if (heardMs !== undefined && ms - heardMs <= usualMs && seq === acked && waitedMs > 0) {
      twice.push(waitedMs)
      waitedMs = 0
    } else waitedMs = 0
    acked = Math.max(acked, seq)
    heardMs = ms
  }
  const alike = mostAlike(repeated)
  // One long wait may be that of a busy host.
  if (repeated.length > 0) return { ms: alike ?? quantile(repeated, 0), isSure: alike !== undefined }
  const atOnce = wholeSeconds(twice)
  return atOnce === undefined
    ? { ms: mostAlike(alone), isSure: false }
    : { ms: atOnce, isSure: true, isCoincidence: true }
}

function mostAlike(waits: readonly number[]): number | undefined {
  const sorted = Float64Array.from(waits).sort()
  let [from, end] = [0, 0]
  for (let first = 0, last = 0; first < sorted.length; first++) {
    while (last < sorted.length && sorted[last] <= sorted[first] * (1 + ALIKE)) last++
    if (last - first > end - from) [from, end] = [first, last]
  }
  return end - from >= LEAST_ALIKE ? sorted[(from + end - 1) >> 1] : undefined
}

function wholeSeconds(waits: readonly number[]): number | undefined {
  const alike = mostAlike(waits)
  if (alike === undefined) return undefined
  const seconds = Math.round(alike / SECOND_MS)
  return seconds >= 1 && Math.abs(alike - seconds * SECOND_MS) <= OFF * alike ? seconds * SECOND_MS : undefined
}
