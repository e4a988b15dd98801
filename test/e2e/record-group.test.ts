/** Recordings of transfers that share a group (RFC 2090): each has its own client's packets, and every block that left for the group meanwhile. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { get } from '../../src/client/index.ts'
import { readAll } from '../golden/capture-scene.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { hasMulticast } from '../support/multicast.ts'
import { folderWith, pattern, serve } from './serving.ts'

const BLOCKS = 40
const FILES = { image: pattern((BLOCKS - 1) * 512 + 100) }
const PATIENT = { timeout: 10_000 }

function recordings(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.pcapng')) : []
}

describe.skipIf(!hasMulticast)('a recording of a group', () => {
  test('has every block that its client was sent, to the group, beside what it said itself', async () => {
    const record = tempFolder()
    const running = await serve(folderWith(FILES), { multicast: '239.255.9.8', record })
    const options = { host: '127.0.0.1', port: running.port, filename: 'image', blksize: 512, multicast: true }
    await Promise.all([1, 2].map(() => get({ ...options, output: join(tempFolder(), 'got') })))
    await expect.poll(() => recordings(record).length, PATIENT).toBe(2)
    for (const name of recordings(record)) {
      const bytes = readFileSync(join(record, name))
      expect(bytes.toString('latin1')).toContain('with other clients of its group, completed')
      const { transfers } = readAll(bytes)
      const sent = new Set<number>()
      const kinds = new Set<string>()
      for (const { packets } of transfers)
        for (let i = 0; i < packets.length; i++) {
          kinds.add(packets.kind(i))
          if (packets.kind(i) === 'data') sent.add(packets.seq(i))
        }
      expect([...kinds].toSorted()).toEqual(['ack', 'data', 'oack', 'rrq'])
      // It was complete, and had no block from elsewhere.
      expect([...sent].toSorted((a, b) => a - b)).toEqual(Array.from({ length: BLOCKS }, (_, i) => i + 1))
      expect(transfers.map(({ client }) => client.address)).toContain('239.255.9.8')
    }
  })

  test('is kept of one that failed where only such are kept', async () => {
    const record = tempFolder()
    const running = await serve(folderWith(FILES), { multicast: '239.255.9.9', record, recordFailed: true })
    const client = await running.client()
    client.request(1, 'image', { multicast: '', blksize: 512 })
    const { port, body } = await client.next()
    expect(body.toString('latin1')).toContain('multicast')
    client.error(3, 'no room', port)
    await expect.poll(() => recordings(record), PATIENT).toEqual([expect.stringMatching(/-failed-\d+\.pcapng$/)])
  })
})
