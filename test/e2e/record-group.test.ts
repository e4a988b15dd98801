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

/** The numbers of the DATA to this address, in order, each once. Behind the address an IPv4 header ends; eight bytes of UDP follow. */
function sentTo(address: readonly number[], bytes: Buffer): number[] {
  const numbers = new Set<number>()
  for (let at = bytes.indexOf(Buffer.from(address)); at >= 0; at = bytes.indexOf(Buffer.from(address), at + 1))
    if (bytes.readUInt16BE(at + 12) === 3) numbers.add(bytes.readUInt16BE(at + 14))
  return [...numbers].toSorted((a, b) => a - b)
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
      expect(transfers.map(({ outcome }) => outcome.type)).toEqual(['shared'])
      // It was complete, and had no block from elsewhere.
      expect(sentTo([239, 255, 9, 8], bytes)).toEqual(Array.from({ length: BLOCKS }, (_, i) => i + 1))
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
