import { expect, test } from 'vitest'
import { OPCODE, type Option, type Request } from '../packet/index.ts'
import {
  agreedForReceiver,
  agreedForSender,
  lastNumberedSeq,
  type Limits,
  negotiateRead,
  negotiateWrite,
  type Rollover,
} from './negotiate.ts'

function limits(rollover?: Rollover): Limits {
  const most = { maxBlksize: 65464, maxWindowsize: 64, maxWindowBytes: 1 << 20, refuse: new Set<string>() }
  return rollover === undefined ? most : { ...most, rollover }
}

function request(opcode: Request['opcode'], value?: string): Request {
  const options: Option[] = value === undefined ? [] : [{ name: 'rollover', value }]
  return { opcode, filename: 'a', mode: 'octet', options }
}

test.each<[Rollover | undefined, string | undefined, 0 | 1, 0 | 1 | 'any', number]>([
  [undefined, undefined, 0, 'any', Infinity],
  ['any', undefined, 0, 'any', Infinity],
  [0, undefined, 0, 0, Infinity],
  [1, undefined, 1, 1, Infinity],
  ['none', undefined, 0, 'any', 65_535],
  // A client that says what it does decides.
  [1, '0', 0, 0, Infinity],
  ['any', '1', 1, 1, Infinity],
  ['none', '1', 1, 1, Infinity],
])(
  'policy %s, option %s: sent as %s, received as %s, the last number is %d',
  (policy, option, sent, received, last) => {
    const read = negotiateRead(request(OPCODE.rrq, option), 1000, limits(policy))
    const write = negotiateWrite(request(OPCODE.wrq, option), limits(policy))
    expect(agreedForSender(read).rollover).toBe(sent)
    expect(agreedForReceiver(write).rollover).toBe(received)
    expect([lastNumberedSeq(read), lastNumberedSeq(write)]).toEqual([last, last])
  },
)
