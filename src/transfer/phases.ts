/**
 * The life of a transfer as data: the machines move along these rows and no others, and the diagrams of ARCHITECTURE.md
 * are drawn from them (`npm run diagrams`).
 */

export interface Transition<Phase extends string, Cause extends string> {
  readonly from: Phase
  readonly on: Cause
  readonly to: Phase
  /** For the diagram. */
  readonly note: string
}

/**
 * `offer`: OACK sent, ACK 0 awaited. `first`: DATA 1 alone (rule A5). `flow`: the blocks between. `final`: everything else
 * is confirmed, the final block is out (rule A4). `linger`: acknowledged, yet something was repeated (rule A13).
 */
export type SenderPhase = 'offer' | 'first' | 'flow' | 'final' | 'linger' | 'completed' | 'probed' | 'failed'
export type SenderCause =
  | 'accepted'
  | 'proved'
  | 'onlyFinalLeft'
  | 'confirmed'
  | 'doubt'
  | 'quiet'
  | 'sizeOnly'
  | 'silence'
  | 'fault'

export const SENDER_TRANSITIONS: readonly Transition<SenderPhase, SenderCause>[] = [
  { from: 'offer', on: 'accepted', to: 'first', note: 'ACK 0' },
  { from: 'offer', on: 'sizeOnly', to: 'probed', note: 'ERROR 8, a size probe' },
  { from: 'offer', on: 'fault', to: 'failed', note: 'ERROR, no answer, abort' },
  { from: 'first', on: 'proved', to: 'flow', note: 'ACK 1' },
  { from: 'first', on: 'onlyFinalLeft', to: 'final', note: 'ACK of the last block but one' },
  { from: 'first', on: 'confirmed', to: 'completed', note: 'a file of one block' },
  { from: 'first', on: 'doubt', to: 'linger', note: 'a file of one block, repeated' },
  { from: 'first', on: 'fault', to: 'failed', note: 'ERROR, no answer, abort' },
  { from: 'flow', on: 'onlyFinalLeft', to: 'final', note: 'all but the final block confirmed' },
  { from: 'flow', on: 'confirmed', to: 'completed', note: 'cumulative ACK of the final block' },
  { from: 'flow', on: 'doubt', to: 'linger', note: 'the same, something was repeated' },
  { from: 'flow', on: 'fault', to: 'failed', note: 'ERROR, silence, changed file, abort' },
  { from: 'final', on: 'confirmed', to: 'completed', note: 'final ACK, nothing was repeated' },
  { from: 'final', on: 'doubt', to: 'linger', note: 'final ACK, something was repeated' },
  { from: 'final', on: 'silence', to: 'completed', note: 'final ACK missing, verify on the device' },
  { from: 'final', on: 'fault', to: 'failed', note: 'ERROR, changed file, abort' },
  { from: 'linger', on: 'quiet', to: 'completed', note: '250 ms without contradiction' },
  { from: 'linger', on: 'fault', to: 'failed', note: 'the client counts repeats' },
]

/** `offer`: OACK or ACK 0 sent. `receiving`: blocks arrive. `storing`: all are here, the flush runs. `dally`: acknowledged, repeats answered. */
export type ReceiverPhase = 'offer' | 'receiving' | 'storing' | 'dally' | 'closed' | 'failed'
export type ReceiverCause = 'data' | 'lastBlock' | 'stored' | 'quiet' | 'fault'

export const RECEIVER_TRANSITIONS: readonly Transition<ReceiverPhase, ReceiverCause>[] = [
  { from: 'offer', on: 'data', to: 'receiving', note: 'DATA 1' },
  { from: 'offer', on: 'lastBlock', to: 'storing', note: 'DATA 1, shorter than a block' },
  { from: 'offer', on: 'fault', to: 'failed', note: 'ERROR, no answer, abort' },
  { from: 'receiving', on: 'lastBlock', to: 'storing', note: 'a block shorter than blksize' },
  { from: 'receiving', on: 'fault', to: 'failed', note: 'ERROR, silence, disk full, abort' },
  { from: 'storing', on: 'stored', to: 'dally', note: 'on disk, the final ACK leaves' },
  { from: 'storing', on: 'fault', to: 'failed', note: 'could not be stored' },
  { from: 'dally', on: 'quiet', to: 'closed', note: 'no more repeats' },
]

/** Where `on` leads from `from`; throws on a row that the table does not have, which is a bug in a machine, never a peer's doing. */
export function step<Phase extends string, Cause extends string>(
  table: readonly Transition<Phase, Cause>[],
  from: Phase,
  on: Cause,
): Phase {
  for (const row of table) if (row.from === from && row.on === on) return row.to
  throw new Error(`no transition from ${from} on ${on}`)
}
