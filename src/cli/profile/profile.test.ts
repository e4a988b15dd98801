/** The commands within this process. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { collector } from '../../../test/support/collector.ts'
import { run } from '../main.ts'
import { loadTools } from '../tools.ts'

const work = mkdtempSync(join(tmpdir(), 'foresend-profile-cli-'))
afterAll(() => rmSync(work, { recursive: true }))

interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** With a state folder of its own unless the words name one. */
async function profile(...words: readonly string[]): Promise<Ran> {
  const [stdout, stderr] = [collector(), collector()]
  const context = {
    stdout: stdout.output,
    stderr: stderr.output,
    tools: loadTools(),
    watch: () => () => {},
    now: Date.now,
  }
  const isHelp = words.includes('--help')
  const state = isHelp || words.includes('--state') ? [] : ['--state', join(work, 'none')]
  const code = await run(['profile', ...words, ...state], context)
  return { code, stdout: stdout.text(), stderr: stderr.text() }
}

const MINE = `name = "my-router"
title = "The router on the bench"
kind = "recovery"

[sources]
seen = "bench.pcapng"

[[request]]
options = ["timeout=7", "tsize=0"]
source = ["seen"]
`
const mine = join(work, 'mine.toml')
writeFileSync(mine, MINE)

test.each([[], ['list'], ['show'], ['explain'], ['learn'], ['import'], ['export'], ['forget']])(
  '%s --help is a page',
  async (...words) => {
    const ran = await profile(...words, '--help')
    expect(ran).toMatchObject({ code: 0, stderr: '' })
    expect(ran.stdout).toMatch(/Examples:\n/)
    expect(ran.stdout).toMatch(/Exit codes: /)
    for (const line of ran.stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(120)
  },
)

describe('mistakes: one line that says what and what would be right, exit code 2', () => {
  test.each<[string, readonly string[], RegExp]>([
    ['no such command', ['lst'], /unknown command 'lst'.*Did you mean list/],
    ['no such kind', ['list', '--kind', 'router'], /It takes bootloader, network-boot, program, recovery or equipment/],
    ['no such profile', ['show', 'uboot'], /unknown profile "uboot"; did you mean uboot-1\.1/],
    ['no such profile to export', ['export', 'ipx'], /unknown profile "ipx"; did you mean ipxe/],
    ['nothing to explain', ['explain'], /explain takes a request, or --device NAME/],
    ['two things to explain', ['explain', 'RRQ a octet', '--device', 'curl'], /give one of them/],
    ['no request', ['explain', 'hello'], /"hello" is no request: it takes RRQ "test\.bin"/],
    ['no such device', ['explain', '--device', 'crul'], /unknown device "crul"; did you mean curl or grub\?/],
    ['no MAC address', ['explain', 'RRQ a octet', '--mac', '12:34'], /"12:34" is no MAC address: it takes six bytes/],
    ['a made-up MAC address', ['explain', 'RRQ a octet', '--mac', '52:54:00:12:34:56'], /was made up by a program/],
    ['no port', ['explain', 'RRQ a octet', '--port', '0'], /a port: a whole number from 1 to 65535/],
    ['no file', ['import', 'nope.toml'], /cannot read nope\.toml: ENOENT; give the path of a profile file/],
    ['the same twice', ['import', mine, mine], /both hold a profile called my-router/],
    ['built in', ['forget', 'ipxe'], /ipxe is built in and stays \(.*ipxe\.toml\): import one of the same name/],
    ['unknown', ['forget', 'ipx'], /unknown profile "ipx"; did you mean ipxe/],
    ['no name', ['forget', '../x'], /is no name of a profile: it takes lower case letters/],
    [
      'nowhere to write',
      ['export', 'ipxe', '-o', join(work, 'no', 'x')],
      /cannot write .*: ENOENT: .*; make its folder first/,
    ],
  ])('%s', async (_what, words, says) => {
    const ran = await profile(...words)
    expect(ran.stderr).toMatch(says)
    expect(ran.stderr.trimEnd().split('\n')).toHaveLength(1)
    expect(ran).toMatchObject({ code: 2, stdout: '' })
  })
})

describe('list', () => {
  test('has a line for each kind, and JSON for programs', async () => {
    const { code, stdout, stderr } = await profile('list')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const lines = stdout.trimEnd().split('\n')
    expect(lines.length).toBeGreaterThan(25)
    expect(stdout).toMatch(/^uboot-1\.1 +bootloader +asks +U-Boot 1\.1\.x/m)
    expect(stdout).toMatch(/^asus-rescue +recovery +waits /m)
    const json = (await profile('list', '--json')).stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as object)
    expect(json).toHaveLength(lines.length - 1)
    expect(json).toContainEqual(expect.objectContaining({ name: 'ipxe', kind: 'network-boot', origin: 'built-in' }))
  })

  test('shows one kind alone', async () => {
    const { stdout } = await profile('list', '--kind', 'program')
    expect(stdout).toMatch(/^curl /m)
    expect(stdout).not.toMatch(/recovery/)
  })
})

describe('show', () => {
  test('has the facts, each with its source', async () => {
    const { code, stdout } = await profile('show', 'tplink-recovery')
    expect(code).toBe(0)
    expect(stdout).toMatch(/RRQ "…" octet timeout=1\|3\|\* \[\d/)
    expect(stdout).toMatch(/this machine is 192\.168\.0\.66, the device 192\.168\.0\.86\./)
    expect(stdout).toMatch(/^sources$/m)
    expect(stdout).toMatch(/^ {2}1 https:\/\//m)
  })

  test('as JSON is the profile', async () => {
    const { stdout } = await profile('show', 'uboot-2023', '--json')
    expect(JSON.parse(stdout)).toMatchObject({
      name: 'uboot-2023',
      origin: 'built-in',
      behaviour: { repeat: 'silent', timerMs: 5000 },
    })
  })
})

describe('explain', () => {
  test('ranks, says how sure it is, and why', async () => {
    const { code, stdout } = await profile('explain', 'RRQ "ArcherC7v2_tp_recovery.bin" octet timeout 3')
    expect(code).toBe(0)
    const lines = stdout.trimEnd().split('\n')
    expect(lines[0]).toBe('RRQ "ArcherC7v2_tp_recovery.bin" octet timeout=3')
    expect(lines[1]).toMatch(/^tplink-recovery +(9\d|>99) % +TP-Link/)
    expect(lines[2]).toMatch(/^ {2}\+8\.0 {2}the name is one that it asks for: \*_tp_recovery\.bin$/)
    expect(lines.at(-2)).toMatch(/^none of these +<1 %/)
    expect(lines.at(-1)).toBe('What helps: foresend profile show tplink-recovery')
  })

  test('takes words without quotes, a MAC address and a port', async () => {
    const plain = await profile('explain', 'RRQ', 'fixup.dat', 'octet', 'tsize', '0', '--json')
    const more = await profile(
      'explain',
      'RRQ fixup.dat octet tsize 0',
      '--mac',
      'b8:27:eb:00:11:22',
      '--port',
      '49180',
      '--json',
    )
    const first = ({ stdout }: Ran) => (JSON.parse(stdout) as { matches: { name: string; bits: number }[] }).matches[0]
    expect(first(plain).name).toBe('raspberry-pi-3')
    expect(first(more).bits).toBeGreaterThan(first(plain).bits + 3)
  })

  test('knows the devices of the lab by what they do', async () => {
    const { stdout } = await profile('explain', '--device', 'uboot-2008')
    expect(stdout).toMatch(/^ {2}a repeated block: ignored without an answer$/m)
    expect(stdout).toMatch(/^uboot-2008 +(9\d|>99) %/m)
  })

  test('adds up to one in JSON', async () => {
    const { stdout } = await profile('explain', 'RRQ a octet timeout=5 blksize=1468', '--json')
    const { unknown, matches, request } = JSON.parse(stdout) as {
      unknown: number
      request: object
      matches: { confidence: number }[]
    }
    expect(matches.reduce((sum, { confidence }) => sum + confidence, unknown)).toBeCloseTo(1)
    expect(request).toMatchObject({ filename: 'a', options: [{ name: 'timeout', value: '5' }, {}] })
  })

  test('with no profile that fits says so and exits with 1', async () => {
    const { code, stdout } = await profile('explain', 'RRQ a octet strange=1')
    expect(code).toBe(1)
    expect(stdout).toMatch(/No profile explains this request better/)
  })

  test('prints nothing of a packet as it is', async () => {
    const { stdout } = await profile('explain', '0001 1b5b324a 00 6f6374657400 74696d656f757400 1b5b324a 00')
    expect(stdout).not.toContain('\x1b')
    expect(stdout).toContain('\\x1b[2J')
  })
})

describe('your own', () => {
  const state = ['--state', join(work, 'state')]

  test('are imported, used, exported and forgotten', async () => {
    const imported = await profile('import', mine, ...state)
    expect(imported).toMatchObject({ code: 0, stderr: '' })
    expect(imported.stdout).toBe(`my-router: ${join(work, 'state', 'profiles', 'my-router.toml')}\n`)
    expect((await profile('list', ...state)).stdout).toMatch(/^my-router .* \(yours\)$/m)
    expect((await profile('explain', 'RRQ a octet timeout=7 tsize=0', ...state)).stdout).toMatch(/^my-router +>99 %/m)
    expect((await profile('export', 'my-router', ...state)).stdout).toBe(MINE)
    const again = await profile('import', mine, ...state)
    expect(again).toMatchObject({ code: 2 })
    expect(again.stderr).toMatch(/you have a profile called my-router already: --force replaces it/)
    expect(await profile('import', mine, '--force', ...state)).toMatchObject({ code: 0 })
    expect(await profile('forget', 'my-router', ...state)).toMatchObject({ code: 0, stdout: 'my-router: forgotten\n' })
    expect((await profile('list', ...state)).stdout).not.toMatch(/my-router/)
  })

  test('take the place of a built-in one until they are forgotten', async () => {
    const copy = join(work, 'copy.toml')
    expect(await profile('export', 'curl', '-o', copy)).toMatchObject({ code: 0, stdout: '' })
    writeFileSync(copy, readFileSync(copy, 'utf8').replace(/^title = .*$/m, 'title = "our curl"'))
    expect((await profile('import', copy, ...state)).stdout).toMatch(/, in place of the built-in one$/m)
    expect((await profile('show', 'curl', ...state)).stdout).toMatch(/^curl {2}our curl$/m)
    await profile('forget', 'curl', ...state)
    expect((await profile('show', 'curl', ...state)).stdout).toMatch(/^curl {2}curl and programs built on libcurl$/m)
  })

  test('where one of several files is wrong, none is added', async () => {
    const wrong = join(work, 'wrong.toml')
    writeFileSync(wrong, MINE.replace('recovery', 'router').replace('my-router', 'wrong'))
    const ran = await profile('import', mine, wrong, ...state)
    expect(ran).toMatchObject({ code: 2, stdout: '' })
    expect(ran.stderr).toMatch(/wrong\.toml: kind "router" is not right/)
    expect((await profile('list', ...state)).stdout).not.toMatch(/my-router/)
  })

  test('a file that is wrong is named and skipped, and can be forgotten', async () => {
    const folder = join(work, 'bad')
    mkdirSync(join(folder, 'profiles'), { recursive: true })
    writeFileSync(join(folder, 'profiles', 'bad.toml'), 'name = 5\n')
    const ran = await profile('list', '--state', folder)
    expect(ran.code).toBe(0)
    expect(ran.stderr).toMatch(/^foresend: skipped a profile: .*bad\.toml: name 5 is not right: it takes a text\n$/)
    expect(await profile('forget', 'bad', '--state', folder)).toMatchObject({ code: 0, stderr: '' })
  })
})
