/**
 * Runs programs from one small shell per process. A test runner of some hundred MB spends 20 to 80 ms of computing on each process that it
 * starts, as its page tables are copied; a shell spends 1.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { Socket } from 'node:net'
import { join } from 'node:path'

export interface Ran {
  /** As the shell has it: 128 and the signal's number where one ended the program. */
  readonly status: number
  /** What it wrote to both outputs, in order. */
  readonly printed: string
}

interface Job {
  pid: number | undefined
  readonly end: (status: number) => void
}

let shell: Shell | undefined

/** Runs a program in `cwd` without input, in the C locale; SIGKILL ends it after `timeoutMs`. What it prints is in a file there meanwhile. */
export async function runInShell(path: string, args: readonly string[], cwd: string, timeoutMs: number): Promise<Ran> {
  shell ??= new Shell()
  const program = [path, ...args].map(quoted).join(' ')
  return await shell.run(`cd ${quoted(cwd)} && LC_ALL=C exec ${program}`, join(cwd, '.printed'), timeoutMs)
}

class Shell {
  readonly #child: ChildProcess
  readonly #jobs = new Map<number, Job>()
  #last = 0
  #rest = ''

  constructor() {
    const child = spawn('/bin/sh', [], { stdio: ['pipe', 'pipe', 'inherit'] })
    child.stdout.setEncoding('utf8').on('data', (text: string) => this.#handle(text))
    // The shell ends with its input, which is closed when this process ends. Meanwhile the timer of each job is what this process waits for.
    child.unref()
    for (const pipe of [child.stdin, child.stdout]) if (pipe instanceof Socket) pipe.unref()
    this.#child = child
  }

  run(command: string, outputBase: string, timeoutMs: number): Promise<Ran> {
    const id = ++this.#last
    const output = `${outputBase}-${id}`
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        const pid = this.#jobs.get(id)?.pid
        if (pid !== undefined) process.kill(pid, 'SIGKILL')
      }, timeoutMs)
      this.#jobs.set(id, {
        pid: undefined,
        end: (status) => {
          clearTimeout(timer)
          resolve({ status, printed: readFileSync(output, 'utf8') })
          rmSync(output)
        },
      })
      const job = `(${command}) >${quoted(output)} 2>&1 </dev/null & echo pid ${id} $!; wait $!; echo end ${id} $?`
      this.#child.stdin?.write(`{ ${job}; } 2>/dev/null &\n`)
    })
  }

  #handle(text: string): void {
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) {
      const [kind, id, number] = line.split(' ')
      const job = this.#jobs.get(Number(id))
      if (job === undefined) continue
      if (kind === 'pid') job.pid = Number(number)
      else this.#jobs.delete(Number(id))
      if (kind === 'end') job.end(Number(number))
    }
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
