/** What a profile says, in a form that can be shown: shares of time by part. Pure, so that it can be tested. */
import { markdown } from './document-table.ts'
import { percent } from './numbers.ts'

export interface Share {
  readonly name: string
  /** Of all that was sampled, 0..1. */
  readonly share: number
}

export interface ProfiledCase {
  readonly title: string
  /** Of the CPU time of the process, as the kernel counts it. */
  readonly kernelShare?: number
  /** Where V8 found the thread: folders of src, foreign functions by name, garbage collector. */
  readonly parts: readonly Share[]
  /** Symbols of the kernel and of libraries by `perf`; empty where it cannot be had. */
  readonly symbols: readonly Share[]
}

export interface Profile {
  readonly startedAt: string
  readonly cases: readonly ProfiledCase[]
}

/** As much of V8's .cpuprofile as is used here. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: { readonly functionName: string; readonly url: string }
  }[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

const SHOWN = 12
const LEAST_SHARE = 0.005

/** How long the thread was at work. */
export function busyTime(profile: CpuProfile): number {
  return sum(timeByPart(profile))
}

function timeByPart(profile: CpuProfile): Map<string, number> {
  const names = new Map(profile.nodes.map(({ id, callFrame }) => [id, partOf(callFrame)]))
  const time = new Map<string, number>()
  for (const [i, id] of profile.samples.entries()) {
    const name = names.get(id)
    if (name !== undefined && name !== IDLE) time.set(name, (time.get(name) ?? 0) + (profile.timeDeltas[i] ?? 0))
  }
  return time
}

function sum(time: ReadonlyMap<string, number>): number {
  return [...time.values()].reduce((all, each) => all + each, 0)
}

/** Self time by part, idle time left out, largest first. */
export function partsOf(profile: CpuProfile): Share[] {
  const time = timeByPart(profile)
  const all = sum(time)
  return [...time]
    .map(([name, each]) => ({ name, share: each / all }))
    .filter(({ share }) => share >= LEAST_SHARE)
    .toSorted((a, b) => b.share - a.share)
    .slice(0, SHOWN)
}

const IDLE = ''

function partOf({ functionName, url }: { functionName: string; url: string }): string {
  if (functionName === '(idle)' || functionName === '(root)') return IDLE
  if (functionName === '(garbage collector)') return 'garbage collector'
  if (functionName === '(program)') return 'outside JavaScript'
  const source = /\/(?:src|dist)\/(.+)$/.exec(url)?.[1]
  if (source !== undefined) return `src/${source.split('/').slice(0, -1).join('/') || source}`
  if (url.startsWith('node:')) return "Node's JavaScript"
  return url === '' ? `${functionName || 'native code'}()` : 'other JavaScript'
}

/** Lines of `perf report --stdio -F overhead,sym`: `  12.34%  [k] copy_user_generic`. */
export function symbolsOf(report: string): Share[] {
  return [...report.matchAll(/^\s*([\d.]+)%\s+\[(.)\]\s+(\S+)/gm)]
    .map(([, share, kind, name]) => ({
      name: kind === 'k' ? `${name} (kernel)` : (name ?? ''),
      share: Number(share) / 100,
    }))
    .slice(0, SHOWN)
}

export function profileTable({ cases }: Profile): string {
  return cases
    .map(({ title, kernelShare, parts, symbols }) => {
      const rows = Array.from({ length: Math.max(parts.length, symbols.length) }, (_, i) => [
        ...pair(parts[i]),
        ...(symbols.length === 0 ? [] : pair(symbols[i])),
      ])
      const head = ['where V8 finds the thread', 'time', ...(symbols.length === 0 ? [] : ['symbol by `perf`', 'time'])]
      const kernel = kernelShare === undefined ? '' : `, ${percent(kernelShare)} of the CPU time in the kernel`
      return `${title}${kernel}:\n\n${markdown(head, rows)}`
    })
    .join('\n\n')
}

function pair(share: Share | undefined): string[] {
  return share === undefined
    ? ['', '']
    : [
        share.name.startsWith('src/') || share.name.includes('(') ? `\`${share.name}\`` : share.name,
        percent(share.share),
      ]
}
