/** What loopback cannot show: two hosts, as network namespaces that this file makes and removes. */
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { folderWith, pattern } from './serving.ts'
import { LAUNCHER } from '../support/launcher.ts'

const client = fileURLToPath(new URL('network-client.ts', import.meta.url))
const run = promisify(execFile)
const SERVER = `foresend-s${process.pid}`
const CLIENT = `foresend-c${process.pid}`
const PORT = 69

const possible = process.platform === 'linux' && process.getuid?.() === 0 && makeNamespaces()
let made = possible

function ip(...args: string[]): boolean {
  return spawnSync('ip', args, { stdio: 'ignore' }).status === 0
}

function makeNamespaces(): boolean {
  if (!ip('netns', 'add', SERVER)) return false
  const made =
    ip('netns', 'add', CLIENT) &&
    ip('link', 'add', 'sv', 'netns', SERVER, 'type', 'veth', 'peer', 'name', 'cv', 'netns', CLIENT)
  if (!made) removeNamespaces()
  return made
}

function removeNamespaces(): void {
  ip('netns', 'del', SERVER)
  ip('netns', 'del', CLIENT)
}

/** `nodad`: an IPv6 address that may be used at once. */
function address(namespace: string, card: string, ...addresses: string[]): void {
  for (const one of addresses) {
    const nodad = one.includes(':') ? ['nodad'] : ['brd', '+']
    expect(ip('-n', namespace, 'addr', 'add', one, 'dev', card, ...nodad), one).toBe(true)
  }
}

interface Answer {
  readonly from?: string
  readonly bytes?: number
  readonly timeout?: true
}

async function ask(own: string, server: string, waitMs: number): Promise<Answer> {
  const args = ['netns', 'exec', CLIENT, process.execPath, client, own, server, String(PORT), 'image', String(waitMs)]
  const { stdout } = await run('ip', args)
  return JSON.parse(stdout) as Answer
}

describe.runIf(possible).each(['dgram', 'batch'] as const)('between two hosts, driver %s', (driver) => {
  let server: ChildProcess
  const events: Record<string, unknown>[] = []
  let heard = (): void => {}

  async function event(kind: string): Promise<Record<string, unknown>> {
    for (;;) {
      const found = events.find((one) => one.event === kind)
      if (found !== undefined) return found
      await new Promise<void>((resolve) => (heard = resolve))
    }
  }

  beforeAll(async () => {
    if (!made) made = makeNamespaces()
    for (const [namespace, card] of [
      [SERVER, 'sv'],
      [CLIENT, 'cv'],
    ] as const) {
      ip('-n', namespace, 'link', 'set', 'lo', 'up')
      ip('-n', namespace, 'link', 'set', card, 'up')
    }
    address(SERVER, 'sv', '10.77.0.1/24', '10.77.0.2/24', '203.0.113.1/24', 'fd77::1/64', 'fe80::77:1/64')
    address(CLIENT, 'cv', '10.77.0.9/24', '203.0.113.9/24', 'fd77::9/64', 'fe80::77:9/64')
    const folder = folderWith({ image: pattern(3000) })
    const args = [
      'netns',
      'exec',
      SERVER,
      process.execPath,
      LAUNCHER,
      'serve',
      folder,
      '--driver',
      driver,
      '--no-history',
      '--log-format',
      'json',
    ]
    server = spawn('ip', args, { stdio: ['ignore', 'pipe', 'inherit'] })
    createInterface({ input: server.stdout as NonNullable<typeof server.stdout> }).on('line', (line) => {
      events.push(JSON.parse(line) as Record<string, unknown>)
      heard()
    })
    await event('listening')
  })

  afterAll(async () => {
    const ended = new Promise((resolve) => server.once('exit', resolve))
    server.kill('SIGTERM')
    await ended
    removeNamespaces()
    made = false
  })

  test.each([
    ['the first address', '10.77.0.9', '10.77.0.1', '10.77.0.1'],
    ['the second address', '10.77.0.9', '10.77.0.2', '10.77.0.2'],
    ["the subnet's broadcast address", '10.77.0.9', '10.77.0.255', '10.77.0.1'],
    ['IPv6', 'fd77::9', 'fd77::1', 'fd77::1'],
    ['IPv6 link-local', 'fe80::77:9%cv', 'fe80::77:1%cv', 'fe80::77:1%cv'],
  ])('asked at %s, it answers from there', async (_, own, asked, from) => {
    expect(await ask(own, asked, 5000)).toEqual({ from, bytes: 3000 })
  })

  test('asked at 255.255.255.255, it answers from an address of that network', async () => {
    ip('-n', CLIENT, 'route', 'add', '255.255.255.255', 'dev', 'cv')
    expect(await ask('10.77.0.9', '255.255.255.255', 5000)).toEqual({ from: '10.77.0.1', bytes: 3000 })
  })

  test('an address that comes later is served', async () => {
    address(SERVER, 'sv', '10.77.0.3/24')
    let answer: Answer = {}
    for (let tries = 0; tries < 10 && answer.bytes === undefined; tries++) {
      answer = await ask('10.77.0.9', '10.77.0.3', 500)
    }
    expect(answer).toEqual({ from: '10.77.0.3', bytes: 3000 })
  })

  test('an address whose card lost its link is served at once when it is back', async () => {
    ip('-n', CLIENT, 'link', 'set', 'cv', 'down')
    await new Promise((resolve) => setTimeout(resolve, 1500)) // The list of interfaces is read each second.
    ip('-n', CLIENT, 'link', 'set', 'cv', 'up')
    expect(await ask('10.77.0.9', '10.77.0.1', 5000)).toEqual({ from: '10.77.0.1', bytes: 3000 })
  })

  test('a peer that is not private hears nothing, and the user hears how to allow it', async () => {
    expect(await ask('203.0.113.9', '203.0.113.1', 700)).toEqual({ timeout: true })
    expect(await event('refused')).toMatchObject({
      file: 'image',
      code: 'ERR_TFTP_ACCESS',
      reason: expect.stringContaining('--allow 203.0.113.9/32'),
    })
  })
})
