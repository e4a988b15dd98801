/** Clients that none of us wrote against our server: every size both ways, every policy, IPv6, refusals, datagrams per block. */
import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { ServerConfigInput } from '../../src/server/server.ts'
import { folderWith, serve } from '../e2e/serving.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { FOREIGN_CLIENTS } from './clients.ts'
import { addressOf, fetchWhole, storeWhole, titleOf } from './exchange.ts'

const SIZES = [0, 1, 511, 512, 513, 142_800, 400_000]
/** Enough for any window to open, and to close. */
const POLICY_BYTES = 300_000
/** A busy machine may hold a client back for longer than a timer; then the same is tried again. */
const CLEAN_TRIES = 5

/** `window`: the blocks that may be on the way by then. */
const POLICIES: readonly [name: string, options: ServerConfigInput, window: (blksize: number) => number][] = [
  ['--window strict', { window: 'strict' }, () => 1],
  ['--anticipation 1000', { anticipationBytes: 1000 }, (blksize) => 1 + Math.floor(1000 / blksize)],
  ['--window 2', { window: 2 }, () => 2],
  ['--window 8', { window: 8 }, () => 8],
]

const hasIpv6 = Object.values(networkInterfaces()).some((card) => card?.some(({ address }) => address === '::1'))

for (const client of FOREIGN_CLIENTS) {
  describe.skipIf(client.lacks !== undefined)(titleOf(client), () => {
    test.each(SIZES)('get %d bytes', async (sizeBytes) => {
      const { event } = await fetchWhole(client, sizeBytes)
      expect(event).toMatchObject({ blksize: client.blksize, window: client.windowsize })
      expect(event.blocks).toBe(Math.floor(sizeBytes / client.blksize) + 1)
    })

    test.each(SIZES.filter((sizeBytes) => sizeBytes >= client.leastPutBytes))('put %d bytes', async (sizeBytes) => {
      const { event } = await storeWhole(client, sizeBytes)
      expect(event).toMatchObject({ blksize: client.blksize })
      expect(event.blocks).toBe(Math.floor(sizeBytes / client.blksize) + 1)
    })

    test('get sends each block once', async () => {
      const seen: string[] = []
      for (let left = CLEAN_TRIES; left > 0; left--) {
        const { event } = await fetchWhole(client, 300_000)
        if (event.datagrams === event.blocks && event.retransmitted === 0) return
        seen.push(`${event.datagrams} datagrams for ${event.blocks} blocks`)
      }
      expect.fail(`never clean: ${seen.join(', ')}`)
    })

    // A window that the client negotiated is its own; the server's flags are for the others.
    test.each(client.windowsize === 1 ? POLICIES : POLICIES.slice(0, 1))(
      'get with %s',
      async (_name, options, window) => {
        const { event } = await fetchWhole(client, POLICY_BYTES, options)
        const chosen = client.asksAsRom ? 1 : window(client.blksize)
        // A machine that is too busy for a window goes back to lock-step (rule A11).
        if (event.retransmitted === 0) expect(event.window).toBe(Math.max(client.windowsize, chosen))
      },
    )

    test('get and put with --single-port', async () => {
      const { event } = await fetchWhole(client, 142_800, { singlePort: true })
      expect(event.window).toBe(client.windowsize)
      await storeWhole(client, 142_800, { singlePort: true })
    })

    test.skipIf(!hasIpv6).each(client.ipv6 ? ['::1'] : [])('get and put over IPv6: %s', async (host) => {
      const options = { hosts: [host] }
      const { event } = await fetchWhole(client, 142_800, options)
      expect(event.client).toMatch(/^\[::1\]:/)
      await storeWhole(client, 142_800, options)
    })

    test('a file that is not there is refused, and an upload over one that is', async () => {
      const bytes = randomBytes(1000)
      const folder = folderWith({ there: bytes })
      const running = await serve(folder, { writable: true })
      const local = join(tempFolder(), 'local')
      const errand = { ...addressOf(running), local }
      await expect(client.run({ ...errand, direction: 'get', remote: 'missing' })).rejects.toThrow('missing')
      expect(await running.event('refused', 'missing')).toMatchObject({ code: 'ERR_TFTP_NOT_FOUND' })
      writeFileSync(local, randomBytes(3000))
      await expect(client.run({ ...errand, direction: 'put', remote: 'there' })).rejects.toThrow('there')
      expect(await running.event('refused', 'there')).toMatchObject({ code: 'ERR_TFTP_EXISTS' })
      expect(readFileSync(join(folder, 'there')).equals(bytes)).toBe(true)
    })
  })
}
