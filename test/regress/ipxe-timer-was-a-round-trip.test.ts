/**
 * iPXE repeats its ACK 0 after 250 ms when the first one was lost. That was taken for the round trip, so that the timer waited for most of a second; each stall after that
 * gave no sample, and a transfer of a tenth of a second took twenty (A6).
 */
import { expect, test } from 'vitest'
import { boot, faultOf, range } from '../sim/figures-boot.ts'

test('iPXE that loses its first ACK waits for its timer once', () => {
  const boots = range(200).map((seed) =>
    boot({
      client: 'ipxe',
      values: { blksize: 1468 },
      faults: [faultOf('ack-loss', 0.16)],
      sizeBytes: 150_000,
      seed,
    }),
  )
  expect(boots.every(({ intact }) => intact)).toBe(true)
  expect(boots.filter(({ ms }) => ms > 5000).map(({ ms }) => ms)).toEqual([])
})
