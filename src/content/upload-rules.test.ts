/** What uploads may do: policies, versions, permissions, limits and digests. */
import { createHash } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { failToFlush, replaceInFs, systemError, withoutLinks } from '../../test/support/broken-disk.ts'
import { openDescriptors, tempFolder } from '../../test/support/temp-folder.ts'
import type { Store, Upload, WriteRequest } from './contract.ts'
import { openFolder } from './folder.ts'
import type { UploadRules } from './upload-rules.ts'

let root: string

beforeEach(() => {
  root = tempFolder()
})

afterEach(() => {
  expect(openDescriptors(root) ?? 0).toBe(0)
})

function serve(uploads: UploadRules, publicOnly = false): Promise<Store> {
  return openFolder({ roots: [root], writable: true, overwrite: false, uploads, publicOnly })
}

function open(store: Store, filename: string, more: Partial<WriteRequest> = {}): Promise<Upload> {
  return Promise.resolve(store.openWrite({ filename, mode: 'octet', address: '10.0.0.1', ...more }))
}

async function put(store: Store, filename: string, content: string): Promise<void> {
  const upload = await open(store, filename)
  upload.write(Buffer.from(content), 0, Buffer.byteLength(content))
  await upload.finish()
}

/** Names in the root with their contents. */
function content(): Record<string, string> {
  const files = readdirSync(root).filter((name) => statSync(join(root, name)).isFile())
  return Object.fromEntries(files.map((name) => [name, readFileSync(join(root, name), 'utf8')]))
}

describe('a policy', () => {
  test('none takes nothing', async () => {
    await expect(open(await serve({ policy: 'none' }), 'x')).rejects.toMatchObject({
      code: 'ERR_TFTP_ACCESS',
      wireCode: 2,
    })
  })

  test('existing replaces what is there and makes nothing', async () => {
    const store = await serve({ policy: 'existing' })
    await expect(open(store, 'x')).rejects.toMatchObject({ code: 'ERR_TFTP_NOT_FOUND', wireCode: 1 })
    writeFileSync(join(root, 'x'), 'old')
    await put(store, 'x', 'new')
    expect(content()).toEqual({ x: 'new' })
  })

  test('create makes and replaces nothing', async () => {
    const store = await serve({ policy: 'create' })
    await put(store, 'x', 'first')
    await expect(open(store, 'x')).rejects.toMatchObject({ code: 'ERR_TFTP_EXISTS', wireCode: 6 })
    expect(content()).toEqual({ x: 'first' })
  })

  test('overwrite does both', async () => {
    const store = await serve({ policy: 'overwrite' })
    await put(store, 'x', 'first')
    await put(store, 'x', 'second')
    expect(content()).toEqual({ x: 'second' })
  })

  test('versions keeps each of them, also where numbers are missing', async () => {
    const store = await serve({ policy: 'versions' })
    for (const each of ['first', 'second', 'third']) await put(store, 'x', each)
    expect(content()).toEqual({ 'x.1': 'first', 'x.2': 'second', x: 'third' })
    writeFileSync(join(root, 'x.9'), 'of old')
    await put(store, 'x', 'fourth')
    expect(content()).toMatchObject({ 'x.9': 'of old', 'x.10': 'third', x: 'fourth' })
  })

  test('versions: an upload that is ended, or repeated while it runs, changes nothing', async () => {
    const store = await serve({ policy: 'versions' })
    await put(store, 'x', 'first')
    const upload = await open(store, 'x')
    await expect(open(store, 'x')).rejects.toMatchObject({ code: 'ERR_TFTP_BUSY' })
    upload.write(Buffer.from('half'), 0, 4)
    upload.abort()
    expect(content()).toEqual({ x: 'first' })
  })

  test('versions: a disk that fails leaves the file and no second name of it', async () => {
    const store = await serve({ policy: 'versions' })
    await put(store, 'x', 'first')
    failToFlush('folders')
    await expect(put(store, 'x', 'second')).rejects.toMatchObject({ code: 'ERR_TFTP_CONTENT' })
    expect(content()).toEqual({ x: 'first' })
  })

  test('versions: the old file keeps its second name where it cannot have its first one back', async () => {
    const store = await serve({ policy: 'versions' })
    await put(store, 'x', 'first')
    failToFlush('folders')
    const { linkSync } = (await import('node:fs')).default
    let links = 0
    replaceInFs({
      linkSync: (from: string, to: string) => {
        if (++links > 1) throw systemError('EMLINK')
        linkSync(from, to)
      },
    })
    await expect(put(store, 'x', 'second')).rejects.toMatchObject({ code: 'ERR_TFTP_CONTENT' })
    expect(content()).toEqual({ x: 'second', 'x.1': 'first' })
  })

  test('versions: a file system without links takes no upload that would lose the old file', async () => {
    const store = await serve({ policy: 'versions' })
    await put(store, 'x', 'first')
    withoutLinks()
    await expect(put(store, 'x', 'second')).rejects.toMatchObject({ code: 'ERR_TFTP_ACCESS' })
    expect(content()).toEqual({ x: 'first' })
  })
})

describe.skipIf(process.platform === 'win32')('permissions', () => {
  const modeOf = (name: string): number => statSync(join(root, name)).mode & 0o777

  test('are those that are set, else those of the replaced file', async () => {
    await put(await serve({ policy: 'overwrite', mode: 0o640 }), 'x', 'a')
    expect(modeOf('x')).toBe(0o640)
    const plain = await serve({ policy: 'overwrite' })
    chmodSync(join(root, 'x'), 0o606)
    await put(plain, 'x', 'b')
    expect(modeOf('x')).toBe(0o606)
    await put(plain, 'y', 'c')
    writeFileSync(join(root, 'reference'), '', { mode: 0o644 })
    expect(modeOf('y')).toBe(modeOf('reference'))
  })

  test('--public-only replaces what everybody may write', async () => {
    const store = await serve({ policy: 'overwrite' }, true)
    await put(store, 'x', 'a')
    chmodSync(join(root, 'x'), 0o644)
    await expect(open(store, 'x')).rejects.toMatchObject({
      code: 'ERR_TFTP_ACCESS',
      message: expect.stringContaining('chmod o+w'),
    })
    chmodSync(join(root, 'x'), 0o666)
    await put(store, 'x', 'b')
    expect(content()).toEqual({ x: 'b' })
  })
})

describe('a limit', () => {
  const announced = (bytes: number): Partial<WriteRequest> => ({ tsizeBytes: bytes })

  test('of size is decided by the tsize, or by the bytes', async () => {
    const store = await serve({ maxBytes: 10 })
    await expect(open(store, 'x', announced(11))).rejects.toMatchObject({ code: 'ERR_TFTP_TOO_LARGE', wireCode: 3 })
    const upload = await open(store, 'x', announced(10))
    expect(() => upload.write(Buffer.alloc(11), 0, 11)).toThrow(expect.objectContaining({ wireCode: 3 }))
    expect(content()).toEqual({})
  })

  test('of all files together counts what is there, less what is replaced', async () => {
    mkdirSync(join(root, 'sub'))
    writeFileSync(join(root, 'sub/other'), Buffer.alloc(60))
    writeFileSync(join(root, 'x'), Buffer.alloc(30))
    const store = await serve({ policy: 'overwrite', quotaBytes: 100 })
    await expect(open(store, 'y', announced(11))).rejects.toMatchObject({
      code: 'ERR_TFTP_TOO_LARGE',
      wireCode: 3,
      message: expect.stringContaining('the quota of 100 bytes leaves 10 for it'),
    })
    ;(await open(store, 'x', announced(40))).abort()
    await put(store, 'x', 'x'.repeat(40))
    const upload = await open(store, 'z')
    expect(() => upload.write(Buffer.alloc(1), 0, 1)).toThrow(expect.objectContaining({ wireCode: 3 }))
    const versions = await serve({ policy: 'versions', quotaBytes: 100 })
    await expect(open(versions, 'x', announced(1))).rejects.toMatchObject({ wireCode: 3 })
  })

  test('of all files together holds for uploads that run at the same time', async () => {
    const store = await serve({ quotaBytes: 100 })
    const uploads = await Promise.all([open(store, 'x'), open(store, 'y')])
    for (const upload of uploads) upload.write(Buffer.alloc(70_000).fill(1), 0, 60)
    const ends = await Promise.allSettled(uploads.map((upload) => upload.finish()))
    expect(ends.filter(({ status }) => status === 'rejected').length).toBeGreaterThan(0)
    const sizes = readdirSync(root).map((name) => statSync(join(root, name)).size)
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(100)
  })

  test('of all files together: a folder that is removed during the count has no files', async () => {
    const { promises } = (await import('node:fs')).default
    const { opendir } = promises
    onTestFinished(() => {
      promises.opendir = opendir
      syncBuiltinESMExports()
    })
    promises.opendir = (path, ...more) => {
      if (String(path).endsWith('/sub')) rmdirSync(path)
      return opendir(path, ...more)
    }
    syncBuiltinESMExports()
    const store = await serve({ quotaBytes: 100 })
    mkdirSync(join(root, 'sub'))
    await put(store, 'x', 'a')
    expect(readdirSync(root)).toEqual(['x'])
  })

  test('of all files together: what the system refuses then has its own error', async () => {
    const store = await serve({ quotaBytes: 100 })
    replaceInFs({
      openSync: () => {
        throw systemError('ENOSPC')
      },
    })
    await expect(open(store, 'x')).rejects.toMatchObject({ code: 'ERR_TFTP_DISK_FULL', wireCode: 3 })
  })

  test('of free space is decided by the tsize, or while bytes are written', async () => {
    let freeBytes = 1000
    replaceInFs({ statfsSync: () => ({ blocks: 1n, bavail: BigInt(freeBytes), bsize: 1n }) })
    const store = await serve({ minFreeBytes: 900 })
    await expect(open(store, 'x', announced(101))).rejects.toMatchObject({
      code: 'ERR_TFTP_DISK_FULL',
      wireCode: 3,
      message: expect.stringContaining('the disk has 1000 left, of which 900 stay free'),
    })
    const upload = await open(store, 'x', announced(100))
    freeBytes = 950
    upload.write(Buffer.alloc(100), 0, 100)
    await expect(upload.finish()).rejects.toMatchObject({ code: 'ERR_TFTP_DISK_FULL', wireCode: 3 })
    expect(content()).toEqual({})
  })
})

describe('digest files', () => {
  const digest = (name: string, text: string): string => createHash(name).update(text).digest('hex')
  const both: UploadRules = { policy: 'overwrite', digests: ['sha256', 'md5'] }

  test('stand beside the image, in the form that sha256sum and md5sum check', async () => {
    const store = await serve(both)
    for (const text of ['first', 'second']) {
      await put(store, 'x', text)
      expect(content()).toEqual({
        x: text,
        'x.md5': `${digest('md5', text)}  x\n`,
        'x.sha256': `${digest('sha256', text)}  x\n`,
      })
    }
  })

  test('are of the bytes that are stored, in netascii too', async () => {
    const store = await serve(both)
    const upload = await open(store, 'x', { mode: 'netascii' })
    upload.write(Buffer.from('a\r\nb'), 0, 4)
    await upload.finish()
    expect(content()['x.md5']).toBe(`${digest('md5', 'a\nb')}  x\n`)
  })

  test('never describe another image: the old ones are gone before the new image has its name', async () => {
    const store = await serve(both)
    await put(store, 'x', 'first')
    const seen: string[][] = []
    const { renameSync } = (await import('node:fs')).default
    replaceInFs({
      renameSync: (from: string, to: string) => {
        seen.push(Object.keys(content()).sort())
        renameSync(from, to)
      },
    })
    await put(store, 'x', 'second')
    expect(seen[0]).not.toContain('x.md5')
    expect(content()['x.md5']).toBe(`${digest('md5', 'second')}  x\n`)
  })

  test('are left out when the image is not stored', async () => {
    const store = await serve(both)
    failToFlush('files')
    await expect(put(store, 'x', 'a')).rejects.toMatchObject({ code: 'ERR_TFTP_CONTENT' })
    expect(content()).toEqual({})
  })

  test.each([
    // Flushed are the image, its folder, and then each digest file and its folder.
    ['the first', 3],
    ['the second', 5],
  ])('%s cannot be written: nothing is left, and the replaced file is back', async (_which, failing) => {
    const store = await serve({ ...both, policy: 'versions' })
    writeFileSync(join(root, 'y'), 'old')
    const { fsync } = (await import('node:fs')).default
    for (const [name, before] of [
      ['x', {}],
      ['y', { y: 'old' }],
    ] as const) {
      let flushed = 0
      replaceInFs({
        fsync: (fd: number, done: (error: Error | null) => void) =>
          ++flushed === failing ? done(systemError('EIO')) : fsync(fd, done),
      })
      await expect(put(store, name, 'new')).rejects.toMatchObject({
        code: 'ERR_TFTP_CONTENT',
        message: expect.stringContaining('its digest files cannot be written'),
      })
      expect(content()).toEqual({ y: 'old', ...before })
    }
  })

  test('a name that has no room for their ending is refused, and nothing is stored', async () => {
    const store = await serve(both)
    await expect(put(store, 'x'.repeat(250), 'a')).rejects.toMatchObject({ code: 'ERR_TFTP_NOT_FOUND' })
    expect(content()).toEqual({})
  })

  test('are not for peers to write', async () => {
    const store = await serve(both)
    await expect(open(store, 'x.SHA256')).rejects.toMatchObject({ code: 'ERR_TFTP_ACCESS' })
    await put(await serve({ policy: 'create' }), 'y.sha256', 'mine')
    expect(existsSync(join(root, 'y.sha256'))).toBe(true)
  })
})
