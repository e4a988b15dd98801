/** What a server's processes cost, from Linux' /proc. A server may fork for each request, so everything is of a tree. */
import { readdirSync, readFileSync } from 'node:fs'
import type { CpuTime } from './group.ts'

/** The kernel reports CPU time in these ticks on every platform that it runs Node on. */
const TICKS_PER_SECOND = 100
/** Often enough to see what a child used shortly before it ended, seldom enough not to be seen in the figures. */
const SAMPLE_MS = 50

/** False where there is no /proc: then nothing here may be called. */
export const canMeasureProcesses = readText('/proc/self/stat') !== ''

/** `pid` and everything below it, the parent first. */
export function treeOf(pid: number): number[] {
  const tree = [pid]
  for (let i = 0; i < tree.length; i++) tree.push(...childrenOf(tree[i] as number))
  return tree
}

/**
 * CPU time of a tree while it is watched, where there is no control group for it. A server that ignores its children's ends
 * (tftpd-hpa) never learns what they used, so they are sampled: what a child used in its last moments (up to 50 ms) is missed.
 */
export class CpuWatch {
  readonly #pid: number
  readonly #first: Map<number, Own>
  readonly #last: Map<number, Own>
  readonly #reapedFirst: number
  readonly #timer: NodeJS.Timeout

  constructor(pid: number) {
    this.#pid = pid
    this.#first = new Map(treeOf(pid).map((each) => [each, cpuOf(each)]))
    this.#reapedFirst = cpuOf(pid).reaped
    this.#last = new Map(this.#first)
    this.#timer = setInterval(() => this.#sample(), SAMPLE_MS)
  }

  /** Ends the watch; what was used since it began. */
  stop(): CpuTime {
    clearInterval(this.#timer)
    this.#sample()
    let user = 0
    let system = 0
    let children = 0
    for (const [pid, last] of this.#last) {
      const first = this.#first.get(pid)
      user += last.user - (first?.user ?? 0)
      system += last.system - (first?.system ?? 0)
      if (pid !== this.#pid) children += last.user + last.system - (first?.user ?? 0) - (first?.system ?? 0)
    }
    // What was reaped was counted whole, so where it is more it is the better figure; its split is not known.
    const unseen = Math.max(0, cpuOf(this.#pid).reaped - this.#reapedFirst - children)
    const kernelShare = user + system === 0 ? 0.5 : system / (user + system)
    return { user: user + unseen * (1 - kernelShare), system: system + unseen * kernelShare }
  }

  #sample(): void {
    for (const pid of treeOf(this.#pid)) {
      const now = cpuOf(pid)
      if (now.user + now.system > 0 || !this.#last.has(pid)) this.#last.set(pid, now)
    }
  }
}

/** Memory of processes in bytes; what they share counts once. 0 when it may not be read. */
export function memoryOf(pids: readonly number[]): number {
  let kilobytes = 0
  for (const each of pids) {
    kilobytes += Number(/^Pss:\s+(\d+)/m.exec(readText(`/proc/${each}/smaps_rollup`))?.[1] ?? 0)
  }
  return kilobytes * 1024
}

/** What the kernel holds for itself, in bytes: sockets, stacks, page tables. Of the whole machine: take differences. */
export function kernelMemory(): number {
  const info = readText('/proc/meminfo')
  const kilobytes = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(info)?.[1] ?? 0)
  return (kilobytes('Slab') + kilobytes('KernelStack') + kilobytes('PageTables')) * 1024
}

/** Busy and total time of each core since the start of the machine, in ticks. */
export function coreTimes(): { busy: number; total: number }[] {
  const cores: { busy: number; total: number }[] = []
  for (const match of readText('/proc/stat').matchAll(/^cpu(\d+) (.*)$/gm)) {
    const ticks = (match[2] as string).split(' ').map(Number)
    // user nice system idle iowait irq softirq steal; what guests use is in user already.
    const total = ticks.slice(0, 8).reduce((sum, each) => sum + each, 0)
    cores[Number(match[1])] = { busy: total - (ticks[3] ?? 0) - (ticks[4] ?? 0), total }
  }
  return cores
}

function childrenOf(pid: number): number[] {
  let threads: string[]
  try {
    threads = readdirSync(`/proc/${pid}/task`)
  } catch {
    return []
  }
  return threads.flatMap((thread) =>
    readText(`/proc/${pid}/task/${thread}/children`)
      .split(' ')
      .filter((each) => each !== '')
      .map(Number),
  )
}

interface Own extends CpuTime {
  /** Of children that ended and were waited for. */
  readonly reaped: number
}

function cpuOf(pid: number): Own {
  // The name stands in parentheses and may hold anything; what follows it is regular. utime is field 14 of proc(5).
  const stat = readText(`/proc/${pid}/stat`)
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const seconds = (index: number): number => Number(fields[index - 3] ?? 0) / TICKS_PER_SECOND
  return { user: seconds(14), system: seconds(15), reaped: seconds(16) + seconds(17) }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}
