/**
 * netascii (RFC 1350 §1, from RFC 764): LF travels as CR LF and CR as CR NUL. The line ending here is LF. Both coders
 * stream: a pair may be torn by the end of a piece, the object keeps the half.
 */

const NUL = 0
const LF = 10
const CR = 13
const NONE = -1

/** Bytes that `length` bytes of `source` from `offset` become in netascii. */
export function netasciiSize(source: Uint8Array, offset: number, length: number): number {
  let size = length
  for (let i = offset; i < offset + length; i++) if (source[i] === LF || source[i] === CR) size++
  return size
}

/** Local bytes to netascii. One object per stream; nothing is allocated per call. */
export class NetasciiEncoder {
  /** Source bytes that the last `encode` used: fewer than given when the target was full. */
  consumed = 0
  #pending = NONE

  /**
   * Writes to `target` from `targetOffset` until the source is used up or the target is full, and returns the bytes
   * written. Nothing is lost when twice the source's length (and 1) fits; else call again with the rest from `consumed`.
   */
  encode(
    source: Uint8Array,
    sourceOffset: number,
    sourceLength: number,
    target: Uint8Array,
    targetOffset: number,
  ): number {
    const sourceEnd = sourceOffset + sourceLength
    let from = sourceOffset
    let to = targetOffset
    while (to < target.length) {
      if (this.#pending !== NONE) {
        target[to++] = this.#pending
        this.#pending = NONE
        continue
      }
      if (from === sourceEnd) break
      const byte = source[from++]
      if (byte === LF) this.#pending = LF
      else if (byte === CR) this.#pending = NUL
      target[to++] = byte === LF ? CR : byte
    }
    this.consumed = from - sourceOffset
    return to - targetOffset
  }

  /** True when the second byte of a pair still waits for room: call `encode` again, with no source if there is none. */
  get unfinished(): boolean {
    return this.#pending !== NONE
  }
}

/** netascii to local bytes. One object per stream; nothing is allocated per call. */
export class NetasciiDecoder {
  #afterCr = false

  /**
   * Writes at most `sourceLength + 1` bytes to `target` from `targetOffset` (room for them is the caller's duty) and
   * returns how many. `target` must not be the memory of `source`. A CR before anything but LF or NUL is kept as it is.
   */
  decode(
    source: Uint8Array,
    sourceOffset: number,
    sourceLength: number,
    target: Uint8Array,
    targetOffset: number,
  ): number {
    let to = targetOffset
    for (let i = sourceOffset; i < sourceOffset + sourceLength; i++) {
      const byte = source[i]
      if (this.#afterCr) {
        this.#afterCr = false
        if (byte === LF || byte === NUL) {
          target[to++] = byte === LF ? LF : CR
          continue
        }
        target[to++] = CR
      }
      if (byte === CR) this.#afterCr = true
      else target[to++] = byte
    }
    return to - targetOffset
  }

  /** The stream ended: writes a CR that was its last byte. Returns the bytes written, 0 or 1. */
  end(target: Uint8Array, targetOffset: number): number {
    if (!this.#afterCr) return 0
    this.#afterCr = false
    target[targetOffset] = CR
    return 1
  }
}
