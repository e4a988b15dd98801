import fs, {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { failToFlush, replaceInFs, systemError, withoutLinks } from '../../test/support/broken-disk.ts'
import { openDescriptors, tempFolder } from '../../test/support/temp-folder.ts'
import { AtomicFile, type FileMode } from './atomic-file.ts'
import { HeldFolder } from './held-folder.ts'
import { isPartName, partName } from './part-names.ts'

const onUnix = process.platform !== 'win32'
let root: string

beforeEach(() => {
  root = tempFolder()
})

afterEach(() => {
  expect(openDescriptors(root) ?? 0).toBe(0)
})

/** A file `x` with the content `new`, not finished. */
function begin(mode: FileMode = { atMost: 0o644 }): AtomicFile {
  const file = new AtomicFile(new HeldFolder(root), 'x', mode)
  file.write(Buffer.from('n'))
  file.write(Buffer.from('ew'))
  return file
}

/** The names in the folder with their contents. */
function content(): Record<string, string> {
  return Object.fromEntries(readdirSync(root).map((name) => [name, readFileSync(join(root, name), 'utf8')]))
}

function old(): void {
  writeFileSync(join(root, 'x'), 'old')
}

describe('a file', () => {
  test('has its name only when it is complete, and until then only its owner may read it', async () => {
    const file = begin()
    const [part, ...others] = readdirSync(root)
    expect(others).toEqual([])
    expect(isPartName(part ?? '')).toBe(true)
    if (onUnix) expect(statSync(join(root, part ?? '')).mode & 0o777).toBe(0o600)
    await file.finish({ replace: false })
    expect(content()).toEqual({ x: 'new' })
    expect(file.isEnded).toBe(true)
  })

  test.runIf(onUnix)('has what the umask leaves of its mode, or exactly the mode of the replaced file', async () => {
    writeFileSync(join(root, 'reference'), '', { mode: 0o666 })
    await begin({ atMost: 0o666 }).finish({ replace: true })
    expect(statSync(join(root, 'x')).mode).toBe(statSync(join(root, 'reference')).mode)
    await begin({ exactly: 0o777 }).finish({ replace: true })
    expect(statSync(join(root, 'x')).mode & 0o777).toBe(0o777)
  })

  test('replaces only where it may', async () => {
    old()
    await expect(begin().finish({ replace: false })).rejects.toMatchObject({ code: 'EEXIST' })
    expect(content()).toEqual({ x: 'old' })
    await begin().finish({ replace: true })
    expect(content()).toEqual({ x: 'new' })
  })

  test('is flushed before it has its name, and the folder after it', async () => {
    const { fsync } = fs
    const flushed: string[] = []
    replaceInFs({
      fsync: (fd: number, done: (error: Error | null) => void) => {
        const what = fs.fstatSync(fd).isDirectory() ? 'folder' : 'file'
        const names = readdirSync(root).filter((name) => !isPartName(name))
        flushed.push(`${what}: ${names.join()}`)
        fsync(fd, done)
      },
    })
    await begin().finish({ replace: false, check: () => flushed.push('check') })
    expect(flushed).toEqual(['file: ', 'check', 'folder: x'])
  })

  test.runIf(onUnix)('never opens a temporary file that is there already, nor what a link leads to', () => {
    writeFileSync(join(root, 'victim'), 'untouched')
    const last = partName('x')
    const count = Number.parseInt(/-([0-9a-z]+)\.part$/.exec(last)?.[1] ?? '', 36)
    symlinkSync(join(root, 'victim'), join(root, last.replace(/[0-9a-z]+\.part$/, `${(count + 1).toString(36)}.part`)))
    expect(() => begin()).toThrow(expect.objectContaining({ code: 'EEXIST' }))
    expect(readFileSync(join(root, 'victim'), 'utf8')).toBe('untouched')
    expect(readdirSync(root)).toHaveLength(2)
  })

  test('is gone when its owner ends it, also during the flush', async () => {
    begin().abort(new Error('before'))
    expect(content()).toEqual({})
    const file = begin()
    const finished = file.finish({ replace: false })
    file.abort(new Error('during'))
    // The flush runs in another thread: a descriptor closed under it could be another file by then.
    if (process.platform === 'linux') expect(openDescriptors(root)).toBe(2)
    await expect(finished).rejects.toThrow('during')
    expect(content()).toEqual({})
  })

  test('stays when its owner ends it too late', async () => {
    const file = begin()
    await file.finish({ replace: false, check: () => process.nextTick(() => file.abort(new Error('late'))) })
    file.abort(new Error('later'))
    expect(content()).toEqual({ x: 'new' })
    expect(() => file.write(Buffer.from('more'))).toThrow('late')
    await expect(file.finish({ replace: true })).rejects.toThrow('late')
  })
})

describe('a disk that fails', () => {
  test('when the folder is flushed: a new file is removed again', async () => {
    failToFlush('folders')
    await expect(begin().finish({ replace: false })).rejects.toMatchObject({ code: 'EIO' })
    expect(content()).toEqual({})
    await expect(begin().finish({ replace: true })).rejects.toMatchObject({ code: 'EIO' })
    expect(content()).toEqual({})
  })

  test('when the folder is flushed: a replaced file is back', async () => {
    old()
    failToFlush('folders')
    await expect(begin().finish({ replace: true })).rejects.toMatchObject({ code: 'EIO' })
    expect(content()).toEqual({ x: 'old' })
  })

  test('when the folder is flushed, without links: a new file is removed, one that replaced another stays', async () => {
    failToFlush('folders')
    withoutLinks()
    await expect(begin().finish({ replace: false })).rejects.toMatchObject({ code: 'EIO' })
    expect(content()).toEqual({})
    old()
    await expect(begin().finish({ replace: true })).rejects.toMatchObject({ code: 'EIO' })
    expect(content()).toEqual({ x: 'new' })
  })

  test.each([false, true])('when the file is flushed: nothing changes (replace %s)', async (replace) => {
    if (replace) old()
    const before = content()
    failToFlush('files')
    await expect(begin().finish({ replace })).rejects.toMatchObject({ code: 'EIO' })
    expect(content()).toEqual(before)
  })

  test('when the file is closed: it gets no name', async () => {
    const { closeSync } = fs
    const file = begin()
    replaceInFs({
      closeSync: (fd: number) => {
        const isFile = fs.fstatSync(fd).isFile()
        closeSync(fd)
        if (isFile) throw systemError('EDQUOT')
      },
    })
    await expect(file.finish({ replace: false })).rejects.toMatchObject({ code: 'EDQUOT' })
    expect(content()).toEqual({})
  })

  test('when the file is made: nothing is left', () => {
    replaceInFs({
      fchmodSync: () => {
        throw systemError('EIO')
      },
    })
    expect(() => begin()).toThrow(expect.objectContaining({ code: 'EIO' }))
    expect(content()).toEqual({})
  })
})

describe('what happens meanwhile', () => {
  test('a check that throws ends the file', async () => {
    old()
    const check = (): void => {
      throw new Error('not any more')
    }
    await expect(begin().finish({ replace: true, check })).rejects.toThrow('not any more')
    expect(content()).toEqual({ x: 'old' })
  })

  test('a folder that takes the name: it stays, and nothing else is left', async () => {
    const file = begin()
    mkdirSync(join(root, 'x'))
    await expect(file.finish({ replace: true })).rejects.toMatchObject({ code: expect.stringMatching(/EISDIR|EPERM/) })
    expect(readdirSync(root)).toEqual(['x'])
    expect(lstatSync(join(root, 'x')).isDirectory()).toBe(true)
  })

  test('a temporary file that disappears: the replaced file stays alone', async () => {
    old()
    const file = begin()
    rmSync(join(root, readdirSync(root).find(isPartName) ?? ''))
    await expect(file.finish({ replace: true })).rejects.toMatchObject({ code: 'ENOENT' })
    expect(content()).toEqual({ x: 'old' })
  })

  test.runIf(onUnix)('a file system with modes of its own is no reason to fail', async () => {
    replaceInFs({
      fchmodSync: () => {
        throw systemError('EPERM')
      },
    })
    await begin().finish({ replace: false })
    expect(content()).toEqual({ x: 'new' })
  })
})
