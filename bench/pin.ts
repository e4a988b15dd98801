/** Server and clients get a core each, so that the figures do not depend on where the kernel puts them. */
import { execFileSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { findProgram } from '../test/interop/programs.ts'

const taskset = findProgram('taskset')

/** The cores in use; undefined where processes cannot be pinned (one core, or no taskset). */
export const CORES = taskset !== undefined && availableParallelism() > 1 ? { server: 0, client: 1 } : undefined

/** The command line that runs `command` on one core only. */
export function pinned(core: number | undefined, command: readonly string[]): string[] {
  return core === undefined || taskset === undefined ? [...command] : [taskset, '-c', String(core), ...command]
}

/** Keeps this process off the server's core. */
export function pinSelf(): void {
  if (CORES === undefined || taskset === undefined) return
  execFileSync(taskset, ['-a', '-p', '-c', String(CORES.client), String(process.pid)], { stdio: 'ignore' })
}
