/** One file to several clients at once over real sockets, on loopback: who gets a group, and who is served alone. */
import { readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { get } from '../../src/client/index.ts'
import type { ServerConfigInput } from '../../src/server/contract.ts'
import { hasMulticast } from '../support/multicast.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { eachDriver, folderWith, pattern, type Running, serve } from './serving.ts'

const GROUPS = { multicast: '239.255.9.0-3' }
const SIZE = 150_000
const image = pattern(SIZE)

async function fetch(running: Running, more: Partial<Parameters<typeof get>[0]> = {}): Promise<Buffer> {
  const output = join(tempFolder(), 'got')
  const options = { host: '127.0.0.1', port: running.port, filename: 'image', blksize: 512, multicast: true, output }
  await get({ ...options, ...more })
  return readFileSync(output)
}

const serving = (more: ServerConfigInput = GROUPS) => serve(folderWith({ image, other: pattern(1000) }), more)

async function completed(running: Running, count: number): Promise<void> {
  const counted = (): number => running.events.filter(({ event }) => event === 'completed').length
  await expect.poll(counted, { timeout: 10_000 }).toBe(count)
}

describe.skipIf(!hasMulticast)('groups', () => {
  eachDriver(() => {
    test('three clients at once are all whole, and share their blocks', async () => {
      const running = await serving()
      const got = await Promise.all([1, 2, 3].map(() => fetch(running)))
      for (const bytes of got) expect(bytes.equals(image)).toBe(true)
      await completed(running, 3)
      const ends = running.events.filter(({ event }) => event === 'completed') as {
        datagrams?: number
        lastAck?: string
      }[]
      expect(ends.reduce((sum, { datagrams = 0 }) => sum + datagrams, 0)).toBeLessThan(2 * Math.ceil(SIZE / 512))
      for (const { lastAck } of ends) expect(lastAck).toBeUndefined()
      expect(running.events.some(({ event }) => event === 'failed' || event === 'superseded')).toBe(false)
    })

    test('a client that does not ask for it is served beside them', async () => {
      const running = await serving()
      const [shared, alone] = await Promise.all([fetch(running), fetch(running, { multicast: false })])
      expect(shared.equals(image)).toBe(true)
      expect(alone.equals(image)).toBe(true)
    })
  })

  test('a file that is replaced meanwhile: who comes later gets the new one, and no one a mixture', async () => {
    const folder = folderWith({ image })
    const running = await serve(folder, { ...GROUPS, bytesPerSecPerAddress: 300_000 })
    const first = fetch(running).catch((error: unknown) => error)
    await running.event('started')
    const next = pattern(SIZE + 5)
    writeFileSync(join(folder, 'image'), next)
    utimesSync(join(folder, 'image'), 1, 1)
    const later = await fetch(running)
    expect(later.equals(next)).toBe(true)
    const before = await first
    if (before instanceof Buffer) expect(before.equals(image)).toBe(true)
    else expect(before).toMatchObject({ code: 'ERR_TFTP_PEER_ERROR' })
  })

  test('more files than groups: the rest is served alone', async () => {
    const running = await serving({ multicast: '239.255.9.1', bytesPerSecPerAddress: 300_000 })
    const held = fetch(running)
    await running.event('started', 'image')
    expect((await fetch(running, { filename: 'other' })).equals(pattern(1000))).toBe(true)
    expect((await held).equals(image)).toBe(true)
  })
})

describe('no group', () => {
  const options: readonly [string, ServerConfigInput][] = [
    ['without the setting', {}],
    ['where the option is refused', { ...GROUPS, refuse: ['multicast'] }],
  ]
  test.each(options)('%s: the client is served alone, with what else it asked for', async (_, more) => {
    const running = await serving(more)
    const client = await running.client()
    client.request(1, 'image', { multicast: '', blksize: 1024 })
    expect((await client.next()).body.toString()).toBe('blksize\x001024\0')
    expect((await fetch(running)).equals(image)).toBe(true)
  })

  test('of a file with more blocks than there are numbers, and in netascii', async () => {
    const running = await serve(folderWith({ image: Buffer.alloc(8 * 65_535, 65) }), GROUPS)
    const [first, second] = [await running.client(), await running.client()]
    first.request(1, 'image', { multicast: '', blksize: 8 })
    expect((await first.next()).body.toString()).toBe('blksize\x008\0')
    second.request(1, 'image', { multicast: '', blksize: 512 }, 'netascii')
    expect((await second.next()).body.toString()).toBe('blksize\x00512\0')
  })

  test('over IPv6 the client says so before it asks', async () => {
    const options = { host: '::1', filename: 'image', multicast: true, output: join(tempFolder(), 'x') }
    await expect(get(options)).rejects.toThrow(/multicast needs IPv4/)
  })
})
