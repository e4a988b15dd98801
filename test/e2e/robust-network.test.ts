/**
 * A network that goes away under running transfers, for one peer or for all of a card, for a while or for good: namespaces
 * that this file makes and removes. Two servers, one for each driver, live through the same.
 */
import { type ChildProcess, type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { crc32 } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { probeBatch } from '../../src/io/native/probe.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { LAUNCHER } from '../support/launcher.ts'
import type { Ending, Order, Report, Task } from './patient-clients.ts'
import { pattern } from './pattern.ts'

const CLIENTS_FILE = fileURLToPath(new URL('patient-clients.ts', import.meta.url))
const SERVER = `foresend-rs${process.pid}`
const CLIENT = `foresend-rc${process.pid}`
const IMAGE = pattern(100_000)
const STORED = pattern(60_000)
const DRIVERS = typeof probeBatch() === 'string' ? (['dgram'] as const) : (['dgram', 'batch'] as const)
const PORTS = { dgram: 69, batch: 6969 } as const
type DriverName = (typeof DRIVERS)[number]

/** A server gives a silent client up after 30 s. */
const GIVE_UP_LIMIT_MS = 60_000

const possible = process.platform === 'linux' && process.getuid?.() === 0 && makeNamespaces()
const firewall = ['nft', 'iptables'].find((name) => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0)

function ip(...args: string[]): boolean {
  return spawnSync('ip', args, { stdio: 'ignore' }).status === 0
}

function inServer(...command: string[]): boolean {
  return ip('netns', 'exec', SERVER, ...command)
}

function makeNamespaces(): boolean {
  if (!ip('netns', 'add', SERVER)) return false
  const made =
    ip('netns', 'add', CLIENT) &&
    ['a', 'b'].every((net) =>
      ip('link', 'add', `s${net}`, 'netns', SERVER, 'type', 'veth', 'peer', 'name', `c${net}`, 'netns', CLIENT),
    )
  if (!made) removeNamespaces()
  return made
}

function removeNamespaces(): void {
  ip('netns', 'del', SERVER)
  ip('netns', 'del', CLIENT)
}

/** Networks 10.81.0.0/24 (cards sa and ca) and 10.82.0.0/24 (sb and cb); the server is .1, clients are .10 to .39. */
function bringUp(): void {
  for (const namespace of [SERVER, CLIENT]) expect(ip('-n', namespace, 'link', 'set', 'lo', 'up')).toBe(true)
  for (const [net, prefix] of [
    ['a', '10.81.0'],
    ['b', '10.82.0'],
  ] as const) {
    expect(ip('-n', SERVER, 'addr', 'add', `${prefix}.1/24`, 'dev', `s${net}`)).toBe(true)
    for (let host = 10; host < 40; host++) ip('-n', CLIENT, 'addr', 'add', `${prefix}.${host}/24`, 'dev', `c${net}`)
    ip('-n', SERVER, 'link', 'set', `s${net}`, 'up')
    ip('-n', CLIENT, 'link', 'set', `c${net}`, 'up')
  }
}

interface Event {
  readonly event: string
  readonly file?: string
  readonly code?: string
  readonly crc32?: string
}

class NamespaceServer {
  readonly folder = tempFolder()
  readonly events: Event[] = []
  readonly child: ChildProcess
  readonly #heard = new Set<() => void>()

  constructor(driver: DriverName) {
    const args = ['serve', this.folder, '--port', String(PORTS[driver]), '--driver', driver, '--writable']
    const command = [
      'netns',
      'exec',
      SERVER,
      process.execPath,
      LAUNCHER,
      ...args,
      '--no-history',
      '--log-format',
      'json',
    ]
    this.child = spawn('ip', command, { stdio: ['ignore', 'pipe', 'inherit'] })
    createInterface({ input: this.child.stdout as NonNullable<ChildProcess['stdout']> }).on('line', (line) => {
      this.events.push(JSON.parse(line) as Event)
      for (const wake of this.#heard) wake()
    })
  }

  /** The event of this kind, of the file where one is named. */
  event(kind: string, file?: string): Promise<Event> {
    return new Promise((resolve) => {
      const look = (): void => {
        const found = this.events.find((one) => one.event === kind && (file === undefined || one.file === file))
        if (found === undefined) return
        this.#heard.delete(look)
        resolve(found)
      }
      this.#heard.add(look)
      look()
    })
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return
    const ended = once(this.child, 'exit')
    this.child.kill('SIGTERM')
    await ended
  }
}

interface Client {
  /** Of the transfer. */
  readonly file: string
  readonly direction: 'get' | 'put'
  /** It has stopped in the middle. */
  readonly paused: Promise<void>
  readonly answer: Promise<Ending>
  goOn(): void
  stop(): void
}

/** The process of all clients: one start of Node serves them all. */
class Clients {
  readonly child: ChildProcessByStdio<Writable, Readable, null>
  readonly #heard = new Map<number, (report: Report) => void>()
  #started = 0

  constructor() {
    const command = ['netns', 'exec', CLIENT, process.execPath, CLIENTS_FILE]
    this.child = spawn('ip', command, { stdio: ['pipe', 'pipe', 'inherit'] })
    createInterface({ input: this.child.stdout }).on('line', (line) => {
      const report = JSON.parse(line) as Report
      this.#heard.get(report.id)?.(report)
    })
  }

  start(task: Task): Client {
    const id = ++this.#started
    const paused = Promise.withResolvers<void>()
    const answer = Promise.withResolvers<Ending>()
    this.#heard.set(id, (report) => ('paused' in report ? paused.resolve() : answer.resolve(report.ending)))
    this.#order({ id, do: 'start', task })
    return {
      file: task.file,
      direction: task.direction,
      paused: paused.promise,
      answer: answer.promise,
      goOn: () => this.#order({ id, do: 'go on' }),
      stop: () => this.#order({ id, do: 'stop' }),
    }
  }

  #order(order: Order): void {
    this.child.stdin.write(`${JSON.stringify(order)}\n`)
  }
}

describe.runIf(possible)('a network that goes away', () => {
  const servers = new Map<DriverName, NamespaceServer>()
  let clients: Clients
  let count = 0

  beforeAll(async () => {
    bringUp()
    clients = new Clients()
    for (const driver of DRIVERS) servers.set(driver, new NamespaceServer(driver))
    for (const server of servers.values()) await server.event('listening')
  })

  afterAll(async () => {
    clients.child.kill('SIGKILL')
    for (const server of servers.values()) await server.stop()
    removeNamespaces()
  })

  /** Of a file that no other transfer has. `pauseAt`: 0 for one that does not stop. */
  function client(driver: DriverName, direction: 'get' | 'put', own: string, windowsize: number, pauseAt = 40): Client {
    const file = `${direction}-${++count}`
    if (direction === 'get') writeFileSync(join(serverOf(driver).folder, file), IMAGE)
    return clients.start({
      direction,
      own,
      server: own.replace(/\.\d+$/, '.1'),
      port: PORTS[driver],
      file,
      blksize: 512,
      windowsize,
      pauseAt,
    })
  }

  function serverOf(driver: DriverName): NamespaceServer {
    const server = servers.get(driver)
    if (server === undefined) throw new Error(`no server with ${driver}`)
    return server
  }

  async function expectWhole(driver: DriverName, { file, direction, answer }: Client): Promise<void> {
    const bytes = direction === 'get' ? IMAGE : STORED
    const expected = { bytes: bytes.length, crc32: crc32(bytes) }
    expect(await answer, `${driver}, ${file}`).toEqual(expected)
    await serverOf(driver).event('completed', file)
    expect(serverOf(driver).events.filter((one) => one.event === 'failed' && one.file === file)).toEqual([])
    if (direction === 'put') expect(readFileSync(join(serverOf(driver).folder, file)).equals(STORED)).toBe(true)
  }

  /**
   * Transfers that stop in the middle; `away`; others meanwhile, undisturbed, from `elsewhere`; `back`; all are whole. The
   * server has noticed nothing for its own part but that nobody answers: it says so after a second.
   */
  async function outage(
    hosts: readonly string[],
    elsewhere: string,
    away: () => void,
    back: () => void,
  ): Promise<void> {
    const each = DRIVERS.map((driver) => {
      const victims = hosts.flatMap((own) => [
        client(driver, 'get', own, 1),
        client(driver, 'get', own, 8),
        client(driver, 'put', own, 1),
      ])
      return { driver, victims }
    })
    await Promise.all(each.flatMap(({ victims }) => victims.map((one) => one.paused)))
    away()
    try {
      for (const { driver, victims } of each) {
        for (const { file, direction } of victims) {
          if (direction === 'get') await serverOf(driver).event('stalled', file)
        }
        await expectWhole(driver, client(driver, 'get', elsewhere, 4, 0))
        await expectWhole(driver, client(driver, 'put', elsewhere, 1, 0))
      }
    } finally {
      back()
    }
    for (const { victims } of each) for (const one of victims) one.goOn()
    await Promise.all(each.flatMap(({ driver, victims }) => victims.map((one) => expectWhole(driver, one))))
  }

  test('routes to single peers are away for a while: EHOSTUNREACH, EACCES, EINVAL', { timeout: 120_000 }, async () => {
    const routes = [
      ['unreachable', '10.81.0.11'],
      ['prohibit', '10.81.0.12'],
      ['blackhole', '10.81.0.13'],
    ] as const
    const each = (what: 'add' | 'del'): void => {
      for (const [type, host] of routes) expect(ip('-n', SERVER, 'route', what, type, `${host}/32`)).toBe(true)
    }
    const hosts = routes.map(([, host]) => host)
    await outage(
      hosts,
      '10.81.0.20',
      () => each('add'),
      () => each('del'),
    )
  })

  test.skipIf(firewall === undefined)(
    'a firewall forbids a peer for a while: EPERM (needs nft or iptables)',
    { timeout: 120_000 },
    async () => {
      const peer = '10.81.0.14'
      const rules = [
        'add table ip t',
        'add chain ip t o { type filter hook output priority 0; }',
        `add rule ip t o ip daddr ${peer} drop`,
      ]
      const forbid = (): void => {
        if (firewall === 'nft') for (const rule of rules) expect(inServer('nft', rule), rule).toBe(true)
        else expect(inServer('iptables', '-A', 'OUTPUT', '-d', peer, '-j', 'DROP')).toBe(true)
      }
      const permit = (): void => {
        if (firewall === 'nft') expect(inServer('nft', 'delete table ip t')).toBe(true)
        else expect(inServer('iptables', '-F', 'OUTPUT')).toBe(true)
      }
      await outage([peer], '10.81.0.20', forbid, permit)
    },
  )

  test('a card is down for a while: ENETUNREACH', { timeout: 120_000 }, async () => {
    const set = (state: 'up' | 'down'): void => {
      expect(ip('-n', SERVER, 'link', 'set', 'sb', state)).toBe(true)
    }
    const [away, back] = [() => set('down'), () => set('up')]
    await outage(['10.82.0.11'], '10.81.0.20', away, back)
    // Its listening sockets come back as well.
    await Promise.all(DRIVERS.map((driver) => expectWhole(driver, client(driver, 'get', '10.82.0.12', 1, 0))))
  })

  test('a card that is gone for good ends its transfers and no others', { timeout: 150_000 }, async () => {
    const each = DRIVERS.map((driver) => ({
      driver,
      lost: [client(driver, 'get', '10.82.0.21', 8), client(driver, 'put', '10.82.0.22', 1)],
      kept: [client(driver, 'get', '10.81.0.21', 8), client(driver, 'put', '10.81.0.22', 1)],
    }))
    await Promise.all(each.flatMap(({ lost, kept }) => [...lost, ...kept].map((one) => one.paused)))
    const began = performance.now()
    expect(ip('-n', SERVER, 'link', 'del', 'sb')).toBe(true)
    for (const { driver, kept } of each) {
      for (const one of kept) one.goOn()
      await Promise.all(kept.map((one) => expectWhole(driver, one)))
    }
    for (const { driver, lost } of each) {
      const server = serverOf(driver)
      for (const { file, stop } of lost) {
        expect(await server.event('failed', file), driver).toMatchObject({ code: 'ERR_TFTP_TIMEOUT' })
        stop()
      }
      await expectWhole(driver, client(driver, 'get', '10.81.0.23', 1, 0))
      const left = readdirSync(server.folder).filter((name) => name === lost[1].file || name.endsWith('.part'))
      expect(left, driver).toEqual([])
    }
    expect(performance.now() - began).toBeLessThan(GIVE_UP_LIMIT_MS)
  })
})
