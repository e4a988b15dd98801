import { describe, expect, test } from 'vitest'
import { ended, failed, update } from '../../test/support/history.ts'
import type { Batch } from './batch.ts'
import { MAX_BATCH, MAX_TRANSFERS, Queue } from './queue.ts'

/** As long as the longest. */
const LONG = Buffer.alloc(32_768, 1).toString('base64')

function taken(queue: Queue): Batch[] {
  const batches: Batch[] = []
  while (!queue.isEmpty) {
    const { text, transfers } = queue.take()
    const batch = JSON.parse(text) as Batch
    expect(batch.ended).toHaveLength(transfers)
    batches.push(batch)
  }
  return batches
}

describe('the queue', () => {
  test('gives what it got, in order, in batches that are made quickly', () => {
    const queue = new Queue()
    for (let i = 0; i < 1000; i++) queue.add(ended({ file: `f${i}` }))
    const batches = taken(queue)
    expect(batches.every(({ ended: some }) => some.length <= MAX_BATCH)).toBe(true)
    expect(batches.flatMap(({ ended: some }) => some).map(([seq, , , , , asked]) => [seq, asked])).toEqual(
      Array.from({ length: 1000 }, (_, i) => [i + 1, `f${i}`]),
    )
    expect(queue.takeLost()).toEqual({ transfers: 0, traces: 0 })
  })

  test('counts what finds no room, and takes more once there is', () => {
    const queue = new Queue()
    for (let i = 0; i < MAX_TRANSFERS + 5; i++) queue.add(ended())
    expect(queue.transfers).toBe(MAX_TRANSFERS)
    expect(queue.takeLost()).toEqual({ transfers: 5, traces: 0 })
    expect(queue.takeLost()).toEqual({ transfers: 0, traces: 0 })
    const numbers = taken(queue).flatMap(({ ended: some }) => some.map(([seq]) => seq))
    queue.add(ended())
    // Numbers of what was lost are not given again.
    expect([...numbers, ...taken(queue)[0].ended.map(([seq]) => seq)]).toEqual([
      ...Array.from({ length: MAX_TRANSFERS }, (_, i) => i + 1),
      MAX_TRANSFERS + 6,
    ])
  })

  test('rows that come as a text go on as they are, in their place, and count', () => {
    const queue = new Queue()
    queue.add(ended({ file: 'first' }))
    queue.addRows('[-7,"a"],[-8,"b"]', 2)
    queue.add(ended({ file: 'last' }))
    expect(queue.transfers).toBe(4)
    expect(taken(queue)[0].ended.map(([seq]) => seq)).toEqual([1, -7, -8, 2])
    for (let i = 0; i < MAX_TRANSFERS; i++) queue.addRows('[-9]', 1)
    queue.addRows('[-1],[-2],[-3]', 3)
    expect(queue.takeLost()).toEqual({ transfers: 3, traces: 0 })
  })

  test('leaves traces out when too many wait, and keeps their transfers', () => {
    const queue = new Queue()
    // The room of transfers that do not wait is there for traces.
    for (let i = 0; i < 300; i++) queue.add(failed(LONG))
    const { transfers, traces } = queue.takeLost()
    expect(transfers).toBe(0)
    expect(traces).toBeGreaterThan(0)
    const all = taken(queue).flatMap(({ ended: some }) => some)
    expect(all).toHaveLength(300)
    const kept = all.filter((row) => row.at(-1) !== null).length
    expect(kept).toBe(300 - traces)
    expect(kept).toBeGreaterThanOrEqual(64)
    // With the room back, the next one is kept again.
    queue.add(failed(LONG))
    expect(taken(queue)[0].ended[0].at(-1)).toBe(LONG)
  })

  test('joins what is learnt of one device', () => {
    const queue = new Queue()
    queue.learn(update('a', 2, 4))
    queue.learn(update('a', 1, 2))
    queue.learn(update('b', 1))
    expect(taken(queue)).toEqual([{ ended: [], learnt: [update('a', 2, 4), update('b', 1)] }])
  })
})
