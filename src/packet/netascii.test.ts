import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { NetasciiDecoder, NetasciiEncoder, netasciiSize } from './index.ts'

const bytes = (text: string) => Uint8Array.from(text, (c) => c.charCodeAt(0))
const text = (b: Uint8Array) => String.fromCharCode(...b)

const TABLE: [string, string][] = [
  ['', ''],
  ['plain', 'plain'],
  ['a\nb', 'a\r\nb'],
  ['\n\n', '\r\n\r\n'],
  ['a\rb', 'a\r\0b'],
  ['\r\n', '\r\0\r\n'],
  ['\r\r', '\r\0\r\0'],
  ['\0', '\0'],
  ['\xff\0\n', '\xff\0\r\n'],
]

describe('both directions', () => {
  test.each(TABLE)('%j travels as %j', (local, wire) => {
    expect(text(encodeInto(bytes(local), [1000], 1000))).toBe(wire)
    expect(text(decode(bytes(wire), [1000]))).toBe(local)
    expect(netasciiSize(bytes(`x${local}\n`), 1, local.length)).toBe(wire.length)
  })

  test.each([
    ['a\rb', 'a\rb'],
    ['\r\r\n', '\r\n'],
    ['a\r', 'a\r'],
    ['a\nb', 'a\nb'],
    ['\r\r\0\r', '\r\r\r'],
  ])('what no sender should send is kept: %j becomes %j', (wire, local) => {
    expect(text(decode(bytes(wire), [1000]))).toBe(local)
    expect(text(decode(bytes(wire), [1]))).toBe(local)
  })
})

/** Mostly the three bytes that matter. */
const source = fc
  .uint8Array({ maxLength: 300 })
  .map((b) => b.map((byte) => (byte < 180 ? [10, 13, 0][byte % 3] : byte)))
const sizes = fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 20 })

describe('streaming', () => {
  test('decode(encode(x)) is x, however both sides are cut into pieces', () => {
    fc.assert(
      fc.property(source, sizes, fc.integer({ min: 1, max: 9 }), sizes, (local, sourceSizes, room, wireSizes) => {
        const wire = encodeInto(local, sourceSizes, room)
        expect(wire.length).toBe(netasciiSize(local, 0, local.length))
        expect(wire).toEqual(encodeInto(local, [1000], 1000))
        expect(decode(wire, wireSizes)).toEqual(local)
      }),
      { numRuns: 500 },
    )
  })

  test('any bytes decode to at most one more than the piece, cut or whole alike', () => {
    fc.assert(
      fc.property(source, sizes, (wire, wireSizes) => {
        expect(decode(wire, wireSizes)).toEqual(decode(wire, [1000]))
      }),
      { numRuns: 500 },
    )
  })

  test('a block that fills up in the middle of a pair keeps the half', () => {
    const encoder = new NetasciiEncoder()
    const block = new Uint8Array(3)
    expect(encoder.encode(bytes('ab\ncd'), 0, 5, block, 0)).toBe(3)
    expect([text(block), encoder.consumed, encoder.unfinished]).toEqual(['ab\r', 3, true])
    expect(encoder.encode(bytes('ab\ncd'), 3, 2, block, 0)).toBe(3)
    expect([text(block), encoder.consumed, encoder.unfinished]).toEqual(['\ncd', 2, false])
  })
})

/** Encodes pieces of `sourceSizes` (repeating) into blocks of `room` bytes. */
function encodeInto(local: Uint8Array, sourceSizes: number[], room: number): Uint8Array {
  const encoder = new NetasciiEncoder()
  const wire: number[] = []
  const target = new Uint8Array(room)
  let from = 0
  for (let piece = 0; from < local.length || encoder.unfinished; piece++) {
    const length = Math.min(sourceSizes[piece % sourceSizes.length], local.length - from)
    const written = encoder.encode(local, from, length, target, 0)
    from += encoder.consumed
    wire.push(...target.subarray(0, written))
  }
  return Uint8Array.from(wire)
}

function decode(wire: Uint8Array, wireSizes: number[]): Uint8Array {
  const decoder = new NetasciiDecoder()
  const local: number[] = []
  let from = 0
  for (let piece = 0; from < wire.length; piece++) {
    const length = Math.min(wireSizes[piece % wireSizes.length], wire.length - from)
    const target = new Uint8Array(length + 2).fill(0xaa)
    const written = decoder.decode(wire, from, length, target, 1)
    expect(written).toBeLessThanOrEqual(length + 1)
    expect(target[0]).toBe(0xaa)
    local.push(...target.subarray(1, 1 + written))
    from += length
  }
  const last = new Uint8Array(1)
  local.push(...last.subarray(0, decoder.end(last, 0)))
  expect(decoder.end(last, 0)).toBe(0)
  return Uint8Array.from(local)
}
