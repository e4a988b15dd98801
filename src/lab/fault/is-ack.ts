import { HEADER_BYTES, OPCODE, readOpcode } from '../../packet/index.ts'
import type { Frame } from '../frame.ts'

/** True for an ACK: the frames that the faults on a device's transmit side are about. */
export function isAck(frame: Frame): boolean {
  return frame.length >= HEADER_BYTES && readOpcode(frame.buffer, frame.offset, frame.length) === OPCODE.ack
}
