/** Rules about names and uploads, as a client of the whole server sees them. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { tempFolder } from '../support/temp-folder.ts'
import { eachDriver, folderWith, serve } from './serving.ts'

eachDriver(() => {
  test('a program on a socket gives the names', async () => {
    const path = join(tempFolder(), 'rewrite.sock')
    const server = createServer((socket) => {
      socket.setEncoding('latin1').on('data', (line: string) => socket.write(line.includes(' read x\n') ? 'a\n' : '\n'))
    })
    await new Promise<void>((resolve) => server.listen(path, resolve))
    const running = await serve(folderWith({ a: Buffer.from('content of a') }), { rewriter: path })
    const client = await running.client()
    expect(await client.get('x')).toEqual(Buffer.from('content of a'))
    expect(await client.get('a')).toMatchObject({ number: 1 })
    await running.server.stop(0)
    await new Promise((resolve) => server.close(resolve))
  })

  test('the rules of a map file hold, their text goes to the client, and a reload reads them again, all or nothing', async () => {
    const folder = folderWith({ a: Buffer.from('content of a'), b: Buffer.from('content of b') })
    const map = join(tempFolder(), 'tftpd.rules')
    writeFileSync(map, 'r ^x$ a\na ^secret No\\ secrets\\ here\n')
    const running = await serve(folder, { map })
    const client = await running.client()
    expect(await client.get('x')).toEqual(Buffer.from('content of a'))
    expect(await client.get('secret')).toMatchObject({ number: 2, body: Buffer.from('No secrets here\0') })
    expect(await running.event('refused', 'secret')).toMatchObject({ code: 'ERR_TFTP_ACCESS' })

    writeFileSync(map, 'r ^x$ b\n')
    expect(await client.get('x')).toEqual(Buffer.from('content of a'))
    await running.server.reload()
    expect(await client.get('x')).toEqual(Buffer.from('content of b'))
    writeFileSync(map, 'r ^x$ a\nr (\n')
    await expect(running.server.reload()).rejects.toMatchObject({
      message: expect.stringContaining(`${map}:2: the pattern`),
    })
    expect(await client.get('x')).toEqual(Buffer.from('content of b'))
  })
})

test('a listing is sent like a file', async () => {
  const running = await serve(folderWith({ image: Buffer.alloc(3000) }), { listing: 'dir.txt' })
  const client = await running.client()
  const list = await client.get('dir.txt')
  expect(Buffer.isBuffer(list) && list.toString('utf8')).toMatch(/^ +3000 .* image\n$/)
  expect(await client.get('dir.txt', { blksize: 8, tsize: 0, windowsize: 4 })).toHaveLength(38)
})

test('an upload that cannot fit is refused before its first block, and versions and digests are kept', async () => {
  const folder = tempFolder()
  mkdirSync(join(folder, 'up'))
  const running = await serve(folder, {
    uploads: 'versions',
    uploadRoot: join(folder, 'up'),
    quotaBytes: 100_000,
    digests: ['sha256'],
  })
  const client = await running.client()
  client.request(2, 'image', { tsize: 100_001 })
  expect(await client.next()).toMatchObject({ opcode: 5, number: 3 })
  expect(await client.put('image', Buffer.alloc(600, 1))).toBeUndefined()
  await running.event('completed', 'image')
  expect(await (await running.client()).put('image', Buffer.alloc(700, 2))).toBeUndefined()
  expect(readdirSync(join(folder, 'up')).sort()).toEqual(['image', 'image.1', 'image.sha256'])
  expect(readFileSync(join(folder, 'up/image.1'))).toEqual(Buffer.alloc(600, 1))
})
