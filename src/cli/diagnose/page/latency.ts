/** How long acknowledgements took: a histogram with bars of equal width on a logarithmic scale. */
import { type CapturedPackets, PACKET_FLAG } from '../../../capture/index.ts'

/** Bars for a factor of ten. */
const BARS_PER_DECADE = 10
/** Fewer would not look like a histogram. */
const LEAST_BARS = 16
/** Of a capture's clock: below it two times are the same. */
const LEAST_MS = 0.001

export interface Latencies {
  /** From the first bar with a sample to the last one, and empty ones around them where these are few. */
  readonly bars: readonly { readonly fromMs: number; readonly toMs: number; readonly count: number }[]
  readonly count: number
  readonly medianMs: number
  readonly mostMs: number
}

/**
 * From DATA to its ACK, as the place of the capture saw them, of blocks that were sent once: a repeat would leave open which of them the ACK
 * answers (RFC 6298 §3). Undefined when there is none.
 */
export function latencies(packets: CapturedPackets): Latencies | undefined {
  const samples = samplesOf(packets).sort((a, b) => a - b)
  if (samples.length === 0) return undefined
  const barOf = (ms: number): number => Math.floor(Math.log10(ms) * BARS_PER_DECADE + 1e-9)
  const used = barOf(samples[samples.length - 1]) - barOf(samples[0]) + 1
  const bars = Math.max(LEAST_BARS, used)
  const first = barOf(samples[0]) - ((bars - used) >> 1)
  const counts = Array.from({ length: bars }, () => 0)
  for (const ms of samples) counts[barOf(ms) - first]++
  const edge = (bar: number): number => 10 ** ((first + bar) / BARS_PER_DECADE)
  return {
    bars: counts.map((count, bar) => ({ fromMs: edge(bar), toMs: edge(bar + 1), count })),
    count: samples.length,
    medianMs: samples[samples.length >> 1],
    mostMs: samples[samples.length - 1],
  }
}

function samplesOf(packets: CapturedPackets): number[] {
  const samples: number[] = []
  const sentMs = new Map<number, number>()
  for (let i = 0; i < packets.length; i++) {
    const kind = packets.kind(i)
    if ((kind !== 'data' && kind !== 'ack') || (packets.flags(i) & PACKET_FLAG.copy) !== 0) continue
    const seq = packets.seq(i)
    const isRepeat = (packets.flags(i) & PACKET_FLAG.repeat) !== 0
    if (kind === 'data') {
      if (isRepeat) sentMs.delete(seq)
      else sentMs.set(seq, packets.timeMs(i))
      continue
    }
    const sent = sentMs.get(seq)
    if (sent === undefined || isRepeat) continue
    sentMs.delete(seq)
    // A clock that was set back makes a difference of nothing.
    const ms = packets.timeMs(i) - sent
    if (ms >= 0) samples.push(Math.max(LEAST_MS, ms))
  }
  return samples
}
