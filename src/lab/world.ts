/**
 * Virtual time. Nodes send datagrams over links, links put their arrival on one queue, the world takes them out in the
 * order of (time, insertion). At one instant every datagram is delivered before any timer fires: else load would look
 * like loss.
 *
 * Invariant: nothing here depends on anything but its inputs; the same nodes, links and seeds give the same run.
 * Deliberately absent: many nodes. A world holds one device and one server (and whatever stands between), so timers are
 * a scan over a handful of deadlines, which is cheaper than a queue for something that moves with every packet.
 */
import { type Frame, HeldFrame } from './frame.ts'
import { Link, type LinkOptions } from './link.ts'
import type { Arriving, LabNode, Schedule } from './node.ts'

export interface RunLimits {
  /** Stop before the first event later than this, in virtual milliseconds. */
  readonly untilMs: number
  /** Stop after this many delivered datagrams: the bound on storms and on packets that chase each other for ever. */
  readonly maxDatagrams: number
}

/** `idle`: nothing is under way and no timer runs. `stopped`: `stop()` was called. */
export type RunEnd = 'idle' | 'time' | 'datagrams' | 'stopped'

interface Timed {
  readonly deadline: number
  handleTimer(now: number): void
}

export class World implements Schedule {
  /** Virtual milliseconds since the world began. */
  now = 0
  /** Datagrams that reached a node. */
  delivered = 0

  /** Links come before nodes: what a link lets go at an instant arrives before timers of that instant fire. */
  readonly #timed: Timed[] = []
  #linkCount = 0
  #stopping = false

  readonly #slots: Slot[] = []
  #freeSlots: Int32Array = new Int32Array(INITIAL_SLOTS)
  #freeCount = 0
  #heap: Int32Array = new Int32Array(INITIAL_SLOTS)
  #heapSize = 0
  #slotTime: Float64Array = new Float64Array(INITIAL_SLOTS)
  #slotOrder: Float64Array = new Float64Array(INITIAL_SLOTS)
  #order = 0

  add(node: LabNode): void {
    this.#timed.push(node)
  }

  /** Makes one direction. Give it to the sending node with `attach`, or use `join`. */
  link(to: LabNode, options: LinkOptions = {}): Link {
    const link = new Link(this, to, options)
    this.#timed.splice(this.#linkCount++, 0, link)
    return link
  }

  /** Adds both nodes and joins them: `up` leads from device to server, `down` back. */
  join(
    device: LabNode,
    server: LabNode,
    options: { up?: LinkOptions; down?: LinkOptions } = {},
  ): { up: Link; down: Link } {
    this.add(device)
    this.add(server)
    const up = this.link(server, options.up)
    const down = this.link(device, options.down)
    device.attach(up)
    server.attach(down)
    return { up, down }
  }

  /** Runs until nothing is left to happen or a limit is reached; may be called again to go on. */
  run(limits: RunLimits): RunEnd {
    const lastDatagram = this.delivered + limits.maxDatagrams
    this.#stopping = false
    while (!this.#stopping) {
      const datagramAt = this.#heapSize > 0 ? this.#slotTime[this.#heap[0]!]! : Infinity
      const timer = this.#nextTimer()
      const timerAt = timer === undefined ? Infinity : Math.max(this.now, timer.deadline)
      const at = Math.min(datagramAt, timerAt)
      if (at === Infinity) return 'idle'
      if (at > limits.untilMs) return 'time'
      this.now = at
      if (datagramAt <= timerAt) {
        if (this.delivered >= lastDatagram) return 'datagrams'
        this.#deliver(this.#takeFirst())
      } else timer!.handleTimer(at)
    }
    return 'stopped'
  }

  /** When something happens next, Infinity for never: for an owner that runs it along a real clock. */
  get nextAt(): number {
    const datagramAt = this.#heapSize > 0 ? this.#slotTime[this.#heap[0]!]! : Infinity
    return Math.min(datagramAt, this.#nextTimer()?.deadline ?? Infinity)
  }

  /** Ends `run` after the event that is being handled. */
  stop(): void {
    this.#stopping = true
  }

  /** For links: a datagram will arrive. The frame is copied. */
  arrive(at: number, frame: Frame, link: Arriving, pastFaults: boolean): void {
    const index = this.#takeSlot()
    const slot = this.#slots[index]!
    slot.set(frame.buffer, frame.offset, frame.length, frame.from, frame.to)
    slot.link = link
    slot.pastFaults = pastFaults
    this.#slotTime[index] = at
    this.#slotOrder[index] = this.#order++
    this.#siftUp(index)
  }

  #deliver(index: number): void {
    const slot = this.#slots[index]!
    const link = slot.link!
    if (slot.pastFaults || link.clearArrival) {
      this.delivered++
      link.handOver(this.now, slot)
    } else this.delivered += link.arrived(this.now, slot)
    this.#freeSlots[this.#freeCount++] = index
  }

  #nextTimer(): Timed | undefined {
    let next: Timed | undefined
    let at = Infinity
    for (let i = 0; i < this.#timed.length; i++) {
      const deadline = this.#timed[i]!.deadline
      if (deadline < at) {
        at = deadline
        next = this.#timed[i]
      }
    }
    return next
  }

  #takeSlot(): number {
    if (this.#freeCount > 0) return this.#freeSlots[--this.#freeCount]!
    const index = this.#slots.push(new Slot()) - 1
    if (index >= this.#heap.length) this.#grow()
    return index
  }

  #grow(): void {
    const size = this.#heap.length * 2
    const heap = new Int32Array(size)
    heap.set(this.#heap)
    this.#heap = heap
    this.#freeSlots = new Int32Array(size)
    const slotTime = new Float64Array(size)
    slotTime.set(this.#slotTime)
    this.#slotTime = slotTime
    const slotOrder = new Float64Array(size)
    slotOrder.set(this.#slotOrder)
    this.#slotOrder = slotOrder
  }

  #before(a: number, b: number): boolean {
    const ta = this.#slotTime[a]!
    const tb = this.#slotTime[b]!
    return ta < tb || (ta === tb && this.#slotOrder[a]! < this.#slotOrder[b]!)
  }

  #siftUp(index: number): void {
    const heap = this.#heap
    let at = this.#heapSize++
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!this.#before(index, heap[parent]!)) break
      heap[at] = heap[parent]!
      at = parent
    }
    heap[at] = index
  }

  #takeFirst(): number {
    const heap = this.#heap
    const first = heap[0]!
    const moved = heap[--this.#heapSize]!
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= this.#heapSize) break
      if (child + 1 < this.#heapSize && this.#before(heap[child + 1]!, heap[child]!)) child++
      if (!this.#before(heap[child]!, moved)) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = moved
    return first
  }
}

const INITIAL_SLOTS = 64

/** A datagram under way. */
class Slot extends HeldFrame {
  link: Arriving | undefined = undefined
  pastFaults = false
}
