/**
 * A control group for a server and all that it forks, where the system lets us make one (cgroup 2, root): the kernel then
 * counts the CPU time of the whole tree to the microsecond, children that ended included, and can end all of it at once.
 */
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

const REMOVE_TRIES = 50
const REMOVE_RETRY_MS = 20

/** CPU time of a tree so far, in seconds. */
export interface CpuTime {
  readonly user: number
  readonly system: number
}

export class Group {
  readonly #folder: string

  /** Undefined where groups cannot be made. */
  static make(name: string): Group | undefined {
    for (const root of ['/sys/fs/cgroup', '/sys/fs/cgroup/unified']) {
      const folder = join(root, `foresend-bench-${process.pid}-${name}`)
      try {
        // Only the root of cgroup 2 has this file; below an older hierarchy mkdir would make a plain folder.
        readFileSync(join(root, 'cgroup.procs'))
        mkdirSync(folder)
      } catch {
        continue
      }
      const group = new Group(folder)
      if (group.cpu() !== undefined) return group
      group.remove()
    }
    return undefined
  }

  private constructor(folder: string) {
    this.#folder = folder
  }

  /** Takes a process in; what it starts from now on is in it too. */
  add(pid: number): void {
    try {
      writeFileSync(join(this.#folder, 'cgroup.procs'), String(pid))
    } catch {
      // It has ended already.
    }
  }

  cpu(): CpuTime | undefined {
    try {
      const text = readFileSync(join(this.#folder, 'cpu.stat'), 'latin1')
      const seconds = (name: string): number => Number(new RegExp(`^${name} (\\d+)`, 'm').exec(text)?.[1]) / 1e6
      const time = { user: seconds('user_usec'), system: seconds('system_usec') }
      return Number.isFinite(time.user + time.system) ? time : undefined
    } catch {
      return undefined
    }
  }

  pids(): number[] {
    try {
      return readFileSync(join(this.#folder, 'cgroup.procs'), 'latin1').split('\n').filter(Boolean).map(Number)
    } catch {
      return []
    }
  }

  /** Waits for the kernel to let go of the processes that have ended. */
  async removeSoon(): Promise<void> {
    for (let tries = 0; !this.remove() && tries < REMOVE_TRIES; tries++) await delay(REMOVE_RETRY_MS)
  }

  /** False while processes are left in it. */
  remove(): boolean {
    try {
      rmdirSync(this.#folder)
      return true
    } catch {
      return false
    }
  }
}
