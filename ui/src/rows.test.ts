import fc from 'fast-check'
import { expect, test } from 'vitest'
import { GROUPINGS, type Listing, ORDERS, rangeInView, rowsOf } from './rows.ts'
import type { TransferView } from './wire.ts'

const ALL: Listing = { search: '', order: 'attention', group: 'none', open: new Set() }

function view(id: number, more: Partial<TransferView> = {}): TransferView {
  return {
    id,
    client: `192.168.0.${id}:2070`,
    file: 'recovery.bin',
    served: undefined,
    direction: 'read',
    state: 'running',
    bytes: 1000,
    sizeBytes: 2000,
    rateBytesPerSec: 100,
    blksize: 512,
    window: 1,
    datagrams: 2,
    retransmitted: 0,
    stalls: 0,
    since: id,
    inWords: '',
    ...more,
  }
}

const ids = (rows: ReturnType<typeof rowsOf>): (number | string)[] =>
  rows.map((row) => (row.type === 'group' ? row.key : row.view.id))

test('what stands still comes first, then what has not answered yet', () => {
  const views = [view(1), view(2, { state: 'requested' }), view(3, { state: 'stalled' }), view(4, { state: 'stalled' })]
  expect(ids(rowsOf(views, ALL))).toEqual([3, 4, 2, 1])
  expect(ids(rowsOf(views, { ...ALL, order: 'newest' }))).toEqual([4, 3, 2, 1])
})

test('a search finds clients, asked and served names', () => {
  const views = [view(1), view(2, { file: 'INITRD.img' }), view(3, { served: 'boot/initrd-6.1.img' })]
  expect(ids(rowsOf(views, { ...ALL, search: ' initrd ' }))).toEqual([2, 3])
  expect(ids(rowsOf(views, { ...ALL, search: '0.1:' }))).toEqual([1])
})

test('groups are counted and opened one by one', () => {
  const views = [view(1), view(2, { file: 'b', state: 'stalled' }), view(3)]
  const closed = rowsOf(views, { ...ALL, group: 'file' })
  expect(closed).toMatchObject([
    { key: 'recovery.bin', count: 2, stalled: 0, bytes: 2000, rateBytesPerSec: 200, isOpen: false },
    { key: 'b', count: 1, stalled: 1 },
  ])
  expect(ids(rowsOf(views, { ...ALL, group: 'file', open: new Set(['recovery.bin']) }))).toEqual([
    'recovery.bin',
    1,
    3,
    'b',
  ])
})

test('every transfer is listed once, however it is ordered and grouped', () => {
  const states = fc.constantFrom('requested' as const, 'running' as const, 'stalled' as const)
  const views = fc
    .array(fc.record({ file: fc.constantFrom('a', 'b', 'c'), state: states, rateBytesPerSec: fc.nat(9) }))
    .map((list) => list.map((more, id) => view(id, more)))
  fc.assert(
    fc.property(views, fc.constantFrom(...ORDERS), fc.constantFrom(...GROUPINGS), (list, order, group) => {
      const open = new Set(['a', 'b', 'c', 'requested', 'running', 'stalled'])
      const listed = rowsOf(list, { search: '', order, group, open }).flatMap((row) =>
        row.type === 'transfer' ? [row.view.id] : [],
      )
      expect(listed.toSorted((a, b) => a - b)).toEqual(list.map(({ id }) => id))
    }),
  )
})

test('the rows in view are always among those that are drawn', () => {
  const whole = fc.nat(300_000)
  fc.assert(
    fc.property(whole, fc.integer({ min: 1, max: 2000 }), fc.nat(6000), (scrollTop, height, count) => {
      const { from, to } = rangeInView(scrollTop, height, 44, count)
      expect(from).toBeGreaterThanOrEqual(0)
      expect(to).toBeLessThanOrEqual(count)
      expect(to - from).toBeLessThanOrEqual(height / 44 + 14)
      if (count > 0) expect(from).toBeLessThan(to)
      const first = Math.floor(scrollTop / 44)
      if (first < count) expect(from <= first && first < to).toBe(true)
    }),
  )
})
