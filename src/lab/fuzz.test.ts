import { describe, expect, test } from 'vitest'
import { parseError, parseOack, parseRequest, readOpcode } from '../packet/index.ts'
import { FUZZ_SHAPES, fuzzDatagram, MAX_DATAGRAM_BYTES } from './fuzz.ts'
import { Rng } from './rng.ts'

const COUNT = 30_000

describe('fuzzDatagram', () => {
  test('the same seed gives the same datagrams, another seed others', () => {
    const draw = (seed: number) => {
      const rng = new Rng(seed)
      return Array.from({ length: 200 }, () => fuzzDatagram(rng))
    }
    expect(draw(1)).toEqual(draw(1))
    expect(draw(1)).not.toEqual(draw(2))
  })

  test('reaches every answer of the parsers, both ends of the lengths, every opcode', () => {
    const rng = new Rng(7)
    const reasons = new Set<string>()
    const opcodes = new Set<number>()
    let requests = 0
    let shortest = Infinity
    let longest = 0
    for (let i = 0; i < COUNT; i++) {
      const datagram = fuzzDatagram(rng)
      shortest = Math.min(shortest, datagram.length)
      longest = Math.max(longest, datagram.length)
      opcodes.add(readOpcode(datagram, 0, datagram.length))
      parseOack(datagram, 0, datagram.length)
      parseError(datagram, 0, datagram.length)
      const parsed = parseRequest(datagram, 0, datagram.length)
      if (parsed.ok) requests++
      else reasons.add(parsed.reason.replace(/".*"|(?<=value of )option .* longer/, '…'))
    }
    expect([shortest, longest]).toEqual([0, MAX_DATAGRAM_BYTES])
    expect([...Array(9).keys()].filter((opcode) => !opcodes.has(opcode))).toEqual([])
    expect(opcodes.size).toBeGreaterThan(100)
    // Enough that parse to exercise what lies behind, enough that do not.
    expect(requests / COUNT).toBeGreaterThan(0.2)
    expect(requests / COUNT).toBeLessThan(0.6)
    expect([...reasons].sort()).toEqual([
      'more than 16 options',
      'not a read or write request',
      'option name longer than 32 bytes',
      'the filename has no end',
      'the filename is empty',
      'the filename is longer than 512 bytes',
      'the mode has no end',
      'unknown mode …; use octet or netascii',
      'value of … than 64 bytes',
    ])
  })

  test.each(FUZZ_SHAPES)('shape $type is made of bytes within the limit, and varies', ({ make }) => {
    const rng = new Rng(3)
    const seen = new Set<string>()
    for (let i = 0; i < 300; i++) {
      const datagram = make(rng)
      expect(datagram.length).toBeLessThanOrEqual(MAX_DATAGRAM_BYTES)
      seen.add(datagram.subarray(0, 64).join())
    }
    expect(seen.size).toBeGreaterThan(10)
  })
})
