/** Whole commands: what a person types, what is printed, and the exit code. */
import { createSocket, type Socket } from 'node:dgram'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { OPCODE } from '../../src/packet/index.ts'
import { RawClient } from './raw-client.ts'
import { events, type Running, run, serve, start } from './cli-run.ts'
import { LAUNCHER } from '../support/launcher.ts'

const work = mkdtempSync(join(tmpdir(), 'foresend-cli-'))
const images = join(work, 'images')
const image = Buffer.alloc(300_000, 'an image that compresses well, ')
let server: Running & { port: number }
let taken: Socket
let silent: Socket

beforeAll(async () => {
  mkdirSync(images)
  writeFileSync(join(images, 'a.bin'), image)
  writeFileSync(join(images, 'b.bin'), image.subarray(0, 1000))
  taken = createSocket('udp4').bind(0, '127.0.0.1')
  silent = createSocket('udp4').bind(0, '127.0.0.1')
  await Promise.all([once(taken, 'listening'), once(silent, 'listening')])
  server = await serve(images)
})

afterAll(async () => {
  server.child.kill('SIGTERM')
  taken.close()
  silent.close()
  expect((await server.ended).code).toBe(0)
  rmSync(work, { recursive: true, force: true })
})

/** A fresh folder to work in. */
function folder(): string {
  return mkdtempSync(join(work, 'in-'))
}

describe('bad input: one line that says what, why and what to do', () => {
  const url = (path: string, port = server.port): string => `tftp://127.0.0.1:${port}/${path}`
  const cases: readonly { what: string; args: () => readonly string[]; code: number; says: RegExp }[] = [
    {
      what: 'unknown flag',
      args: () => ['serve', '--prot', '69'],
      code: 2,
      says: /unknown option '--prot'.*--port.*serve --help/,
    },
    { what: 'no such folder', args: () => ['serve', join(work, 'nope')], code: 2, says: /nope.*check the path/ },
    {
      what: 'port taken',
      args: () => ['serve', images, '--host', '127.0.0.1', '--port', String(taken.address().port)],
      code: 3,
      says: /127\.0\.0\.1:\d+: another program has this port.*take another with --port/,
    },
    {
      what: 'an address that is not here',
      args: () => ['serve', images, '--host', '192.0.2.7', '--port', '0'],
      code: 3,
      says: /192\.0\.2\.7.*ip addr add 192\.0\.2\.7/,
    },
    { what: 'get what is not there', args: () => ['get', url('nope.bin')], code: 4, says: /nope\.bin/ },
    {
      what: 'get from nobody',
      args: () => ['get', url('a.bin', closedPort()), '--timeout', '0.1', '--retries', '1'],
      code: 5,
      says: /127\.0\.0\.1/,
    },
    {
      what: 'get from who never answers',
      args: () => ['get', url('a.bin', silent.address().port), '--timeout', '0.05', '--retries', '1'],
      code: 5,
      says: /127\.0\.0\.1/,
    },
    {
      what: 'an unknown host',
      args: () => ['get', 'tftp://no-such-host.invalid/a.bin'],
      code: 5,
      says: /no-such-host\.invalid/,
    },
    {
      what: 'a wrong digest',
      args: () => ['get', url('a.bin'), '--sha256', '0'.repeat(64)],
      code: 1,
      says: /sha256|digest/i,
    },
    {
      what: 'put where nothing may be stored',
      args: () => ['put', join(images, 'b.bin'), url('x')],
      code: 4,
      says: /x/,
    },
  ]

  test.each(cases)('$what', async ({ args, code, says }) => {
    const cwd = folder()
    const ran = await run(args(), { cwd })
    expect(ran.stderr).toMatch(says)
    expect(ran.stderr.trimEnd().split('\n')).toHaveLength(1)
    expect(ran.stdout).toBe('')
    expect(ran.code).toBe(code)
    expect(readdirSync(cwd)).toEqual([])
  })

  /** Free a moment ago, and nobody binds it meanwhile: the kernel hands out ports at random. */
  function closedPort(): number {
    const script =
      "const s = require('dgram').createSocket('udp4').bind(0, '127.0.0.1', () => { console.log(s.address().port); s.close() })"
    return Number(spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' }).stdout)
  }
})

test('the version is the package version', async () => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  expect(await run(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' })
})

describe('get', () => {
  test('stores the file under its name and says so', async () => {
    const cwd = folder()
    const ran = await run(['get', `tftp://127.0.0.1:${server.port}/a.bin`], { cwd })
    expect(ran).toMatchObject({ code: 0, stderr: '' })
    expect(ran.stdout).toMatch(/^got a\.bin: 300000 bytes in .*, CRC32 [0-9a-f]{8}, sha256 [0-9a-f]{64}\n$/)
    expect(readFileSync(join(cwd, 'a.bin')).equals(image)).toBe(true)
  })

  test('several files into a folder; one that fails does not stop the rest', async () => {
    const cwd = folder()
    mkdirSync(join(cwd, 'to'))
    const base = `tftp://127.0.0.1:${server.port}`
    const ran = await run(['get', `${base}/nope.bin`, `${base}/a.bin`, `${base}/b.bin`, '-o', 'to'], { cwd })
    expect(ran.code).toBe(4)
    expect(readdirSync(join(cwd, 'to')).sort()).toEqual(['a.bin', 'b.bin'])
  })

  test('- is standard output, and nothing but the bytes is on it', async () => {
    const ran = spawnSync(process.execPath, [LAUNCHER, 'get', `tftp://127.0.0.1:${server.port}/a.bin`, '-o', '-'])
    expect(ran.status).toBe(0)
    expect(ran.stdout.equals(image)).toBe(true)
    expect(ran.stderr.toString()).toMatch(/^got a\.bin: /)
  })

  test('json', async () => {
    const cwd = folder()
    const { code, stdout } = await run(['get', `tftp://127.0.0.1:${server.port}/b.bin`, '--log-format', 'json'], {
      cwd,
    })
    expect(code).toBe(0)
    const expected = (crc32(image.subarray(0, 1000)) >>> 0).toString(16).padStart(8, '0')
    expect(events(stdout).at(-1)).toMatchObject({ event: 'completed', file: 'b.bin', bytes: 1000, crc32: expected })
  })
})

describe('serve and put', () => {
  test('json: listening comes first, every line is an object, completed has the checksum', async () => {
    const own = await serve(images)
    const cwd = folder()
    expect((await run(['get', `tftp://127.0.0.1:${own.port}/a.bin`], { cwd })).code).toBe(0)
    await own.seen(/"event":"completed"/)
    own.child.kill('SIGTERM')
    const ran = await own.ended
    const list = events(ran.stdout)
    expect(ran).toMatchObject({ code: 0, stderr: '' })
    expect(list[0]).toMatchObject({ event: 'listening', address: '127.0.0.1', port: own.port })
    expect(list.map(({ event }) => event)).toContain('requested')
    const expected = (crc32(image) >>> 0).toString(16).padStart(8, '0')
    expect(list.find(({ event }) => event === 'completed')).toMatchObject({
      file: 'a.bin',
      bytes: 300_000,
      crc32: expected,
    })
  })

  test('put stores with --writable, replaces only with --overwrite', async () => {
    const store = folder()
    const own = await serve(store, ['--writable'])
    const target = `tftp://127.0.0.1:${own.port}/`
    expect((await run(['put', join(images, 'a.bin'), join(images, 'b.bin'), target])).code).toBe(0)
    expect(readFileSync(join(store, 'a.bin')).equals(image)).toBe(true)
    expect((await run(['put', join(images, 'b.bin'), `${target}a.bin`])).code).toBe(4)
    expect(readFileSync(join(store, 'a.bin')).equals(image)).toBe(true)
    own.child.kill('SIGTERM')
    expect((await own.ended).code).toBe(0)

    const replacing = await serve(store, ['--writable', '--overwrite'])
    expect((await run(['put', join(images, 'b.bin'), `tftp://127.0.0.1:${replacing.port}/a.bin`])).code).toBe(0)
    expect(readFileSync(join(store, 'a.bin'))).toHaveLength(1000)
    replacing.child.kill('SIGTERM')
    expect((await replacing.ended).code).toBe(0)
  })

  test('one file for any name asked', async () => {
    const own = await serve(join(images, 'a.bin'))
    const cwd = folder()
    const ran = await run(['get', `tftp://127.0.0.1:${own.port}/whatever/ArcherC2.bin`], { cwd })
    expect(ran.code).toBe(0)
    expect(readFileSync(join(cwd, 'ArcherC2.bin')).equals(image)).toBe(true)
    own.child.kill('SIGTERM')
    expect((await own.ended).code).toBe(0)
  })

  test('pretty lines without a terminal have no escape code, and name the line to fetch a file with', async () => {
    const own = start(['serve', images, '--host', '127.0.0.1', '--port', '0'])
    const [, fetch = ''] = await own.seen(/Fetch a file with: .*'(tftp:.*)'\n/)
    const cwd = folder()
    expect((await run(['get', fetch], { cwd })).code).toBe(0)
    await own.seen(
      /completed 127\.0\.0\.1:\d+ has a\.bin: 300000 bytes in .*; CRC32 [0-9a-f]{8} \(in U-Boot: crc32 LOADADDR 493e0\)\n/,
    )
    own.child.kill('SIGINT')
    const ran = await own.ended
    expect(ran.code).toBe(0)
    expect(ran.stdout).toMatch(/^\d\d:\d\d:\d\d listening on 127\.0\.0\.1:\d+ \((batch|dgram)\)\n/)
    expect(ran.stdout).not.toMatch(/[^\P{Cc}\n]/u)
  })

  test.each(['dgram', 'batch'])(
    'SIGHUP makes a server of the %s driver serve what the path names now',
    async (driver) => {
      const at = folder()
      const path = join(at, 'it')
      writeFileSync(path, 'one file for any name')
      const own = await serve(path, ['--driver', driver, ...(driver === 'batch' ? ['--workers', '2'] : [])])
      const ask = async (): Promise<number> => {
        const client = await RawClient.open(own.port)
        client.request(1, 'inside')
        const { opcode, port } = await client.next()
        client.ack(1, port)
        client.close()
        return opcode
      }
      expect(await ask()).toBe(OPCODE.data)
      rmSync(path)
      mkdirSync(path)
      writeFileSync(join(path, 'inside'), 'a file of a folder')
      // Every worker still has the single file, which is gone; none of them looks by itself what the path is now.
      for (let i = 0; i < 8; i++) expect(await ask()).toBe(OPCODE.error)
      own.child.kill('SIGHUP')
      await own.seen(/"code":"RELOADED"/)
      for (let i = 0; i < 8; i++) expect(await ask()).toBe(OPCODE.data)
      own.child.kill('SIGTERM')
      expect((await own.ended).code).toBe(0)
    },
  )

  test('SIGTERM lets a running transfer finish, a second one ends at once', async () => {
    const own = await serve(images)
    const device = createSocket('udp4')
    device.send(Buffer.from('\0\x01a.bin\0octet\0', 'latin1'), own.port, '127.0.0.1')
    const [, tid] = (await once(device, 'message')) as [Buffer, { port: number }]
    device.send(Buffer.from([0, 4, 0, 1]), tid.port, '127.0.0.1')
    await own.seen(/"event":"started"/)
    own.child.kill('SIGTERM')
    // Still served: block 2 and its like come while the server waits for us.
    await once(device, 'message')
    expect(own.child.exitCode).toBeNull()
    // Two signals within 300 ms are one: npm, the launcher and the terminal each pass on the same Ctrl-C.
    await new Promise((resolve) => setTimeout(resolve, 400))
    own.child.kill('SIGTERM')
    expect((await own.ended).code).toBe(0)
    device.close()
  })

  test('a reader that leaves (| head -1) does not take the server along', async () => {
    const own = await serve(images)
    own.child.stdout.destroy()
    for (let time = 0; time < 3; time++) {
      const cwd = folder()
      expect((await run(['get', `tftp://127.0.0.1:${own.port}/b.bin`], { cwd })).code).toBe(0)
    }
    own.child.kill('SIGTERM')
    const ran = await own.ended
    expect(ran).toMatchObject({ code: 0, stderr: '' })
  })
})

const hasScript = spawnSync('script', ['--version']).status === 0

describe.skipIf(!hasScript)('on a terminal (made by util-linux script)', () => {
  /** Runs the command line in a terminal of 80 columns, and gives back what it showed. */
  function inTerminal(
    args: readonly string[],
    env: Record<string, string> = {},
  ): { code: number | null; shown: string } {
    const line = [process.execPath, LAUNCHER, ...args].map((part) => `'${part}'`).join(' ')
    // In a CI run Node takes no terminal for one that shows colours.
    const { NO_COLOR: _none, FORCE_COLOR: _forced, CI: _ci, ...rest } = process.env
    const ran = spawnSync('script', ['-qec', `stty cols 80; ${line}`, '/dev/null'], {
      cwd: folder(),
      env: { ...rest, TERM: 'xterm', ...env },
      encoding: 'utf8',
    })
    return { code: ran.status, shown: ran.stdout }
  }

  test('colour, and none with NO_COLOR', () => {
    const args = ['get', `tftp://127.0.0.1:${server.port}/b.bin`]
    expect(inTerminal(args).shown).toContain('\x1b[32mgot\x1b[39m b.bin')
    expect(inTerminal(args, { NO_COLOR: '1' }).shown).toMatch(/^got b\.bin/m)
  })

  test('a failure keeps its exit code', () => {
    expect(inTerminal(['get', `tftp://127.0.0.1:${server.port}/nope.bin`]).code).toBe(4)
    expect(existsSync(join(images, 'nope.bin'))).toBe(false)
  })
})
