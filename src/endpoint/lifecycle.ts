/**
 * What happens to a transfer from its admission to its close: its machine's inputs and outputs, its events in order,
 * its end. One transfer's defect never reaches another.
 *
 * **Invariant:** every admitted transfer gets exactly one final event (`refused`, `completed`, `probed`, `failed`,
 * `superseded`) and after it exactly one `close`.
 */
import type { ForesendError } from '../error.ts'
import { encodeErrorFor } from '../packet/index.ts'
import { COUNTER, type NoticeKind, type Outcome } from '../transfer/contract.ts'
import type { Admission } from './admission.ts'
import type { EventKind } from './contract.ts'
import type { EndpointSink } from './owner.ts'
import { internalError } from './reasons.ts'
import type { Transfer, TransferHost, TransferMachine } from './transfer.ts'
import { TimerWheel } from './wheel.ts'

/** `progress` comes at most this often for each transfer, in milliseconds. */
const PROGRESS_MS = 1000

export class Lifecycle<Io, Content> {
  /** The time of the running input, in milliseconds. */
  now = 0
  /** What every transfer of this endpoint is made with. */
  readonly host: TransferHost
  readonly wheel = new TimerWheel()
  readonly #admission: Admission<Transfer<Io, Content>>
  readonly #sink: EndpointSink<Io, Content>
  /** Inputs that the sink makes while another one runs are part of it. */
  #depth = 0

  constructor(admission: Admission<Transfer<Io, Content>>, sink: EndpointSink<Io, Content>) {
    this.#admission = admission
    this.#sink = sink
    this.host = hostFor(this, sink)
  }

  /** Opens an input. `leave` must follow, whatever is thrown. */
  enter(now: number): void {
    this.#depth++
    this.now = now
  }

  leave(): void {
    if (--this.#depth === 0) this.#sink.deadline(this.wheel.next())
  }

  /** An input for one machine: the machine, or undefined when there is none or it is at work. `end` must follow. */
  begin(now: number, transfer: Transfer<Io, Content>): TransferMachine | undefined {
    this.enter(now)
    return transfer.busy++ === 0 && !transfer.closed ? transfer.machine : undefined
  }

  end(transfer: Transfer<Io, Content>): void {
    try {
      if (--transfer.busy === 0 && !transfer.closed && transfer.machine !== undefined) {
        this.#settle(transfer, transfer.machine)
      }
    } finally {
      this.leave()
    }
  }

  /** A whole input to the machine, for those rare enough for a closure. */
  run(now: number, transfer: Transfer<Io, Content>, input: (machine: TransferMachine) => void): void {
    const machine = this.begin(now, transfer)
    try {
      if (machine !== undefined) input(machine)
    } catch (thrown) {
      this.broke(transfer, thrown)
    } finally {
      this.end(transfer)
    }
  }

  /** The owner reports on `finish`. While the machine is at work it waits. */
  stored(now: number, transfer: Transfer<Io, Content>, error: ForesendError | undefined): void {
    this.run(now, transfer, (machine) => {
      // A failure may show before everything has arrived.
      if (error === undefined && !transfer.flushing) return
      transfer.flushing = false
      machine.handleStored?.(now, error)
    })
  }

  /** Our side ends it. `kind` is for a transfer without a machine; a machine's always ends as `failed`. */
  giveUp(now: number, transfer: Transfer<Io, Content>, kind: 'refused' | 'failed', error: ForesendError): void {
    this.enter(now)
    try {
      if (transfer.closed) return
      if (transfer.busy > 0) transfer.waitingAbort ??= error
      else if (transfer.outcome !== undefined) this.release(transfer)
      else if (transfer.machine === undefined) this.fail(transfer, kind, error)
      else this.run(now, transfer, (machine) => machine.abort(now, error))
    } finally {
      this.leave()
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

  /** Something was thrown while the machine was at work, by it or by the sink: its state is worth nothing any more. */
  broke(transfer: Transfer<Io, Content>, thrown: unknown): void {
    if (!transfer.closed) this.fail(transfer, 'failed', internalError(transfer, thrown))
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
    this.#admission.remove(transfer)
    this.#sink.close(transfer)
  }

  /** The machine has decided. It may stay to answer repeats. */
  ended(transfer: Transfer<Io, Content>, outcome: Outcome): void {
    if (transfer.closed || transfer.outcome !== undefined) return
    if (outcome.status === 'completed') this.#tellStarted(transfer)
    this.decide(transfer, outcome.status, outcome)
  }

  notice(transfer: Transfer<Io, Content>, kind: NoticeKind): void {
    if (transfer.closed || transfer.outcome !== undefined) return
    if (kind === 'started') this.#tellStarted(transfer)
    else if (kind !== 'refused-ahead') this.#sink.event(kind, transfer)
  }

  /** After a machine's input: what waited for it, and what follows from its new state. */
  #settle(transfer: Transfer<Io, Content>, machine: TransferMachine): void {
    const { waitingAbort, waitingStored } = transfer
    if (waitingStored !== undefined) {
      transfer.waitingStored = undefined
      this.stored(this.now, transfer, waitingStored.error)
    } else if (waitingAbort !== undefined) {
      transfer.waitingAbort = undefined
      this.giveUp(this.now, transfer, 'failed', waitingAbort)
    } else {
      if (!transfer.answered && !machine.halfOpen) this.#admission.answered(transfer)
      if (machine.closed) this.release(transfer)
      else if (transfer.answered && transfer.outcome === undefined) this.#tellProgress(transfer, machine)
    }
  }

  #tellStarted(transfer: Transfer<Io, Content>): void {
    if (transfer.startedTold) return
    transfer.startedTold = true
    transfer.progressToldAt = this.now
    this.#sink.event('started', transfer)
  }

  #tellProgress(transfer: Transfer<Io, Content>, machine: TransferMachine): void {
    this.#tellStarted(transfer)
    if (this.now - transfer.progressToldAt < PROGRESS_MS) return
    const bytes = machine.counters[COUNTER.bytes]
    if (bytes === transfer.progressToldBytes) return
    transfer.progressToldAt = this.now
    transfer.progressToldBytes = bytes
    this.#sink.event('progress', transfer)
  }

  /** From its TID when it has one, else from the port that was asked. */
  #sendError(transfer: Transfer<Io, Content>, error: ForesendError): void {
    const packet = encodeErrorFor(error)
    if (transfer.io === undefined) this.#sink.reply(transfer.peer, packet, packet.length)
    else this.#sink.sendControl(transfer, packet, packet.length)
  }
}

/**
 * Carries the outputs of machines to the owner. What comes from a machine that was dropped goes nowhere, nor does what
 * follows an abort that waits: a block that could not be stored is not acknowledged.
 */
function hostFor<Io, Content>(lifecycle: Lifecycle<Io, Content>, sink: EndpointSink<Io, Content>): TransferHost {
  const host: TransferHost<Io, Content> = {
    sendBlocks(transfer, first, count) {
      if (speaks(transfer)) sink.sendBlocks(transfer, first, count)
    },
    sendControl(transfer, buffer, length) {
      if (speaks(transfer)) sink.sendControl(transfer, buffer, length)
    },
    store(transfer, seq, buffer, offset, length) {
      if (speaks(transfer)) sink.store(transfer, seq, buffer, offset, length)
    },
    finish(transfer, sizeBytes) {
      if (!speaks(transfer)) return
      transfer.flushing = true
      transfer.sizeBytes = sizeBytes
      sink.finish(transfer, sizeBytes)
    },
    deadline(transfer, at) {
      if (!transfer.closed) lifecycle.wheel.set(transfer.slot, at)
    },
    ended: (transfer, outcome) => lifecycle.ended(transfer, outcome),
    notice: (transfer, kind) => lifecycle.notice(transfer, kind),
  }
  return host as TransferHost
}

function speaks(transfer: Transfer): boolean {
  return !transfer.closed && transfer.waitingAbort === undefined
}
