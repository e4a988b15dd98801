/** One input against everything that reads bytes or text of a peer: nothing throws, and what was read can be said again. */
import { readAtDoor } from '../../../src/endpoint/door.ts'
import {
  encodeOack,
  encodePeerError,
  encodeRequest,
  escapeText,
  NetasciiDecoder,
  NetasciiEncoder,
  packetText,
  parseError,
  parseOack,
  parseRequest,
} from '../../../src/packet/index.ts'
import { acceptGroupOack, negotiateGroup } from '../../../src/transfer/multicast/group-agreement.ts'
import { parseGroupOption } from '../../../src/transfer/multicast/group-option.ts'
import { acceptOack, negotiateRead, negotiateWrite, type Limits } from '../../../src/transfer/negotiate.ts'
import type { Bytes } from './bytes.ts'
import { Longest } from './longest.ts'

const GROUP = { address: '239.255.0.1', port: 1758 }

/** Returns the time that it takes. */
export function playParsers(bytes: Bytes): number {
  const longest = new Longest()
  longest.time(() => readAll(bytes))
  return longest.ms
}

function readAll(bytes: Bytes): void {
  const limits: Limits = {
    maxBlksize: bytes.pick([512, 1428, 65464]),
    maxWindowsize: bytes.pick([1, 64, 65535]),
    maxWindowBytes: 512 * 1024,
    refuse: new Set(),
    rollover: bytes.pick(['any', 'none', 0, 1] as const),
  }
  const offset = bytes.below(4)
  const packet = bytes.packet()
  const length = packet.length - offset
  readAtDoor(packet, offset, length, bytes.below(2) === 0)
  packetText(packet, offset, length)
  const error = parseError(packet, offset, length)
  if (error.ok) encodePeerError(error.value.wireCode, escapeText(error.value.message))
  const request = parseRequest(packet, offset, length)
  if (request.ok) {
    // What is no UTF-8 is read as latin1, and may be too long when it is said again.
    if (packet.every((byte) => byte < 0x80)) sayAgain(request)
    negotiateRead(request.value, 1_000_000, limits)
    negotiateWrite(request.value, limits)
    encodeOack(negotiateGroup(request.value, 1_000_000, limits, GROUP).oack)
  }
  const oack = parseOack(packet, offset, length)
  if (oack.ok) {
    acceptOack(oack.value, oack.value)
    acceptGroupOack(oack.value, oack.value)
    for (const { value } of oack.value) parseGroupOption(value)
  }
  netascii(packet)
}

function sayAgain(request: Extract<ReturnType<typeof parseRequest>, { ok: true }>): void {
  const again = encodeRequest(request.value)
  const reread = parseRequest(again, 0, again.length)
  if (JSON.stringify(reread) !== JSON.stringify(request)) {
    throw new Error('a request reads otherwise when it is said again')
  }
}

function netascii(packet: Uint8Array): void {
  const encoder = new NetasciiEncoder()
  const encoded = new Uint8Array(2 * packet.length + 2)
  const encodedBytes = encoder.encode(packet, 0, packet.length, encoded, 0)
  const decoder = new NetasciiDecoder()
  const decoded = new Uint8Array(encodedBytes + 2)
  const bytes = decoder.decode(encoded, 0, encodedBytes, decoded, 0)
  const total = bytes + decoder.end(decoded, bytes)
  if (!sameBytes(decoded.subarray(0, total), packet)) throw new Error('netascii does not come back as it was')
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}
