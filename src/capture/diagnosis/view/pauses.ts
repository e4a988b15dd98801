/** Pauses of a server, in words and as what else they may be. */
import { highest } from './median.ts'
import type { View } from './view.ts'

/** Pauses are reported where the longest takes this long at least. */
const LEAST_LONGEST_MS = 800
const LEAST_ALIKE = 3
/** Timers of programs are this exact: dnsmasq looks four times in a second. Some double. */
const ALIKE = 0.1

/** Pauses that take less of a transfer are not reported. */
const LEAST_SHARE = 0.1

export function areNotable(lengths: readonly number[], durationMs: number): boolean {
  const totalMs = lengths.reduce((sum, ms) => sum + ms, 0)
  return lengths.length > 0 && highest(lengths) >= LEAST_LONGEST_MS && totalMs >= LEAST_SHARE * durationMs
}

/** `3 times, 6.0 s in all, 2.1 s at the longest`. */
export function pausesText(lengths: readonly number[]): string {
  const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`
  const total = lengths.reduce((sum, ms) => sum + ms, 0)
  if (lengths.length === 1) return `once, for ${seconds(total)}`
  return `${lengths.length} times, ${seconds(total)} in all, ${seconds(highest(lengths))} at the longest`
}

/**
 * Where the capture was not taken at the server: most pauses are alike, and nearly all are multiples of that, as the waits of a timer are when a
 * packet is lost once or more.
 */
export function timerLike({ transfer }: View, lengths: readonly number[]): boolean {
  if (transfer.vantage.at === 'server' || lengths.length < LEAST_ALIKE) return false
  const share = (of: readonly number[], unitMs: number): number =>
    lengths.filter((ms) => of.some((n) => Math.abs(ms / unitMs - n) <= ALIKE * n)).length / lengths.length
  return lengths.some((unitMs) => share([1], unitMs) >= MOSTLY && share(TIMES, unitMs) >= NEARLY_ALL)
}

/** The first repeat may be lost as well. */
const MOSTLY = 0.5
const NEARLY_ALL = 0.8
const TIMES = [1, 2, 3, 4, 7, 8, 15]
