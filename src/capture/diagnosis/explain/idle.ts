/** Gaps that may put a link to sleep. */

/** A link sleeps after one of these. */
const IDLES_MS = [3, 5, 8, 12, 20]
export const LEAST_IDLE_MS = IDLES_MS[0]
/** A round trip is a gap that comes with every packet of a transfer in lock-step, and jitters. */
const IDLE_MEDIANS = 1.2

/** The shortest first. Those that come with every packet tell nothing, and are left out. */
export function idlesMs(medianMs: number): readonly number[] {
  return IDLES_MS.filter((ms) => ms > IDLE_MEDIANS * medianMs)
}
