/** What the two cores do while something is measured, and how much of it belongs to other programs: on a shared machine that is noise. */
import type { CpuTime } from './group.ts'
import { loadCpuSeconds } from './load.ts'
import { CORES } from './pin.ts'
import { coreTimes } from './process-tree.ts'
import type { StartedServer } from './server-process.ts'

/** The kernel counts the time of a core in these. */
const TICK_MS = 10

export interface Watched {
  /** Of the server and what it forked. */
  readonly cpu?: CpuTime
  /** How long its core was busy, with whatever. */
  readonly serverCoreMs?: number
  /** The larger share of a core that others took, 0..1. */
  readonly disturbed?: number
}

/** Begins to watch; the function that comes back ends it. */
export function watchCores(server: StartedServer): () => Watched {
  const began = performance.now()
  const cores = coreTimes()
  const serverCpu = server.watchCpu()
  const clientsBefore = clientSeconds()
  return () => {
    const cpu = serverCpu?.()
    const clients = clientSeconds() - clientsBefore
    const now = coreTimes()
    const elapsedMs = performance.now() - began
    if (CORES === undefined) return cpu === undefined ? {} : { cpu }
    const busyMs = (core: number): number => ((now[core]?.busy ?? 0) - (cores[core]?.busy ?? 0)) * TICK_MS
    const serverCoreMs = busyMs(CORES.server)
    if (cpu === undefined) return { serverCoreMs }
    const others = [serverCoreMs - (cpu.user + cpu.system) * 1000, busyMs(CORES.client) - clients * 1000]
    const shares = others.map((ms) => Math.max(0, ms / elapsedMs)).filter((share) => !Number.isNaN(share))
    return { cpu, serverCoreMs, disturbed: Math.max(...shares) }
  }
}

/** Of the load generator and of this process, which stands on its core; not a number where it cannot be told. */
function clientSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (loadCpuSeconds() ?? Number.NaN) + (user + system) / 1e6
}
