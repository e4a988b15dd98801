/**
 * A datagram on its way. Frames are views that are used again: an owner that keeps one copies it (`HeldFrame`).
 */
export interface Frame {
  readonly buffer: Uint8Array
  readonly offset: number
  readonly length: number
  /** UDP port of the sender. */
  readonly from: number
  /** UDP port that it is meant for. */
  readonly to: number
}

/** What a payload of `length` bytes occupies on an Ethernet: preamble, headers and gap included; short frames are padded. */
export function wireBytes(length: number): number {
  return Math.max(MIN_WIRE_BYTES, length + FRAME_OVERHEAD_BYTES)
}

/** 516 bytes of TFTP are 578 on the wire: UDP 8, IPv4 20, Ethernet 14, preamble 8, gap 12. */
const FRAME_OVERHEAD_BYTES = 62
/** 60 bytes of padded frame, preamble and gap. */
const MIN_WIRE_BYTES = 80

/** A frame with a buffer of its own, used again and again. */
export class HeldFrame implements Frame {
  buffer: Uint8Array = new Uint8Array(64)
  readonly offset = 0
  length = 0
  from = 0
  to = 0
  /** False until `hold`, and after `release`. */
  held = false

  hold(frame: Frame): void {
    this.set(frame.buffer, frame.offset, frame.length, frame.from, frame.to)
    this.held = true
  }

  release(): void {
    this.held = false
  }

  set(buffer: Uint8Array, offset: number, length: number, from: number, to: number): void {
    if (this.buffer.length < length) this.buffer = new Uint8Array(roomFor(length))
    const target = this.buffer
    // A view costs an allocation, which pays only for what is longer than an ACK.
    if (length <= SHORT_BYTES) for (let i = 0; i < length; i++) target[i] = buffer[offset + i]!
    else if (offset === 0 && length === buffer.length) target.set(buffer)
    else target.set(buffer.subarray(offset, offset + length))
    this.length = length
    this.from = from
    this.to = to
  }
}

const SHORT_BYTES = 64

function roomFor(length: number): number {
  let size = 64
  while (size < length) size *= 2
  return size
}
