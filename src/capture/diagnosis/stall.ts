import { STALL_LEAST_MS, STALL_MEDIANS } from './contract.ts'

/** A wait longer than this is a stall. */
export function stallMs(medianMs: number | undefined): number {
  return Math.max(STALL_LEAST_MS, STALL_MEDIANS * (medianMs ?? 0))
}
