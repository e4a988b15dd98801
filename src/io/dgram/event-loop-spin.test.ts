import { expect, test } from 'vitest'
import { EventLoopSpin } from './event-loop-spin.ts'

/** Turns of the event loop until `done`, bounded. */
async function turns(done: () => boolean): Promise<number> {
  let count = 0
  while (!done() && count < 10_000) {
    await new Promise((resolve) => setImmediate(resolve))
    count++
  }
  return count
}

/** A clock that moves by `stepMs` each time it is read. */
function clock(stepMs: number): { now: () => number; reads: () => number } {
  let reads = 0
  return { now: () => reads++ * stepMs, reads: () => reads }
}

test('spins for a moment after a datagram and then stops by itself', async () => {
  const { now, reads } = clock(0.01)
  const spin = new EventLoopSpin(now, 2)
  spin.datagram(0)
  await turns(() => reads() >= 11)
  const settled = reads()
  await turns(() => false)
  expect(settled).toBeGreaterThanOrEqual(11)
  expect(reads()).toBe(settled)
})

test('rests when no answer ever comes that soon', async () => {
  const { now, reads } = clock(1)
  const spin = new EventLoopSpin(now, 2)
  for (let i = 0; i < 8; i++) {
    const before = reads()
    spin.datagram(-10)
    await turns(() => reads() > before)
  }
  const before = reads()
  for (let i = 0; i < 100; i++) spin.datagram(-10)
  await new Promise((resolve) => setImmediate(resolve))
  await new Promise((resolve) => setImmediate(resolve))
  expect(reads()).toBe(before)
})

test('never spins on a single core', async () => {
  const { now, reads } = clock(0.01)
  new EventLoopSpin(now, 1).datagram(0)
  await new Promise((resolve) => setImmediate(resolve))
  await new Promise((resolve) => setImmediate(resolve))
  expect(reads()).toBe(0)
})
