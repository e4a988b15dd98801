/**
 * Confinement of `serve`: the program gives up every file that it does not need and starts itself again in its own place, so that each of
 * its threads is born without those rights. A thread that exists already would keep them.
 */
import { mkdirSync } from 'node:fs'
import { loadConfinement } from '../../io/native/linux.ts'
import { confineTo } from '../../io/native/landlock.ts'
import { FROM_LAUNCHER } from '../../io/handed-sockets.ts'
import type { Plan } from './plan.ts'

/** Tells the program that it is the second one. That the rights are gone is tried, not believed (check.ts). */
const MARK = 'FORESEND_CONFINED'

/** True once in a process that was started again; the mark is not handed on to what it starts. */
export function wasStartedAgain(): boolean {
  const marked = process.env[MARK] !== undefined
  delete process.env[MARK]
  return marked
}

/** Does not return where it works. The reason in words where the system cannot. */
export function startConfined(plan: Plan, sockets: number): string {
  if (process.execve === undefined) return 'this Node cannot start a program in its own place'
  const calls = loadConfinement()
  if (typeof calls === 'string') return calls
  for (const folder of plan.stored) makeFolder(folder)
  const failed = confineTo(calls, plan)
  if (failed !== undefined) return failed
  return process.execve(
    process.execPath,
    [process.execPath, ...process.execArgv, ...process.argv.slice(1)],
    environment(sockets),
  )
}

/** A folder that is not there cannot be named in a rule. Where it cannot be made, what needs it says so later. */
function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
  } catch {}
}

/** The channel to the launcher and the sockets that were handed to this process stay open; these variables tell of them. */
function environment(sockets: number): Record<string, string> {
  const channel = (process.channel as { readonly fd?: number } | null | undefined)?.fd
  const inherited = Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return {
    ...Object.fromEntries(inherited),
    ...(channel === undefined ? {} : { NODE_CHANNEL_FD: String(channel) }),
    ...(sockets === 0 ? {} : { [FROM_LAUNCHER]: String(sockets) }),
    [MARK]: '1',
  }
}
