/** The program's entry: reads the command line, runs one command, and turns what came of it into an exit code. */
import { basename } from 'node:path'
import { CommanderError } from 'commander'
import { giveWay } from '../give-way.ts'
import type { Context } from './context.ts'
import { EXIT, exitCodeOf, messageOf } from './exit.ts'
import { buildProgram } from './program.ts'
import { OLD_COMMANDS } from './old/summary.ts'
import { outputTo } from './render/output.ts'
import { isInBackground } from './service/background.ts'
import { watchLauncher, watchSignals } from './signals.ts'
import { loadTools } from './tools.ts'

/** After the command has ended, open handles may keep the process this long: enough to flush, too short to hang. */
const LINGER_MS = 1000

export async function main(): Promise<void> {
  if (!isInBackground()) watchLauncher()
  const stop = watchSignals(process)
  // A terminal that was closed answers EIO: no person is left to watch or to stop the program.
  const closed = (code: string): void => (code === 'EIO' ? stop.request() : undefined)
  const stderr = outputTo(process.stderr, closed)
  let isLost = false
  const stdout = outputTo(process.stdout, (code) => {
    closed(code)
    // EPIPE: the reader has what it wanted.
    if (code === 'EPIPE' || (code === 'EIO' && process.stdout.isTTY)) return
    isLost = true
    stderr.write(`foresend: ${lostText(code)}\n`)
  })
  const code = await run(argumentsOf(process.argv), {
    stdout,
    stderr,
    tools: loadTools(),
    watch: stop.watch,
    now: Date.now,
    giveWay,
    ...(process.platform === 'linux' ? { confine: confineLater } : {}),
  })
  // A file that takes nothing more says so a turn after the last line was written.
  await new Promise((resolve) => setImmediate(resolve))
  process.exitCode = isLost && code === EXIT.done ? EXIT.failed : code
  setTimeout(() => process.exit(), LINGER_MS).unref()
}

function lostText(code: string): string {
  const why = code === 'ENOSPC' ? 'the disk is full; make room' : `${code}; look at where it leads`
  return `cannot write to standard output: ${why}, and run this again: what follows is lost`
}

/** Runs the command that `args` (without node and script) name. Never rejects. */
export async function run(args: readonly string[], context: Context): Promise<number> {
  let code: number = EXIT.done
  const [name = '', ...words] = args
  try {
    // They have their own ideas of what an option is.
    if (OLD_COMMANDS.has(name)) return await runOldCommand(name, context, words)
    const program = await buildProgram(context, (exitCode) => (code = exitCode), name)
    await program.parseAsync([...args], { from: 'user' })
    return code
  } catch (error) {
    // Commander has printed its own message by now; help and version that were asked for are no error.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage
    context.stderr.write(`foresend: ${messageOf(error)}\n`)
    return exitCodeOf(error)
  }
}

/** A link to the program may have the name of a server whose command line it accepts. */
function argumentsOf([, program = '', ...args]: readonly string[]): readonly string[] {
  const name = basename(program)
  return OLD_COMMANDS.has(name) ? [name, ...args] : args
}

async function runOldCommand(name: string, context: Context, words: readonly string[]): Promise<number> {
  if (name === 'atftpd') return (await import('./old/atftpd.ts')).atftpd(context, words)
  return (await import('./old/in-tftpd.ts')).inTftpd(context, words)
}

/** Only `serve` needs it. */
const confineLater: NonNullable<Context['confine']> = async (...given) =>
  (await import('./confine/index.ts')).confine(...given)
