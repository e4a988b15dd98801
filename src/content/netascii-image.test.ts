import { truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { beforeEach, expect, test } from 'vitest'
import { openDescriptors, tempFolder } from '../../test/support/temp-folder.ts'
import { CHUNK_BYTES } from './chunk-cache.ts'
import type { Image } from './contract.ts'
import { FolderStore } from './folder.ts'
import { NETASCII_MAX_BYTES } from './netascii-image.ts'

let root: string
let path: string
let store: FolderStore

beforeEach(() => {
  root = tempFolder()
  path = join(root, 'text')
  store = new FolderStore({ roots: [root], writable: false, overwrite: false })
})

async function open(mode: 'netascii' | 'octet' = 'netascii'): Promise<Image> {
  return await store.openRead({ filename: 'text', mode, address: '10.0.0.1' })
}

/** RFC 764 said once more, in the plainest way. */
function translated(source: Buffer): Buffer {
  return Buffer.from(
    source.toString('latin1').replace(/[\r\n]/g, (c) => (c === '\n' ? '\r\n' : '\r\0')),
    'latin1',
  )
}

/** Text of many short lines with some CR, over several parts of the index. */
function text(sizeBytes: number, seed: number): Buffer {
  const bytes = Buffer.alloc(sizeBytes)
  let state = seed
  for (let i = 0; i < sizeBytes; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    const draw = state >>> 24
    bytes[i] = draw < 40 ? 10 : draw < 60 ? 13 : draw
  }
  return bytes
}

function readAll(image: Image, blksize: number): Buffer {
  const target = Buffer.alloc(image.sizeBytes)
  for (let position = 0; position < image.sizeBytes; position += blksize) {
    const length = Math.min(blksize, image.sizeBytes - position)
    expect(image.read(position, target, position, blksize)).toBe(length)
  }
  return target
}

test.each([
  ['nothing', Buffer.alloc(0)],
  ['one line feed', Buffer.from('\n')],
  ['one carriage return', Buffer.from('\r')],
  ['a DOS file', Buffer.from('a\r\nb\r\n')],
  ['only line feeds, over several parts', Buffer.alloc(3 * CHUNK_BYTES + 1, '\n')],
  ['no line at all', Buffer.alloc(2 * CHUNK_BYTES, 'x')],
  [
    'line feeds around the border of a part',
    Buffer.concat([Buffer.alloc(CHUNK_BYTES / 2 - 1, 'x'), Buffer.from('\n\r\n\n')]),
  ],
  ['all kinds', text(200_000, 1)],
  ['more than one read', text(1_200_000, 2)],
])('%s', async (_, source) => {
  writeFileSync(path, source)
  const image = await open()
  const expected = translated(source)
  expect(image.sizeBytes).toBe(expected.length)
  for (const blksize of [512, 1428]) expect(readAll(image, blksize).equals(expected)).toBe(true)
  image.verify()
  expect(await image.crc32()).toBe(crc32(source))
  image.close()
  expect(openDescriptors(root) ?? 0).toBe(0)
})

test('any part in any order', async () => {
  const source = text(300_000, 3)
  writeFileSync(path, source)
  const expected = translated(source)
  const image = await open()
  fc.assert(
    fc.property(fc.nat({ max: expected.length + 10 }), fc.nat({ max: 2000 }), (position, length) => {
      const target = Buffer.alloc(length)
      const bytes = image.read(position, target, 0, length)
      expect(bytes).toBe(Math.max(0, Math.min(length, expected.length - position)))
      expect(target.subarray(0, bytes).equals(expected.subarray(position, position + bytes))).toBe(true)
    }),
    { numRuns: 500 },
  )
  image.close()
})

test('readers of one version share it, with those in octet; all is closed at the end', async () => {
  const source = text(100_000, 4)
  writeFileSync(path, source)
  const chunks = store.versions.chunks.size
  const images = await Promise.all([open(), open(), open('octet'), open()])
  expect(store.versions.size).toBe(1)
  expect(readAll(images[0], 512).equals(translated(source))).toBe(true)
  const held = store.versions.chunks.size
  expect(readAll(images[1], 512).equals(translated(source))).toBe(true)
  expect(store.versions.chunks.size).toBe(held)
  expect(readAll(images[2], 512).equals(source)).toBe(true)
  for (const image of images) image.close()
  expect(store.versions.size).toBe(0)
  expect(store.versions.chunks.size).toBe(chunks)
  expect(openDescriptors(root) ?? 0).toBe(0)
})

test('a file that changes while it is sent', async () => {
  writeFileSync(path, text(200_000, 5))
  const image = await open()
  image.read(0, Buffer.alloc(512), 0, 512)
  utimesSync(path, 1, 1)
  expect(() => image.verify()).toThrow(expect.objectContaining({ code: 'ERR_TFTP_CHANGED' }))
  expect(() => image.read(150_000, Buffer.alloc(512), 0, 512)).toThrow(/changed/)
  image.close()
})

test('a file that changes while it is translated, its size the same, is refused', async () => {
  writeFileSync(path, text(1_500_000, 6))
  const octet = await open('octet') // settled
  const opened = open()
  utimesSync(path, 1, 1)
  await expect(opened).rejects.toMatchObject({ code: 'ERR_TFTP_CHANGED', wireCode: 0 })
  octet.close()
})

test('a file that becomes shorter while it is translated is refused, and read anew the next time', async () => {
  writeFileSync(path, text(1_500_000, 6))
  const octet = await open('octet') // settled
  const opened = Promise.all([open(), open()])
  truncateSync(path, 100)
  await expect(opened).rejects.toMatchObject({ code: 'ERR_TFTP_CHANGED', wireCode: 0 })
  octet.close()
  const image = await open()
  expect(readAll(image, 512).equals(translated(text(1_500_000, 6).subarray(0, 100)))).toBe(true)
  image.close()
  expect(openDescriptors(root) ?? 0).toBe(0)
})

test('a file that is no text by its size is refused', async () => {
  writeFileSync(path, '')
  truncateSync(path, NETASCII_MAX_BYTES + 1)
  await expect(open()).rejects.toMatchObject({ code: 'ERR_TFTP_TOO_LARGE', message: expect.stringMatching(/octet/) })
  expect(openDescriptors(root) ?? 0).toBe(0)
})
