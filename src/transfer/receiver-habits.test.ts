import { expect, test } from 'vitest'
import { OPCODE } from '../packet/index.ts'
import { takesAnyAck } from './receiver-habits.ts'

const request = (opcode: typeof OPCODE.wrq | typeof OPCODE.rrq, names: string) => ({
  opcode,
  filename: 'f',
  mode: 'octet' as const,
  options: names.split(' ').map((name) => ({ name, value: '5' })),
})

test.each([
  ['timeout blksize', true],
  ['timeout tsize blksize', true],
  ['timeout blksize multicast', true],
  ['timeout tsize blksize multicast', true],
  // curl, and our own put.
  ['tsize blksize timeout', false],
  ['tsize blksize windowsize timeout', false],
  ['blksize timeout', false],
  ['timeout blksize windowsize', false],
  ['timeout', false],
  ['', false],
])('R2: a WRQ with "%s": %s', (names, expected) => {
  expect(takesAnyAck(request(OPCODE.wrq, names))).toBe(expected)
  expect(takesAnyAck(request(OPCODE.rrq, names))).toBe(false)
})
