/** Floor 0: the wire. Every packet of TFTP to and from bytes, without clocks, sockets or dependencies. */
export { addressPort } from './address.ts'
export { blockOfSeq, seqNear } from './block.ts'
export { dataHead, HEADER_BYTES, readBlock, writeAck, writeDataHeader } from './data-ack.ts'
export { type ErrorPacket, encodeError, encodeErrorFor, encodePeerError, parseError } from './error-packet.ts'
export { ESCAPED_TEXT_MAX, escapeText } from './escape.ts'
export { NetasciiDecoder, NetasciiEncoder, netasciiSize } from './netascii.ts'
export { encodeOack, parseOack } from './oack.ts'
export { OPCODE, type Parsed, readOpcode, WIRE_ERROR } from './opcode.ts'
export {
  MAX_OPTION_NAME_BYTES,
  MAX_OPTION_VALUE_BYTES,
  MAX_OPTIONS,
  NO_OPTIONS,
  numberIn,
  type Option,
  optionNumber,
} from './options.ts'
export { dataText, packetText } from './packet-text.ts'
export { encodeRequest, MAX_FILENAME_BYTES, type Mode, parseRequest, type Request } from './request.ts'
