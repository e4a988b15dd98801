/**
 * `npm run soak:history -- [--kills N] [--seed S]`: kills a server with a history under load, over and over, and starts it again on the
 * same one. Exit code 0 when it opened each time, within two seconds, and nothing was lost that was there.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { parseArgs } from 'node:util'
import { median } from '../../src/lab/median.ts'
import { COMPILE_CACHE } from '../support/compile-cache.ts'
import { killOverAndOver } from './history-kill.ts'
import { LAUNCHER } from './served.ts'

const FILE_BYTES = 10_000
const CLIENTS = 50
/** As many as no round gets to serve. */
const TRANSFERS = 1_000_000
const LATE_MS = 2000

const { values } = parseArgs({
  options: { kills: { type: 'string', default: '200' }, seed: { type: 'string', default: '1' } },
})
const place = mkdtempSync(join(tmpdir(), 'soak-history-'))
const folder = join(place, 'files')
const state = join(place, 'state')
mkdirSync(folder)
writeFileSync(join(folder, 'image'), Buffer.alloc(FILE_BYTES, 7))
const children = new Set<ChildProcess>()
const say = (line: string): void => void process.stdout.write(`${line}\n`)
const tidy = (): void => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(place, { recursive: true, force: true })
}
// Whatever was started ends with this process.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1))
process.on('exit', tidy)

const without: number[] = []
const startsMs: number[] = []
const { rows, early, opensMs, faults } = await killOverAndOver({
  folder: state,
  kills: Number(values.kills),
  seed: Number(values.seed),
  // Long enough for several transactions, which a server makes once a second under load.
  leastMs: 100,
  mostMs: 2000,
  say,
  async start() {
    // One without a history beside each: the machine may do other things meanwhile.
    const bare = await serve(['--no-history'])
    bare.child.kill('SIGKILL')
    without.push(bare.ms)
    const { child, ms, port, completed } = await serve(['--state', state])
    startsMs.push(ms)
    const load = ['--file', 'image', '--clients', String(CLIENTS), '--transfers', String(TRANSFERS), '--timeout', '200']
    const clients = run(['bench', 'load', '--port', String(port), ...load])
    child.once('exit', () => clients.kill('SIGKILL'))
    await completed
    return child
  },
})
const worst = (times: readonly number[]): string =>
  `median ${(median(times) ?? 0).toFixed(1)} ms, worst ${Math.max(...times).toFixed(1)} ms`
for (const fault of faults) say(fault)
say(
  `${opensMs.length} kills, ${rows.transfers} transfers and ${rows.learnt} learnt devices kept, ${early} kills before a first write`,
)
say(`what a start waits for the database: ${worst(opensMs)}`)
say(`starts: ${worst(startsMs)}; without a history ${worst(without)}`)
process.exitCode = faults.length === 0 && Math.max(...opensMs) <= LATE_MS ? 0 : 1

interface Serving {
  readonly child: ChildProcess
  /** From its start to the line that says that it listens. */
  readonly ms: number
  readonly port: number
  /** The first transfer did. */
  readonly completed: Promise<void>
}

async function serve(flags: readonly string[]): Promise<Serving> {
  const begun = performance.now()
  const child = run(['serve', folder, '--host', '127.0.0.1', '--port', '0', '--log-format', 'json', ...flags])
  const completed = Promise.withResolvers<void>()
  const port = await new Promise<number>((resolve, reject) => {
    child.stdout?.setEncoding('utf8').on('data', (piece: string) => {
      const found = /"event":"listening".*"port":(\d+)/.exec(piece)?.[1]
      if (found !== undefined) resolve(Number(found))
      if (piece.includes('"completed"')) completed.resolve()
    })
    child.once('exit', () => reject(new Error('the server ended')))
  })
  return { child, ms: performance.now() - begun, port, completed: completed.promise }
}

function run(args: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, [LAUNCHER, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_COMPILE_CACHE: COMPILE_CACHE },
  })
  if (args[0] !== 'serve') child.stdout?.resume()
  children.add(child)
  child.once('exit', () => children.delete(child))
  return child
}
