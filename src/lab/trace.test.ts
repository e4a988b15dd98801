import { expect, test } from 'vitest'
import { strictClient } from './client/strict.ts'
import { dropNth } from './fault/drop-nth.ts'
import { Trace } from './trace.ts'
import { World } from './world.ts'
import type { Outlet } from './node.ts'

/** Answers each request with one whole file of three bytes. */
const server = () => ({
  deadline: Infinity,
  outlet: undefined as Outlet | undefined,
  attach(outlet: Outlet) {
    this.outlet = outlet
  },
  handleTimer() {},
  handleDatagram(now: number, _b: Uint8Array, _o: number, _l: number, from: number, to: number) {
    if (to === 69) this.outlet!.send(now, Uint8Array.of(0, 3, 0, 1, 7, 7, 7), 0, 7, 4000, from)
  },
})

test('shows what was sent, what arrived, and thereby what was lost', () => {
  const trace = new Trace()
  const world = new World()
  world.join(strictClient({ sizeBytes: 3, timeoutMs: 1000 }), server(), {
    up: { delayMs: 0.5, tap: trace.up },
    down: { delayMs: 0.25, tap: trace.down, faults: [dropNth([1])] },
  })
  world.run({ untilMs: 10_000, maxDatagrams: 100 })
  expect(trace.toString().split('\n')).toEqual([
    '       0.000 >  sent    RRQ "test.bin" octet',
    '       0.500  > arrived RRQ "test.bin" octet',
    '       0.500 <  sent    DATA 1 (3 bytes)',
    '    1000.000 >  sent    RRQ "test.bin" octet',
    '    1000.500  > arrived RRQ "test.bin" octet',
    '    1000.500 <  sent    DATA 1 (3 bytes)',
    '    1000.750  < arrived DATA 1 (3 bytes)',
    '    1000.750 >  sent    ACK 1',
    '    1001.250  > arrived ACK 1',
  ])
})

test('keeps the last lines only', () => {
  const trace = new Trace(2)
  for (const opcode of [1, 2, 9]) {
    trace.up.sent(opcode, { buffer: Uint8Array.of(0, opcode), offset: 0, length: 2, from: 0, to: 0 })
  }
  expect(trace.toString()).toBe(
    '       2.000 >  sent    WRQ that cannot be read (the filename has no end)\n       9.000 >  sent    unknown opcode 9 (2 bytes)',
  )
})
