/** The load process as its parent sees it, and the C client that stands in where Node's sockets would be the limit. */
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { crc32 } from 'node:zlib'
import type { Job, Result, TransferJob } from './job.ts'
import { pinned } from './pin.ts'

const LOAD = fileURLToPath(new URL('load.ts', import.meta.url))

export class LoadProcess {
  readonly #core: number | undefined
  #child: ChildProcess | undefined

  constructor(core: number | undefined) {
    this.#core = core
  }

  /** The job's result; rejects when it takes longer than `limitMs` (the process is ended, the next job gets another). */
  run(job: Job, limitMs: number): Promise<Result> {
    const child = (this.#child ??= this.#start())
    return new Promise((resolve, reject) => {
      const done = (): void => {
        clearTimeout(timer)
        child.off('exit', ended)
        child.off('message', answered)
      }
      const ended = (): void => {
        done()
        this.#child = undefined
        reject(new Error('the load process ended'))
      }
      const answered = (result: unknown): void => {
        done()
        resolve(result as Result)
      }
      const timer = setTimeout(() => {
        done()
        this.stop()
        reject(new Error(`not done after ${limitMs / 1000} s`))
      }, limitMs)
      child.on('exit', ended)
      child.on('message', answered)
      child.send(job)
    })
  }

  stop(): void {
    this.#child?.kill('SIGKILL')
    this.#child = undefined
  }

  #start(): ChildProcess {
    const [command, ...args] = pinned(this.#core, [process.execPath, LOAD])
    return spawn(command as string, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  }
}

/** The same job by atftp, one process for each client; what arrived is checked after the clock has stopped. */
export async function runAtftp(
  program: string,
  job: TransferJob,
  core: number | undefined,
  folder: string,
  limitMs: number,
): Promise<Result> {
  const local = (client: number): string => (job.kind === 'put' ? job.source : join(folder, `got-${client}`))
  const options: string[] = []
  if (job.blksize !== 512) options.push('--option', `blksize ${job.blksize}`)
  if (job.windowsize !== 1) options.push('--option', `windowsize ${job.windowsize}`)
  options.push(job.kind === 'put' ? '--put' : '--get', '--remote-file', job.file)
  const server = [job.address, String(job.port)]
  const command = (client: number): string[] => [program, ...options, '--local-file', local(client), ...server]
  // One client is started as it is. Of many, a shell starts all and waits, so that it does not take our time.
  const line =
    job.clients === 1
      ? command(0)
      : [
          '/bin/sh',
          '-c',
          `${Array.from({ length: job.clients }, (_, i) => `${quoted(command(i))} &`).join('\n')}\nwait`,
        ]
  const started = performance.now()
  const said = await runToEnd(pinned(core, line), limitMs)
  const ms = performance.now() - started
  const faults: string[] = []
  let done = 0
  for (let client = 0; client < job.clients; client++) {
    const fault = job.kind === 'put' ? '' : checkFile(local(client), job)
    if (fault === '') done++
    else faults.push(`${fault}${said === '' ? '' : ` (${said})`}`)
    if (job.kind === 'get') rmSync(local(client), { force: true })
  }
  const { blksize, windowsize } = job
  return { ms, bytes: done * job.sizeBytes, done, faults: faults.slice(0, 10), repeats: 0, blksize, windowsize }
}

/** '' when `path` holds what the job is about. */
export function checkFile(path: string, job: TransferJob): string {
  const size = statSync(path, { throwIfNoEntry: false })?.size
  if (size === undefined) return 'nothing arrived'
  if (size !== job.sizeBytes) return `${size} bytes instead of ${job.sizeBytes}`
  return crc32(readFileSync(path)) === job.crc32 ? '' : 'damaged: the checksum differs'
}

/** The last line that it printed; rejects when it takes too long. */
function runToEnd(command: readonly string[], limitMs: number): Promise<string> {
  const [program, ...args] = command
  // A group of its own, so that a shell's clients can be ended with it.
  const child = spawn(program as string, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  let said = ''
  child.stdout.on('data', (data: Buffer) => (said += data.toString('latin1')))
  child.stderr.on('data', (data: Buffer) => (said += data.toString('latin1')))
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
      reject(new Error(`not done after ${limitMs / 1000} s`))
    }, limitMs)
    child.once('error', (error) => {
      clearTimeout(timer)
      reject(error)
    })
    child.once('close', () => {
      clearTimeout(timer)
      resolve(said.trim().split('\n').at(-1)?.slice(0, 100) ?? '')
    })
  })
}

function quoted(words: readonly string[]): string {
  return words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ')
}
