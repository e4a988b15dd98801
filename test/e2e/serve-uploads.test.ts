import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { describe, expect, onTestFinished, test } from 'vitest'
import { tempFolder } from '../support/temp-folder.ts'
import { eachDriver, folderWith, pattern, serve } from './serving.ts'

const canMount =
  process.platform === 'linux' && process.getuid?.() === 0 && spawnSync('mount', ['--version']).status === 0

eachDriver(() => {
  describe('uploads', () => {
    test.each([0, 1, 512, 100_000])('%d bytes are on disk when the last block is acknowledged', async (sizeBytes) => {
      const folder = tempFolder()
      const running = await serve(folder, { writable: true })
      const client = await running.client()
      const bytes = pattern(sizeBytes)
      expect(await client.put('new', bytes, { tsize: sizeBytes })).toBeUndefined()
      expect(bytes.equals(readFileSync(join(folder, 'new')))).toBe(true)
      const done = await running.event('completed')
      expect(done).toMatchObject({ direction: 'write', bytes: sizeBytes })
      expect(done.crc32).toBe((crc32(bytes) >>> 0).toString(16).padStart(8, '0'))
    })

    test('are off unless they are allowed, and replace nothing unless that is allowed as well', async () => {
      const folder = folderWith({ image: pattern(100) })
      const closed = await (await serve(folder)).client()
      expect(await closed.put('new', pattern(10))).toMatchObject({ opcode: 5, number: 2 })
      const writable = await (await serve(folder, { writable: true })).client()
      expect(await writable.put('image', pattern(10))).toMatchObject({ opcode: 5, number: 6 })
      expect(readFileSync(join(folder, 'image')).length).toBe(100)
      const replacing = await (await serve(folder, { writable: true, overwrite: true })).client()
      expect(await replacing.put('image', pattern(10))).toBeUndefined()
      expect(readFileSync(join(folder, 'image')).length).toBe(10)
      expect(readdirSync(folder)).toEqual(['image'])
    })

    test('a repeated request truncates nothing', async () => {
      const folder = tempFolder()
      const running = await serve(folder, { writable: true })
      const client = await running.client()
      client.request(2, 'new')
      const begun = await client.next()
      client.data(1, pattern(512), begun.port)
      await client.next()
      client.request(2, 'new')
      client.data(2, pattern(3), begun.port)
      for (let packet = await client.next(); packet.number !== 2; packet = await client.next()) {
        expect(packet.opcode).toBe(4)
      }
      expect(readFileSync(join(folder, 'new')).length).toBe(515)
      await running.server.stop(0)
      expect(running.events.filter((event) => event.event === 'completed').length).toBe(1)
    })

    test('one that breaks off leaves nothing', async () => {
      const folder = tempFolder()
      const running = await serve(folder, { writable: true })
      const client = await running.client()
      client.request(2, 'new')
      const begun = await client.next()
      client.data(1, pattern(512), begun.port)
      await client.next()
      client.error(0, 'changed my mind', begun.port)
      expect(await running.event('failed')).toMatchObject({ code: 'ERR_TFTP_PEER_ERROR' })
      expect(readdirSync(folder)).toEqual([])
    })

    test.runIf(canMount)('a full disk is ERROR 3, early where the size is known, and leaves nothing', async () => {
      const folder = tempFolder()
      if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder]).status !== 0) return
      onTestFinished(() => void spawnSync('umount', ['-l', folder]))
      const running = await serve(folder, { writable: true })
      const client = await running.client()
      expect(await client.put('told', pattern(2_000_000), { tsize: 2_000_000 })).toMatchObject({ opcode: 5, number: 3 })
      expect(await client.put('grown', pattern(2_000_000), { blksize: 8192 })).toMatchObject({ opcode: 5, number: 3 })
      expect(await running.event('failed', 'grown')).toMatchObject({ code: 'ERR_TFTP_DISK_FULL' })
      expect(readdirSync(folder)).toEqual([])
      expect(await client.put('fits', pattern(100_000))).toBeUndefined()
    })

    test('a window of the client is acknowledged at its end', async () => {
      const folder = tempFolder()
      const running = await serve(folder, { writable: true })
      const client = await running.client()
      const bytes = pattern(10 * 1000)
      client.request(2, 'new', { blksize: 1000, windowsize: 4 })
      const oack = await client.next()
      for (let first = 1; first <= 11; first += 4) {
        const last = Math.min(first + 3, 11)
        for (let block = first; block <= last; block++) {
          client.data(block, bytes.subarray((block - 1) * 1000, block * 1000), oack.port)
        }
        expect(await client.next()).toMatchObject({ opcode: 4, number: last })
      }
      expect(bytes.equals(readFileSync(join(folder, 'new')))).toBe(true)
    })
  })
})
