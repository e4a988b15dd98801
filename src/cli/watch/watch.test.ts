/** The command within this process, on captures, and the choice of a network card. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { captureOfLab } from '../../../test/golden/capture-of-lab.ts'
import { packet } from '../../../test/golden/capture-maker.ts'
import { CLIENT, Scene, SERVER } from '../../../test/golden/capture-scene.ts'
import { collector } from '../../../test/support/collector.ts'
import type { WatchedRequest } from '../../capture/watch/contract.ts'
import { patternedImage } from '../../lab/experiment.ts'
import { run } from '../main.ts'
import { loadTools } from '../tools.ts'
import { adviceFor, serveLines } from './advice.ts'
import { cannotListen, type Cards, chooseCard } from './card.ts'

const folder = mkdtempSync(join(tmpdir(), 'foresend-watch-'))
afterAll(() => rmSync(folder, { recursive: true }))

let files = 0
function file(bytes: Uint8Array | string): string {
  const path = join(folder, `${++files}.pcap`)
  writeFileSync(path, bytes)
  return path
}

async function watch(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const stdout = collector()
  const stderr = collector()
  const context = {
    stdout: stdout.output,
    stderr: stderr.output,
    tools: loadTools(),
    watch: () => () => {},
    now: () => 0,
  }
  const code = await run(['watch', '--state', folder, ...args], context)
  return { code, stdout: stdout.text(), stderr: stderr.text() }
}

describe('a capture', () => {
  test('of a device that nothing answers: what it asks, what it probably is, and the line to type', async () => {
    const scene = new Scene()
    for (let i = 0; i < 3; i++) scene.ask(packet.rrq('ArcherC2V1_tp_recovery.bin', 'timeout', '1')).wait(1000)
    const { code, stdout, stderr } = await watch('--read', file(scene.file()))
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(
      /192\.168\.0\.1 \(02:.*\) asks for "ArcherC2V1_tp_recovery\.bin" \(octet, timeout=1\) at 192\.168\.0\.66\n/,
    )
    expect(stdout).toMatch(/Most likely TP-Link and Mercusys: .*: foresend profile show tplink-recovery\n/)
    expect(stdout).toMatch(/Its recovery asks 192\.168\.0\.66\. .*Hold reset/)
    expect(stdout).toMatch(
      /no answer to 192\.168\.0\.1 from 192\.168\.0\.66; asked 1 time so far\n.*\n +sudo foresend serve ArcherC2V1_tp_recovery\.bin --host 192\.168\.0\.66\n/,
    )
    expect(stdout).toMatch(/not served 192\.168\.0\.1 .*: asked 3 times, and no server answered\n/)
  })

  test('a kind of device whose title has an article', async () => {
    const scene = new Scene().ask(packet.rrq('a.bin'))
    const { stdout } = await watch('--read', file(scene.file()))
    expect(stdout).toMatch(/Perhaps the atftp command \(\d+ %\), or the tftp command of tftp-hpa, /)
  })

  test('of a faulty device: why it failed', async () => {
    const { file: bytes } = captureOfLab('archer-c2-faulty', 'tftp-hpa-5.2', patternedImage(300_000, 1), 5)
    const { stdout } = await watch('--read', file(bytes))
    expect(stdout).toMatch(/has stopped at block \d+/)
    expect(stdout).toMatch(
      /FAILED 192\.168\.0\.1 "test\.bin": .*From the device to the server|FAILED 192\.168\.0\.1 "test\.bin": .*from the device to the server/,
    )
    expect(stdout).toMatch(
      /What to do: .*\n.*With Foresend as the server:\n +sudo foresend serve test\.bin --host 192\.168\.0\.66\n/,
    )
  })

  test('as JSON: one object per line, with what to type', async () => {
    const scene = new Scene().ask(packet.rrq('a.bin')).wait(3000).ask(packet.rrq('a.bin'))
    const { stdout } = await watch('--json', '--read', file(scene.file()))
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(events.map(({ event }) => event)).toEqual(['request', 'unanswered', 'ended'])
    expect(events[1]).toMatchObject({
      request: { id: 1, file: 'a.bin', device: { address: CLIENT.address }, toAddress: SERVER.address, options: [] },
      because: 'silence',
      type: [`sudo foresend serve a.bin --host ${SERVER.address}`],
    })
    expect(events[2]).toMatchObject({ transfer: { outcome: 'unanswered', file: 'a.bin' } })
  })

  test('without a request', async () => {
    const { code, stdout, stderr } = await watch('--read', file(new Scene().arp(1, CLIENT, SERVER).file()))
    expect(code).toBe(1)
    expect(stdout).toContain('looks for 192.168.0.66')
    expect(stderr).toBe('foresend: no device asks for a file in this capture\n')
  })

  test.each<[string, () => string[], RegExp, number]>([
    ['a card and a file', () => ['eth0', '--read', 'x'], /give one of them/, 2],
    ['no such file', () => ['--read', join(folder, 'nope')], /cannot read .*ENOENT/, 2],
    ['no capture', () => ['--read', file('this is a text and no capture')], /pcap/, 2],
    ['no number', () => ['eth0', '--seconds', 'x'], /whole number/, 2],
  ])('%s: one line', async (_, args, says, code) => {
    const ran = await watch(...args())
    expect(ran.stderr).toMatch(says)
    expect(ran.stderr).toMatch(/^foresend: [^\n]+\n$/)
    expect(ran.code).toBe(code)
  })
})

describe('the line that serves', () => {
  const request = (more: Partial<WatchedRequest>): WatchedRequest => ({
    id: 1,
    device: { address: '192.168.0.1', mac: undefined, vendor: undefined },
    port: 2000,
    direction: 'read',
    file: 'a.bin',
    mode: 'octet',
    options: [],
    toAddress: '192.168.0.66',
    toPort: 69,
    isOurs: true,
    isBroadcast: false,
    malformed: undefined,
    ...more,
  })
  const place = { card: 'eth7', addresses: ['10.0.0.1'] }

  test.each<[string, Partial<WatchedRequest>, string[]]>([
    ['the address is here', {}, ['sudo foresend serve a.bin --host 192.168.0.66']],
    ['another port', { toPort: 6969 }, ['sudo foresend serve a.bin --host 192.168.0.66 --port 6969']],
    ['a broadcast', { isBroadcast: true, isOurs: false }, ['sudo foresend serve a.bin']],
    ['a path', { file: '/boot/x.cfg' }, ['sudo foresend serve FOLDER --host 192.168.0.66']],
    ['an upload', { direction: 'write' }, ['sudo foresend serve FOLDER --writable --host 192.168.0.66']],
    ['a name that a shell would run', { file: '$(reboot)' }, ['sudo foresend serve FILE --host 192.168.0.66']],
    ['a name like a flag', { file: '--overwrite' }, ['sudo foresend serve FILE --host 192.168.0.66']],
  ])('%s', (_, more, lines) => {
    expect(serveLines(request(more), place)).toEqual(lines)
  })

  test('begins with the address where this machine has another', () => {
    const [first, second] = serveLines(request({ isOurs: false }), place)
    expect(first).toMatch(/192\.168\.0\.66.*eth7|eth7.*192\.168\.0\.66/)
    expect(second).toBe('sudo foresend serve a.bin --host 192.168.0.66')
  })

  test.each([
    ['off', /switched off/, ['sudo ip link set eth7 up']],
    ['no-carrier', /the cable in a LAN port/, []],
    ['up', /Nothing at all arrives on eth7/, []],
  ] as const)('silence with the link %s has its reasons', (link, says, type) => {
    const advice = adviceFor({ event: 'quiet', time: 0, forMs: 60_000, frames: 0, link }, place)
    expect(advice.say.join(' ')).toMatch(says)
    expect(advice.type).toEqual(type)
  })
})

describe('the network card', () => {
  const cards = (table: Readonly<Record<string, 'up' | 'no-carrier'>>): Cards => ({
    names: () => ['lo', ...Object.keys(table), 'tun0'],
    cabled: () => Object.keys(table),
    kind: (name) => (name === 'lo' ? 'loopback' : name === 'tun0' ? 'other' : 'ethernet'),
    link: (name) => table[name] ?? 'up',
  })

  test('is the only one, or the only one with a link, where none is named', () => {
    expect(chooseCard(undefined, cards({ eth0: 'no-carrier' }))).toEqual({ name: 'eth0', isLoopback: false })
    expect(chooseCard(undefined, cards({ eth0: 'no-carrier', eth1: 'up' })).name).toBe('eth1')
    expect(chooseCard('lo', cards({}))).toEqual({ name: 'lo', isLoopback: true })
  })

  test.each<[string, string | undefined, Cards, RegExp]>([
    [
      'of several',
      undefined,
      cards({ eth0: 'up', eth1: 'up' }),
      /foresend watch eth0; there are eth0 \(link up\), eth1 \(link up\)$/,
    ],
    ['that is not there', 'eth9', cards({ eth0: 'up' }), /no network card "eth9" here; did you mean eth0\?/],
    ['without Ethernet', 'tun0', cards({}), /tun0 carries no Ethernet frames/],
    ['none at all', undefined, { ...cards({}), names: () => ['lo'] }, /no network card to listen on/],
  ])('%s: one line', (_, wanted, system, says) => {
    expect(() => chooseCard(wanted, system)).toThrow(says)
    expect(() => chooseCard(wanted, system)).toThrow(expect.objectContaining({ code: 'ERR_TFTP_USAGE' }))
  })

  test.each<[unknown, RegExp]>([
    [Object.assign(new Error('socket EPERM'), { code: 'EPERM' }), /is for root: sudo foresend watch eth0$/],
    [Object.assign(new Error('bind ENODEV'), { code: 'ENODEV' }), /cannot listen on eth0: ENODEV; check/],
    ['it needs Linux, and this is darwin', /cannot listen on a network card: it needs Linux/],
  ])('that cannot be listened on: %s', (cause, says) => {
    expect(cannotListen(cause, 'eth0')).toMatchObject({ code: 'ERR_TFTP_BIND', message: expect.stringMatching(says) })
  })
})
