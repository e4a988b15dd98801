/**
 * One file to several hosts at once (RFC 2090): our server with atftp and our client, and our client with atftpd. Hosts are network
 * namespaces on a bridge that this file makes and removes: atftp binds its group's port for itself alone.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { events, type Ran, type Running, start } from '../e2e/cli-run.ts'
import { LAUNCHER } from '../support/launcher.ts'
import { folderWith, pattern } from '../e2e/serving.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { findProgram, missingNote } from './programs.ts'

const NAME = `foresend-m${process.pid}`
const ADDRESS = '10.77.0.254'
const PORT = 6900
const HOSTS = [1, 2, 3]
/** Enough for a program that takes its time to start to come while others are served. */
const SIZE = 3_000_000

const atftp = findProgram('atftp')
const atftpd = findProgram('atftpd')
const canMake = process.platform === 'linux' && process.getuid?.() === 0 && makeHosts()
const bytes = { image: pattern(SIZE), other: pattern(SIZE + 1) }
const folder = folderWith(bytes)
const started: Running[] = []

function ip(...args: string[]): boolean {
  return spawnSync('ip', args, { stdio: 'ignore' }).status === 0
}

/** A host with the server and a bridge, and hosts with clients. */
function makeHosts(): boolean {
  const bridge = [
    ip('netns', 'add', NAME),
    ip('-n', NAME, 'link', 'add', 'br0', 'type', 'bridge', 'mcast_snooping', '0'),
    ip('-n', NAME, 'addr', 'add', `${ADDRESS}/24`, 'dev', 'br0'),
    ip('-n', NAME, 'link', 'set', 'br0', 'up'),
    ip('-n', NAME, 'route', 'add', '239.0.0.0/8', 'dev', 'br0'),
  ]
  const hosts = HOSTS.flatMap((host) => {
    const name = `${NAME}-${host}`
    return [
      ip('netns', 'add', name),
      ip('link', 'add', `p${host}`, 'netns', NAME, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name),
      ip('-n', NAME, 'link', 'set', `p${host}`, 'master', 'br0', 'up'),
      ip('-n', name, 'addr', 'add', `10.77.0.${host}/24`, 'dev', 'eth0'),
      ip('-n', name, 'link', 'set', 'eth0', 'up'),
      ip('-n', name, 'route', 'add', '239.0.0.0/8', 'dev', 'eth0'),
    ]
  })
  if ([...bridge, ...hosts].every(Boolean)) return true
  removeHosts()
  return false
}

function removeHosts(): void {
  for (const host of HOSTS) ip('netns', 'del', `${NAME}-${host}`)
  ip('netns', 'del', NAME)
}

function on(host: number | undefined, ...command: string[]): Running {
  const namespace = host === undefined ? NAME : `${NAME}-${host}`
  const running = start([], { command: ['ip', 'netns', 'exec', namespace, ...command], cwd: folderOfHost(host) })
  started.push(running)
  return running
}

const folders = new Map<number, string>()

/** Where a host keeps what it fetches; new in each test. */
function folderOfHost(host = 0): string {
  let made = folders.get(host)
  if (made === undefined) folders.set(host, (made = tempFolder()))
  return made
}

function fetchByAtftp(host: number, file = 'image'): Running {
  const args = ['--option', 'multicast', '--get', '--remote-file', file, '--local-file', 'got', ADDRESS, String(PORT)]
  return on(host, atftp as string, ...args)
}

/** With atftp's block size, so that it may share their session. */
function fetchByOurs(host: number, file = 'image'): Running {
  const url = `tftp://${ADDRESS}:${PORT}/${file}`
  const flags = ['--multicast', '--blksize', '512', '--log-format', 'json', '--trace', '-o', 'got']
  return on(host, process.execPath, LAUNCHER, 'get', url, ...flags)
}

async function whole(host: number, running: Running, file: keyof typeof bytes = 'image'): Promise<Ran> {
  const ran = await running.ended
  expect(ran, `host ${host}`).toMatchObject({ code: 0 })
  expect(readFileSync(join(folderOfHost(host), 'got')).equals(bytes[file]), `host ${host}`).toBe(true)
  return ran
}

afterEach(async () => {
  for (const running of started.splice(0)) {
    running.child.kill('SIGKILL')
    await running.ended
  }
  folders.clear()
})

afterAll(() => {
  if (canMake) removeHosts()
})

const lacks = !canMake
  ? ': network namespaces cannot be made here'
  : atftp === undefined
    ? `: ${missingNote('atftp', 'atftp')}`
    : ''

describe.skipIf(lacks !== '')(`our server${lacks}`, () => {
  let server: Running
  const said = (): Record<string, unknown>[] => events(server.printed.stdout)
  const endsOf = (file: string): Record<string, unknown>[] =>
    said().filter((event) => event.file === file && (event.event === 'completed' || event.event === 'failed'))

  beforeAll(async () => {
    const args = ['serve', folder, '--host', ADDRESS, '--port', String(PORT), '--no-history', '--log-format', 'json']
    const flags = ['--multicast', '239.255.7.0-3', '--multicast-switch']
    server = on(undefined, process.execPath, LAUNCHER, ...args, ...flags)
    started.splice(0)
    await server.seen(/"event":"listening"/)
  })

  afterAll(async () => {
    server.child.kill('SIGKILL')
    await server.ended
  })

  test('one of ours and two of atftp, three at once: blocks leave once for all', async () => {
    const ours = fetchByOurs(1)
    await server.seen(/"event":"started"/)
    const running = [ours, fetchByAtftp(2), fetchByAtftp(3)]
    await Promise.all(running.map((one, i) => whole(i + 1, one)))
    await server.seen(/("event":"completed".*){3}/s)
    for (const end of endsOf('image')) expect(end).toMatchObject({ event: 'completed', bytes: SIZE, blksize: 512 })
    expect(endsOf('image').some(({ lastAck }) => lastAck !== undefined)).toBe(false)
    // Three times as many would have left for three clients one by one.
    const sent = endsOf('image').reduce((sum, { datagrams }) => sum + Number(datagrams), 0)
    expect(sent).toBeLessThan(2 * Math.ceil(SIZE / 512))
  })

  test('a leader that is killed: the other one goes on, and the dead one is not called complete', async () => {
    const first = fetchByAtftp(1, 'other')
    await server.seen(/"event":"started"[^\n]*"file":"other"/)
    const second = fetchByAtftp(2, 'other')
    await server.seen(/"event":"requested"[^\n]*10\.77\.0\.2:[^\n]*"file":"other"/)
    first.child.kill('SIGKILL')
    await whole(2, second, 'other')
    await server.seen(/"event":"completed"[^\n]*10\.77\.0\.2:[^\n]*"file":"other"/)
    expect(endsOf('other').filter(({ event }) => event === 'completed')).toHaveLength(1)
  })
})

describe.skipIf(!canMake || atftpd === undefined)(
  `atftpd${atftpd === undefined ? `: ${missingNote('atftpd', 'atftpd')}` : ''}`,
  () => {
    let server: Running
    beforeAll(() => {
      const args = ['--daemon', '--no-fork', '--logfile', '/dev/stdout', '--verbose=7', '--port', String(PORT)]
      server = on(undefined, atftpd as string, ...args, '--user', 'root.root', '--bind-address', ADDRESS, folder)
      started.splice(0)
    })
    afterAll(async () => {
      server.child.kill('SIGKILL')
      await server.ended
    })

    test('atftp and ours: the one that listens gets what it missed when it leads', async () => {
      const running = [...(atftp === undefined ? [] : [fetchByAtftp(2)]), fetchByOurs(1)]
      const ran = await Promise.all(running.map((one, i) => whole(running.length - i, one)))
      expect(ran.at(-1)?.stderr).toMatch(/received {2}OACK .*multicast=239\.255\.0\.\d+,1758,[01]/)
    })
  },
)
