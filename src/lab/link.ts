/**
 * One direction of a network: a wire with a delay, a rate and a bounded queue, and faults on either end of it.
 *
 * A datagram passes the faults that sit where it is sent, waits for the wire, travels, and passes the faults that sit
 * where it arrives.
 */
import type { Frame } from './frame.ts'
import { wireBytes } from './frame.ts'
import type { Rng } from './rng.ts'
import type { Arriving, LabNode, Outlet, Schedule } from './node.ts'

/**
 * Something that goes wrong on a link, made by a factory with a literal `type`. It sees the datagrams of one direction in
 * order and passes on nothing (drop), the same (deliver), the same later (delay), twice (duplicate), or
 * another (replace).
 */
export interface Fault {
  readonly type: string
  /** Where it sits: in the sender's hardware and on the way, or in the receiver's hardware. */
  readonly side: 'sending' | 'arriving'
  /** A datagram passes. The frame is valid during the call only; keep it with `HeldFrame`. */
  apply(now: number, frame: Frame, out: FaultOutput): void
  /** When `wake` wants to be called; leave it out, or Infinity, for never. */
  readonly deadline?: number
  /** The deadline came due: let go what was held for too long. */
  wake?(now: number, out: FaultOutput): void
}

export interface FaultOutput {
  /** Hands a datagram on, `delayMs` later than it would have been. */
  pass(frame: Frame, delayMs: number): void
}

export interface LinkOptions {
  /** Time on the wire in milliseconds. Default 0. */
  readonly delayMs?: number
  /** Each datagram takes up to this much longer, uniformly; the order is kept (`reorder` is a fault). Needs `rng`. */
  readonly jitterMs?: number
  /** Speed of the wire in bytes per second, framing included; default unlimited. 100 Mbit/s is 12.5e6. */
  readonly rateBytesPerSec?: number
  /** What the queue before the wire holds; datagrams beyond it are lost. Only matters with a rate. */
  readonly queueBytes?: number
  readonly faults?: readonly Fault[]
  readonly rng?: Rng
  /** Sees everything; for traces and tests. */
  readonly tap?: LinkTap
}

/** `sent`: handed to the link by the node. `arrived`: handed to the other node. */
export interface LinkTap {
  sent(now: number, frame: Frame): void
  arrived(now: number, frame: Frame): void
}

/** A switch's port or a card's transmit ring hold about this much. */
const DEFAULT_QUEUE_BYTES = 256 * 1024

export class Link implements Outlet, Arriving {
  /** Datagrams that the node handed in, and those that reached the other node. */
  sent = 0
  arrivedCount = 0
  /** Lost because the queue was full. */
  overflowed = 0
  /** True when no fault sits at the arriving end. */
  readonly clearArrival: boolean

  readonly #delayMs: number
  readonly #jitterMs: number
  readonly #msPerByte: number
  readonly #queueBytes: number
  readonly #rng: Rng | undefined
  readonly #tap: LinkTap | undefined
  readonly #sending: FaultOutput
  readonly #arriving: FaultOutput
  readonly #timedFaults: { fault: Fault; out: Stage }[] = []
  #wireFreeAt = 0
  #lastArrivalAt = 0
  #now = 0
  readonly #schedule: Schedule
  readonly #to: LabNode
  readonly #view: View = { buffer: new Uint8Array(0), offset: 0, length: 0, from: 0, to: 0 }

  constructor(schedule: Schedule, to: LabNode, options: LinkOptions) {
    this.#schedule = schedule
    this.#to = to
    this.#delayMs = options.delayMs ?? 0
    this.#jitterMs = options.jitterMs ?? 0
    this.#msPerByte = options.rateBytesPerSec === undefined ? 0 : 1000 / options.rateBytesPerSec
    this.#queueBytes = options.queueBytes ?? DEFAULT_QUEUE_BYTES
    this.#rng = options.rng
    this.#tap = options.tap
    if (this.#jitterMs > 0 && this.#rng === undefined) throw new TypeError('jitterMs needs an rng')
    const faults = options.faults ?? []
    const atArrival = faults.filter((fault) => fault.side === 'arriving')
    this.clearArrival = atArrival.length === 0
    this.#sending = this.#chain(
      faults.filter((fault) => fault.side === 'sending'),
      { pass: (frame, delayMs) => this.#travel(frame, delayMs) },
    )
    this.#arriving = this.#chain(atArrival, { pass: (frame, delayMs) => this.#afterArrival(frame, delayMs) })
  }

  send(now: number, buffer: Uint8Array, offset: number, length: number, from: number, to: number): void {
    this.sent++
    this.#now = now
    const view = this.#view
    view.buffer = buffer
    view.offset = offset
    view.length = length
    view.from = from
    view.to = to
    this.#tap?.sent(now, view)
    this.#sending.pass(view, 0)
  }

  /** For the world: a datagram came to the far end, where faults may wait. Returns how many reached the node at once. */
  arrived(now: number, frame: Frame): number {
    this.#now = now
    const before = this.arrivedCount
    this.#arriving.pass(frame, 0)
    return this.arrivedCount - before
  }

  /** For the world: nothing stands between this datagram and the node any more. */
  handOver(now: number, frame: Frame): void {
    this.arrivedCount++
    this.#tap?.arrived(now, frame)
    this.#to.handleDatagram(now, frame.buffer, frame.offset, frame.length, frame.from, frame.to)
  }

  get deadline(): number {
    let at = Infinity
    for (let i = 0; i < this.#timedFaults.length; i++) at = Math.min(at, this.#timedFaults[i]!.fault.deadline!)
    return at
  }

  handleTimer(now: number): void {
    this.#now = now
    for (const { fault, out } of this.#timedFaults) {
      if (fault.deadline! > now) continue
      out.delayMs = 0
      fault.wake!(now, out)
    }
  }

  /** Joins faults to one output, in the order given, that ends in `last`. */
  #chain(faults: readonly Fault[], last: FaultOutput): FaultOutput {
    let head = new Stage(this, undefined, undefined, last)
    for (let i = faults.length - 1; i >= 0; i--) {
      const fault = faults[i]!
      if (fault.wake !== undefined) this.#timedFaults.push({ fault, out: head })
      head = new Stage(this, fault, head, last)
    }
    return head
  }

  /** The time of the datagram that is passing, for the stages. */
  get time(): number {
    return this.#now
  }

  #travel(frame: Frame, delayMs: number): void {
    let leavesAt = this.#now
    if (this.#msPerByte > 0) {
      const bytes = wireBytes(frame.length)
      const waitMs = Math.max(0, this.#wireFreeAt - leavesAt)
      if (waitMs / this.#msPerByte + bytes > this.#queueBytes) {
        this.overflowed++
        return
      }
      leavesAt += waitMs + bytes * this.#msPerByte
      this.#wireFreeAt = leavesAt
    }
    let at = leavesAt + this.#delayMs
    if (this.#jitterMs > 0) at += this.#rng!.float() * this.#jitterMs
    if (at < this.#lastArrivalAt) at = this.#lastArrivalAt
    this.#lastArrivalAt = at
    this.#schedule.arrive(at + delayMs, frame, this, false)
  }

  #afterArrival(frame: Frame, delayMs: number): void {
    if (delayMs > 0) this.#schedule.arrive(this.#now + delayMs, frame, this, true)
    else this.handOver(this.#now, frame)
  }
}

type View = { -readonly [K in keyof Frame]: Frame[K] }

/** One place in a chain: what is passed to it goes through its fault to the next place, delays add up. */
class Stage implements FaultOutput {
  readonly #link: Link
  readonly #fault: Fault | undefined
  readonly #next: Stage | undefined
  readonly #last: FaultOutput
  /** What the faults before this place have added to the datagram that is passing. */
  delayMs = 0

  constructor(link: Link, fault: Fault | undefined, next: Stage | undefined, last: FaultOutput) {
    this.#link = link
    this.#fault = fault
    this.#next = next
    this.#last = last
  }

  pass(frame: Frame, delayMs: number): void {
    if (this.#fault === undefined || this.#next === undefined) this.#last.pass(frame, delayMs + this.delayMs)
    else {
      this.#next.delayMs = this.delayMs + delayMs
      this.#fault.apply(this.#link.time, frame, this.#next)
    }
  }
}
