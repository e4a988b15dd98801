/**
 * Over round trips of 80 ms and more, or a link of 10 kB/s, one lost ACK ended a transfer that a plain server brings to its end: a block ran
 * ahead of it, and the questions about the client's order (A1) take longer there than an answer may take to prove something. Windows left again
 * before their first ACK could come, seven times each.
 */
import { describe, expect, test } from 'vitest'
import { CLIENTS, type ClientName } from '../../src/lab/device/clients.ts'
import { boot, faultOf, range, STRICT } from '../sim/figures-boot.ts'

const ALL = Object.keys(CLIENTS) as ClientName[]
const SEEDS = range(12)
/** Of a client that says nothing of its own accord but every five seconds each second of silence has its repeats. */
const MOST_DATAGRAMS = 2

describe('A6: a healthy client gets each block once', () => {
  test.each(ALL)('%s over 10 kB/s and 64 kbit/s', (client) => {
    for (const rateBytesPerSec of [10_000, 8000]) {
      const link = { delayMs: 0.2, rateBytesPerSec }
      const { intact, datagramsPerBlock } = boot({ client, link, sizeBytes: 100_000, seed: 1 })
      expect({ intact, datagramsPerBlock }).toEqual({ intact: true, datagramsPerBlock: 1 })
    }
  })
})

describe('A6: a block that takes longer than the first timeout is waited for', () => {
  const lockStep = ALL.filter((client) => !['edk2', 'window', 'foresend-get'].includes(client))
  test.each(lockStep)('%s over 4 and 2 kB/s', (client) => {
    for (const rateBytesPerSec of [4000, 2000]) {
      const { intact, surplus } = run(client, rateBytesPerSec)
      expect(intact).toBe(true)
      // Block 1 of a client without options may leave twice.
      expect(surplus).toBeLessThanOrEqual(1)
    }
  })

  function run(client: ClientName, rateBytesPerSec: number): { readonly intact: boolean; readonly surplus: number } {
    const sizeBytes = 30_000
    const { intact, datagramsPerBlock } = boot({ client, link: { delayMs: 0.2, rateBytesPerSec }, sizeBytes, seed: 1 })
    const parameters: Readonly<Record<string, { readonly usual: number }>> = CLIENTS[client].parameters
    const blocks = Math.floor(sizeBytes / (parameters.blksize?.usual ?? 512)) + 1
    return { intact, surplus: Math.round((datagramsPerBlock - 1) * blocks) }
  }
})

describe('A7: nothing runs ahead where the order cannot be found out', () => {
  test.each(['strict', 'curl', 'uboot-2020', 'uboot-2023'] as const)(
    '%s with one packet lost in a hundred',
    (client) => {
      for (const link of [{ delayMs: 50 }, { delayMs: 0.2, rateBytesPerSec: 10_000 }]) {
        const faults = [faultOf('data-loss', 0.01), faultOf('ack-loss', 0.01)]
        for (const seed of SEEDS) {
          const spec = { client, link, faults, sizeBytes: 100_000, seed }
          const { intact, datagramsPerBlock } = boot(spec)
          expect(intact || !boot({ ...spec, server: STRICT }).intact, `seed ${seed}`).toBe(true)
          expect(datagramsPerBlock, `seed ${seed}`).toBeLessThan(MOST_DATAGRAMS)
        }
      }
    },
  )
})
