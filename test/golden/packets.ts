/**
 * Packets as they stand on the wire beside the values that they mean. Run in both directions: encoding the value gives
 * these bytes, decoding the bytes gives this value. Bytes are written as latin1 text, one character per byte.
 */
import type { ErrorPacket, Option, Request } from '../../src/packet/index.ts'

interface Common {
  readonly name: string
  /** One character per byte. */
  readonly wire: string
  /** The bytes can be read, but ours would look different (case, padding, other encodings). */
  readonly readOnly?: true
}
export type Vector = Common &
  (
    | { readonly kind: 'request'; readonly value: Request }
    | { readonly kind: 'oack'; readonly value: readonly Option[] }
    | { readonly kind: 'error'; readonly value: ErrorPacket }
    | { readonly kind: 'data' | 'ack'; readonly value: { readonly block: number; readonly payload?: string } }
  )

function request(
  name: string,
  wire: string,
  opcode: 1 | 2,
  filename: string,
  mode: 'octet' | 'netascii' | 'mail' = 'octet',
  ...options: (readonly [string, string])[]
): Vector {
  return { name, wire, kind: 'request', value: { opcode, filename, mode, options: pairs(options) } }
}

function readOnly(vector: Vector): Vector {
  return { ...vector, readOnly: true }
}

function pairs(options: readonly (readonly [string, string])[]): Option[] {
  return options.map(([name, value]) => ({ name, value }))
}

/** What real clients send, options in their order. */
export const REAL_REQUESTS: readonly Vector[] = [
  request('U-Boot 1.1.3 of an Archer C2, 27 bytes', '\0\x01test.bin\0octet\0timeout\x001\0', 1, 'test.bin', 'octet', [
    'timeout',
    '1',
  ]),
  request(
    'U-Boot 2023.01 on arm',
    '\0\x01uImage\0octet\0timeout\x005\0blksize\x001468\0',
    1,
    'uImage',
    'octet',
    ['timeout', '5'],
    ['blksize', '1468'],
  ),
  request(
    'U-Boot 2023.01 on arm64 with a window',
    '\0\x01Image.gz\0octet\0timeout\x005\0blksize\x001468\0windowsize\x0032\0',
    1,
    'Image.gz',
    'octet',
    ['timeout', '5'],
    ['blksize', '1468'],
    ['windowsize', '32'],
  ),
  request(
    'U-Boot 2023.01 on x86',
    '\0\x01bzImage\0octet\0timeout\x005\0tsize\x000\0blksize\x001468\0',
    1,
    'bzImage',
    'octet',
    ['timeout', '5'],
    ['tsize', '0'],
    ['blksize', '1468'],
  ),
  request(
    'iPXE 2019',
    '\0\x01boot.ipxe\0octet\0blksize\x001432\0tsize\x000\0',
    1,
    'boot.ipxe',
    'octet',
    ['blksize', '1432'],
    ['tsize', '0'],
  ),
  request(
    'EDK2 asking for the size',
    '\0\x01grubx64.efi\0octet\0tsize\x000\0blksize\x001468\0windowsize\x004\0',
    1,
    'grubx64.efi',
    'octet',
    ['tsize', '0'],
    ['blksize', '1468'],
    ['windowsize', '4'],
  ),
  request(
    'EDK2 asking for the file',
    '\0\x01grubx64.efi\0octet\0blksize\x001468\0windowsize\x004\0',
    1,
    'grubx64.efi',
    'octet',
    ['blksize', '1468'],
    ['windowsize', '4'],
  ),
  request(
    'GRUB 2.06',
    '\0\x01/boot/grub/grub.cfg\0octet\0blksize\x001024\0tsize\x000\0',
    1,
    '/boot/grub/grub.cfg',
    'octet',
    ['blksize', '1024'],
    ['tsize', '0'],
  ),
  request('tftp-hpa', '\0\x01vmlinuz\0netascii\0', 1, 'vmlinuz', 'netascii'),
  request('atftp asking for multicast', '\0\x01initrd\0octet\0multicast\0\0', 1, 'initrd', 'octet', ['multicast', '']),
  request(
    'curl 7.88, GET',
    '\0\x01a.bin\0octet\0tsize\x000\0blksize\x00512\0timeout\x006\0',
    1,
    'a.bin',
    'octet',
    ['tsize', '0'],
    ['blksize', '512'],
    ['timeout', '6'],
  ),
  request(
    'curl 7.88, PUT',
    '\0\x02a.bin\0octet\0tsize\x001048576\0blksize\x00512\0timeout\x006\0',
    2,
    'a.bin',
    'octet',
    ['tsize', '1048576'],
    ['blksize', '512'],
    ['timeout', '6'],
  ),
  request(
    'busybox 1.35, GET',
    '\0\x01a.bin\0octet\0blksize\x001428\0tsize\x000\0',
    1,
    'a.bin',
    'octet',
    ['blksize', '1428'],
    ['tsize', '0'],
  ),
  request('busybox 1.35, PUT', '\0\x02a.bin\0octet\0tsize\x0077\0', 2, 'a.bin', 'octet', ['tsize', '77']),
  request('Perl Net::TFTP', '\0\x01a.bin\0octet\0blksize\x001024\0', 1, 'a.bin', 'octet', ['blksize', '1024']),
]

const SYNTHETIC_REQUESTS: readonly Vector[] = [
  request('the smallest', '\0\x01f\0mail\0', 1, 'f', 'mail'),
  readOnly(request('mode in capitals', '\0\x01f\0OCTET\0', 1, 'f', 'octet')),
  readOnly(request('mode in mixed case', '\0\x02f\0NetAscii\0', 2, 'f', 'netascii')),
  readOnly(request('option name in mixed case', '\0\x01f\0octet\0BlkSize\x008\0', 1, 'f', 'octet', ['blksize', '8'])),
  readOnly(request('option twice: the first wins', '\0\x01f\0octet\0a\x001\0A\x002\0', 1, 'f', 'octet', ['a', '1'])),
  readOnly(request('padding of NULs', '\0\x01f\0octet\0a\x001\0\0\0\0\0', 1, 'f', 'octet', ['a', '1'])),
  readOnly(request('padding, then rubbish', '\0\x01f\0octet\0\0\xff\xfe\0\x80\0', 1, 'f', 'octet')),
  readOnly(request('a name without a value', '\0\x01f\0octet\0a\x001\0tsize\0', 1, 'f', 'octet', ['a', '1'])),
  readOnly(request('a value without its end', '\0\x01f\0octet\0a\x001\0tsize\x00123', 1, 'f', 'octet', ['a', '1'])),
  request('an option nobody knows', '\0\x01f\0octet\0x-y\0what ever\0', 1, 'f', 'octet', ['x-y', 'what ever']),
  request(
    'all the options without an RFC',
    '\0\x01f\0octet\0utimeout\x00500000\0rollover\x001\0blksize2\x001024\0',
    1,
    'f',
    'octet',
    ['utimeout', '500000'],
    ['rollover', '1'],
    ['blksize2', '1024'],
  ),
  request('a name in UTF-8', '\0\x01stra\xc3\x9fe\0octet\0', 1, 'straße'),
  request('a name with a byte order mark', '\0\x01\xef\xbb\xbfx\0octet\0', 1, '\ufeffx'),
  readOnly(request('a name in latin1', '\0\x01stra\xdfe\0octet\0', 1, 'straße')),
  request('a name of 512 bytes', `\0\x01${'n'.repeat(512)}\0octet\0`, 1, 'n'.repeat(512)),
  request('backslashes and dots', '\0\x01..\\..\\etc/passwd\0octet\0', 1, '..\\..\\etc/passwd'),
  request(
    '16 options',
    `\0\x01f\0octet\0${'abcdefghijklmnop'.replace(/./g, '$&\0v\0')}`,
    1,
    'f',
    'octet',
    ...'abcdefghijklmnop'.split('').map((name) => [name, 'v'] as const),
  ),
]

export const VECTORS: readonly Vector[] = [
  ...REAL_REQUESTS,
  ...SYNTHETIC_REQUESTS,
  { kind: 'oack', name: 'nothing accepted', wire: '\0\x06', value: [] },
  {
    kind: 'oack',
    name: 'three accepted',
    wire: '\0\x06blksize\x001432\0tsize\x00135048\0windowsize\x0016\0',
    value: pairs([
      ['blksize', '1432'],
      ['tsize', '135048'],
      ['windowsize', '16'],
    ]),
  },
  {
    kind: 'oack',
    name: 'atftpd offering multicast',
    wire: '\0\x06multicast\x00239.255.0.0,1758,1\0',
    value: pairs([['multicast', '239.255.0.0,1758,1']]),
  },
  {
    kind: 'error',
    name: 'not found',
    wire: '\0\x05\0\x01no such file\0',
    value: { wireCode: 1, message: 'no such file' },
  },
  {
    kind: 'error',
    name: 'EDK2 after its size probe',
    wire: '\0\x05\0\x08User aborted the transfer\0',
    value: { wireCode: 8, message: 'User aborted the transfer' },
  },
  { kind: 'error', name: 'no message', wire: '\0\x05\0\0\0', value: { wireCode: 0, message: '' } },
  {
    kind: 'error',
    name: 'a code that nobody uses',
    wire: '\0\x05\xff\xfe?\0',
    value: { wireCode: 65534, message: '?' },
  },
  {
    kind: 'error',
    name: 'without its NUL',
    wire: '\0\x05\0\x05wrong',
    value: { wireCode: 5, message: 'wrong' },
    readOnly: true,
  },
  { kind: 'error', name: 'four bytes', wire: '\0\x05\0\x03', value: { wireCode: 3, message: '' }, readOnly: true },
  { kind: 'data', name: 'an empty last block', wire: '\0\x03\0\x01', value: { block: 1, payload: '' } },
  { kind: 'data', name: 'block 65535', wire: '\0\x03\xff\xffabc', value: { block: 65535, payload: 'abc' } },
  { kind: 'data', name: 'block 256', wire: '\0\x03\x01\0\0\0', value: { block: 256, payload: '\0\0' } },
  { kind: 'ack', name: 'ACK 0', wire: '\0\x04\0\0', value: { block: 0 } },
  { kind: 'ack', name: 'ACK 32768', wire: '\0\x04\x80\0', value: { block: 32768 } },
  { kind: 'ack', name: 'ACK 513', wire: '\0\x04\x02\x01', value: { block: 513 } },
]

/** The bytes of one character per byte. */
export function bytesOf(wire: string): Uint8Array {
  return Uint8Array.from(wire, (character) => character.charCodeAt(0))
}
