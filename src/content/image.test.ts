import {
  chmodSync,
  closeSync,
  ftruncateSync,
  openSync,
  renameSync,
  statSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import { openDescriptors, tempFolder } from '../../test/support/temp-folder.ts'
import { CHUNK_BYTES } from './chunk-cache.ts'
import type { Image } from './contract.ts'
import { FolderStore } from './folder.ts'
import { CHECKSUM_MAX_BYTES } from './image.ts'
import { settleMs, Versions } from './versions.ts'

const SIZE = 3 * CHUNK_BYTES + 17
let root: string
let path: string
let store: FolderStore
let content: Buffer

beforeEach(() => {
  root = tempFolder()
  path = join(root, 'image.bin')
  content = Buffer.alloc(SIZE)
  for (let i = 0; i < SIZE; i++) content[i] = (i * 31) ^ (i >> 8)
  writeFileSync(path, content)
  store = new FolderStore({ roots: [root], writable: false, overwrite: false })
})

async function open(filename = 'image.bin'): Promise<Image> {
  return await store.openRead({ filename, mode: 'octet', address: '10.0.0.1' })
}

function readAll(image: Image, blksize: number): Buffer {
  const target = Buffer.alloc(image.sizeBytes)
  let position = 0
  while (position < image.sizeBytes) {
    const bytes = image.read(position, target, position, Math.min(blksize, image.sizeBytes - position))
    expect(bytes).toBeGreaterThan(0)
    position += bytes
  }
  return target
}

describe('reading', () => {
  test.each([8, 512, 1428, 65464])('in blocks of %d', async (blksize) => {
    const image = await open()
    expect(image.sizeBytes).toBe(SIZE)
    expect(readAll(image, blksize).equals(content)).toBe(true)
    image.verify()
    image.close()
  })

  test('any part, to any place, touching nothing else; less only at the end', async () => {
    const image = await open()
    const position = fc.integer({ min: 0, max: SIZE + 100 })
    fc.assert(
      fc.property(
        position,
        fc.integer({ min: 0, max: 2 * CHUNK_BYTES }),
        fc.nat({ max: 9 }),
        (from, length, offset) => {
          const target = Buffer.alloc(offset + length + 3, 0xee)
          const bytes = image.read(from, target, offset, length)
          expect(bytes).toBe(Math.max(0, Math.min(length, SIZE - from)))
          expect(target.subarray(offset, offset + bytes).equals(content.subarray(from, from + bytes))).toBe(true)
          for (let i = 0; i < offset; i++) expect(target[i]).toBe(0xee)
          expect(target.subarray(offset + bytes).every((byte) => byte === 0xee)).toBe(true)
        },
      ),
      { numRuns: 300 },
    )
    image.close()
  })

  test('an empty file', async () => {
    writeFileSync(join(root, 'empty'), '')
    const image = await open('empty')
    expect(image.sizeBytes).toBe(0)
    expect(image.read(0, new Uint8Array(4), 0, 4)).toBe(0)
    expect(await image.crc32()).toBe(0)
    image.verify()
    image.close()
  })

  test('beyond 4 GiB', async () => {
    const sizeBytes = 2 ** 32 + CHUNK_BYTES + 5
    const fd = openSync(join(root, 'large'), 'w')
    ftruncateSync(fd, sizeBytes)
    writeSync(fd, 'low', 70_000)
    writeSync(fd, 'border', 2 ** 32 - 3)
    writeSync(fd, 'end', sizeBytes - 3)
    closeSync(fd)
    const image = await open('large')
    expect(image.sizeBytes).toBe(sizeBytes)
    const target = Buffer.alloc(16)
    for (const [position, text] of [
      [70_000, 'low'],
      [2 ** 32 - 3, 'border'],
      [sizeBytes - 3, 'end'],
    ] as const) {
      expect(image.read(position, target, 0, text.length)).toBe(text.length)
      expect(target.toString('latin1', 0, text.length)).toBe(text)
    }
    expect(image.read(sizeBytes - 2, target, 0, 16)).toBe(2)
    expect(await image.crc32()).toBeUndefined() // larger than CHECKSUM_MAX_BYTES
    image.verify()
    image.close()
  })
})

describe('sharing', () => {
  test('a hundred readers are one version and one descriptor, the last one closes it', async () => {
    const images = await Promise.all(Array.from({ length: 100 }, () => open()))
    expect(store.versions.size).toBe(1)
    if (process.platform === 'linux') expect(openDescriptors(root)).toBe(1)
    const chunks = store.versions.chunks.size
    for (const image of images) readAll(image, 8192)
    expect(store.versions.chunks.size - chunks).toBe(4)
    for (const image of images.slice(1)) image.close()
    for (const image of images.slice(1)) image.close() // twice: must not count twice
    expect(readAll(images[0], 512).equals(content)).toBe(true)
    images[0].close()
    expect(store.versions.size).toBe(0)
    expect(store.versions.chunks.size).toBe(chunks)
    expect(openDescriptors(root) ?? 0).toBe(0)
  })

  test('a closed image is not read: its descriptor may be another file', async () => {
    const image = await open()
    image.close()
    expect(() => image.read(0, new Uint8Array(4), 0, 4)).toThrow(/after it was closed/)
    expect(() => image.verify()).toThrow(/after it was closed/)
  })

  test('an image stays readable when its store is closed', async () => {
    const image = await open()
    store.close()
    expect(readAll(image, 1428).equals(content)).toBe(true)
    image.close()
    expect(openDescriptors(root) ?? 0).toBe(0)
  })

  test('a version after a change is another one; the old one never reads it', async () => {
    const old = await open()
    const fresh = Buffer.alloc(SIZE, 7)
    writeFileSync(join(root, 'new'), fresh)
    renameSync(join(root, 'new'), path)
    const image = await open()
    expect(store.versions.size).toBe(2)
    expect(readAll(image, 1428).equals(fresh)).toBe(true)
    image.verify()
    expect(() => old.verify()).toThrow(expect.objectContaining({ code: 'ERR_TFTP_CHANGED' }))
    old.close()
    image.close()
    expect(store.versions.size).toBe(0)
  })
})

describe('a file that changes while it is sent', () => {
  const changes: readonly [string, () => void][] = [
    ['written in place, same size', () => overwriteInPlace('patch')],
    ['truncated', () => truncateSync(path, 100)],
    ['truncated and grown back', () => (truncateSync(path, 0), truncateSync(path, SIZE))],
    ['appended to', () => writeFileSync(path, 'more', { flag: 'a' })],
    ['unlinked', () => unlinkSync(path)],
    ['replaced by a rename', () => (writeFileSync(join(root, 'new'), content), renameSync(join(root, 'new'), path))],
    ['its mtime set', () => utimesSync(path, 1, 1)],
    ['its mtime set to what it was', () => utimesSync(path, statSync(path).atime, statSync(path).mtime)],
    ['its mode changed', () => chmodSync(path, 0o600)],
  ]

  test.each(changes)('%s: verify fails', async (_, change) => {
    const image = await open()
    image.read(0, Buffer.alloc(512), 0, 512)
    image.verify()
    change()
    expect(() => image.verify()).toThrow(
      expect.objectContaining({ code: 'ERR_TFTP_CHANGED', fault: 'content', wireCode: 0 }),
    )
    image.close()
    expect(openDescriptors(root) ?? 0).toBe(0)
  })

  test.each(changes)(
    '%s: reading what is not in the cache fails, what is there is still the old version',
    async (_, change) => {
      const image = await open()
      const target = Buffer.alloc(512)
      image.read(0, target, 0, 512)
      change()
      image.read(0, target, 0, 512)
      expect(target.equals(content.subarray(0, 512))).toBe(true)
      expect(() => image.read(2 * CHUNK_BYTES, target, 0, 512)).toThrow(/changed while it was being sent/)
      image.close()
    },
  )

  test('others are unharmed', async () => {
    writeFileSync(join(root, 'other'), content)
    const image = await open()
    const other = await open('other')
    truncateSync(path, 1)
    expect(() => readAll(image, 8192)).toThrow(/changed/)
    expect(readAll(other, 8192).equals(content)).toBe(true)
    other.verify()
    image.close()
    other.close()
  })

  function overwriteInPlace(text: string): void {
    const fd = openSync(path, 'r+')
    writeSync(fd, text, 1000)
    closeSync(fd)
  }
})

describe('a file that was written a moment ago', () => {
  test('is held until a further write must leave a trace', async () => {
    let opened: Promise<Image> | Image
    let tries = 0
    do {
      // A busy machine may let the moment pass between the two calls.
      writeFileSync(path, 'first')
      opened = store.openRead({ filename: 'image.bin', mode: 'octet', address: '10.0.0.1' })
    } while (!(opened instanceof Promise) && (opened.close(), ++tries < 50))
    expect(opened).toBeInstanceOf(Promise)
    writeFileSync(path, 'second')
    const image = await opened
    expect(image.sizeBytes).toBe(6)
    expect(readAll(image, 8).toString()).toBe('second')
    image.close()
  })

  test('and is settled later: the answer comes at once', async () => {
    await delay(30)
    const opened = store.openRead({ filename: 'image.bin', mode: 'octet', address: '10.0.0.1' })
    expect(opened).not.toBeInstanceOf(Promise)
    ;(await opened).close()
  })

  test('one that never rests is refused', async () => {
    const request = { filename: 'image.bin', mode: 'octet', address: '10.0.0.1' } as const
    const opened = new Versions().openImage(request, () => {
      utimesSync(path, new Date(), new Date())
      return { path, name: 'image.bin', stat: statSync(path, { bigint: true }), open: () => openSync(path, 'r') }
    })
    await expect(opened).rejects.toMatchObject({ code: 'ERR_TFTP_CHANGED', wireCode: 0 })
    expect(openDescriptors(root) ?? 0).toBe(0)
  })

  test.each([
    ['just now', 0n, 123n, 20],
    ['5 ms ago', 5n, 123n, 15],
    ['20 ms ago', 20n, 123n, 0],
    ['a minute ago', 60_000n, 123n, 0],
    ['5 ms in the future', -5n, 123n, 20],
    ['an hour in the future: the clock of another machine', -3_600_000n, 123n, 0],
    ['1 s ago, in whole seconds as on FAT', 1000n, 0n, 1100],
    ['3 s ago, in whole seconds', 3000n, 0n, 0],
  ])('%s', (_, agoMs, ns, waitMs) => {
    const nowMs = 1_700_000_000_000n
    const stat = { ...statSync(path, { bigint: true }), ctimeNs: (nowMs - agoMs) * 1_000_000n + ns }
    expect(settleMs(stat as never, Number(nowMs))).toBe(waitMs)
  })
})

describe('crc32', () => {
  test('is that of the file, computed once per version, remembered after the close', async () => {
    const image = await open()
    const first = image.crc32()
    expect(image.crc32()).toBe(first)
    image.close()
    expect(await first).toBe(crc32(content))
    expect(openDescriptors(root) ?? 0).toBe(0)
    const again = await open()
    expect(await again.crc32()).toBe(crc32(content))
    again.close()
  })

  test('of a file larger than one piece', async () => {
    const large = Buffer.alloc(2 * 1024 * 1024 + 77, 'foresend')
    writeFileSync(path, large)
    const image = await open()
    expect(await image.crc32()).toBe(crc32(large))
    image.close()
  })

  test('is undefined for a file that changed, became shorter, or is too large', async () => {
    const image = await open()
    utimesSync(path, 1, 1)
    expect(await image.crc32()).toBeUndefined()
    image.close()
    const shorter = await open()
    truncateSync(path, 10)
    expect(await shorter.crc32()).toBeUndefined()
    shorter.close()
    truncateSync(path, CHECKSUM_MAX_BYTES + 1)
    const large = await open()
    expect(await large.crc32()).toBeUndefined()
    large.close()
    expect(openDescriptors(root) ?? 0).toBe(0)
  })

  test('many at once go one after the other', async () => {
    const names = Array.from({ length: 50 }, (_, i) => `file${i}`)
    for (const name of names) writeFileSync(join(root, name), name)
    const images = await Promise.all(names.map((name) => open(name)))
    const sums = images.map((image) => image.crc32())
    for (const image of images) image.close()
    expect(await Promise.all(sums)).toEqual(names.map((name) => crc32(name)))
    expect(openDescriptors(root) ?? 0).toBe(0)
  })
})
