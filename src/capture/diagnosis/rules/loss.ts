/** What the two rules of loss share: how the doubtful incidents are divided between the two directions. */
import type { View } from '../view/view.ts'

export interface LossShares {
  readonly ack: number
  readonly data: number
  /** Incidents of any kind, lost packets and others. */
  readonly total: number
}

/** Where both directions explain an incident. */
const HALF = 0.5
/** Of two directions, one that has only this share of the sure incidents is a chance. */
export const BOTH_SHARE = 0.15

export function lossShares({ tally }: View): LossShares {
  const { of, answered, silent, ignoresRepeats, total } = tally
  const ack = of.ack.length
  const data = of.data.length
  if (ignoresRepeats) return { ack: ack + silent.length, data: data + answered.length, total }
  // What is sure of the others speaks for the doubtful ones.
  const sure = ack + data
  const ackShare = sure === 0 ? HALF : (ack + HALF) / (sure + 1)
  const doubtful = answered.length + silent.length
  return { ack: ack + ackShare * doubtful, data: data + (1 - ackShare) * doubtful, total }
}

export const TELL_LOSSES_APART =
  'Serve it again with `--window 2`, or compare `ethtool -S` of the server before and after: lost DATA shows as drops or CRC errors on the way to the device, lost ACKs as CRC errors at the server.'
