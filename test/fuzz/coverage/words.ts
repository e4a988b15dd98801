/** Packets that make sense, chosen by the bytes of an input, so that mutations need not find every letter of an option. */
import { encodeOack, encodeRequest, type Option, writeAck, writeDataHeader } from '../../../src/packet/index.ts'
import type { Bytes } from './bytes.ts'

export const NAMES = [
  'blksize',
  'blksize2',
  'timeout',
  'utimeout',
  'timeoutms',
  'tsize',
  'windowsize',
  'rollover',
  'multicast',
  'other',
]
export const VALUES = [
  '',
  '0',
  '1',
  '2',
  '4',
  '8',
  '10',
  '255',
  '512',
  '1024',
  '1428',
  '65464',
  '65535',
  '10000',
  '1000000',
  '18446744073709551616',
  '239.255.0.1,1758,1',
  '239.255.0.1,1758,0',
  ',,1',
]

const GROUPS = ['239.255.0.1,1758,1', '239.255.0.1,1758,0', ',,0', '10.0.0.1,1758,1']

export function options(bytes: Bytes): Option[] {
  return Array.from({ length: bytes.below(6) }, () => ({ name: bytes.pick(NAMES), value: bytes.pick(VALUES) }))
}

export function request(bytes: Bytes): Uint8Array {
  const opcode = bytes.below(3) === 0 ? 2 : 1
  const filename = bytes.pick(['a', 'image', 'dir/b'])
  return encodeRequest({ opcode, filename, mode: bytes.pick(['octet', 'octet', 'netascii']), options: options(bytes) })
}

export function oack(bytes: Bytes, offered: readonly Option[]): Uint8Array {
  // As offered, with other values, or with what was not asked for.
  const answered = offered
    .filter(() => bytes.below(3) > 0)
    .map(({ name, value }) => {
      const isKept = bytes.below(2) === 0
      if (name === 'multicast' && isKept) return { name, value: bytes.pick(GROUPS) }
      return { name, value: isKept ? value : bytes.pick(VALUES) }
    })
  return encodeOack(bytes.below(8) === 0 ? options(bytes) : answered)
}

export function ack(block: number): Uint8Array {
  const packet = new Uint8Array(4)
  writeAck(packet, 0, block & 0xffff)
  return packet
}

export function data(block: number, length: number): Uint8Array {
  const packet = new Uint8Array(4 + length).fill(block)
  writeDataHeader(packet, 0, block & 0xffff)
  return packet
}
