/** Our client and our server over real sockets. */
import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { eachClientDriver, get, put } from '../support/client-drivers.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { serve } from './serving.ts'

const hasIpv6 = Object.values(networkInterfaces()).some((list) => list?.some((entry) => entry.address === '::1'))

eachClientDriver(() => {
  describe.each([
    ['as it comes', {}],
    ['plain RFC 1350', { blksize: 512, windowsize: 1 }],
    ['small blocks in large windows', { blksize: 100, windowsize: 40 }],
  ])('%s', (_how, options) => {
    test.each([0, 1, 511, 512, 513, 142_800])('%d bytes there and back', async (size) => {
      const folder = tempFolder()
      const { port } = await serve(folder, { writable: true })
      const bytes = randomBytes(size)
      const where = { host: '127.0.0.1', port, filename: 'f', ...options }
      const sent = await put({ ...where, input: bytes })
      // An acknowledged upload is on disk: there is nothing to wait for.
      expect(readFileSync(join(folder, 'f')).equals(bytes)).toBe(true)
      const output = join(folder, 'back')
      const got = await get({ ...where, output })
      expect(readFileSync(output).equals(bytes)).toBe(true)
      expect(got).toMatchObject({ bytes: size, sha256: sent.sha256, crc32: sent.crc32 })
      expect(readdirSync(folder).sort()).toEqual(['back', 'f'])
    })
  })

  test('more than 65535 blocks: over the rollover and back', async () => {
    const folder = tempFolder()
    const { port } = await serve(folder, { writable: true })
    const bytes = randomBytes(65_700 * 8 + 3)
    const where = { host: '127.0.0.1', port, filename: 'f', blksize: 8, windowsize: 64 }
    const sent = await put({ ...where, input: bytes })
    expect(sent.blocks).toBe(65_701)
    const got = await get({ ...where, output: join(folder, 'back') })
    expect(readFileSync(join(folder, 'back')).equals(bytes)).toBe(true)
    expect(got.sha256).toBe(sent.sha256)
  })

  test('netascii there and back; an existing file is not overwritten', async () => {
    const folder = tempFolder()
    const { port } = await serve(folder, { writable: true })
    const text = 'a\nb\rc\r\n'.repeat(300)
    const where = { host: '127.0.0.1', port, filename: 'f', mode: 'netascii' as const }
    await put({ ...where, input: Buffer.from(text) })
    expect(readFileSync(join(folder, 'f'), 'latin1')).toBe(text)
    await get({ ...where, output: join(folder, 'back') })
    expect(readFileSync(join(folder, 'back'), 'latin1')).toBe(text)
    await expect(put({ ...where, input: Buffer.from('x') })).rejects.toMatchObject({ wireCode: 6 })
  })

  test.skipIf(!hasIpv6)('over IPv6', async () => {
    const folder = tempFolder()
    writeFileSync(join(folder, 'f'), randomBytes(10_000))
    const { port } = await serve(folder, { hosts: ['::1'] })
    const got = await get({ host: '::1', port, filename: 'f', output: join(folder, 'back') })
    expect(got.bytes).toBe(10_000)
    expect(readFileSync(join(folder, 'back')).equals(readFileSync(join(folder, 'f')))).toBe(true)
  })

  test('through a single port', async () => {
    const folder = tempFolder()
    const { port } = await serve(folder, { writable: true, singlePort: true })
    const where = { host: '127.0.0.1', port, filename: 'f' }
    const bytes = randomBytes(50_000)
    await put({ ...where, input: bytes })
    await get({ ...where, output: join(folder, 'back') })
    expect(readFileSync(join(folder, 'back')).equals(bytes)).toBe(true)
  })
})
