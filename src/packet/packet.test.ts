import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ForesendError } from '../error.ts'
import {
  encodeError,
  encodeOack,
  encodeRequest,
  MAX_OPTIONS,
  type Mode,
  type Option,
  optionNumber,
  parseError,
  parseOack,
  parseRequest,
  readOpcode,
  type Request,
} from './index.ts'

const utf8Length = (text: string) => new TextEncoder().encode(text).length
/** Any well-formed text without NUL of so many bytes. */
const text = (min: number, max: number) =>
  fc
    .string({ unit: 'binary', minLength: min, maxLength: max })
    .filter((s) => !s.includes('\0') && utf8Length(s) >= min && utf8Length(s) <= max)
const option: fc.Arbitrary<Option> = fc.record({
  name: text(1, 32).map((name) => name.replace(/[A-Z]/g, 'x')),
  value: text(0, 64),
})
const options = fc.uniqueArray(option, { maxLength: MAX_OPTIONS, selector: ({ name }) => name })
const request: fc.Arbitrary<Request> = fc.record({
  opcode: fc.constantFrom(1 as const, 2 as const),
  filename: text(1, 512),
  mode: fc.constantFrom<Mode>('octet', 'netascii', 'mail'),
  options,
})

/** Bytes that get past the first checks: an opcode, then strings, NULs and rubbish. */
const nearlyPacket = fc
  .tuple(
    fc.constantFrom('\0\x01', '\0\x02', '\0\x05\0\x01', '\0\x06'),
    fc.array(
      fc.oneof(
        fc.constantFrom('\0', 'octet\0', 'NETASCII\0', 'blksize\0', '\xff\xfe', '\xc3', '1468\0'),
        fc.string({ maxLength: 80 }),
      ),
      { maxLength: 60 },
    ),
  )
  .map(([opcode, parts]) => Uint8Array.from([opcode, ...parts].join(''), (c) => c.charCodeAt(0)))
const anyBytes = fc.oneof(nearlyPacket, fc.uint8Array({ maxLength: 2000 }))

describe('round trip', () => {
  test('requests', () => {
    fc.assert(
      fc.property(request, (value) => {
        const bytes = encodeRequest(value)
        expect(parseRequest(bytes, 0, bytes.length)).toEqual({ ok: true, value })
      }),
    )
  })

  test('OACKs', () => {
    fc.assert(
      fc.property(options, (value) => {
        const bytes = encodeOack(value)
        expect(parseOack(bytes, 0, bytes.length)).toEqual({ ok: true, value })
      }),
    )
  })

  test('ERRORs, cut to 512 bytes between characters', () => {
    fc.assert(
      fc.property(fc.nat(65535), fc.string({ unit: 'binary', maxLength: 600 }), (wireCode, message) => {
        const bytes = encodeError(wireCode, message)
        expect(bytes.length).toBeLessThanOrEqual(512)
        const parsed = parseError(bytes, 0, bytes.length)
        if (!parsed.ok) throw new Error(parsed.reason)
        expect(parsed.value.wireCode).toBe(wireCode)
        const kept = message.replaceAll('\0', ' ')
        expect(kept.startsWith(parsed.value.message)).toBe(true)
        if (utf8Length(kept) <= 507) expect(parsed.value.message).toBe(kept)
        else expect(bytes.length).toBeGreaterThan(512 - 4)
      }),
    )
  })
})

describe('any bytes', () => {
  test('give a bounded value or a fault, and a request that parses can be sent on', () => {
    fc.assert(
      fc.property(anyBytes, fc.nat(40), (bytes, offset) => {
        const length = Math.max(0, bytes.length - offset)
        readOpcode(bytes, offset, length)
        for (const parse of [parseOack, parseError]) {
          const parsed = parse(bytes, offset, length)
          if (!parsed.ok) expect(parsed.reason.length).toBeLessThan(400)
        }
        const parsed = parseRequest(bytes, offset, length)
        if (!parsed.ok) {
          expect([4, 8]).toContain(parsed.wireCode)
          expect(parsed.reason).toMatch(/^[^\p{Cc}]{1,400}$/u)
          return
        }
        expect(parsed.value.options.length).toBeLessThanOrEqual(MAX_OPTIONS)
        const names = parsed.value.options.map(({ name }) => name)
        expect(new Set(names).size).toBe(names.length)
        // latin1 names may grow beyond the limits as UTF-8; all else comes back the same.
        if (bytes.some((byte) => byte > 0x7f)) return
        const again = encodeRequest(parsed.value)
        expect(parseRequest(again, 0, again.length)).toEqual(parsed)
      }),
      { numRuns: 2000 },
    )
  })

  test('the largest datagrams cost little', () => {
    const fillers = ['\0', 'a', 'a\0', '\xff', 'blksize\x001\0']
    const started = process.cpuUsage().user
    for (const filler of fillers) {
      const bytes = new Uint8Array(65_507)
      for (let i = 0; i < bytes.length; i++) bytes[i] = filler.charCodeAt(i % filler.length)
      for (let opcode = 0; opcode < 8; opcode++) {
        bytes[0] = 0
        bytes[1] = opcode
        for (const parse of [parseRequest, parseOack, parseError]) parse(bytes, 0, bytes.length)
      }
    }
    // 120 parses: generous by two orders of magnitude, yet a quadratic scan would take minutes.
    expect(process.cpuUsage().user - started).toBeLessThan(5_000_000)
  })
})

describe('encoders refuse what would forge or break a packet', () => {
  const good: Request = { opcode: 1, filename: 'f', mode: 'octet', options: [] }
  test.each<[string, Request, RegExp]>([
    ['NUL in the filename', { ...good, filename: 'a\0octet\0' }, /filename contains a NUL/],
    ['no filename', { ...good, filename: '' }, /filename is empty/],
    ['a filename of 513 bytes', { ...good, filename: 'ß'.repeat(257) }, /filename is 514 bytes long/],
    ['NUL in a name', { ...good, options: [{ name: 'a\0b', value: '' }] }, /option name contains a NUL/],
    ['no name', { ...good, options: [{ name: '', value: '1' }] }, /option name is empty/],
    ['NUL in a value', { ...good, options: [{ name: 'a', value: '\0' }] }, /value of option a contains a NUL/],
    ['a long value', { ...good, options: [{ name: 'a', value: '1'.repeat(65) }] }, /65 bytes long/],
  ])('%s', (_, request, message) => {
    expect(() => encodeRequest(request)).toThrow(message)
    expect(() => encodeRequest(request)).toThrow(ForesendError)
    if (request.options.length > 0) expect(() => encodeOack(request.options)).toThrow(message)
  })
})

describe('option numbers', () => {
  const number = (value: string, min = 0, max = Number.MAX_SAFE_INTEGER) =>
    optionNumber([{ name: 'tsize', value }], 'tsize', min, max)

  test.each<[string, number | undefined]>([
    ['0', 0],
    ['512', 512],
    ['0008', 8],
    ['9007199254740991', 9007199254740991],
    ['9007199254740992', undefined],
    ['9007199254740993', undefined],
    ['18446744073709551616', undefined],
    ['00000000000000000001', 1],
    ['000000000000000000001', undefined],
    ['', undefined],
    ['-1', undefined],
    ['+1', undefined],
    [' 1', undefined],
    ['1 ', undefined],
    ['1\n', undefined],
    ['1.0', undefined],
    ['1e3', undefined],
    ['0x10', undefined],
    ['١', undefined],
    ['NaN', undefined],
  ])('%j is %j', (value, expected) => expect(number(value)).toBe(expected))

  test('bounds are inclusive', () => {
    expect([7, 8, 65464, 65465].map((n) => number(String(n), 8, 65464))).toEqual([undefined, 8, 65464, undefined])
  })

  test('a number that a double cannot hold is none, whatever the bounds', () => {
    expect(number('9007199254740993', 0, Infinity)).toBeUndefined()
  })

  test('the option must be there, under its exact name', () => {
    const list = [{ name: 'blksize2', value: '1024' }]
    expect(optionNumber(list, 'blksize', 8, 65464)).toBeUndefined()
    expect(optionNumber(list, 'blksize2', 8, 65464)).toBe(1024)
  })

  test('every safe integer is read as it was written', () => {
    fc.assert(fc.property(fc.maxSafeNat(), (n) => number(String(n)) === n))
  })
})
