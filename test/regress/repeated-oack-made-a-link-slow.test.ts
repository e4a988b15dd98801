/**
 * The first OACK was lost, and U-Boot on a busy host answered its repeat after 6 ms. That was too late for an answer at once, so the link counted as one of
 * 24 kbit/s: a first window that was lost was waited for until the timer of the client rang, after 5 s, and so was each later one.
 */
import { expect, test } from 'vitest'
import { dropNth } from '../../src/lab/index.ts'
import { boot } from '../sim/figures-boot.ts'

const WINDOW = 8

test('a window that is lost behind a repeated OACK is asked about within a second', () => {
  const down = [dropNth([1, ...blocks(3)])]
  const { intact, ms } = boot({
    client: 'uboot-2020',
    values: { windowsize: WINDOW },
    link: { delayMs: 3 },
    down,
    sizeBytes: 200_000,
    seed: 1,
  })
  expect(intact).toBe(true)
  expect(ms).toBeLessThan(2500)
})

/** The numbers of the datagrams of one window, from `first` on. */
function blocks(first: number): number[] {
  return Array.from({ length: WINDOW }, (_, index) => first + index)
}
