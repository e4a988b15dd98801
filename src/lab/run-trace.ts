/**
 * What went over the link of one transfer, as points of a plot: block over time. Sent, repeated, lost, acknowledged.
 */
import { HEADER_BYTES, OPCODE, readBlock, readOpcode, seqNear } from '../packet/index.ts'
import type { Frame } from './frame.ts'
import type { LinkTap } from './link.ts'

/** What a point stands for. Points of DATA lie where it was sent, those of an ACK where it arrived or, lost, was sent. */
export const POINT = { sent: 0, repeated: 1, sentLost: 2, repeatedLost: 3, acked: 4, ackLost: 5 } as const

export interface Point {
  readonly ms: number
  readonly seq: number
  /** One of POINT. */
  readonly kind: number
}

/** A gigabyte in blocks of 512 is more than a plot can show. */
const MAX_POINTS = 1_000_000

/** Give `up` and `down` to the links as `tap`. Follows one transfer at a time: a new request starts it anew. */
export class PlotTrace {
  readonly up: LinkTap
  readonly down: LinkTap
  #points: { ms: number; seq: number; kind: number }[] = []
  #highest = 0
  readonly #dataUnderWay = new Waiting()
  readonly #acksUnderWay = new Waiting()

  /** `rollover`: the number of the block after 65535. */
  constructor(rollover: () => 0 | 1 = () => 0) {
    const seqOf = (frame: Frame): number => seqNear(readBlock(frame.buffer, frame.offset), this.#highest, rollover())
    this.down = {
      sent: (now, frame) => {
        if (!isOf(frame, OPCODE.data)) return
        const seq = seqOf(frame)
        const kind = seq > this.#highest ? POINT.sentLost : POINT.repeatedLost
        this.#highest = Math.max(seq, this.#highest)
        this.#dataUnderWay.add(seq, this.#add(now, seq, kind))
      },
      arrived: (_now, frame) => {
        if (!isOf(frame, OPCODE.data)) return
        const point = this.#points[this.#dataUnderWay.take(seqOf(frame))]
        // What is not lost is the kind two before it.
        if (point !== undefined && point.kind >= POINT.sentLost) point.kind -= 2
      },
    }
    this.up = {
      sent: (now, frame) => {
        if (!isOf(frame, OPCODE.ack)) return
        const seq = seqOf(frame)
        this.#acksUnderWay.add(seq, this.#add(now, seq, POINT.ackLost))
      },
      arrived: (now, frame) => {
        if (!isOf(frame, OPCODE.ack)) return
        const seq = seqOf(frame)
        const point = this.#points[this.#acksUnderWay.take(seq)]
        // One that was never sent came out of a fault.
        if (point === undefined) this.#add(now, seq, POINT.acked)
        else {
          point.ms = now
          point.kind = POINT.acked
        }
      },
    }
  }

  /** All points so far, in the order of time. */
  all(): Point[] {
    return this.#points.toSorted((a, b) => a.ms - b.ms)
  }

  #add(ms: number, seq: number, kind: number): number {
    return this.#points.length >= MAX_POINTS ? -1 : this.#points.push({ ms, seq, kind }) - 1
  }
}

/** At most about `most` points: every loss and repeat as long as there is room, the ordinary ones evenly thinned. */
export function thinned(points: readonly Point[], most: number): Point[] {
  if (points.length <= most) return [...points]
  const isOrdinary = ({ kind }: Point): boolean => kind === POINT.sent || kind === POINT.acked
  const special = points.filter((point) => !isOrdinary(point)).length
  const specialEvery = Math.max(1, Math.ceil(special / (most / 2)))
  const ordinaryEvery = Math.ceil((points.length - special) / Math.max(1, most - special / specialEvery))
  let ordinaryCount = 0
  let specialCount = 0
  return points.filter((point, index) => {
    if (index === points.length - 1) return true
    return isOrdinary(point) ? ordinaryCount++ % ordinaryEvery === 0 : specialCount++ % specialEvery === 0
  })
}

/** The points around the first thing that went wrong: `before` of them before it and `after` from it on. */
export function aroundFirstFault(points: readonly Point[], before: number, after: number): Point[] {
  const first = points.findIndex(({ kind }) => kind !== POINT.sent && kind !== POINT.acked)
  if (first < 0) return points.slice(0, before + after)
  return points.slice(Math.max(0, first - before), first + after)
}

/** Packets under way, by number: of two with the same number the later one arrives, as the earlier was lost. */
class Waiting {
  readonly #byNumber = new Map<number, number[]>()

  add(seq: number, index: number): void {
    const list = this.#byNumber.get(seq)
    if (list === undefined) this.#byNumber.set(seq, [index])
    else list.push(index)
  }

  take(seq: number): number {
    const list = this.#byNumber.get(seq)
    const index = list?.pop() ?? -1
    if (list?.length === 0) this.#byNumber.delete(seq)
    return index
  }
}

function isOf(frame: Frame, opcode: number): boolean {
  return frame.length >= HEADER_BYTES && readOpcode(frame.buffer, frame.offset, frame.length) === opcode
}
