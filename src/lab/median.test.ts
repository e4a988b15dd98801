import { expect, test } from 'vitest'
import { median } from './median.ts'

test.each([
  [[], undefined],
  [[3], 3],
  [[5, 1, 3], 3],
  [[10, 9, 1, 2], 5.5],
])('the median of %j is %s', (values, wanted) => {
  expect(median(values)).toBe(wanted)
})
