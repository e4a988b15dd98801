import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CHUNK_BYTES, ChunkCache, type ChunkSource } from './chunk-cache.ts'

/** Chunk n of source s holds s and n in its first two bytes. Counts its reads. */
class CountingSource implements ChunkSource {
  readonly slots = new Map<number, number>()
  readonly id: number
  fills = 0
  failing = false

  constructor(id: number) {
    this.id = id
  }

  fill(chunk: number, target: Buffer): number {
    if (this.failing) throw new Error('cannot read')
    this.fills++
    target[0] = this.id
    target[1] = chunk
    return 2
  }
}

function read(cache: ChunkCache, source: ChunkSource, chunk: number): number[] {
  const target = new Uint8Array(4)
  const bytes = cache.copy(source, chunk, 0, target, 1, 3)
  return [bytes, target[1], target[2]]
}

test('a chunk is read once, and again only after it was the least recently used', () => {
  const cache = new ChunkCache(3 * CHUNK_BYTES)
  const source = new CountingSource(7)
  for (const chunk of [0, 1, 2, 0]) expect(read(cache, source, chunk)).toEqual([2, 7, chunk])
  expect(source.fills).toBe(3)
  read(cache, source, 3) // puts out 1: 0 was used after it
  read(cache, source, 0)
  expect(source.fills).toBe(4)
  read(cache, source, 1)
  expect(source.fills).toBe(5)
  expect(cache.size).toBe(3)
})

test('a chunk that cannot be read leaves nothing, and its place is used again', () => {
  const cache = new ChunkCache(CHUNK_BYTES)
  const source = new CountingSource(1)
  read(cache, source, 0)
  source.failing = true
  expect(() => read(cache, source, 1)).toThrow('cannot read')
  expect(cache.size).toBe(0)
  source.failing = false
  expect(read(cache, source, 0)).toEqual([2, 1, 0])
  expect(source.fills).toBe(2)
})

test('copies only what the chunk has', () => {
  const cache = new ChunkCache()
  const target = new Uint8Array(8)
  expect(cache.copy(new CountingSource(9), 5, 1, target, 3, 5)).toBe(1)
  expect([...target]).toEqual([0, 0, 0, 5, 0, 0, 0, 0])
  expect(cache.copy(new CountingSource(9), 5, 2, target, 3, 5)).toBe(0)
})

test('behaves as a plain least-recently-used map, whatever is read and dropped', () => {
  const step = fc.record({
    source: fc.integer({ min: 0, max: 2 }),
    chunk: fc.integer({ min: 0, max: 6 }),
    drop: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
  })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), fc.array(step, { maxLength: 120 }), (capacity, steps) => {
      const cache = new ChunkCache(capacity * CHUNK_BYTES)
      const sources = [new CountingSource(0), new CountingSource(1), new CountingSource(2)]
      const model: string[] = []
      for (const { source, chunk, drop } of steps) {
        if (drop) {
          cache.drop(sources[source])
          model.splice(0, model.length, ...model.filter((key) => !key.startsWith(`${source}:`)))
        } else {
          const key = `${source}:${chunk}`
          const known = model.indexOf(key)
          const before = sources[source].fills
          expect(read(cache, sources[source], chunk)).toEqual([2, source, chunk])
          expect(sources[source].fills - before).toBe(known === -1 ? 1 : 0)
          if (known !== -1) model.splice(known, 1)
          model.push(key)
          if (model.length > capacity) model.shift()
        }
        expect(cache.size).toBe(model.length)
      }
    }),
    { numRuns: 300 },
  )
})
