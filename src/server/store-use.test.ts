import { expect, test } from 'vitest'
import type { Store } from '../content/contract.ts'
import { StoreUse } from './store-use.ts'

function counted(): { use: StoreUse; closes: () => number } {
  let closes = 0
  const store = { close: () => closes++ } as unknown as Store
  return { use: new StoreUse(store), closes: () => closes }
}

test('a store that was replaced closes when its last transfer ends, and once', () => {
  const { use, closes } = counted()
  use.retain()
  use.retain()
  use.retire()
  use.release()
  expect(closes()).toBe(0)
  use.release()
  expect(closes()).toBe(1)
  use.close()
  expect(closes()).toBe(1)
})

test('one that is not used closes at once, one that was not replaced stays', () => {
  const unused = counted()
  unused.use.retire()
  expect(unused.closes()).toBe(1)
  const current = counted()
  current.use.retain()
  current.use.release()
  expect(current.closes()).toBe(0)
})
