/** Which file a name leads to when rules have a say: map files, fallback, case, roots of clients, overlay, listing. */
import { chmodSync, existsSync, mkdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { replaceInFs } from '../../test/support/broken-disk.ts'
import { tempFolder } from '../../test/support/temp-folder.ts'
import type { OpenRequest, Store } from './contract.ts'
import { type FolderOptions, openFolder } from './folder.ts'

let base: string
let root: string

beforeEach(() => {
  base = tempFolder()
  root = join(base, 'root')
  put('root/a', 'root/boot/x', 'root/Mixed/Case.BIN', 'secret')
})

/** Files whose content is their path. */
function put(...paths: string[]): void {
  for (const path of paths) {
    mkdirSync(dirname(join(base, path)), { recursive: true })
    writeFileSync(join(base, path), path)
  }
}

function serve(options: Partial<FolderOptions> = {}): Promise<Store> {
  return openFolder({ roots: [root], writable: false, overwrite: false, ...options })
}

async function fetch(store: Store, filename: string, more: Partial<OpenRequest> = {}): Promise<string> {
  const image = await store.openRead({ filename, mode: 'octet', address: '10.0.0.1', ...more })
  try {
    const target = Buffer.alloc(image.sizeBytes)
    image.read(0, target, 0, target.length)
    return target.toString()
  } finally {
    image.close()
  }
}

const file = (text: string): { file: string; text: string } => ({ file: 'tftpd.rules', text })

describe('a map file', () => {
  test('decides which file is sent', async () => {
    const store = await serve({ names: { map: file('rg \\\\ /\nr ^other$ a\n') } })
    expect(await fetch(store, 'other')).toBe('root/a')
    expect(await fetch(store, '\\boot\\x')).toBe('root/boot/x')
  })

  test('refuses with its own text for the peer, and its line for the person', async () => {
    const store = await serve({ names: { map: file('a ^a$ Not\\ here\na ^b') } })
    await expect(fetch(store, 'a')).rejects.toMatchObject({
      code: 'ERR_TFTP_ACCESS',
      wireCode: 2,
      peerText: 'Not here',
      message: 'cannot send "a" to 10.0.0.1: tftpd.rules:1 refuses it',
    })
    await expect(fetch(store, 'b')).rejects.toMatchObject({ peerText: 'Access violation' })
  })

  test('leads nowhere outside, and the message says what it made', async () => {
    const store = await serve({ names: { map: file('r ^x$ ../secret\nr ^y$ a/../../secret\nr ^z$ \\#') } })
    for (const name of ['x', 'y']) {
      await expect(fetch(store, name)).rejects.toMatchObject({
        code: 'ERR_TFTP_ACCESS',
        message: expect.stringMatching(/\(as ".*secret"\): the name leads upwards/),
      })
    }
    await expect(fetch(store, 'z')).rejects.toMatchObject({
      message: expect.stringContaining('cannot send "z" to 10.0.0.1 (as "#")'),
    })
  })

  test('may repair a name that leads upwards', async () => {
    const store = await serve({ names: { map: file('r ^(\\.\\./)+ /') } })
    expect(await fetch(store, '../../a')).toBe('root/a')
  })

  test('with E asks for the files of the folder, and for room for uploads', async () => {
    const rules = { map: file('rE ^ boot/\nr ^ missing/') }
    const store = await serve({ names: rules })
    expect(await fetch(store, 'x')).toBe('root/boot/x')
    await expect(fetch(store, 'a')).rejects.toMatchObject({ message: expect.stringContaining('(as "missing/a")') })
    const uploads = await serve({ names: { map: file('rE ^ none/\nrE ^ boot/') }, writable: true })
    const upload = await uploads.openWrite({ filename: 'new', mode: 'octet', address: '10.0.0.1' })
    expect(upload.name).toBe('boot/new')
    upload.abort()
  })

  test('with a mistake keeps the server from starting', async () => {
    await expect(serve({ names: { map: file('r (') } })).rejects.toMatchObject({ code: 'ERR_TFTP_USAGE' })
    await expect(serve({ names: { map: { file: '/missing/rules' } } })).rejects.toMatchObject({
      code: 'ERR_TFTP_USAGE',
    })
  })

  test('sees names as bytes', async () => {
    put('root/caf\u00e9')
    const store = await serve({ names: { map: file('r ^th\xc3\xa9$ caf\xc3\xa9') } })
    expect(await fetch(store, 'th\u00e9')).toBe('root/caf\u00e9')
  })
})

describe("rules of atftpd's --pcre", () => {
  test('count for missing names alone, and the first that matches', async () => {
    put('root/there.conf')
    const pcre = file('^\\w*\\.conf$     a\n# comment\n^(b)t ${1}oot/\n^(b)t none\n'.replace('${1}', '$1'))
    const store = await serve({ names: { pcre } })
    expect(await fetch(store, 'some.conf')).toBe('root/a')
    expect(await fetch(store, 'there.conf')).toBe('root/there.conf')
    expect(await fetch(store, 'btx')).toBe('root/boot/x')
    await expect(fetch(store, '/some.conf')).rejects.toMatchObject({ code: 'ERR_TFTP_NOT_FOUND' })
  })

  test('lead nowhere outside', async () => {
    const store = await serve({ names: { pcre: file('^up ../secret') } })
    await expect(fetch(store, 'up')).rejects.toMatchObject({ code: 'ERR_TFTP_ACCESS' })
  })

  test.each([
    ['only', 'tftpd.rules:1: a rule is a pattern and a replacement'],
    ['a b c', 'tftpd.rules:1: a rule is a pattern and a replacement'],
    ['\n(a b', 'tftpd.rules:2: the pattern cannot be used'],
    ['(a?){300}a{300} x', 'tftpd.rules:1: the pattern is too costly'],
  ])('%j is refused', async (text, message) => {
    await expect(serve({ names: { pcre: file(text) } })).rejects.toThrow(message)
  })
})

describe('case', () => {
  test('--lowercase', async () => {
    const store = await serve({ names: { lowercase: true } })
    expect(await fetch(store, 'BOOT\\X')).toBe('root/boot/x')
    await expect(fetch(store, 'Mixed/Case.BIN')).rejects.toMatchObject({ code: 'ERR_TFTP_NOT_FOUND' })
  })

  test('--any-case takes what differs in case alone, where nothing has the name itself', async () => {
    put('root/boot/X2', 'root/boot/x2')
    const store = await serve({ names: { anyCase: true } })
    for (const name of ['MIXED/case.bin', 'mixed/case.bin'])
      expect(await fetch(store, name)).toBe('root/Mixed/Case.BIN')
    expect(await fetch(store, 'boot/X2')).toBe('root/boot/X2')
    put('root/mixed/case.bin')
    expect(await fetch(store, 'mixed/case.bin')).toBe('root/mixed/case.bin')
    rmSync(join(root, 'mixed'), { recursive: true })
    await expect(fetch(store, 'mixed/case.bi')).rejects.toMatchObject({ code: 'ERR_TFTP_NOT_FOUND' })
  })

  test('--any-case follows no link outside', async () => {
    symlinkSync(base, join(root, 'Out'))
    const store = await serve({ names: { anyCase: true } })
    // The answer does not tell what is there.
    for (const name of ['OUT/SECRET', 'OUT/nothing', 'out/Nothing/x']) {
      await expect(fetch(store, name), name).rejects.toMatchObject({ code: 'ERR_TFTP_ACCESS' })
    }
  })

  test('--any-case: an upload means the file that is there', async () => {
    const store = await serve({ names: { anyCase: true }, writable: true, overwrite: true })
    const upload = await store.openWrite({ filename: 'mixed/CASE.bin', mode: 'octet', address: '10.0.0.1' })
    expect(upload.name).toBe('Mixed/Case.BIN')
    upload.abort()
    const fresh = await store.openWrite({ filename: 'MIXED/New', mode: 'octet', address: '10.0.0.1' })
    expect(fresh.name).toBe('Mixed/New')
    fresh.abort()
  })
})

describe('roots', () => {
  test('of a client, by address, network and hardware address, go before those of all', async () => {
    put('one/a', 'net/a', 'net/n', 'mac/a')
    const store = await serve({
      macOf: (address) => (address === '10.0.0.9' ? '02:00:00:00:00:09' : undefined),
      clients: {
        clientRoots: [
          { client: '10.0.0.1', root: join(base, 'one') },
          { client: '10.0.0.0/30', root: join(base, 'net') },
          { client: '02-00-00-00-00-09', root: join(base, 'mac') },
          { client: '2001:db8::/32', root: join(base, 'net') },
        ],
      },
    })
    const from = (address: string, name = 'a'): Promise<string> => fetch(store, name, { address })
    expect(await from('10.0.0.1')).toBe('one/a')
    expect(await from('10.0.0.1', 'n')).toBe('net/n')
    expect(await from('10.0.0.1', 'boot/x')).toBe('root/boot/x')
    expect(await from('10.0.0.2')).toBe('net/a')
    expect(await from('::ffff:10.0.0.2')).toBe('net/a')
    expect(await from('10.0.0.9')).toBe('mac/a')
    expect(await from('10.0.0.8')).toBe('root/a')
    expect(await from('2001:db8::7')).toBe('net/a')
  })

  test('of a client are swept of what a killed process left there, when uploads are on', async () => {
    const part = 'one/.x.foresend-1-0123456789ab-1.part'
    put(part)
    utimesSync(join(base, part), 0, 0)
    const clients = { clientRoots: [{ client: '10.0.0.1', root: join(base, 'one') }] }
    await serve({ clients })
    expect(existsSync(join(base, part))).toBe(true)
    await serve({ clients, writable: true })
    expect(existsSync(join(base, part))).toBe(false)
  })

  test('of a client that are none keep the server from starting', async () => {
    const clientRoots = [{ client: 'nobody', root }]
    await expect(serve({ clients: { clientRoots } })).rejects.toMatchObject({
      code: 'ERR_TFTP_USAGE',
      message: expect.stringContaining('"nobody" is no client'),
    })
    const missing = [{ client: '10.0.0.1', root: join(base, 'none') }]
    await expect(serve({ clients: { clientRoots: missing } })).rejects.toMatchObject({ code: 'ERR_TFTP_NOT_FOUND' })
  })

  test("named for the client, as dnsmasq's tftp-unique-root", async () => {
    put('root/10.0.0.1/own', 'root/02-00-00-00-00-09/own')
    const macOf = (): string => '02:00:00:00:00:09'
    const byIp = await serve({ clients: { uniqueRoot: 'ip' } })
    expect(await fetch(byIp, 'own')).toBe('root/10.0.0.1/own')
    await expect(fetch(byIp, 'a')).rejects.toMatchObject({ code: 'ERR_TFTP_NOT_FOUND' })
    expect(await fetch(byIp, 'a', { address: '10.0.0.2' })).toBe('root/a')
    expect(await fetch(await serve({ macOf, clients: { uniqueRoot: 'mac' } }), 'own')).toBe(
      'root/02-00-00-00-00-09/own',
    )
    const first = await serve({ clients: { uniqueRoot: 'ip-then-root' } })
    expect(await fetch(first, 'own')).toBe('root/10.0.0.1/own')
    expect(await fetch(first, 'a')).toBe('root/a')
  })

  test('one over another: the first that has it, and uploads go to their own', async () => {
    put('common/a', 'common/c', 'up/u')
    const uploads = { root: join(base, 'up') }
    const store = await serve({ roots: [root, join(base, 'common')], writable: true, uploads })
    expect(await fetch(store, 'a')).toBe('root/a')
    expect(await fetch(store, 'c')).toBe('common/c')
    await expect(fetch(store, 'u')).rejects.toMatchObject({ code: 'ERR_TFTP_NOT_FOUND' })
    // It is nothing to the folder of uploads that this name can be read.
    const upload = await store.openWrite({ filename: 'a', mode: 'octet', address: '10.0.0.1' })
    await upload.finish()
    expect(await fetch(store, 'a')).toBe('root/a')
    await expect(store.openWrite({ filename: 'u', mode: 'octet', address: '10.0.0.1' })).rejects.toMatchObject({
      code: 'ERR_TFTP_EXISTS',
    })
  })
})

describe('a listing', () => {
  test('has the files of the folder that is asked, in both modes', async () => {
    const store = await serve({ listing: 'dir.txt' })
    const lines = (await fetch(store, 'dir.txt')).split('\n')
    expect(lines.map((line) => line.replace(/\d{4}-\d\d-\d\d \d\d:\d\d/, 'TIME'))).toEqual([
      '           -  TIME  Mixed/',
      '           6  TIME  a',
      '           -  TIME  boot/',
      '',
    ])
    expect(await fetch(store, 'boot/dir.txt', { mode: 'netascii' })).toMatch(/^ +11 {2}.* {2}x\r\n$/)
    const image = await store.openRead({ filename: 'dir.txt', mode: 'octet', address: '10.0.0.1' })
    expect(await image.crc32()).toBeGreaterThan(0)
    image.close()
    expect(() => image.verify()).toThrow('after it was closed')
    await expect(fetch(store, 'none/dir.txt')).rejects.toMatchObject({ code: 'ERR_TFTP_NOT_FOUND' })
  })

  test.skipIf(process.platform !== 'linux')('shows nothing outside when its folder is swapped for a link', async () => {
    put('root/boot/in/x', 'in/secret')
    const store = await serve({ listing: 'dir.txt' })
    const boot = join(root, 'boot')
    const { lstatSync } = (await import('node:fs')).default
    let swaps = 0
    replaceInFs({
      lstatSync: (path: string, options: object) => {
        const stat = lstatSync(path, options)
        // The look-up is over.
        if (path === join(boot, 'in') && ++swaps === 1) {
          renameSync(boot, `${boot}.real`)
          symlinkSync(base, boot)
        }
        return stat
      },
    })
    await expect(fetch(store, 'boot/in/dir.txt')).rejects.toMatchObject({ code: 'ERR_TFTP_ACCESS' })
    expect(swaps).toBe(1)
  })

  test('shows nothing outside, and no upload takes its name', async () => {
    symlinkSync(base, join(root, 'out'))
    const store = await serve({ listing: 'dir.txt', writable: true })
    await expect(fetch(store, 'out/dir.txt')).rejects.toMatchObject({ code: 'ERR_TFTP_ACCESS' })
    await expect(fetch(store, '../dir.txt')).rejects.toMatchObject({ code: 'ERR_TFTP_ACCESS' })
    await expect(
      store.openWrite({ filename: 'boot/dir.txt', mode: 'octet', address: '10.0.0.1' }),
    ).rejects.toMatchObject({ code: 'ERR_TFTP_ACCESS' })
  })
})

describe.skipIf(process.platform === 'win32')('--public-only', () => {
  test('sends what everybody may read', async () => {
    chmodSync(join(root, 'a'), 0o640)
    const store = await serve({ publicOnly: true })
    await expect(fetch(store, 'a')).rejects.toMatchObject({
      code: 'ERR_TFTP_ACCESS',
      message: expect.stringContaining('chmod o+r'),
    })
    chmodSync(join(root, 'a'), 0o644)
    expect(await fetch(store, 'a')).toBe('root/a')
  })
})

test('a root that goes away is an error of each request, whatever the rules', async () => {
  const store = await serve({ names: { anyCase: true }, clients: { uniqueRoot: 'ip' }, listing: 'dir.txt' })
  rmSync(root, { recursive: true })
  for (const name of ['a', 'dir.txt'])
    await expect(fetch(store, name)).rejects.toMatchObject({ code: 'ERR_TFTP_NOT_FOUND' })
})
