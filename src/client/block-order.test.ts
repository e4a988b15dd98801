import { readdirSync, readlinkSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BlockOrder } from './block-order.ts'

/** Files of blocks that wait and are open in this process. */
function openFiles(): number {
  if (process.platform !== 'linux') return 0
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).endsWith('/blocks (deleted)')
    } catch {
      return false
    }
  }).length
}

test('blocks in any order come out in order, and nothing is left behind', () => {
  const order = fc.integer({ min: 1, max: 40 }).chain((count) => {
    const blocks = Array.from({ length: count }, (_, i) => i + 1)
    return fc.tuple(fc.shuffledSubarray(blocks, { minLength: count }), fc.integer({ min: 0, max: 15 }))
  })
  fc.assert(
    fc.property(order, ([sequence, lastBytes]) => {
      const file = Uint8Array.from({ length: (sequence.length - 1) * 16 + lastBytes }, (_, i) => i * 7)
      const taken: number[] = []
      const blocks = new BlockOrder(16, (buffer, offset, length) => {
        taken.push(...buffer.subarray(offset, offset + length))
      })
      for (const seq of sequence) {
        const length = seq === sequence.length ? lastBytes : 16
        // As in a datagram: behind a header, with other bytes around.
        const datagram = new Uint8Array(4 + length + 3)
        datagram.set(file.subarray((seq - 1) * 16, (seq - 1) * 16 + length), 4)
        blocks.put(seq, datagram, 4, length)
      }
      blocks.close()
      expect(taken).toEqual([...file])
    }),
    { numRuns: 60 },
  )
  expect(openFiles()).toBe(0)
})

test('what cannot be handed on is thrown', () => {
  const blocks = new BlockOrder(16, () => {
    throw new Error('full')
  })
  blocks.put(2, new Uint8Array(16), 0, 16)
  expect(() => blocks.put(1, new Uint8Array(16), 0, 16)).toThrow('full')
  blocks.close()
})
