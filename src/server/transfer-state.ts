/** Where a running transfer stands, from what happened to it. */
import type { EventKind } from '../endpoint/contract.ts'

/** `requested`: the client has not answered yet. `stalled`: no progress for 20 times its usual time. */
export const TRANSFER_STATES = ['requested', 'running', 'stalled'] as const
export type TransferState = (typeof TRANSFER_STATES)[number]

/** A stall ends with `recovered` alone: other events may come in the middle of it. */
export function stateAfter(state: TransferState, kind: EventKind): TransferState {
  if (kind === 'stalled') return 'stalled'
  if (kind === 'recovered') return 'running'
  return kind === 'requested' || state === 'stalled' ? state : 'running'
}
