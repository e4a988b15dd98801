/** What the owner of an endpoint gives it: settings, and a sink for everything that the endpoint wants done. */
import type { Allowance } from '../transfer/allowance.ts'
import type { WindowPolicy } from '../transfer/contract.ts'
import type { Agreed, Limits } from '../transfer/negotiate.ts'
import type { ReceiverConfig } from '../transfer/receiver.ts'
import type { KnownDevice } from '../transfer/contract.ts'
import type { SenderConfig } from '../transfer/sender.ts'
import type { EventKind, Outcome, Peer } from './contract.ts'
import type { Transfer, TransferMachine } from './transfer.ts'

/**
 * Called when no machine is at work, and free to call the endpoint back: `open` may accept at once, `finish` may report at once. What
 * such a call brings about is carried out before the present input ends. Datagrams, requests and timers wait until then: they throw
 * within a call. `deadline` is the last call of every input. What
 * `sendBlocks` and `store` throw fails that transfer alone, and what it still wanted is not done: a ForesendError with its own wire code,
 * anything else as ERR_TFTP_INTERNAL.
 */
export interface EndpointSink<Io = unknown, Content = unknown> {
  /** Find the content and a TID, then call `acceptRead`, `acceptWrite` or `refuse`, now or later. */
  open(transfer: Transfer<Io, Content>): void
  /** Send DATA `first` .. `first + count - 1`; see SenderSink. */
  sendBlocks(transfer: Transfer<Io, Content>, first: number, count: number): void
  /** Send this OACK, ACK or ERROR from the transfer's TID. `buffer` may be reused as soon as the call returns. */
  sendControl(transfer: Transfer<Io, Content>, buffer: Uint8Array, length: number): void
  /** Send this ERROR from the listening socket that `peer` asked: it has no TID. */
  reply(peer: Peer, buffer: Uint8Array, length: number): void
  /** Append this payload; see ReceiverSink. */
  store(transfer: Transfer<Io, Content>, seq: number, buffer: Uint8Array, offset: number, length: number): void
  /** Every byte is here: flush, rename, then call `handleStored`, always. A failure before that is an `abort`. */
  finish(transfer: Transfer<Io, Content>, sizeBytes: number): void
  /**
   * Of each transfer: first `requested`, last exactly one of `refused`, `completed`, `probed`, `failed`, `superseded`
   * (those come with an outcome). A request that was turned away at the door gives a lone `refused`.
   */
  event(kind: EventKind, transfer: Transfer<Io, Content>, outcome?: Outcome): void
  /** Let go of the TID and the content, and drop an upload that was not finished. Once, after the last event. */
  close(transfer: Transfer<Io, Content>): void
  /** When `handleTimer` wants to be called next; Infinity for never. Replaces the one before. May be early, never late. */
  deadline(at: number): void
}

/** How a transfer is sent. */
export interface Prepared {
  readonly policy: WindowPolicy
  /** What is known of the device before its first block leaves. */
  readonly device?: KnownDevice
  /** What limits the bytes that leave in a time; without one nothing does. */
  readonly allowance?: Allowance
}

export interface EndpointConfig<Io = unknown, Content = unknown> {
  readonly limits: Limits
  /** The limits of one transfer whose content is open, where they differ; by default `limits`. */
  limitsOf?(transfer: Transfer<Io, Content>): Limits
  /** How one read is sent; a new policy each time. */
  prepare(transfer: Transfer<Io, Content>, agreed: Agreed): Prepared
  /** False refuses every WRQ. Looked at with each request. */
  readonly writable: boolean
  /** Default DEFAULT_MAX_TRANSFERS. */
  readonly maxTransfers?: number | undefined
  /** Default DEFAULT_MAX_TRANSFERS_PER_ADDRESS. */
  readonly maxTransfersPerAddress?: number | undefined
  /** Transfers whose peer has not answered yet. Default DEFAULT_MAX_HALF_OPEN. */
  readonly maxHalfOpen?: number | undefined
  /** How long `open` may take before the transfer fails. Default DEFAULT_OPEN_TIMEOUT_MS. */
  readonly openTimeoutMs?: number | undefined
  /** Ids of transfers: this one, and each `idStep` further. 1 and 1 by default; several endpoints share the numbers. */
  readonly firstId?: number | undefined
  readonly idStep?: number | undefined
  /** For tests and the lab; by default the real machines. */
  createSender?(config: SenderConfig, policy: WindowPolicy, transfer: Transfer<Io, Content>): TransferMachine
  createReceiver?(config: ReceiverConfig, transfer: Transfer<Io, Content>): TransferMachine
}

/** No client asks for longer, and content that takes longer serves the next one who asks. */
export const DEFAULT_OPEN_TIMEOUT_MS = 60_000
