/** DATA of a lab's image: the one place where a machine's description of a block becomes bytes. */
import { HEADER_BYTES, writeDataHeader } from '../packet/index.ts'

/**
 * Writes block `seq` of `image` into `frame`, under the number `label` on the wire. Returns the bytes of the packet. Throws RangeError for
 * a block that the image does not have: a machine that asks for it has a bug.
 */
export function frameBlock(image: Uint8Array, seq: number, blksize: number, label: number, frame: Uint8Array): number {
  const start = (seq - 1) * blksize
  if (seq < 1 || start > image.length) throw new RangeError(`the machine sent block ${seq}, which does not exist`)
  const payload = image.subarray(start, start + blksize)
  writeDataHeader(frame, 0, label)
  frame.set(payload, HEADER_BYTES)
  return HEADER_BYTES + payload.length
}
