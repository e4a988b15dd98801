/** Entries of a trace as the words that they were read from (transfer/trace.ts). */
import { TRACE_KIND, type TraceEntry } from '../../transfer/trace.ts'

const TICKS_PER_MS = 64

export function wordsOfTrace(entries: readonly TraceEntry[]): Uint32Array {
  const words = new Uint32Array(entries.length * 2)
  for (const [i, { ms, sent, kind, number }] of entries.entries()) {
    words[2 * i] = Math.min(0xffff_ffff, Math.round(ms * TICKS_PER_MS))
    words[2 * i + 1] = ((sent ? 8 : 0) | TRACE_KIND[kind]) * 0x1000_0000 + number
  }
  return words
}
