/** The load generator, that of `foresend bench load`, as a process on the clients' core. */
import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { checkOpen } from './closing.ts'
import { Group } from './group.ts'
import { CORES, pinned } from './pin.ts'
import { FORESEND } from './servers.ts'

/** Beyond the limit that it was given itself. */
const GRACE_MS = 5000
const SHOWN = 200
const LOAD_PROCESS = fileURLToPath(new URL('load-process.ts', import.meta.url))

export interface LoadJob {
  readonly address: string
  readonly port: number
  readonly direction: 'get' | 'put'
  /** What to ask for; several uploads are called `file-0` and so on. */
  readonly file: string
  /** What it holds: compared with what comes, or sent. Absent: what comes is counted only. */
  readonly expect?: string
  readonly clients: number
  /** In all. */
  readonly transfers: number
  readonly blksize: number
  readonly windowsize: number
  /** Silence after which a client repeats itself. */
  readonly timeoutMs: number
  readonly lossPercent?: number
  readonly seed?: number
  readonly limitSeconds: number
}

/** As much of its answer as is used here. */
export interface LoadResult {
  readonly ms: number
  readonly bytes: number
  readonly transfers: number
  readonly completed: number
  readonly failed: number
  readonly retransmitted: number
  readonly cpuSeconds: number
  /** What the server agreed to. */
  readonly blksize: number
  readonly windowsize: number
  /** Of transfers that failed, the first few. */
  readonly faults: readonly string[]
}

/** What load-process.ts answers. */
export type LoadAnswer = { readonly result: LoadResult } | { readonly error: string }

const running = new Set<ChildProcess>()
let group: Group | undefined | 'not yet' = 'not yet'
/** The one that stays; a job at a time. */
let lasting: ChildProcess | undefined

/** Rejects when it cannot be run, or does not end. */
export async function runLoad(job: LoadJob): Promise<LoadResult> {
  const child = (lasting ??= startLasting())
  const timer = setTimeout(() => child.kill('SIGKILL'), job.limitSeconds * 1000 + GRACE_MS)
  const answer = await new Promise<LoadAnswer>((resolve) => {
    const ended = (): void => resolve({ error: 'the load generator ended' })
    child.once('exit', ended).once('message', (found) => {
      child.removeListener('exit', ended)
      resolve(found as LoadAnswer)
    })
    child.send(job, (error) => error !== null && ended())
  })
  clearTimeout(timer)
  if ('error' in answer) throw new Error(answer.error)
  return answer.result
}

function startLasting(): ChildProcess {
  checkOpen()
  const [program, ...args] = pinned(CORES?.client, [process.execPath, LOAD_PROCESS])
  const child = watched(spawn(program as string, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] }))
  return child.once('exit', () => {
    running.delete(child)
    lasting = undefined
  })
}

export interface Held {
  /** Clients that a block came for, of how many. */
  readonly answered: number
  readonly clients: number
  readonly ms: number
  readonly faults: readonly string[]
  /** Lets go of all transfers. */
  release(): Promise<void>
}

/** Clients that ask and then say nothing more: comes back when all were answered, or the time is up. */
export async function holdTransfers(job: LoadJob): Promise<Held> {
  const child = startHolding(job)
  const timer = setTimeout(() => child.kill('SIGKILL'), job.limitSeconds * 1000 + GRACE_MS)
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const release = async (): Promise<void> => {
    child.stdin?.end()
    const hard = setTimeout(() => child.kill('SIGKILL'), GRACE_MS)
    await gone
    clearTimeout(hard)
    running.delete(child)
  }
  try {
    return { ...(await answerOf<Omit<Held, 'release'>>(child)), release }
  } catch (error) {
    await release()
    throw error
  } finally {
    clearTimeout(timer)
  }
}

/** CPU time of all load generators so far; undefined where it cannot be told. */
export function loadCpuSeconds(): number | undefined {
  const cpu = groupOfLoad()?.cpu()
  return cpu && cpu.user + cpu.system
}

/** For the end of the program. */
export async function stopLoad(): Promise<void> {
  for (const child of running) child.kill('SIGKILL')
  if (group !== 'not yet') await group?.removeSoon()
}

function groupOfLoad(): Group | undefined {
  if (group === 'not yet') group = Group.make('load')
  return group
}

function startHolding(job: LoadJob): ChildProcess {
  checkOpen()
  const command = [process.execPath, FORESEND, 'bench', 'load', ...loadArguments(job), '--hold']
  const [program, ...args] = pinned(CORES?.client, command)
  return watched(spawn(program as string, args, { stdio: ['pipe', 'pipe', 'pipe'] }))
}

function watched(child: ChildProcess): ChildProcess {
  running.add(child)
  if (child.pid !== undefined) groupOfLoad()?.add(child.pid)
  return child
}

export function loadArguments(job: LoadJob): string[] {
  const flags: [string, string | number | undefined][] = [
    ['host', job.address],
    ['port', job.port],
    ['file', job.file],
    ['direction', job.direction],
    ['clients', job.clients],
    ['transfers', job.transfers],
    ['blksize', job.blksize],
    ['windowsize', job.windowsize],
    ['timeout', job.timeoutMs],
    ['limit', job.limitSeconds],
    ['loss', job.lossPercent],
    ['seed', job.seed],
    ['expect', job.expect],
  ]
  const given = flags.filter(([, value]) => value !== undefined)
  return [...given.flatMap(([name, value]) => [`--${name}`, String(value)]), '--json']
}

/** The JSON line that it prints. */
function answerOf<Answer>(child: ChildProcess): Promise<Answer> {
  let out = ''
  let said = ''
  return new Promise((resolve, reject) => {
    const answer = (): void => {
      const line = out.split('\n').findLast((each) => each.startsWith('{') && each.endsWith('}'))
      if (line === undefined) reject(new Error(`the load generator gave no answer: ${said.trim().slice(-SHOWN)}`))
      else resolve(JSON.parse(line) as Answer)
    }
    child.stdout?.on('data', (data: Buffer) => {
      out += data.toString('utf8')
      if (out.includes('\n')) answer()
    })
    child.stderr?.on('data', (data: Buffer) => (said += data.toString('utf8')))
    child.once('error', reject)
    child.once('close', answer)
  })
}
