/**
 * What a history, recordings and being looked at cost a server: `npm run bench:costs -- [--pairs N] [--only NAME]`, on Linux. A pair is the same load on a plain
 * server and on one with the setting, one right after the other; what counts is the CPU time of all threads of the server for a transfer, which other
 * programs disturb less than the time that passes. The ratio is the median over the pairs. Exit code 1 when a row is above its limit.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { median } from '../src/lab/median.ts'
import { FORESEND } from './servers.ts'

interface Cost {
  readonly name: string
  /** Flags of both servers, and of the one that costs more; FOLDER is a folder of its own. */
  readonly base: readonly string[]
  readonly more: readonly string[]
  readonly sizeBytes: number
  readonly windowsize: number
  readonly clients: number
  readonly transfers: number
  /** What looks at the one that costs more, meanwhile: pages with the live stream, and metrics once a second. */
  readonly readers?: number
}

const LIMIT = 1.05
const PLAIN = ['--no-history', '--log-level', 'error']
const small = { sizeBytes: 10_240, windowsize: 1, clients: 100, transfers: 4000 }
const large = { sizeBytes: 2_000_000, windowsize: 16, clients: 10, transfers: 200 }

const many = { sizeBytes: 500_000, windowsize: 16, clients: 1000, transfers: 2000 }
/** As `serve` is without flags: events down to `info` are made anyway. */
const USUAL = ['--state', 'FOLDER']
const HTTP = ['--http', 'HTTP']

const COSTS: readonly Cost[] = [
  { name: 'history', base: PLAIN, more: ['--state', 'FOLDER', '--log-level', 'error'], ...small },
  {
    name: 'history, events printed',
    base: ['--no-history', '--log-level', 'info'],
    more: ['--state', 'FOLDER', '--log-level', 'info'],
    ...small,
  },
  { name: 'record, windowsize 16', base: PLAIN, more: [...PLAIN, '--record', 'FOLDER'], ...large },
  { name: 'record, small files', base: PLAIN, more: [...PLAIN, '--record', 'FOLDER'], ...small },
  {
    name: 'record-failed, small files',
    base: PLAIN,
    more: [...PLAIN, '--record', 'FOLDER', '--record-failed'],
    ...small,
  },
  { name: 'http, nobody looks', base: PLAIN, more: [...PLAIN, ...HTTP], ...small },
  { name: 'http, looked at, 1000 live', base: USUAL, more: [...USUAL, ...HTTP], readers: 5, ...many },
  { name: 'http, looked at, small files', base: USUAL, more: [...USUAL, ...HTTP], readers: 5, ...small },
]

/** What is written later than the transfers end belongs to them. */
const SETTLE_MS = 2500
const FIRST_PORT = 47_000
const NANOS_PER_US = 1000

const folder = mkdtempSync(join(tmpdir(), 'foresend-costs-'))
let port = FIRST_PORT

/** CPU time for a transfer, in microseconds. */
async function measure(flags: readonly string[], cost: Cost): Promise<number> {
  const { sizeBytes, windowsize, clients, transfers, readers } = cost
  const own = mkdtempSync(join(folder, 'own-'))
  writeFileSync(join(folder, 'file'), Buffer.alloc(sizeBytes, 7))
  const where = ['--host', '127.0.0.1', '--port', String(++port), '--driver', 'batch']
  const given = flags.map((flag) => (flag === 'FOLDER' ? own : flag === 'HTTP' ? String(port) : flag))
  const server = spawn(process.execPath, [FORESEND, 'serve', join(folder, 'file'), ...where, ...given], {
    stdio: 'ignore',
  })
  let watcher: ChildProcess | undefined
  const load = (count: number): void => {
    const args = ['bench', 'load', '--port', String(port), '--file', 'file', '--clients', String(clients)]
    const sized = ['--windowsize', String(windowsize), '--blksize', '1428', '--transfers', String(count), '--json']
    const ran = spawnSync(process.execPath, [FORESEND, ...args, ...sized], { encoding: 'utf8' })
    if (ran.status !== 0) throw new Error(`the load failed: ${ran.stderr}`)
  }
  try {
    await listening(port)
    if (readers !== undefined && flags.includes('HTTP')) watcher = look(readers)
    load(Math.ceil(transfers / 2))
    await sleep(SETTLE_MS)
    const before = cpuOf(server.pid as number)
    load(transfers)
    await sleep(SETTLE_MS)
    return (cpuOf(server.pid as number) - before) / transfers / NANOS_PER_US
  } finally {
    watcher?.kill('SIGKILL')
    server.kill('SIGKILL')
    await once(server, 'exit')
    rmSync(own, { recursive: true })
  }
}

/** A process that reads as `readers` pages do, and as a scraper. */
function look(readers: number): ChildProcess {
  const script = `
    const url = 'http://127.0.0.1:${port}'
    const read = async () => { for await (const _ of (await fetch(url + '/api/v1/events')).body); }
    for (let i = 0; i < ${readers}; i++) void read().catch(() => {})
    setInterval(() => void fetch(url + '/metrics').then((answer) => answer.text()).catch(() => {}), 1000)`
  return spawn(process.execPath, ['-e', script], { stdio: 'ignore' })
}

/** Resolves when a UDP socket has the port. */
async function listening(wanted: number): Promise<void> {
  const hex = wanted.toString(16).toUpperCase().padStart(4, '0')
  while (!readFileSync('/proc/net/udp', 'latin1').includes(`:${hex} `)) await sleep(50)
}

/** Of all threads, in nanoseconds. */
function cpuOf(pid: number): number {
  let sum = 0
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    sum += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'latin1').split(' ')[0])
  }
  return sum
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { pairs: { type: 'string', default: '5' }, only: { type: 'string' } } })
  let missed = false
  for (const cost of COSTS.filter(({ name }) => values.only === undefined || name.includes(values.only))) {
    const ratios: number[] = []
    const base: number[] = []
    for (let pair = 0; pair < Number(values.pairs); pair++) {
      const plain = await measure(cost.base, cost)
      base.push(plain)
      ratios.push((await measure(cost.more, cost)) / plain)
    }
    const ratio = median(ratios) ?? Number.NaN
    missed ||= !(ratio <= LIMIT)
    const each = ratios.map((one) => one.toFixed(2)).join(' ')
    console.log(
      `${ratio <= LIMIT ? 'ok  ' : 'MISS'} ${cost.name.padEnd(28)} ${ratio.toFixed(3)} of ${Math.round(median(base) ?? 0)} us per transfer (pairs: ${each})`,
    )
  }
  process.exitCode = missed ? 1 : 0
}

await main().finally(() => rmSync(folder, { recursive: true, force: true }))
