/**
 * One transfer as the endpoint and its owner see it: who asks for what, how far it is, and what the owner hangs on it.
 * It is its machine's sink: what the machine wants goes to the endpoint's outputs, without a closure or an object for a packet.
 */
import type { ForesendError } from '../error.ts'
import type { Request } from '../packet/index.ts'
import { OPCODE } from '../packet/index.ts'
import type { Machine, NoticeKind, Outcome, ReceiverSink, SenderSink } from '../transfer/contract.ts'
import type { Agreed } from '../transfer/negotiate.ts'
import type { Peer } from './contract.ts'
import { labelOf } from './labels.ts'
import type { Outputs } from './outputs.ts'
import type { TimerWheel } from './wheel.ts'

/** A sender or a receiver. Only a receiver has inputs for bytes that were stored and for the request that began it, come again. */
export type TransferMachine = Machine & {
  handleStored?(now: number, error?: ForesendError): void
  handleRepeatedRequest?(now: number): void
}

/**
 * `Io` and `Content` are the owner's: its TID and its open image or upload. Times are the endpoint's `now`, in
 * milliseconds.
 */
export class Transfer<Io = unknown, Content = unknown> implements SenderSink, ReceiverSink {
  // What every packet needs stands first, so that it lies together in memory.

  machine: TransferMachine | undefined
  io: Io | undefined
  content: Content | undefined
  /** `sink.close` was called: nothing that the owner does for it has any effect. */
  closed = false
  /** Set once, when the transfer is decided. */
  outcome: Outcome | undefined
  /** The peer has answered our first packet and no longer counts as half-open. */
  answered = false
  /** Where its deadline and its links live; -1 before it is admitted and after it is closed. The endpoint's own. */
  slot = -1
  readonly #outputs: Outputs<Transfer>
  readonly #wheel: TimerWheel
  /** Last packet from the peer's TID; the request before any. */
  heardAt: number
  /** Timeouts of the machine at `heardAt`. The endpoint's own. */
  timeoutsAtHeard = 0
  /** It came in a flood: only a number tells of it until its peer answers. */
  quiet = false
  /** When the request that began it came again last, and was ignored. The endpoint's own. */
  askedAgainAt = -Infinity
  /** The endpoint's own. */
  startedTold = false
  progressToldAt: number
  progressToldBytes = 0
  /** All bytes are here and are being made durable. */
  flushing = false

  /** Unique within its endpoint, from 1. */
  readonly id: number
  readonly peer: Peer
  readonly request: Request
  /** `read`: the peer loads a file (RRQ). `write`: it stores one (WRQ). */
  readonly direction: 'read' | 'write'
  readonly requestedAt: number
  /** The negotiated values; undefined until `acceptRead` or `acceptWrite`. */
  agreed: Agreed | undefined
  /** Size of the whole file: the image's, the client's announcement, or in the end what arrived. */
  sizeBytes: number | undefined
  endedAt: number | undefined

  constructor(outputs: Outputs<Transfer>, wheel: TimerWheel, id: number, peer: Peer, request: Request, now: number) {
    this.#outputs = outputs
    this.#wheel = wheel
    this.id = id
    this.peer = peer
    this.request = request
    this.direction = request.opcode === OPCODE.rrq ? 'read' : 'write'
    this.requestedAt = now
    this.heardAt = now
    this.progressToldAt = now
  }

  /** `FILE to ADDRESS:PORT` or `FILE from …`, escaped: how messages name the transfer. Made when a message needs it: most end without one. */
  get label(): string {
    return labelOf(this.peer, this.request)
  }

  toString(): string {
    return this.label
  }

  /** It came in a flood, and nothing has reached its TID since: it is counted, and no event tells of it. */
  get isUnheard(): boolean {
    return this.quiet && this.heardAt === this.requestedAt
  }

  sendBlocks(first: number, count: number): void {
    this.#outputs.blocks(this as Transfer, first, count)
  }

  sendControl(buffer: Uint8Array, length: number): void {
    this.#outputs.control(this as Transfer, buffer, length)
  }

  store(seq: number, buffer: Uint8Array, offset: number, length: number): void {
    this.#outputs.store(this as Transfer, seq, buffer, offset, length)
  }

  finish(sizeBytes: number): void {
    this.#outputs.finish(this as Transfer, sizeBytes)
  }

  deadline(at: number): void {
    if (!this.closed) this.#wheel.set(this.slot, at)
  }

  ended(outcome: Outcome): void {
    this.#outputs.ended(this as Transfer, outcome)
  }

  notice(kind: NoticeKind, _seq: number): void {
    this.#outputs.noticed(this as Transfer, kind)
  }
}
