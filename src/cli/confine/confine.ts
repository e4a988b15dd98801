/**
 * Confinement of `serve`: the program gives up every file that it does not need and starts itself again in its own place, so that each of
 * its threads is born without those rights. A thread that exists already would keep them.
 */
import { FROM_LAUNCHER, handedDescriptors } from '../../io/handed-sockets.ts'
import { confineTo } from '../../io/native/landlock.ts'
import { loadConfinement } from '../../io/native/linux.ts'
import { makeFolder } from '../../make-folder.ts'
import type { Plan } from './plan.ts'

/** Tells the program that it is the second one. That the rights are gone is tried, not believed (check.ts). */
const MARK = 'FORESEND_CONFINED'

/** True once in a process that was started again; the mark is not handed on to what it starts. */
export function wasStartedAgain(): boolean {
  const marked = process.env[MARK] !== undefined
  delete process.env[MARK]
  return marked
}

/** Does not return where it works. `sockets`: how many were handed to this process. The reason in words where the system cannot. */
export function startConfined(plan: Plan, sockets: number): string {
  if (process.execve === undefined) return 'this Node cannot start a program in its own place'
  const calls = loadConfinement()
  if (typeof calls === 'string') return calls
  for (const folder of plan.made) makeIfPossible(folder)
  const failed = confineTo(calls, plan)
  if (failed !== undefined) return failed
  // Node closes what it inherited in the programs that it starts.
  const channel = (process.channel as { readonly fd?: number } | null | undefined)?.fd
  for (const fd of [...handedDescriptors(sockets), ...(channel === undefined ? [] : [channel])]) calls.inherit(fd)
  const args = [process.execPath, ...process.execArgv, ...process.argv.slice(1)]
  // It throws where it does not work.
  return process.execve(process.execPath, args, environment(sockets, channel))
}

/** A folder that is not there cannot be named in a rule. Where it cannot be made, what needs it says so later. */
function makeIfPossible(path: string): void {
  try {
    makeFolder(path, 0o700)
  } catch {
    // As above: what needs the folder reports that it is missing.
  }
}

/** The sockets that were handed to this process, and the channel to the program that started it, stay open: these variables tell of them. */
function environment(sockets: number, channel: number | undefined): Record<string, string> {
  const inherited = Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return {
    ...Object.fromEntries(inherited),
    ...(channel === undefined ? {} : { NODE_CHANNEL_FD: String(channel), NODE_CHANNEL_SERIALIZATION_MODE: 'json' }),
    ...(sockets === 0 ? {} : { [FROM_LAUNCHER]: String(sockets) }),
    [MARK]: '1',
  }
}
