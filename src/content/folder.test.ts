import { execFileSync } from 'node:child_process'
import { createServer } from 'node:net'
import { linkSync, mkdirSync, realpathSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { openDescriptors, tempFolder } from '../../test/support/temp-folder.ts'
import type { Image, OpenRequest, Store } from './contract.ts'
import { FolderStore, openFolder } from './folder.ts'
import { partName } from './part-names.ts'

const onUnix = process.platform !== 'win32'
let base: string
let root: string

beforeEach(() => {
  base = tempFolder()
  root = join(base, 'root')
  mkdirSync(join(root, 'boot'), { recursive: true })
  writeFileSync(join(root, 'vmlinux.bin'), 'kernel')
  writeFileSync(join(root, 'boot', 'loader.img'), 'loader')
  writeFileSync(join(base, 'secret'), 'secret')
})

function request(filename: string, mode: OpenRequest['mode'] = 'octet'): OpenRequest {
  return { filename, mode, address: '10.0.0.1' }
}

function serve(...roots: string[]): Promise<Store> {
  return openFolder({ roots: roots.length === 0 ? [root] : roots, writable: false, overwrite: false })
}

async function fetch(store: Store, filename: string): Promise<string> {
  const image = await store.openRead(request(filename))
  try {
    return contentOf(image)
  } finally {
    image.close()
  }
}

function contentOf(image: Image): string {
  const target = Buffer.alloc(image.sizeBytes + 1)
  return target.toString('latin1', 0, image.read(0, target, 0, target.length))
}

describe('reading', () => {
  test.each(['vmlinux.bin', '/vmlinux.bin', '//vmlinux.bin', '.\\vmlinux.bin'])('%s', async (name) => {
    expect(await fetch(await serve(), name)).toBe('kernel')
  })

  test('a file in a folder below, its name for messages with slashes', async () => {
    const image = await (await serve()).openRead(request('\\boot\\loader.img'))
    expect(image.name).toBe('boot/loader.img')
    expect(contentOf(image)).toBe('loader')
    image.close()
  })

  test('the first root that has the name decides, each for itself', async () => {
    const second = join(base, 'second')
    mkdirSync(second)
    writeFileSync(join(second, 'vmlinux.bin'), 'other')
    writeFileSync(join(second, 'only.bin'), 'only')
    const store = await serve(root, second)
    expect(await fetch(store, 'vmlinux.bin')).toBe('kernel')
    expect(await fetch(store, 'only.bin')).toBe('only')
    rmSync(join(root, 'vmlinux.bin'))
    expect(await fetch(store, 'vmlinux.bin')).toBe('other')
  })

  test('a root that is a link is followed anew for each request', async () => {
    const old = join(base, 'v1')
    const fresh = join(base, 'v2')
    const link = join(base, 'current')
    for (const folder of [old, fresh]) {
      mkdirSync(folder)
      writeFileSync(join(folder, 'image'), folder.slice(-2))
    }
    symlinkSync(old, link)
    const store = await serve(link)
    expect(await fetch(store, 'image')).toBe('v1')
    rmSync(link)
    symlinkSync(fresh, link)
    expect(await fetch(store, 'image')).toBe('v2')
  })
})

describe('what is not there', () => {
  test.each([
    ['VMLINUX.BIN', /did you mean "vmlinux.bin"/],
    ['vmlinuz.bin', /did you mean "vmlinux.bin"/],
    ['vmlinux', /did you mean "vmlinux.bin"/],
    ['boot/loadre.img', /did you mean "boot\/loader.img"/],
    ['bot/loader.img', /did you mean "boot\/loader.img"/],
    ['something.else', /put it there/],
    ['vmlinux.bin/x', /put it there/],
    [`${'x'.repeat(200)}/${'y'.repeat(200)}`, /put it there/],
  ])('%s is ERROR 1', async (name, message) => {
    const error = await Promise.resolve((await serve()).openRead(request(name))).catch((cause) => cause)
    expect(error).toMatchObject({ name: 'ForesendError', code: 'ERR_TFTP_NOT_FOUND', wireCode: 1 })
    expect(error.message).toMatch(message)
    expect(error.message).toContain(root)
    expect(error.message).toContain('10.0.0.1')
  })

  test('what a peer sent cannot break a line', async () => {
    const error = await Promise.resolve((await serve()).openRead(request('a\u2028b\u202eé'))).catch((cause) => cause)
    expect(error.message).toContain('"a\\u{2028}b\\u{202e}é"')
  })

  test('unfinished uploads are not there, also through a link', async () => {
    const part = partName('vmlinux.bin')
    writeFileSync(join(root, part), 'half')
    symlinkSync(part, join(root, 'innocent'))
    const store = await serve()
    for (const name of [part, part.toUpperCase(), 'innocent']) {
      await expect(store.openRead(request(name))).rejects.toMatchObject({ wireCode: 1 })
    }
  })

  test('a store that was closed', async () => {
    const store = await serve()
    store.close()
    await expect(store.openRead(request('vmlinux.bin'))).rejects.toMatchObject({ code: 'ERR_TFTP_ACCESS' })
  })
})

describe('links', () => {
  test.runIf(onUnix)('one that stays inside the root is followed', async () => {
    symlinkSync('../vmlinux.bin', join(root, 'boot', 'up'))
    symlinkSync(join(root, 'boot'), join(root, 'absolute'))
    const store = await serve()
    expect(await fetch(store, 'boot/up')).toBe('kernel')
    expect(await fetch(store, 'absolute/loader.img')).toBe('loader')
    expect(await fetch(store, 'absolute/up')).toBe('kernel')
  })

  test.runIf(onUnix)(
    'one that leaves it is ERROR 2, as file and as folder, and one that goes in a circle',
    async () => {
      mkdirSync(join(base, 'root-beside'))
      writeFileSync(join(base, 'root-beside', 'x'), 'secret')
      symlinkSync('../secret', join(root, 'out'))
      symlinkSync(base, join(root, 'folder'))
      symlinkSync('../root-beside', join(root, 'beside'))
      symlinkSync('circle', join(root, 'circle'))
      const store = await serve()
      for (const name of ['out', 'folder/secret', 'folder/missing', 'folder/a/b/c', 'beside/x', 'circle']) {
        await expect(store.openRead(request(name))).rejects.toMatchObject({ code: 'ERR_TFTP_ACCESS', wireCode: 2 })
      }
      expect(openDescriptors(base) ?? 0).toBe(0)
    },
  )

  test.runIf(onUnix)('a file swapped for a link between look-up and open', async () => {
    const store = new FolderStore(
      { roots: [root], writable: false, overwrite: false },
      {
        beforeOpen: (path) => {
          rmSync(path)
          symlinkSync('../secret', path)
        },
      },
    )
    await expect(store.openRead(request('vmlinux.bin'))).rejects.toMatchObject({ code: 'ERR_TFTP_ACCESS', wireCode: 2 })
    expect(openDescriptors(base) ?? 0).toBe(0)
  })

  test.runIf(onUnix)('a folder on the way swapped for a link between look-up and open', async () => {
    const outside = join(base, 'outside')
    mkdirSync(outside)
    // The same file, so that only its place can tell.
    linkSync(join(root, 'boot', 'loader.img'), join(outside, 'loader.img'))
    const swap = () => {
      renameSync(join(root, 'boot'), join(base, 'moved'))
      symlinkSync(outside, join(root, 'boot'))
    }
    const store = new FolderStore({ roots: [root], writable: false, overwrite: false }, { beforeOpen: swap })
    await expect(store.openRead(request('boot/loader.img'))).rejects.toThrow(/lead out of the served folder/)
    expect(openDescriptors(base) ?? 0).toBe(0)
  })

  test.runIf(onUnix)('a file swapped for a FIFO between look-up and open does not block', async () => {
    const store = new FolderStore(
      { roots: [root], writable: false, overwrite: false },
      {
        beforeOpen: (path) => {
          rmSync(path)
          execFileSync('mkfifo', [path])
        },
      },
    )
    await expect(store.openRead(request('vmlinux.bin'))).rejects.toThrow(/FIFO/)
    expect(openDescriptors(base) ?? 0).toBe(0)
  })
})

describe('what is no regular file is ERROR 2 and says so', () => {
  test('a folder', async () => {
    const store = await serve()
    for (const name of ['boot', 'boot/', '/boot']) {
      await expect(store.openRead(request(name))).rejects.toMatchObject({
        code: 'ERR_TFTP_ACCESS',
        wireCode: 2,
        message: expect.stringMatching(/it is a folder/),
      })
    }
  })

  test.runIf(onUnix)('a FIFO, at once', async () => {
    execFileSync('mkfifo', [join(root, 'fifo')])
    await expect((await serve()).openRead(request('fifo'))).rejects.toThrow(/it is a FIFO/)
  })

  test.runIf(onUnix)('a socket', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(join(root, 'socket'), resolve))
    await expect((await serve()).openRead(request('socket'))).rejects.toThrow(/it is a socket/)
    await new Promise((resolve) => server.close(resolve))
  })

  test.runIf(onUnix && process.getuid?.() === 0)('a device', async (context) => {
    try {
      execFileSync('mknod', [join(root, 'null'), 'c', '1', '3'], { stdio: 'ignore' })
    } catch {
      context.skip('mknod is not permitted here')
    }
    await expect((await serve()).openRead(request('null'))).rejects.toThrow(/it is a device/)
  })
})

test('names that lead out are ERROR 2', async () => {
  const store = await serve()
  for (const name of [
    '../secret',
    '..\\secret',
    '/../secret',
    'boot/../../secret',
    'vmlinux.bin\0.txt',
    'C:\\secret',
  ]) {
    await expect(store.openRead(request(name))).rejects.toMatchObject({
      code: 'ERR_TFTP_ACCESS',
      fault: 'peer',
      wireCode: 2,
    })
  }
})

/** Root passes every permission check: be somebody else for one synchronous call. */
const asNobody = <T>(call: () => T): T => {
  process.seteuid?.(65534)
  try {
    return call()
  } finally {
    process.seteuid?.(0)
  }
}
const canBeNobody = process.getuid?.() === 0 && typeof process.seteuid === 'function'

test.runIf(canBeNobody)('a file or folder without permission is ERROR 2', async () => {
  execFileSync('chmod', ['711', base, root])
  execFileSync('chmod', ['600', join(root, 'vmlinux.bin')])
  execFileSync('chmod', ['700', join(root, 'boot')])
  const store = await serve()
  for (const name of ['vmlinux.bin', 'boot/loader.img']) {
    const old = new Date(Date.now() - 60_000)
    utimesSync(join(root, name), old, old)
    await new Promise((resolve) => setTimeout(resolve, 30)) // its timestamps settle: the open is synchronous then
    const opened = asNobody(() => store.openRead(request(name)))
    await expect(opened).rejects.toMatchObject({ code: 'ERR_TFTP_ACCESS', fault: 'local', wireCode: 2 })
    await expect(opened).rejects.toThrow(/no permission/)
  }
})

describe('roots that cannot be served', () => {
  test('missing', async () => {
    await expect(serve(join(base, 'missing'))).rejects.toMatchObject({ code: 'ERR_TFTP_NOT_FOUND' })
  })

  test('a file', async () => {
    await expect(serve(join(root, 'vmlinux.bin'))).rejects.toThrow(/not a folder/)
  })

  test('none', async () => {
    await expect(openFolder({ roots: [], writable: false, overwrite: false })).rejects.toMatchObject({
      code: 'ERR_TFTP_USAGE',
    })
  })

  test('one that disappears later is ERROR 1, and served again when it is back', async () => {
    const store = await serve()
    renameSync(root, `${root}-away`)
    await expect(store.openRead(request('vmlinux.bin'))).rejects.toMatchObject({ wireCode: 1 })
    renameSync(`${root}-away`, root)
    expect(await fetch(store, 'vmlinux.bin')).toBe('kernel')
  })

  test('the root of the file system holds everything', async () => {
    const store = await serve('/')
    expect(await fetch(store, realpathSync(join(root, 'vmlinux.bin')))).toBe('kernel')
  })
})
