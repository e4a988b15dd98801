import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseAddress } from './address.ts'
import { type CapturedDatagram, pcapngDatagram, pcapngHeader } from './pcapng.ts'

const hex = (b: Uint8Array) => Array.from(b, (byte) => byte.toString(16).padStart(2, '0')).join('')
const packed = (text: string) => text.replaceAll(/\s|#.*/g, '')

const ACK_513: CapturedDatagram = {
  timeUs: 1_700_000_000_123_456,
  source: '192.168.0.1',
  sourcePort: 2070,
  destination: '192.168.0.100',
  destinationPort: 40000,
  payload: Uint8Array.of(0, 4, 2, 1),
}

describe('golden bytes, worked out apart from the code', () => {
  test('the header', () => {
    expect(hex(pcapngHeader('lab'))).toBe(
      packed(`
        0a0d0d0a 28000000 4d3c2b1a 0100 0000 ffffffffffffffff  # section header, 40 bytes, version 1.0, length unknown
        0100 0300 6c616200 00000000 28000000                   # comment "lab", end of options, length again
        01000000 20000000 6500 0000 00000000                   # interface, 32 bytes, raw IP, no length limit
        0900 0100 06000000 00000000 20000000                   # microseconds, end of options, length again
      `),
    )
  })

  test('an ACK over IPv4', () => {
    expect(hex(pcapngDatagram(ACK_513))).toBe(
      packed(`
        06000000 40000000 00000000 240a0600 40222018           # packet, 64 bytes, interface 0, time
        20000000 20000000                                      # 32 bytes captured and sent
        4500 0020 0000 4000 40 11 b917 c0a80001 c0a80064       # IPv4
        0816 9c40 000c d7c4                                    # UDP
        0004 0201                                              # ACK 513
        40000000
      `),
    )
  })
})

describe('every packet', () => {
  const address4 = fc.ipV4()
  const address6 = fc.ipV6()
  const pair = fc.oneof(
    fc.tuple(address4, address4),
    fc.tuple(address6, address6),
    fc.tuple(address4, address6),
    fc.tuple(address6, fc.constant('')),
  )

  test('has lengths that agree and checksums that verify', () => {
    fc.assert(
      fc.property(pair, fc.uint8Array({ maxLength: 70 }), fc.maxSafeNat(), ([source, destination], payload, timeUs) => {
        const block = pcapngDatagram({ timeUs, source, destination, sourcePort: 69, destinationPort: 65535, payload })
        const view = new DataView(block.buffer, block.byteOffset, block.length)
        expect(block.length % 4).toBe(0)
        expect(view.getUint32(4, true)).toBe(block.length)
        expect(view.getUint32(block.length - 4, true)).toBe(block.length)
        expect(view.getUint32(12, true) * 2 ** 32 + view.getUint32(16, true)).toBe(timeUs)
        verifyIp(block.subarray(28, 28 + view.getUint32(20, true)), payload)
      }),
      { numRuns: 500 },
    )
  })

  test.each([0, 1, 516, 65_468, 65_507, 65_508, 70_000])('carries %i bytes, 65507 at most', (length) => {
    const payload = new Uint8Array(length).fill(0xff)
    for (const address of ['10.0.0.1', 'fe80::1%eth0']) {
      const block = pcapngDatagram({ ...ACK_513, source: address, destination: address, payload })
      const packetBytes = new DataView(block.buffer).getUint32(20, true)
      verifyIp(block.subarray(28, 28 + packetBytes), payload.subarray(0, 65_507))
    }
  })

  test('whose checksum comes to zero carries 0xffff, for 0 means none', () => {
    const sums = new Set<number>()
    for (let word = 0; word < 0x10000; word++) {
      const payload = Uint8Array.of(word >>> 8, word)
      const block = pcapngDatagram({ ...ACK_513, payload })
      sums.add((block[28 + 26] << 8) | block[28 + 27])
    }
    expect(sums.has(0)).toBe(false)
    expect(sums.has(0xffff)).toBe(true)
  })

  test('takes the unspecified address for one that is not known', () => {
    const block = pcapngDatagram({ ...ACK_513, destination: '' })
    expect(hex(block.subarray(28 + 12, 28 + 20))).toBe('c0a8000100000000')
  })
})

test('a long comment is cut, an empty one left out', () => {
  expect(pcapngHeader('').length).toBe(28 + 32)
  expect(pcapngHeader('ß'.repeat(5000)).length).toBe(28 + 4 + 4096 + 4 + 32)
})

describe('addresses', () => {
  test.each([
    ['0.0.0.0', '00000000'],
    ['255.1.2.3', 'ff010203'],
    ['::', '00'.repeat(16)],
    ['::1', `${'00'.repeat(15)}01`],
    ['fe80::', `fe80${'00'.repeat(14)}`],
    ['fe80::1:2%enp3s0', `fe80${'00'.repeat(10)}00010002`],
    ['1:2:3:4:5:6:7:8', '00010002000300040005000600070008'],
    ['1:2:3:4:5:6:1.2.3.4', '00010002000300040005000601020304'],
    ['2001:DB8::a', `20010db8${'00'.repeat(11)}0a`],
    ['::ffff:10.0.0.1', '0a000001'],
    ['::ffff:a00:1', '0a000001'],
    ['64:ff9b::1.2.3.4', `0064ff9b${'00'.repeat(8)}01020304`],
  ])('%s', (text, expected) => expect(hex(parseAddress(text) ?? new Uint8Array())).toBe(expected))

  test.each([
    '',
    '1',
    '1.2.3',
    '1.2.3.4.5',
    '256.1.1.1',
    '1.2.3.4 ',
    'example.org',
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7::8',
    '12345::',
    'g::',
    '1.2.3.4::',
    '::1.2.3',
    ':1::',
    '1:2:3:4:5:6:7:1.2.3.4',
  ])('%j is none', (text) => expect(parseAddress(text)).toBeUndefined())

  test('any IPv6 spelling gives 16 bytes or a mapped 4', () => {
    fc.assert(fc.property(fc.ipV6(), (text) => [4, 16].includes(parseAddress(text)?.length ?? 0)))
  })
})

/** Written apart from the code: sums the words of what a receiver would check. */
function verifyIp(ip: Uint8Array, payload: Uint8Array): void {
  const version = ip[0] >>> 4
  const word = (at: number) => (ip[at] << 8) | ip[at + 1]
  const headerBytes = version === 4 ? 20 : 40
  if (version === 4) {
    expect(word(2)).toBe(ip.length)
    expect(ones(ip.subarray(0, 20))).toBe(0xffff)
  } else {
    expect(version).toBe(6)
    expect(word(4)).toBe(ip.length - 40)
  }
  const udp = ip.subarray(headerBytes)
  expect(word(headerBytes + 4)).toBe(udp.length)
  const addresses = ip.subarray(version === 4 ? 12 : 8, headerBytes)
  const pseudo = Uint8Array.of(...addresses, 0, 17, udp.length >>> 8, udp.length & 0xff)
  const checked = new Uint8Array(pseudo.length + udp.length)
  checked.set(pseudo)
  checked.set(udp, pseudo.length)
  expect(ones(checked)).toBe(0xffff)
  expect(udp.subarray(8)).toEqual(payload)
}

/** One's complement sum with the carry added at once. */
function ones(b: Uint8Array): number {
  let sum = 0
  for (let i = 0; i < b.length; i += 2) {
    sum += b[i] * 256 + (b[i + 1] ?? 0)
    if (sum > 0xffff) sum -= 0xffff
  }
  return sum
}
