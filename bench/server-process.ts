/** Servers that run: started on a core of their own, in a control group where there is one, and ended for certain. */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../test/interop/programs.ts'
import { checkOpen } from './closing.ts'
import { type CpuTime, Group } from './group.ts'
import { CORES, pinned } from './pin.ts'
import { canMeasureProcesses, CpuWatch, treeOf } from './process-tree.ts'
import type { ServerKind } from './servers.ts'

const TERM_GRACE_MS = 1000

export interface StartedServer {
  readonly kind: ServerKind
  readonly address: string
  readonly port: number
  /** The folder that it serves. */
  readonly folder: string
  /** Only this program ends it. */
  hasEnded(): boolean
  /** It and everything that it forked. */
  pids(): number[]
  /** Begins to count CPU time; the function that comes back ends it. Undefined where it cannot be counted. */
  watchCpu(): (() => CpuTime | undefined) | undefined
  stop(): Promise<void>
}

const running = new Set<StartedServer>()
let started = 0

/** How CPU time is counted here, in words. */
export function accounting(): string {
  const group = Group.make('try')
  group?.remove()
  if (group !== undefined) return 'CPU time counted by a control group for each server'
  return canMeasureProcesses ? 'CPU time of the process tree, sampled' : 'CPU time not counted'
}

/** Starts a server that serves `folder`; it may need a moment until it answers. */
export async function startServer(
  kind: ServerKind,
  program: string,
  folder: string,
  logFolder: string,
): Promise<StartedServer> {
  const number = ++started
  const address = kind.onPort69 === true ? ownAddress(number) : '127.0.0.1'
  const port = kind.onPort69 === true ? 69 : await freePort(address)
  const [command, ...args] = pinned(CORES?.server, kind.command(program, folder, address, port))
  mkdirSync(logFolder, { recursive: true })
  const log = openSync(join(logFolder, `${number}-${kind.name}.log`), 'w')
  checkOpen()
  const child = spawn(command as string, args, { stdio: ['ignore', 'ignore', log] })
  closeSync(log)
  const { pid } = child
  if (pid === undefined) return new Promise((_, reject) => child.once('error', reject))
  const group = Group.make(String(number))
  group?.add(pid)
  const server: StartedServer = {
    kind,
    address,
    port,
    folder,
    hasEnded: () => hasEnded(child),
    pids: () => group?.pids() ?? treeOf(pid),
    watchCpu: () => watchCpu(pid, group),
    stop: () => stop(server, child, group),
  }
  running.add(server)
  return server
}

/** For the end of the program, however it comes: nothing that we started stays. */
export async function stopAll(): Promise<void> {
  await Promise.all([...running].map((server) => server.stop()))
}

function watchCpu(pid: number, group: Group | undefined): (() => CpuTime | undefined) | undefined {
  const before = group?.cpu()
  if (group !== undefined && before !== undefined) {
    return () => {
      const after = group.cpu()
      return after && { user: after.user - before.user, system: after.system - before.system }
    }
  }
  if (!canMeasureProcesses) return undefined
  const watch = new CpuWatch(pid)
  return () => watch.stop()
}

async function stop(server: StartedServer, child: ChildProcess, group: Group | undefined): Promise<void> {
  running.delete(server)
  // A server that forks may leave its children behind.
  const pids = server.pids()
  if (!hasEnded(child)) {
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), TERM_GRACE_MS)
    await gone
    clearTimeout(timer)
  }
  for (const pid of group?.pids() ?? pids.slice(1)) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It went with its parent.
    }
  }
  await group?.removeSoon()
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}

/** 127/8 is loopback throughout; two runs at the same time do not meet. */
function ownAddress(number: number): string {
  return `127.${70 + (number % 50)}.${(process.pid >>> 8) & 255}.${process.pid & 255 || 1}`
}
