import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeRequest } from '../../packet/index.ts'
import { fingerprintText } from '../../profile/fingerprint.ts'
import { readRequest } from './read-request.ts'

describe('a request as a person has it', () => {
  test.each([
    ['RRQ "test.bin" octet timeout 1', 'RRQ "test.bin" octet timeout=1'],
    ['rrq test.bin octet timeout=1 blksize=1468', 'RRQ "test.bin" octet timeout=1 blksize=1468'],
    ['RRQ test.bin', 'RRQ "test.bin" octet'],
    ['WRQ "my image.bin" OCTET tsize 700, blksize 512', 'WRQ "my image.bin" OCTET tsize=700 blksize=512'],
    ['RRQ "a" octet blksize=1432 tsize=0 multicast=', 'RRQ "a" octet blksize=1432 tsize=0 multicast='],
    ['00 01 61 00 6f 63 74 65 74 00', 'RRQ "a" octet'],
    ['000161006f6374657400', 'RRQ "a" octet'],
    ['0x0001, 0x6100, 0x6f63, 0x7465, 0x7400', 'RRQ "a" octet'],
    [
      '0000  00 01 74 65 73 74 2e 62 69 6e 00 6f 63 74 65 74   ..test.bin.octet\n0010  00 74 69 6d 65 6f 75 74 00 31 00                  .timeout.1.',
      'RRQ "test.bin" octet timeout=1',
    ],
    ['00000000: 0001 6100 6f63 7465 7400                  ..a.octet.', 'RRQ "a" octet'],
  ])('%s', (text, request) => {
    expect(fingerprintText(readRequest(text).request)).toBe(request)
  })

  test('in a line of tcpdump, with the port that it came from', () => {
    const line =
      '11:25:25.285937 IP 192.168.0.86.3945 > madison.local.tftp:  45 RRQ "ArcherC7v2_tp_recovery.bin" octet timeout 3'
    const { request, port } = readRequest(line)
    expect(fingerprintText(request)).toBe('RRQ "ArcherC7v2_tp_recovery.bin" octet timeout=3')
    expect(port).toBe(3945)
    expect(readRequest('RRQ a octet').port).toBeUndefined()
  })

  test.each([
    ['hello', /"hello" is no request: it takes RRQ "test\.bin"/],
    ['', /is no request/],
    ['RRQ', /is no request/],
    ['0003 0001', /these 4 bytes are no request \(not a read or write request\)/],
    ['00016100', /these 4 bytes are no request \(the mode has no end\)/],
    ['RRQ a octet timeout', /the option timeout has no value/],
    [`RRQ a octet ${'x=1 '.repeat(17)}`, /at most 16 options/],
    ['RRQ "" octet', /no packet can carry/],
  ])('%j is a mistake', (text, says) => {
    expect(() => readRequest(text)).toThrow(says)
  })

  test('any packet that this project builds, in hex and as a description', () => {
    const request = fc.record({
      opcode: fc.constantFrom(1 as const, 2 as const),
      filename: fc.stringMatching(/^[a-zA-Z0-9._/-]{1,40}$/),
      mode: fc.constantFrom('octet' as const, 'netascii' as const),
      options: fc.array(
        fc.record({ name: fc.stringMatching(/^[a-z]{1,9}$/), value: fc.stringMatching(/^[0-9]{1,6}$/) }),
        {
          maxLength: 4,
        },
      ),
    })
    fc.assert(
      fc.property(request, (one) => {
        const hex = Array.from(encodeRequest(one), (byte) => byte.toString(16).padStart(2, '0')).join('')
        const read = readRequest(hex).request
        expect(read).toEqual({
          direction: one.opcode === 1 ? 'read' : 'write',
          filename: one.filename,
          mode: one.mode,
          options: one.options,
        })
        expect(readRequest(fingerprintText(read)).request).toEqual(read)
      }),
    )
  })
})
