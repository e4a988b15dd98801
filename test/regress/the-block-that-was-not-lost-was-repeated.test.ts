/**
 * A link that damages long packets more often than short ones loses DATA, and few ACKs. Of two blocks out the last one was repeated twice as often as the
 * first, which was the one that curl lacked (A7).
 */
import { expect, test } from 'vitest'
import { boot, faultOf, range } from '../sim/figures-boot.ts'

test('curl behind bit errors: the block that ends stalls is repeated', () => {
  const boots = range(40).map((seed) =>
    boot({ client: 'curl', faults: [faultOf('bit-errors', 0.3)], sizeBytes: 500_000, seed }),
  )
  expect(boots.every(({ intact }) => intact)).toBe(true)
  const meanMs = boots.reduce((sum, { ms }) => sum + ms, 0) / boots.length
  expect(meanMs).toBeLessThan(9500)
})
