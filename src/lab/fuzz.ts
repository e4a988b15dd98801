/**
 * Datagrams that no sound program sends, by seed: what a server meets from broken firmware, scanners and attackers. The
 * same generator gives the same bytes, so a datagram that does harm is named by its seed and its number.
 */
import { OPCODE } from '../packet/index.ts'
import type { Rng } from './rng.ts'

/** The largest UDP payload over IPv4. */
export const MAX_DATAGRAM_BYTES = 65_507

/** A way to make a datagram, and how often it is taken among the others. */
interface Shape {
  readonly type: string
  readonly weight: number
  readonly make: (rng: Rng) => Uint8Array
}

/** Every shape. Large ones are rare: they cost a hundred times as much to make. */
export const FUZZ_SHAPES: readonly Shape[] = [
  { type: 'request', weight: 20, make: (rng) => toBytes(validRequest(rng)) },
  { type: 'hostile-request', weight: 15, make: (rng) => toBytes(hostileRequest(rng)) },
  { type: 'many-options', weight: 5, make: manyOptions },
  { type: 'huge-numbers', weight: 10, make: hugeNumbers },
  { type: 'wrong-block', weight: 20, make: wrongBlock },
  { type: 'error', weight: 4, make: (rng) => toBytes(error(rng)) },
  { type: 'oack', weight: 6, make: (rng) => toBytes(opcode(OPCODE.oack) + options(rng, rng.int(5))) },
  { type: 'unknown-opcode', weight: 6, make: unknownOpcode },
  { type: 'random', weight: 10, make: (rng) => rng.fill(new Uint8Array(rng.int(80))) },
  { type: 'tiny', weight: 5, make: (rng) => toBytes(valid(rng).slice(0, rng.int(6))) },
  { type: 'truncated', weight: 10, make: truncated },
  { type: 'mutated', weight: 25, make: mutated },
  { type: 'padded', weight: 5, make: padded },
  { type: 'extreme-length', weight: 1, make: extremeLength },
]

const TOTAL_WEIGHT = FUZZ_SHAPES.reduce((sum, shape) => sum + shape.weight, 0)

/** One datagram of 0 to 65,507 bytes, of any shape. A new array each time. */
export function fuzzDatagram(rng: Rng): Uint8Array {
  let at = rng.int(TOTAL_WEIGHT)
  let chosen = 0
  while (at >= FUZZ_SHAPES[chosen].weight) at -= FUZZ_SHAPES[chosen++].weight
  return FUZZ_SHAPES[chosen].make(rng)
}

const FILENAMES = ['a', 'test.bin', '/boot/grub/grub.cfg', 'pxelinux.0', 'dir/uImage', 'stra\xc3\x9fe', 'stra\xdfe']
const HOSTILE_FILENAMES = [
  '',
  '.',
  '..',
  '/',
  '../../../../etc/passwd',
  '..\\..\\windows\\win.ini',
  '/etc/passwd',
  'C:\\boot.ini',
  '\\\\host\\share\\x',
  'file::$DATA',
  '%2e%2e/%2e%2e/etc/passwd',
  '\xc0\xae\xc0\xae/etc/passwd',
  'a\r\nb',
  '\x1b[2J\x1b]0;title\x07',
  '\xff\xfe\xfd',
  'n'.repeat(255),
  'n'.repeat(500),
  'n'.repeat(512),
  'n'.repeat(513),
  'a/'.repeat(250),
]
const MODES = ['octet', 'OCTET', 'netascii', 'NetASCII', 'mail', 'binary', '', 'octet ', 'o'.repeat(300)]
const OPTION_NAMES = [
  'blksize',
  'BLKSIZE',
  'blksize2',
  'timeout',
  'utimeout',
  'timeoutms',
  'tsize',
  'windowsize',
  'rollover',
  'multicast',
  'blk',
  'nobody-knows-this',
  '\xff',
  'n'.repeat(33),
]
const OPTION_VALUES = ['0', '1', '7', '8', '512', '1428', '1468', '65464', '65465', '', '255', '256', '-1', '16', '4']
const HUGE_VALUES = [
  '4294967296',
  '9007199254740993',
  '18446744073709551616',
  '99999999999999999999999999999999',
  '0000000000000000000000000000512',
  '1e308',
  '0x7fffffff',
  '-9223372036854775808',
  'NaN',
  'Infinity',
  '9'.repeat(64),
  '9'.repeat(65),
]
const BLOCKS = [0, 1, 2, 3, 255, 256, 32767, 32768, 65534, 65535]
const LENGTHS = [0, 1, 2, 3, 4, 5, 511, 512, 515, 516, 517, 1468, 1472, 8192, 65_467, 65_468, 65_469, 65_506, 65_507]

function validRequest(rng: Rng): string {
  return fixedPart(rng, pick(rng, FILENAMES), rng.chance(0.8) ? 'octet' : 'netascii') + options(rng, rng.int(5))
}

function hostileRequest(rng: Rng): string {
  return fixedPart(rng, pick(rng, HOSTILE_FILENAMES), pick(rng, MODES)) + options(rng, rng.int(4))
}

function manyOptions(rng: Rng): Uint8Array {
  // Both sides of the limit, and what a full datagram can hold.
  const count = rng.chance(0.7) ? 12 + rng.int(10) : rng.int(300)
  let text = fixedPart(rng, pick(rng, FILENAMES), 'octet')
  for (let i = 0; i < count; i++) text += rng.chance(0.2) ? options(rng, 1) : `o${i}\0${i}\0`
  return toBytes(text)
}

function hugeNumbers(rng: Rng): Uint8Array {
  let text = fixedPart(rng, pick(rng, FILENAMES), 'octet')
  for (let i = rng.int(4); i >= 0; i--) text += `${pick(rng, OPTION_NAMES)}\0${pick(rng, HUGE_VALUES)}\0`
  return toBytes(text)
}

/** The right opcode with a block out of place, and sometimes with a payload or rubbish behind it. */
function wrongBlock(rng: Rng): Uint8Array {
  const block = rng.chance(0.6) ? pick(rng, BLOCKS) : rng.int(65_536)
  const type = rng.chance(0.5) ? OPCODE.data : OPCODE.ack
  const length = rng.chance(0.5) ? 0 : pick(rng, [1, 2, 511, 512, 513, 1428, 1468])
  const packet = new Uint8Array(4 + length).fill(block)
  packet.set([0, type, block >>> 8, block])
  return packet
}

function error(rng: Rng): string {
  const code = rng.chance(0.8) ? rng.int(9) : rng.int(65_536)
  const message = pick(rng, ['', 'User aborted', '\x1b[31mred', '\xff\xfe', 'm'.repeat(600)])
  return opcode(OPCODE.error) + opcode(code) + message + pick(rng, ['\0', '\0', ''])
}

function unknownOpcode(rng: Rng): Uint8Array {
  const packet = toBytes(valid(rng))
  const value = rng.chance(0.5) ? pick(rng, [0, 7, 8, 255, 256, 257, 0x0600, 0xffff]) : rng.int(65_536)
  packet.set([value >>> 8, value])
  return packet
}

function truncated(rng: Rng): Uint8Array {
  const packet = toBytes(valid(rng))
  return packet.slice(0, rng.int(packet.length + 1))
}

/** A packet with a few changes: bits flipped, bytes replaced, a stretch cut out, doubled, or taken from another one. */
function mutated(rng: Rng): Uint8Array {
  let packet = toBytes(valid(rng))
  for (let change = rng.int(4); change >= 0; change--) {
    const from = rng.int(packet.length + 1)
    const to = Math.min(packet.length, from + rng.int(12))
    const stretch = packet.subarray(from, to)
    const head = packet.subarray(0, from)
    const tail = packet.subarray(to)
    const kind = rng.int(5)
    if (kind === 0 && from < packet.length) packet[from] ^= 1 << rng.int(8)
    else if (kind === 1) rng.fill(stretch)
    else if (kind === 2) packet = join(head, tail)
    else if (kind === 3) packet = join(head, stretch, stretch, tail)
    else packet = join(head, toBytes(valid(rng)).subarray(rng.int(8)))
  }
  return packet
}

function padded(rng: Rng): Uint8Array {
  const padding = new Uint8Array(rng.int(600)).fill(pick(rng, [0x00, 0x20, 0xff]))
  return join(toBytes(valid(rng)), rng.chance(0.3) ? rng.fill(padding) : padding)
}

function extremeLength(rng: Rng): Uint8Array {
  const packet = new Uint8Array(rng.chance(0.7) ? pick(rng, LENGTHS) : rng.int(MAX_DATAGRAM_BYTES + 1))
  const filler = rng.int(5)
  if (filler === 0) rng.fill(packet)
  else if (filler === 1) packet.fill(0x61)
  else if (filler === 2) for (let i = 0; i < packet.length; i += 2) packet[i] = 0x61
  else if (filler === 3) packet.fill(0xff)
  // Else all NULs.
  if (rng.chance(0.8)) packet.set(toBytes(valid(rng)).subarray(0, packet.length))
  if (rng.chance(0.3) && packet.length > 1) packet.set([0, 1 + rng.int(6)])
  return packet
}

/** Some packet that a peer could have meant. */
function valid(rng: Rng): string {
  const kind = rng.int(10)
  if (kind < 6) return validRequest(rng)
  if (kind === 6) return opcode(OPCODE.ack) + opcode(rng.int(65_536))
  if (kind === 7) return `${opcode(OPCODE.data)}${opcode(rng.int(65_536))}payload`
  if (kind === 8) return `${opcode(OPCODE.error)}${opcode(rng.int(9))}gone\0`
  return opcode(OPCODE.oack) + options(rng, 1 + rng.int(3))
}

function fixedPart(rng: Rng, filename: string, mode: string): string {
  return `${opcode(rng.chance(0.7) ? OPCODE.rrq : OPCODE.wrq)}${filename}\0${mode}\0`
}

function options(rng: Rng, count: number): string {
  let text = ''
  for (let i = 0; i < count; i++) text += `${pick(rng, OPTION_NAMES)}\0${pick(rng, OPTION_VALUES)}\0`
  return text
}

/** Sixteen bits as two characters. */
function opcode(value: number): string {
  return String.fromCharCode(value >>> 8, value & 0xff)
}

function pick<T>(rng: Rng, list: readonly T[]): T {
  return list[rng.int(list.length)]
}

/** One byte per character. */
function toBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i)
  return bytes
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.length
  }
  return joined
}
