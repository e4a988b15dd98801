import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openDescriptors, tempFolder } from '../../test/support/temp-folder.ts'
import { NetasciiEncoder } from '../packet/index.ts'
import type { Store, Upload, WriteRequest } from './contract.ts'
import { type FolderOptions, openFolder } from './folder.ts'
import { isPartName, partName } from './part-names.ts'

const onUnix = process.platform !== 'win32'
let base: string
let root: string

beforeEach(() => {
  base = tempFolder()
  root = join(base, 'root')
  mkdirSync(join(root, 'logs'), { recursive: true })
})

afterEach(() => {
  expect(openDescriptors(base) ?? 0).toBe(0)
})

function serve(options: Partial<FolderOptions> = {}): Promise<Store> {
  return openFolder({ roots: [root], writable: true, overwrite: false, ...options })
}

function asked(filename: string, more: Partial<WriteRequest> = {}): WriteRequest {
  return { filename, mode: 'octet', address: '10.0.0.1', ...more }
}

/** Writes `content` in blocks of `blksize` from a buffer that is used again, as drivers do. */
function writeAll(upload: Upload, content: Buffer, blksize = 512): void {
  const packet = Buffer.alloc(blksize + 4)
  for (let position = 0; position < content.length; position += blksize) {
    const length = content.copy(packet, 4, position, position + blksize)
    upload.write(packet, 4, length)
    packet.fill(0xee)
  }
}

async function store(where: Store, filename: string, content: string): Promise<void> {
  const upload = await where.openWrite(asked(filename))
  writeAll(upload, Buffer.from(content))
  await upload.finish()
}

function pattern(sizeBytes: number): Buffer {
  const bytes = Buffer.alloc(sizeBytes)
  for (let i = 0; i < sizeBytes; i++) bytes[i] = (i * 7) ^ (i >> 9)
  return bytes
}

describe('an upload', () => {
  test.each([
    [0, 512],
    [1, 512],
    [512, 512],
    [1_000_000, 512],
    [300_001, 1428],
    [400_000, 65464],
  ])('of %d bytes in blocks of %d has its name only when it is complete', async (sizeBytes, blksize) => {
    const content = pattern(sizeBytes)
    const upload = await (await serve()).openWrite(asked('/logs\\config.bin'))
    expect(upload.name).toBe('logs/config.bin')
    writeAll(upload, content, blksize)
    expect(upload.crc32).toBe(crc32(content))
    const names = readdirSync(join(root, 'logs'))
    expect(names).toHaveLength(1)
    expect(isPartName(names[0])).toBe(true)
    if (onUnix) expect(statSync(join(root, 'logs', names[0])).mode & 0o777).toBe(0o600)
    await upload.finish()
    expect(readdirSync(join(root, 'logs'))).toEqual(['config.bin'])
    expect(readFileSync(join(root, 'logs', 'config.bin')).equals(content)).toBe(true)
    expect(upload.crc32).toBe(crc32(content))
  })

  test.runIf(onUnix)('has the mode that the umask leaves of 0644', async () => {
    await store(await serve(), 'x', 'content')
    writeFileSync(join(root, 'reference'), '', { mode: 0o644 })
    expect(statSync(join(root, 'x')).mode).toBe(statSync(join(root, 'reference')).mode)
  })

  test('that is aborted leaves nothing, however often', async () => {
    const upload = await (await serve()).openWrite(asked('x'))
    writeAll(upload, pattern(100_000))
    upload.abort()
    upload.abort()
    expect(readdirSync(root)).toEqual(['logs'])
    expect(() => upload.write(Buffer.alloc(1), 0, 1)).toThrow(expect.objectContaining({ code: 'ERR_TFTP_ABORTED' }))
    await expect(upload.finish()).rejects.toMatchObject({ code: 'ERR_TFTP_ABORTED' })
  })

  test('that is aborted while it is flushed leaves nothing', async () => {
    const upload = await (await serve()).openWrite(asked('x'))
    writeAll(upload, pattern(100_000))
    const finished = upload.finish()
    upload.abort()
    // The flush runs in another thread: a descriptor closed under it could be another file by then.
    if (process.platform === 'linux') expect(openDescriptors(base)).toBe(2)
    await expect(finished).rejects.toMatchObject({ code: 'ERR_TFTP_ABORTED' })
    expect(readdirSync(root)).toEqual(['logs'])
  })

  test('that is aborted after its end stays', async () => {
    const upload = await (await serve()).openWrite(asked('x'))
    await upload.finish()
    upload.abort()
    expect(readdirSync(root)).toEqual(['logs', 'x'])
    await expect(upload.finish()).rejects.toMatchObject({ code: 'ERR_TFTP_INTERNAL' })
  })

  test('is aborted when its store is closed', async () => {
    const where = await serve()
    const upload = await where.openWrite(asked('x'))
    where.close()
    expect(() => upload.write(Buffer.alloc(1), 0, 1)).toThrow(expect.objectContaining({ code: 'ERR_TFTP_ABORTED' }))
    expect(readdirSync(root)).toEqual(['logs'])
    await expect(where.openWrite(asked('x'))).rejects.toMatchObject({ code: 'ERR_TFTP_ACCESS' })
  })

  test('with a name of 255 bytes', async () => {
    const name = `${'ä'.repeat(127)}x`
    await store(await serve(), name, 'content')
    expect(readFileSync(join(root, name), 'utf8')).toBe('content')
  })

  test('hundreds at once', async () => {
    const where = await serve()
    const uploads = await Promise.all(
      Array.from({ length: 300 }, async (_, i) => await where.openWrite(asked(`file${i}`))),
    )
    const contents = uploads.map((_, i) => pattern(20_000 + i))
    for (const [i, upload] of uploads.entries()) writeAll(upload, contents[i], 1428)
    await Promise.all(uploads.map((upload) => upload.finish()))
    for (const [i, content] of contents.entries()) {
      expect(readFileSync(join(root, `file${i}`)).equals(content)).toBe(true)
    }
  })
})

describe('netascii', () => {
  test.each([1, 7, 512, 65464])('is decoded, in blocks of %d', async (blksize) => {
    const text = Buffer.from('line\nreturn\rboth\r\nend\n'.repeat(5000))
    const sent = Buffer.alloc(2 * text.length)
    const length = new NetasciiEncoder().encode(text, 0, text.length, sent, 0)
    const upload = await (await serve()).openWrite(asked('x', { mode: 'netascii' }))
    writeAll(upload, sent.subarray(0, length), blksize)
    await upload.finish()
    expect(readFileSync(join(root, 'x')).equals(text)).toBe(true)
    expect(upload.crc32).toBe(crc32(text))
  })

  test('a CR at the very end is kept', async () => {
    const upload = await (await serve()).openWrite(asked('x', { mode: 'netascii' }))
    upload.write(Buffer.from('end\r'), 0, 4)
    await upload.finish()
    expect(readFileSync(join(root, 'x'), 'latin1')).toBe('end\r')
  })
})

describe('an existing file', () => {
  test('is refused with ERROR 6 before anything is sent', async () => {
    writeFileSync(join(root, 'x'), 'old')
    await expect((await serve()).openWrite(asked('x'))).rejects.toMatchObject({ code: 'ERR_TFTP_EXISTS', wireCode: 6 })
    expect(readFileSync(join(root, 'x'), 'utf8')).toBe('old')
  })

  test('that appears meanwhile is not replaced', async () => {
    const upload = await (await serve()).openWrite(asked('x'))
    writeAll(upload, pattern(1000))
    writeFileSync(join(root, 'x'), 'faster')
    await expect(upload.finish()).rejects.toMatchObject({ code: 'ERR_TFTP_EXISTS', wireCode: 6 })
    expect(readFileSync(join(root, 'x'), 'utf8')).toBe('faster')
    expect(readdirSync(root)).toEqual(['logs', 'x'])
  })

  test('is replaced with overwrite, and only when the upload is complete', async () => {
    writeFileSync(join(root, 'x'), 'old')
    const where = await serve({ overwrite: true })
    const broken = await where.openWrite(asked('x'))
    writeAll(broken, pattern(100_000))
    broken.abort()
    const upload = await where.openWrite(asked('x'))
    upload.write(Buffer.from('new'), 0, 3)
    expect(readFileSync(join(root, 'x'), 'utf8')).toBe('old')
    await upload.finish()
    expect(readFileSync(join(root, 'x'), 'utf8')).toBe('new')
    expect(readdirSync(root)).toEqual(['logs', 'x'])
  })

  test('in another root is not hidden either, but with overwrite', async () => {
    const lower = join(base, 'lower')
    mkdirSync(lower)
    writeFileSync(join(lower, 'x'), 'old')
    await expect((await serve({ roots: [root, lower] })).openWrite(asked('x'))).rejects.toMatchObject({ wireCode: 6 })
    await store(await serve({ roots: [root, lower], overwrite: true }), 'x', 'new')
    expect(readFileSync(join(root, 'x'), 'utf8')).toBe('new')
    expect(readFileSync(join(lower, 'x'), 'utf8')).toBe('old')
  })

  test('a second upload of the same name is refused while the first runs, in any store', async () => {
    const where = await serve({ overwrite: true })
    const first = await where.openWrite(asked('x'))
    first.write(Buffer.from('first'), 0, 5)
    for (const other of [where, await serve({ overwrite: true })]) {
      await expect(other.openWrite(asked('/x'))).rejects.toMatchObject({ code: 'ERR_TFTP_BUSY', wireCode: 2 })
    }
    await first.finish()
    await store(where, 'x', 'second')
    expect(readFileSync(join(root, 'x'), 'utf8')).toBe('second')
  })
})

describe('a target that cannot be written', () => {
  test('uploads are off', async () => {
    await expect((await serve({ writable: false })).openWrite(asked('x'))).rejects.toMatchObject({
      code: 'ERR_TFTP_ACCESS',
      wireCode: 2,
      message: expect.stringMatching(/--writable/),
    })
  })

  test.each([
    ['logs', 2, /folder has this name/],
    ['missing/x', 1, /folder "missing" does not exist/],
    ['file/x', 2, /"file" is a file, not a folder/],
    ['../x', 2, /upwards/],
    ['x'.repeat(256), 2, /255 bytes/],
  ])('%s', async (name, wireCode, message) => {
    writeFileSync(join(root, 'file'), '')
    const opened = (await serve({ overwrite: true })).openWrite(asked(name))
    await expect(opened).rejects.toMatchObject({ wireCode, message: expect.stringMatching(message) })
    expect(readdirSync(root)).toEqual(['file', 'logs'])
  })

  test('a name as unfinished uploads have', async () => {
    await expect((await serve()).openWrite(asked(partName('x')))).rejects.toMatchObject({ wireCode: 2 })
  })

  test.runIf(onUnix)('a link, wherever it leads: it is not followed and not replaced', async () => {
    writeFileSync(join(base, 'secret'), 'secret')
    symlinkSync(join(base, 'secret'), join(root, 'out'))
    symlinkSync('nowhere', join(root, 'dangling'))
    symlinkSync(base, join(root, 'folder'))
    const where = await serve({ overwrite: true })
    for (const name of ['out', 'dangling', 'folder/x']) {
      await expect(where.openWrite(asked(name))).rejects.toMatchObject({ code: 'ERR_TFTP_ACCESS', wireCode: 2 })
    }
    expect(readFileSync(join(base, 'secret'), 'utf8')).toBe('secret')
    expect(readdirSync(base)).toEqual(['root', 'secret'])
    expect(lstatSync(join(root, 'out')).isSymbolicLink()).toBe(true)
  })

  test.runIf(onUnix)('a folder within the root through a link is fine', async () => {
    symlinkSync('logs', join(root, 'link'))
    await store(await serve(), 'link/x', 'content')
    expect(readFileSync(join(root, 'logs', 'x'), 'utf8')).toBe('content')
  })

  test.runIf(process.platform === 'linux')(
    'a folder that is swapped for a link meanwhile: the file goes where it was',
    async () => {
      const outside = join(base, 'outside')
      mkdirSync(outside)
      const upload = await (await serve()).openWrite(asked('logs/x'))
      upload.write(Buffer.from('content'), 0, 7)
      renameSync(join(root, 'logs'), join(root, 'moved'))
      symlinkSync(outside, join(root, 'logs'))
      await upload.finish()
      expect(readdirSync(outside)).toEqual([])
      expect(readFileSync(join(root, 'moved', 'x'), 'utf8')).toBe('content')
    },
  )

  test('a folder that disappears meanwhile', async () => {
    const upload = await (await serve()).openWrite(asked('logs/x'))
    upload.write(Buffer.from('content'), 0, 7)
    rmSync(join(root, 'logs'), { recursive: true })
    await expect(upload.finish()).rejects.toMatchObject({ name: 'ForesendError' })
    expect(readdirSync(root)).toEqual([])
  })
})

describe('too large', () => {
  test('by the tsize of the client: refused at once', async () => {
    const where = await serve({ uploads: { maxBytes: 1000 } })
    await expect(where.openWrite(asked('x', { tsizeBytes: 1001 }))).rejects.toMatchObject({
      code: 'ERR_TFTP_TOO_LARGE',
      wireCode: 3,
    })
    await expect((await serve()).openWrite(asked('x', { tsizeBytes: 2 ** 53 - 1 }))).rejects.toMatchObject({
      code: 'ERR_TFTP_DISK_FULL',
      wireCode: 3,
    })
    expect(readdirSync(root)).toEqual(['logs'])
    const upload = await where.openWrite(asked('x', { tsizeBytes: 1000 }))
    upload.abort()
  })

  test.each(['octet', 'netascii'] as const)('by what it sends, %s: nothing is left', async (mode) => {
    const where = await serve({ uploads: { maxBytes: 1000 } })
    const upload = await where.openWrite(asked('x', { mode, tsizeBytes: 5 }))
    upload.write(Buffer.alloc(1000), 0, 1000)
    expect(() => upload.write(Buffer.alloc(2), 0, 1)).toThrow(
      expect.objectContaining({ code: 'ERR_TFTP_TOO_LARGE', wireCode: 3 }),
    )
    expect(readdirSync(root)).toEqual(['logs'])
    await expect(upload.finish()).rejects.toMatchObject({ code: 'ERR_TFTP_TOO_LARGE' })
  })

  test('exactly as large as allowed', async () => {
    const upload = await (await serve({ uploads: { maxBytes: 1000 } })).openWrite(asked('x'))
    upload.write(Buffer.alloc(1000), 0, 1000)
    await upload.finish()
    expect(statSync(join(root, 'x')).size).toBe(1000)
  })
})
