/** What disks do to uploads: full, read-only, without hard links; and what is left when the process is killed. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, type TestContext, test } from 'vitest'
import { failToFlush, withoutLinks } from '../../test/support/broken-disk.ts'
import { openDescriptors, tempFolder } from '../../test/support/temp-folder.ts'
import type { Upload } from './contract.ts'
import { openFolder } from './folder.ts'
import { isPartName, partName } from './part-names.ts'
import { sweepLeftovers } from './sweep.ts'

let root: string

beforeEach(() => {
  root = tempFolder()
})

afterEach(() => {
  expect(openDescriptors(root) ?? 0).toBe(0)
})

async function start(tsizeBytes?: number, overwrite = false): Promise<Upload> {
  const store = await openFolder({ roots: [root], writable: true, overwrite })
  return await store.openWrite({ filename: 'x', mode: 'octet', address: '10.0.0.1', tsizeBytes })
}

describe('a disk of 1 MiB', () => {
  /** Runs `body` with a small tmpfs at `root`; `remount` changes its options. */
  async function withDisk(
    context: TestContext,
    body: (remount: (option: string) => void) => Promise<void>,
  ): Promise<void> {
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'none', root], { stdio: 'ignore' })
    } catch {
      context.skip('a tmpfs may not be mounted here')
    }
    try {
      await body((option) => execFileSync('mount', ['-o', `remount,${option}`, root], { stdio: 'ignore' }))
    } finally {
      execFileSync('umount', ['-l', root])
    }
  }

  test('that fills up ends the upload with ERROR 3 and nothing left', async (context) => {
    await withDisk(context, async () => {
      const upload = await start()
      const block = Buffer.alloc(1428, 1)
      expect(() => {
        for (let i = 0; i < 1000; i++) upload.write(block, 0, block.length)
      }).toThrow(expect.objectContaining({ code: 'ERR_TFTP_DISK_FULL', fault: 'local', wireCode: 3 }))
      expect(readdirSync(root)).toEqual([])
      await expect(upload.finish()).rejects.toMatchObject({ code: 'ERR_TFTP_DISK_FULL' })
      upload.abort()
    })
  })

  test('that fills up by the last bytes ends it in finish', async (context) => {
    await withDisk(context, async () => {
      writeFileSync(join(root, 'other'), Buffer.alloc(1024 * 1024 - 8192))
      const upload = await start()
      upload.write(Buffer.alloc(20_000), 0, 20_000)
      await expect(upload.finish()).rejects.toMatchObject({ code: 'ERR_TFTP_DISK_FULL', wireCode: 3 })
      expect(readdirSync(root)).toEqual(['other'])
    })
  })

  test('refuses at once what has a tsize that cannot fit', async (context) => {
    await withDisk(context, async () => {
      await expect(start(1024 * 1024 + 1)).rejects.toMatchObject({ code: 'ERR_TFTP_DISK_FULL', wireCode: 3 })
      expect(readdirSync(root)).toEqual([])
      const upload = await start(1024 * 1024)
      upload.abort()
    })
  })

  test('that is read-only is ERROR 2', async (context) => {
    await withDisk(context, async (remount) => {
      remount('ro')
      await expect(start()).rejects.toMatchObject({
        code: 'ERR_TFTP_ACCESS',
        wireCode: 2,
        message: expect.stringMatching(/read-only/),
      })
    })
  })
})

describe('a folder that cannot be flushed', () => {
  test('ends the upload: it is not acknowledged, not under its name, and may be tried again', async () => {
    failToFlush('folders')
    for (const attempt of [1, 2]) {
      const upload = await start()
      upload.write(Buffer.from('content'), 0, 7)
      await expect(upload.finish(), `${attempt}`).rejects.toMatchObject({ code: 'ERR_TFTP_CONTENT', wireCode: 0 })
      expect(readdirSync(root)).toEqual([])
    }
  })

  test('ends an upload over a file: that is back', async () => {
    writeFileSync(join(root, 'x'), 'old')
    failToFlush('folders')
    const upload = await start(undefined, true)
    upload.write(Buffer.from('content'), 0, 7)
    await expect(upload.finish()).rejects.toMatchObject({ code: 'ERR_TFTP_CONTENT' })
    expect(readdirSync(root)).toEqual(['x'])
    expect(readFileSync(join(root, 'x'), 'utf8')).toBe('old')
  })
})

describe('a file system without hard links', () => {
  test('an upload has its name', async () => {
    withoutLinks()
    const upload = await start()
    upload.write(Buffer.from('content'), 0, 7)
    await upload.finish()
    expect(readdirSync(root)).toEqual(['x'])
    expect(readFileSync(join(root, 'x'), 'utf8')).toBe('content')
  })

  test('what has appeared meanwhile is not replaced', async () => {
    withoutLinks()
    const upload = await start()
    writeFileSync(join(root, 'x'), 'faster')
    await expect(upload.finish()).rejects.toMatchObject({ code: 'ERR_TFTP_EXISTS' })
    expect(readFileSync(join(root, 'x'), 'utf8')).toBe('faster')
    expect(readdirSync(root)).toEqual(['x'])
  })
})

describe('a process that is killed', () => {
  /** Uploads files of 300 KB, one after the other, and says `ready` before the first. */
  const script = (folder: string) => `
    import { openFolder } from ${JSON.stringify(new URL('./folder.ts', import.meta.url).href)}
    const store = await openFolder({ roots: [${JSON.stringify(folder)}], writable: true, overwrite: false })
    const block = Buffer.alloc(1428)
    console.log('ready')
    for (let file = 0; ; file++) {
      const upload = await store.openWrite({ filename: 'file' + file, mode: 'octet', address: '10.0.0.1' })
      block.fill(file)
      for (let i = 0; i < 210; i++) upload.write(block, 0, block.length)
      await upload.finish()
    }`

  test.each([40, 90, 150])('after %d ms leaves no part of a file under a name; the rest is swept later', async (ms) => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', script(root)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(child.stdout, 'data')
    await new Promise((resolve) => setTimeout(resolve, ms)) // any moment is a good one to be killed
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
    const names = readdirSync(root)
    for (const name of names.filter((each) => !isPartName(each))) {
      const content = readFileSync(join(root, name))
      expect(content.equals(Buffer.alloc(210 * 1428, Number(name.slice(4))))).toBe(true)
    }
    const parts = names.filter(isPartName)
    expect(parts.length).toBeLessThanOrEqual(1)
    expect(await sweepLeftovers(root)).toBe(0) // too young: it might be somebody else's
    expect(await sweepLeftovers(root, Date.now() + 11 * 60_000)).toBe(parts.length)
    expect(readdirSync(root).filter(isPartName)).toEqual([])
  })
})

describe('sweeping', () => {
  const hour = 60 * 60_000

  /** A leftover of process `pid` in another run, `ageMs` old. */
  function leftover(folder: string, pid: number, ageMs: number): string {
    const name = partName('x').replace(/foresend-\d+-[0-9a-f]+/, `foresend-${pid}-0123456789ab`)
    expect(isPartName(name)).toBe(true)
    writeFileSync(join(folder, name), 'half')
    const time = new Date(Date.now() - ageMs)
    utimesSync(join(folder, name), time, time)
    return name
  }

  /** No process has it: larger than any Linux gives out. */
  const DEAD_PID = 99_999_999

  test('removes what is old and of a process that is gone, in all folders, when uploads are on', async () => {
    mkdirSync(join(root, 'a', 'b'), { recursive: true })
    leftover(root, DEAD_PID, hour)
    leftover(join(root, 'a', 'b'), DEAD_PID, hour)
    leftover(root, process.pid, hour) // our own number in an earlier run
    leftover(root, 1, 25 * hour)
    await openFolder({ roots: [root], writable: false, overwrite: false })
    expect(readdirSync(root)).toHaveLength(4)
    await openFolder({ roots: [root], writable: true, overwrite: false })
    expect(readdirSync(root)).toEqual(['a'])
    expect(readdirSync(join(root, 'a', 'b'))).toEqual([])
  })

  test('leaves what is young, of a living process, of this run, of others, or behind a link', async () => {
    const outside = tempFolder()
    leftover(outside, DEAD_PID, hour)
    symlinkSync(outside, join(root, 'link'))
    leftover(root, DEAD_PID, 60_000)
    leftover(root, 1, hour)
    const own = join(root, partName('x'))
    writeFileSync(own, '')
    utimesSync(own, 1, 1)
    writeFileSync(join(root, '.x.part'), '')
    utimesSync(join(root, '.x.part'), 1, 1)
    expect(await sweepLeftovers(root)).toBe(0)
    expect(readdirSync(outside)).toHaveLength(1)
  })

  test('a root that is not there is no reason to fail', async () => {
    expect(await sweepLeftovers(join(root, 'missing'))).toBe(0)
  })
})
