/**
 * `foresend get` over a round trip of 260 to 350 ms repeated its ACK 0 before the first block could come, and got the first window twice. Beyond
 * 900 ms, and on a link of 8 kB/s with a tenth of a second of delay, it repeated each ACK and got each window five times.
 */
import { describe, expect, test } from 'vitest'
import { SERVERS, type ServerName } from '../../src/lab/server/catalogue.ts'
import { boot } from '../sim/figures-boot.ts'

const ROUND_TRIPS_MS = [1, 20, 50, 100, 200, 260, 300, 350, 500, 700, 900, 1200, 1500, 1950]
const RATES = [Infinity, 1_000_000, 100_000, 20_000, 8000, 4000]
const MOST = 1.05
/** Its own first timeout is a second. */
const HPA: ServerName = 'tftp-hpa-5.2'
const HPA_TIMEOUT_MS = 1000
const BLOCK_BYTES = 1534

function datagramsPerBlock(rttMs: number, rateBytesPerSec: number, server?: ServerName): number {
  const { intact, datagramsPerBlock } = boot({
    client: 'foresend-get',
    link: { delayMs: rttMs / 2, ...(rateBytesPerSec === Infinity ? {} : { rateBytesPerSec }) },
    sizeBytes: 200_000,
    seed: 1,
    ...(server === undefined ? {} : { server: SERVERS[server] }),
  })
  expect(intact).toBe(true)
  return datagramsPerBlock
}

describe.each(RATES)('R4: a healthy link of %d bytes per second: get asks for each window once', (rate) => {
  test.each(ROUND_TRIPS_MS)('from foresend over %d ms', (rttMs) => {
    expect(datagramsPerBlock(rttMs, rate)).toBeLessThanOrEqual(MOST)
  })

  const waited = ROUND_TRIPS_MS.filter((rttMs) => rttMs + (BLOCK_BYTES * 1000) / rate < HPA_TIMEOUT_MS - 50)
  test.each(waited)(`from ${HPA} over %d ms`, (rttMs) => {
    expect(datagramsPerBlock(rttMs, rate, HPA)).toBeLessThanOrEqual(MOST)
  })
})
