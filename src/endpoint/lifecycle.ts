/**
 * What happens to a transfer from its admission to its close: its machine's inputs and outputs, its events in order,
 * its end. One transfer's defect never reaches another.
 *
 * **Invariant:** one input runs at a time. When it is over its outputs are carried out until none is left, those of inputs that the
 * owner made meanwhile included; then `deadline` is called, once.
 *
 * **Invariant:** every admitted transfer gets exactly one final event (`refused`, `completed`, `probed`, `failed`,
 * `superseded`) and after it exactly one `close`.
 */
import type { ForesendError } from '../error.ts'
import { encodeErrorFor } from '../packet/index.ts'
import { COUNTER, type NoticeKind, type Outcome } from '../transfer/contract.ts'
import { lastNumberedSeq } from '../transfer/negotiate.ts'
import { Traces } from '../transfer/trace.ts'
import type { Admission } from './admission.ts'
import type { EventKind } from './contract.ts'
import { OUTPUT, type Output, Outputs } from './outputs.ts'
import type { EndpointSink } from './owner.ts'
import { internalError, tooManyBlocksError } from './reasons.ts'
import type { Transfer, TransferMachine } from './transfer.ts'
import { TimerWheel } from './wheel.ts'

/** `progress` comes at most this often for each transfer, in milliseconds. */
const PROGRESS_MS = 1000

export class Lifecycle<Io, Content> {
  /** The time of the running input, in milliseconds. */
  now = 0
  readonly wheel = new TimerWheel()
  readonly outputs = new Outputs<Transfer>()
  readonly traces = new Traces()
  readonly #admission: Admission<Transfer<Io, Content>>
  readonly #sink: EndpointSink<Io, Content>
  /** A machine runs. The owner is not called meanwhile. */
  #isAtWork = false
  /** The owner is being called: inputs that it makes are carried out with the present one. */
  #isDraining = false
  /** Several inputs are made in a row, and `deadline` follows the last. */
  #isSeries = false

  constructor(admission: Admission<Transfer<Io, Content>>, sink: EndpointSink<Io, Content>) {
    this.#admission = admission
    this.#sink = sink
  }

  /** An input for one machine: the machine, or undefined when there is none any more. `end` must follow. */
  begin(now: number, transfer: Transfer<Io, Content>): TransferMachine | undefined {
    if (this.#isAtWork) throw new Error('an input was made inside another: machines only write outputs')
    this.now = now
    const machine = transfer.closed ? undefined : transfer.machine
    this.#isAtWork = machine !== undefined
    return machine
  }

  end(transfer: Transfer<Io, Content>): void {
    this.#isAtWork = false
    this.finish(transfer)
  }

  /** A whole input to the machine, for those rare enough for a closure. */
  run(now: number, transfer: Transfer<Io, Content>, input: (machine: TransferMachine) => void): void {
    const machine = this.begin(now, transfer)
    try {
      if (machine !== undefined) input(machine)
    } catch (thrown) {
      this.broke(transfer, thrown)
    }
    this.end(transfer)
  }

  /** Opens a series of inputs that is one input for the owner. `endSeries` must follow, whatever is thrown. */
  beginSeries(now: number): boolean {
    this.now = now
    if (this.#isSeries) return false
    this.#isSeries = true
    return true
  }

  /** `began` is what `beginSeries` returned. */
  endSeries(began: boolean): void {
    if (began) this.#isSeries = false
    this.finish()
  }

  /** An input is over, the one of `transfer` if there is one: carries out what machines want, and says when the next timer is due. */
  finish(transfer?: Transfer<Io, Content>): void {
    if (this.#isDraining) {
      if (transfer !== undefined) this.outputs.settle(transfer as Transfer)
      return
    }
    this.#isDraining = true
    try {
      this.#drain()
      if (transfer !== undefined && this.#settled(transfer)) this.#drain()
    } finally {
      this.#isDraining = false
      if (!this.#isSeries) this.#sink.deadline(this.wheel.next())
    }
  }

  /** Our side ends it. `kind` is for a transfer without a machine; a machine's always ends as `failed`. */
  giveUp(now: number, transfer: Transfer<Io, Content>, kind: 'refused' | 'failed', error: ForesendError): void {
    const began = this.beginSeries(now)
    try {
      if (transfer.closed) return
      const decided = this.outputs.dropFor(transfer as Transfer)
      if (transfer.outcome !== undefined) this.release(transfer)
      else if (transfer.machine === undefined) this.fail(transfer, kind, error)
      else if (decided) this.fail(transfer, 'failed', error)
      else this.run(now, transfer, (machine) => machine.abort(now, error))
    } finally {
      this.endSeries(began)
    }
  }

  /** The owner has made a finished upload durable, or `error` says why not. */
  stored(now: number, transfer: Transfer<Io, Content>, error: ForesendError | undefined): void {
    const began = this.beginSeries(now)
    try {
      // A failure may show before everything has arrived.
      if (transfer.closed || (error === undefined && !transfer.flushing)) return
      transfer.flushing = false
      const decided = error !== undefined && this.outputs.dropFor(transfer as Transfer)
      if (decided) this.fail(transfer, 'failed', error)
      else this.run(now, transfer, (machine) => machine.handleStored?.(now, error))
    } finally {
      this.endSeries(began)
    }
  }

  /** Ends a transfer that has no machine to do it, or whose machine broke: one ERROR, the event, `close`. */
  fail(transfer: Transfer<Io, Content>, kind: 'refused' | 'failed', error: ForesendError): void {
    try {
      if (transfer.outcome === undefined) this.#sendError(transfer, error)
    } finally {
      this.drop(transfer, kind, error)
    }
  }

  /** Ends a transfer without a word to the peer. One that is already decided is only let go. */
  drop(transfer: Transfer<Io, Content>, kind: EventKind, error: ForesendError): void {
    try {
      if (transfer.outcome === undefined) this.decide(transfer, kind, { status: 'failed', error })
    } finally {
      this.release(transfer)
    }
  }

  /** Something was thrown, by the machine or by the owner that carries out what it wants: its state is worth nothing any more. */
  broke(transfer: Transfer<Io, Content>, thrown: unknown): void {
    this.#isAtWork = false
    this.outputs.dropFor(transfer as Transfer)
    if (transfer.closed) return
    const began = this.beginSeries(this.now)
    try {
      this.fail(transfer, 'failed', internalError(transfer, thrown))
    } finally {
      // The input that broke goes on to its own end, where `deadline` is called.
      if (began) this.#isSeries = false
    }
  }

  decide(transfer: Transfer<Io, Content>, kind: EventKind, outcome: Outcome): void {
    transfer.outcome = outcome
    transfer.endedAt = this.now
    this.#sink.event(kind, transfer, outcome)
  }

  release(transfer: Transfer<Io, Content>): void {
    if (transfer.closed) return
    transfer.closed = true
    this.wheel.clear(transfer.slot)
    this.traces.end(transfer.slot)
    this.#admission.remove(transfer)
    this.#sink.close(transfer)
  }

  /** The network and the clock make no input within another: what a machine stores lies in the driver's buffer until it is carried out. */
  checkOutermost(): void {
    if (this.#isDraining || this.#isSeries)
      throw new Error('a datagram, request or timer was handed in within another input')
  }

  #drain(): void {
    for (let output = this.outputs.take(); output !== undefined; output = this.outputs.take()) {
      const transfer = output.transfer as Transfer<Io, Content>
      // What comes from a transfer that was let go goes nowhere.
      if (!transfer.closed) {
        try {
          this.#carryOut(transfer, output)
        } catch (thrown) {
          this.broke(transfer, thrown)
        }
      }
      this.outputs.done(output)
    }
  }

  #carryOut(transfer: Transfer<Io, Content>, output: Output<Transfer>): void {
    const { a, b, buffer } = output
    switch (output.kind) {
      case OUTPUT.blocks:
        this.traces.sentBlocks(transfer.slot, this.now - transfer.requestedAt, a, b)
        return this.#sink.sendBlocks(transfer, a, b)
      case OUTPUT.control:
        this.traces.sentControl(transfer.slot, this.now - transfer.requestedAt, buffer as Uint8Array, b)
        return this.#sink.sendControl(transfer, buffer as Uint8Array, b)
      case OUTPUT.store:
        if (transfer.agreed !== undefined && a > lastNumberedSeq(transfer.agreed)) {
          throw tooManyBlocksError(transfer as Transfer, transfer.agreed.blksize)
        }
        return this.#sink.store(transfer, a, buffer as Uint8Array, b, output.c)
      case OUTPUT.finish:
        transfer.flushing = true
        transfer.sizeBytes = a
        return this.#sink.finish(transfer, a)
      case OUTPUT.ended:
        return this.#ended(transfer, output.outcome as Outcome)
      case OUTPUT.notice:
        return this.#noticed(transfer, output.notice as NoticeKind)
      case OUTPUT.settle:
        // An input that the owner made meanwhile has moved the machine on. What follows from that comes after what it wants.
        if (!this.outputs.hasMore(transfer as Transfer)) this.#settle(transfer)
    }
  }

  /** Settles the input of `transfer` that is over. True when the owner may have made inputs over that. */
  #settled(transfer: Transfer<Io, Content>): boolean {
    if (transfer.closed) return false
    try {
      return this.#settle(transfer)
    } catch (thrown) {
      this.broke(transfer, thrown)
      return true
    }
  }

  /** The machine has decided. It may stay to answer repeats. */
  #ended(transfer: Transfer<Io, Content>, outcome: Outcome): void {
    if (transfer.outcome !== undefined) return
    if (outcome.status === 'completed') this.#tellStarted(transfer)
    this.decide(transfer, outcome.status, outcome)
  }

  #noticed(transfer: Transfer<Io, Content>, kind: NoticeKind): void {
    if (transfer.outcome !== undefined) return
    if (kind === 'stalled') this.traces.extend(transfer.slot)
    if (kind === 'started') this.#tellStarted(transfer)
    else if (kind !== 'refused-ahead') this.#sink.event(kind, transfer)
  }

  /** After a machine's input: what follows from its new state. True when the owner was called. */
  #settle(transfer: Transfer<Io, Content>): boolean {
    const { machine } = transfer
    if (machine === undefined) return false
    if (!transfer.answered && !machine.halfOpen) this.#admission.answered(transfer)
    if (machine.closed) {
      this.release(transfer)
      return true
    }
    return transfer.answered && transfer.outcome === undefined && this.#tellProgress(transfer, machine)
  }

  /** True unless that was told before. */
  #tellStarted(transfer: Transfer<Io, Content>): boolean {
    if (transfer.startedTold) return false
    transfer.startedTold = true
    transfer.progressToldAt = this.now
    this.#sink.event('started', transfer)
    return true
  }

  /** True when there was something to tell. */
  #tellProgress(transfer: Transfer<Io, Content>, machine: TransferMachine): boolean {
    const isNew = this.#tellStarted(transfer)
    if (this.now - transfer.progressToldAt < PROGRESS_MS) return isNew
    const bytes = machine.counters[COUNTER.bytes]
    if (bytes === transfer.progressToldBytes) return isNew
    transfer.progressToldAt = this.now
    transfer.progressToldBytes = bytes
    this.#sink.event('progress', transfer)
    return true
  }

  /** From its TID when it has one, else from the port that was asked. */
  #sendError(transfer: Transfer<Io, Content>, error: ForesendError): void {
    const packet = encodeErrorFor(error)
    this.traces.sentControl(transfer.slot, this.now - transfer.requestedAt, packet, packet.length)
    if (transfer.io === undefined) this.#sink.reply(transfer.peer, packet, packet.length)
    else this.#sink.sendControl(transfer, packet, packet.length)
  }
}
