/** Runs the command line as a user does, for the tests of whole commands. */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import { LAUNCHER } from '../support/launcher.ts'
import { tempFolder } from '../support/temp-folder.ts'

export interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Running {
  readonly child: ChildProcessByStdio<Writable | null, Readable, Readable>
  /** Everything printed so far. */
  readonly printed: { stdout: string; stderr: string }
  /** Resolves with the first match in standard output; rejects when the command ends without one. */
  seen(pattern: RegExp): Promise<RegExpExecArray>
  /** Resolves when it has ended and everything it printed has been read. */
  readonly ended: Promise<Ran>
}

export interface Place {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** The command before the arguments; that of the package by default. */
  readonly command?: readonly string[]
  /** Nothing by default. */
  readonly stdin?: 'pipe'
}

/** For a server on loopback with its page, at which files may be stored. */
export function httpServeArgs(folder: string, state: string, http = '127.0.0.1:0', port = '0'): string[] {
  return ['serve', folder, '--host', '127.0.0.1', '--port', port, '--http', http, '--http-writable', '--state', state]
}

export function start(args: readonly string[], place: Place = {}): Running {
  const [program = '', ...before] = place.command ?? [process.execPath, LAUNCHER]
  const child = spawn(program, [...before, ...args], {
    cwd: place.cwd,
    env: { ...withoutColour(process.env), ...stateFor(args), ...place.env },
    stdio: [place.stdin ?? 'ignore', 'pipe', 'pipe'],
  }) as Running['child']
  const printed = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (piece: string) => void (printed.stdout += piece))
  child.stderr.setEncoding('utf8').on('data', (piece: string) => void (printed.stderr += piece))
  const ended = once(child, 'close').then(([code]): Ran => ({ code: code as number | null, ...printed }))
  return {
    child,
    printed,
    ended,
    seen: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const match = pattern.exec(printed.stdout)
          if (match !== null) resolve(match)
        }
        child.stdout.on('data', look)
        look()
        void ended.then((ran) => reject(new Error(`ended without ${String(pattern)}: ${JSON.stringify(ran)}`)))
      }),
  }
}

export function run(args: readonly string[], place: Place = {}): Promise<Ran> {
  return start(args, place).ended
}

/** A server of `path` on a free loopback port, with JSON events. Without `--state` among the flags it keeps no history. */
export async function serve(
  path: string,
  flags: readonly string[] = [],
  place: Place = {},
): Promise<Running & { port: number }> {
  const args = ['serve', path, '--host', '127.0.0.1', '--port', '0', '--log-format', 'json', ...flags]
  if (!flags.includes('--state')) args.push('--no-history')
  const running = start(args, place)
  const [, port] = await running.seen(/"event":"listening".*"port":(\d+)/)
  return { ...running, port: Number(port) }
}

/** The objects that a command with `--log-format json` printed. */
export function events(stdout: string): Record<string, unknown>[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

/** No test writes where the programs of this machine keep what lasts. */
function stateFor(args: readonly string[]): Record<string, string> {
  return args[0] === 'serve' ? { STATE_DIRECTORY: tempFolder() } : {}
}

/** What the test runner sets for itself would colour the output of what it runs. */
function withoutColour(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { FORCE_COLOR: _forced, NO_COLOR: _none, ...rest } = env
  return rest
}
