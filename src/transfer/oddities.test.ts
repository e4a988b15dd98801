import { expect, test } from 'vitest'
import { Oddities } from './oddities.ts'

const note = (oddities: Oddities, bytes: number[], port?: number): void =>
  oddities.note(Uint8Array.from(bytes), 0, bytes.length, port)

test('names what came, how often, and from where', () => {
  const oddities = new Oddities()
  expect(String(oddities)).toBe('')
  note(oddities, [0, 3, 3, 132, 1], 1069)
  expect(String(oddities)).toBe('1 datagram from port 1069 (DATA 900)')
  note(oddities, [0, 3, 3, 132, 1], 1069)
  note(oddities, [0, 77, 0, 0], 1070)
  note(oddities, [1, 2, 3])
  expect(String(oddities)).toBe('4 datagrams from port 1069 and 1070 (2 x DATA 900, opcode 77, 3 bytes)')
})

test('keeps a few kinds of a flood', () => {
  const oddities = new Oddities()
  for (let i = 0; i < 5000; i++) note(oddities, [0, 3, i >> 8, i & 255], i)
  expect(String(oddities)).toBe('5000 datagrams from port 0 and 1 and 2 (DATA 0, DATA 1, DATA 2, DATA 3)')
})
