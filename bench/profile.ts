/**
 * Where the server's time goes: `--profile`. Each case runs twice. With `--cpu-prof` V8 says in which function the thread is,
 * foreign functions by name; with `perf`, where it works, the kernel's own functions are seen as well.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { findProgram } from '../test/interop/programs.ts'
import { CASES, type TransferCase } from './cases.ts'
import type { WorkFolder } from './content.ts'
import { OURS } from './figures.ts'
import { runLoad } from './load.ts'
import { Pool } from './pool.ts'
import {
  busyTime,
  type CpuProfile,
  partsOf,
  type Profile,
  type ProfiledCase,
  type Share,
  symbolsOf,
} from './profile-table.ts'
import { jobOf } from './measure.ts'
import { SERVERS, type ServerKind } from './servers.ts'
import type { StartedServer } from './server-process.ts'

const PROFILED = ['lockstep-1428', 'window-16', 'clients-100-w1', 'clients-100-w16', 'starts']
/** Enough samples of a millisecond to tell a percent. */
const PROFILE_MS = 3000
const WARM_MS = 1500
const LIMIT_SECONDS = 20
const PERF_HZ = 997

export async function profile(
  folder: WorkFolder,
  only: readonly string[],
  say: (text: string) => void,
): Promise<Profile> {
  const plain = SERVERS.find(({ name }) => name === OURS)
  if (plain === undefined) throw new Error(`there is no ${OURS}`)
  const found = plain.find(folder.root)
  if ('missing' in found) throw new Error(found.missing)
  const names = only.length === 0 ? PROFILED : only
  const startedAt = new Date().toISOString()
  const cases: ProfiledCase[] = []
  for (const each of CASES) {
    if (each.kind === 'memory' || each.kind === 'client' || !names.includes(each.name)) continue
    say(`profile of ${each.name}`)
    cases.push(await profileCase(folder, plain, found.program, each))
    folder.clear()
  }
  return { startedAt, cases }
}

async function profileCase(
  folder: WorkFolder,
  plain: ServerKind,
  program: string,
  each: TransferCase,
): Promise<ProfiledCase> {
  const profiles = join(folder.root, 'profiles')
  mkdirSync(profiles, { recursive: true })
  const withV8: ServerKind = {
    ...plain,
    command: (...given) => {
      const [node, ...rest] = plain.command(...given)
      return [node as string, '--cpu-prof', `--cpu-prof-dir=${profiles}`, ...rest]
    },
  }
  await use(folder, withV8, program, async (server) => {
    await runFor(folder, each, server)
  })
  // One for each thread, and a start script may have run Node twice: the one that was at work for longest is the server's.
  const made = readdirSync(profiles).map((name) => JSON.parse(readFileSync(join(profiles, name), 'utf8')) as CpuProfile)
  rmSync(profiles, { recursive: true })
  const busiest = made.toSorted((a, b) => busyTime(b) - busyTime(a))[0]
  if (busiest === undefined) throw new Error('the server left no profile')
  let kernelShare: number | undefined
  let symbols: Share[] = []
  await use(folder, plain, program, async (server) => {
    const stopWatch = server.watchCpu()
    const recording = perfRecord(server, join(folder.root, 'perf.data'))
    await runFor(folder, each, server)
    const cpu = stopWatch?.()
    if (cpu !== undefined) kernelShare = cpu.system / (cpu.user + cpu.system)
    symbols = await recording()
  })
  const parts = partsOf(busiest)
  return { title: each.title, parts, symbols, ...(kernelShare === undefined ? {} : { kernelShare }) }
}

async function use(
  folder: WorkFolder,
  kind: ServerKind,
  program: string,
  work: (server: StartedServer) => Promise<void>,
): Promise<void> {
  const server = await new Pool(new Map([[kind, program]]), folder).start(kind, 'memory')
  try {
    await work(server)
  } finally {
    await server.stop()
  }
}

/** The case for as long as a profile needs; the first, short run says how many transfers that are. */
async function runFor(folder: WorkFolder, each: TransferCase, server: StartedServer): Promise<void> {
  const first = await runLoad(jobOf(folder, each, server, each.clients, LIMIT_SECONDS))
  const warm = Math.max(each.clients, Math.ceil((each.clients * WARM_MS) / first.ms))
  const second = await runLoad(jobOf(folder, each, server, warm, LIMIT_SECONDS))
  const transfers = Math.max(each.clients, Math.ceil((warm * PROFILE_MS) / second.ms))
  await runLoad(jobOf(folder, each, server, transfers, LIMIT_SECONDS))
}

/** Begins to sample; the function that comes back ends it. */
function perfRecord(server: StartedServer, file: string): () => Promise<Share[]> {
  const perf = findProgram('perf')
  if (perf === undefined) return () => Promise.resolve([])
  const what = ['record', '-q', '-F', String(PERF_HZ), '-e', 'cpu-clock', '-p', server.pids().join(','), '-o', file]
  const recorder = spawn(perf, what, { stdio: 'ignore' })
  return async () => {
    recorder.kill('SIGINT')
    await gone(recorder)
    const report = spawn(perf, ['report', '-i', file, '--stdio', '-q', '-F', 'overhead,sym', '-w', '0,60'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    let text = ''
    report.stdout.on('data', (data: Buffer) => (text += data.toString('latin1')))
    await gone(report)
    rmSync(file, { force: true })
    return symbolsOf(text)
  }
}

function gone(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => {
    child.once('close', () => resolve())
    child.once('error', () => resolve())
  })
}
