/**
 * EDK2 over 100 kB/s got each block seven times, and needed five times as long: each window left again before its ACK could come, so that no
 * window was ever timed (Karn's rule) and the timer stayed what the short answer to the OACK had made it.
 */
import { expect, test } from 'vitest'
import { boot } from '../sim/figures-boot.ts'

test.each([
  ['edk2', 0.2],
  ['edk2', 5],
  ['window', 0.2],
  ['window', 5],
  ['uboot-2023', 5],
] as const)('%s over 100 kB/s and %d ms gets each block once', (client, delayMs) => {
  const link = { delayMs, rateBytesPerSec: 100_000 }
  const { intact, datagramsPerBlock } = boot({ client, link, sizeBytes: 200_000, seed: 1 })
  expect({ intact, datagramsPerBlock }).toEqual({ intact: true, datagramsPerBlock: 1 })
})
