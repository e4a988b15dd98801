/** What the two rules of held frames share. */
import type { Incident } from '../view/incident.ts'
import type { View } from '../view/view.ts'

export const HOLDS_APART =
  'A frame that waits on the other side of the device looks the same where it acknowledges repeats. Wait for the timer of the device: two identical ACKs then mean its transmit side, an ACK of the block before its receiving side.'

export interface HeldShares {
  /** Incidents for which an ACK that waits is the explanation, and those for a DATA that waits. */
  readonly ack: number
  readonly data: number
  readonly doubtful: readonly Incident[]
}

/** The doubtful ones follow the sure ones. */
export function heldShares({ tally }: View): HeldShares {
  const doubtful = tally.of.held
  const ack = tally.of['held-ack'].length
  const data = tally.of['held-data'].length
  const ackShare = ack + data === 0 ? unknownShare(tally, doubtful.length) : ack / (ack + data)
  return { ack: ack + ackShare * doubtful.length, data: data + (1 - ackShare) * doubtful.length, doubtful }
}

/**
 * A frame that pushes another one through may wait in turn. Then the repeat has no answer of its own, or answers one block late; an ACK that waits
 * leaves no such trace.
 */
function unknownShare({ of }: View['tally'], held: number): number {
  const traces = of.either.length + of.stale.length
  return traces > 0 ? HALF - LEAN : held >= SEVERAL ? HALF + SLIGHTLY : HALF
}

const HALF = 0.5
const LEAN = 0.2
const SEVERAL = 12
const SLIGHTLY = 0.02
