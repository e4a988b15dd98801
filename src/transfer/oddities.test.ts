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
  expect(String(oddities)).toBe('4 datagrams from ports 1069 and 1070 (2 x DATA 900, opcode 77, 3 bytes)')
})

test.each([
  [[], '0 bytes'],
  [[0], '1 byte'],
  [[0, 3, 1], '3 bytes'],
  [[0, 4, 255, 255], 'ACK 65535'],
  [[0, 5, 0, 2, 0], 'ERROR 2'],
  [[0, 6, 0x61, 0], 'OACK'],
  [[0, 1, 0x61, 0], 'RRQ'],
  [[255, 255, 0, 0], 'opcode 65535'],
  [[0, 0, 9, 9], 'opcode 0'],
])('%j is %s', (bytes, text) => {
  const oddities = new Oddities()
  note(oddities, bytes)
  expect(String(oddities)).toBe(`1 datagram (${text})`)
})

test('names a few kinds and ports of a flood, and counts the rest', () => {
  const oddities = new Oddities()
  for (let i = 0; i < 5000; i++) note(oddities, [0, 3, i >> 8, i & 255], i)
  expect(String(oddities)).toBe(
    '5000 datagrams from ports 0, 1, 2 and others (DATA 0, DATA 1, DATA 2, DATA 3, 4996 more)',
  )
})

test('a cleared one begins anew', () => {
  const oddities = new Oddities()
  for (let i = 0; i < 9; i++) note(oddities, [0, 3, 0, i], i)
  oddities.clear()
  expect(String(oddities)).toBe('')
  note(oddities, [0, 77, 0, 0])
  expect(String(oddities)).toBe('1 datagram (opcode 77)')
})
