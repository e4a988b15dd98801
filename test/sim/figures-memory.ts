/**
 * What memory costs: a boot with what was learnt before, right, stale or wrong, against the very same boot without it. Both have the same unit
 * and the same luck, but a fault draws for each datagram, so one datagram more makes other losses: whether a pair above the limit is the memory's doing
 * or the luck's is found out with many lucks of the same unit.
 */
import { DEVICES, readFaults, Rng, runCell, SERVERS, withFaults } from '../../src/lab/index.ts'
import { CLIENTS } from '../../src/lab/device/clients.ts'
import { bootDevice } from '../../src/lab/device/device.ts'
import { median } from '../../src/lab/median.ts'
import { isIntact } from '../../src/lab/run.ts'
import { OPCODE } from '../../src/packet/index.ts'
import { fingerprint } from '../../src/profile/device-id.ts'
import { DeviceMemory } from '../../src/profile/memory.ts'
import { range } from './figures-boot.ts'
import { cellsOf, PRODUCT_BYTES } from './figures-product.ts'
import type { Figure, Progress } from './figures.ts'

/** As far as a boot with memory may stay behind the same boot without it. */
const LIMIT = 1.1
/** Lucks of one unit that are compared when a pair is above it. */
const LUCKS = 20
const WORST_SHOWN = 5

/** What was learnt, and of whom. */
const KINDS = {
  'same unit': 'of another boot of the unit',
  stale: 'of the same unit, which has another fault since',
  'other unit': 'of another unit with another fault at the same address',
  'other client': 'of another client with the same request',
  'other request': 'of another client at the same address, with another request',
} as const
export type MemoryKind = keyof typeof KINDS
export const MEMORY_KINDS = Object.keys(KINDS) as MemoryKind[]

interface Unit {
  readonly device: string
  readonly fault: string
  readonly seed: number
}

/** One pair of boots: what was learnt from `before`, and the unit that boots. */
export interface Pair {
  readonly number: number
  readonly kind: MemoryKind
  readonly before: Unit
  /** Boots of it that the server saw. */
  readonly boots: number
  readonly unit: Unit
}

/** Pair by pair, by number alone. */
export function drawPair(number: number, kind: MemoryKind): Pair {
  const rng = new Rng(number, `memory ${kind}`)
  const device = pick(rng, devicesFor(kind))
  const unit: Unit = { device, fault: drawFault(rng, device), seed: 1 + rng.int(1_000_000) }
  const boots = 1 + rng.int(3)
  const like = (name: string): Unit => ({ device: name, fault: drawFault(rng, name), seed: 1 + rng.int(1_000_000) })
  const before = ((): Unit => {
    switch (kind) {
      case 'same unit':
        return unit
      case 'stale':
        return { ...like(device), seed: unit.seed }
      case 'other unit':
        return like(device)
      case 'other client':
        return like(pick(rng, othersOf(device, true)))
      case 'other request':
        return like(pick(rng, othersOf(device, false)))
    }
  })()
  return { number, kind, before, boots, unit }
}

/** Time with memory over time without; 1 where both failed. */
export interface PairResult {
  readonly pair: Pair
  readonly ratio: number
  readonly withMs: number
  readonly withoutMs: number
  /** Without memory, with another luck over the first: what luck alone does. */
  readonly luckRatio: number
  readonly learnt: string
}

export function playPair(pair: Pair): PairResult {
  const memory = learn(pair)
  const withMs = timeOf(pair.unit, BOOT, memory)
  const withoutMs = timeOf(pair.unit, BOOT)
  const luckMs = timeOf(pair.unit, BOOT + 1)
  const learnt = memory
    .all()
    .map((update) => JSON.stringify(update.learnt))
    .join(' ')
  return { pair, ratio: ratioOf(withMs, withoutMs), withMs, withoutMs, luckRatio: ratioOf(luckMs, withoutMs), learnt }
}

/** The same unit with many lucks, none of which chose the pair. */
export interface ManyLucks {
  /** The middle of the paired ratios, and the ratio of the sums. */
  readonly median: number
  readonly sum: number
  /** The same of one half of the lucks over the other, both without memory. */
  readonly luckMedian: number
  readonly luckSum: number
}

export function manyLucks(pair: Pair): ManyLucks {
  const memory = learn(pair)
  const lucks = range(LUCKS, BOOT + 2)
  const withMs = lucks.map((boot) => timeOf(pair.unit, boot, memory))
  const withoutMs = lucks.map((boot) => timeOf(pair.unit, boot))
  const otherMs = lucks.map((boot) => timeOf(pair.unit, boot + LUCKS))
  return {
    ...compare(withMs, withoutMs, 'median', 'sum'),
    ...compare(otherMs, withoutMs, 'luckMedian', 'luckSum'),
  }
}

/** All pairs of a kind as one figure. */
export function memoryCosts(kind: MemoryKind, pairs: number, progress: Progress = () => {}): Figure {
  const results = range(pairs).map((number) => {
    if (number % 50 === 0) progress(`memory, ${kind}: pair ${number} of ${pairs}`)
    return playPair(drawPair(number, kind))
  })
  const above = results.filter(({ ratio }) => ratio > LIMIT).toSorted((a, b) => b.ratio - a.ratio)
  const luckAbove = results.filter(({ luckRatio }) => luckRatio > LIMIT)
  const checked = above.map((result, index) => {
    if (index % 10 === 0) progress(`memory, ${kind}: lucks of pair ${index} of ${above.length}`)
    return { ...result, lucks: manyLucks(result.pair) }
  })
  const isSlower = ({ lucks }: { lucks: ManyLucks }): boolean => lucks.median > LIMIT
  const slower = checked.filter(isSlower).toSorted((a, b) => b.lucks.median - a.lucks.median)
  const bySum = checked.filter(({ lucks }) => lucks.sum > LIMIT)
  const luckSlower = checked.filter(({ lucks }) => lucks.luckMedian > LIMIT)
  const sum = (pickMs: (result: PairResult) => number): number =>
    results
      .filter(({ withMs, withoutMs }) => withMs + withoutMs < Infinity)
      .reduce((all, result) => all + pickMs(result), 0)
  const failedOnly = results.filter(({ withMs, withoutMs }) => withMs === Infinity && withoutMs < Infinity)
  const failedWithout = results.filter(({ withMs, withoutMs }) => withMs < Infinity && withoutMs === Infinity)
  const middle = median(results.map(({ ratio }) => ratio))!
  const sumRatio = sum(({ withMs }) => withMs) / sum(({ withoutMs }) => withoutMs)
  return {
    row: 'memory',
    what: `${kind}, ${pairs} pairs`,
    target: `never above ${LIMIT} times the time without memory`,
    measured: `${above.length} above (another luck alone: ${luckAbove.length}); median ${middle.toFixed(3)}, sum ${sumRatio.toFixed(2)}, of ${LUCKS} lucks each: ${slower.length} above by their median, ${bySum.length} by their sum (luck alone: ${luckSlower.length})`,
    met: above.length === 0,
    notes: [
      `learnt ${KINDS[kind]}; failed with memory only: ${failedOnly.length}, without it only: ${failedWithout.length}`,
      ...(slower.length === 0 ? [] : [`above over all lucks, by the fault of the boot: ${byFault(slower)}`]),
      ...slower
        .slice(0, WORST_SHOWN)
        .map(
          (one) =>
            `above over all lucks, median ${one.lucks.median.toFixed(2)}, sum ${one.lucks.sum.toFixed(2)}: ${pairText(one)}`,
        ),
      ...checked
        .slice(0, WORST_SHOWN)
        .map(
          (one) =>
            `worst pair, ${one.ratio.toFixed(2)} times (over all lucks: median ${one.lucks.median.toFixed(2)}, sum ${one.lucks.sum.toFixed(2)}): ${pairText(one)}`,
        ),
    ],
    values: {
      pairs,
      above: above.length,
      luckAbove: luckAbove.length,
      slower: slower.length,
      bySum: bySum.length,
      luckSlower: luckSlower.length,
      median: middle,
      sum: sumRatio,
      failedOnly: failedOnly.length,
      failedWithout: failedWithout.length,
    },
  }
}

/** `rx-ring 12, reorder 3`: the most frequent first. */
function byFault(results: readonly PairResult[]): string {
  const counts = new Map<string, number>()
  for (const { pair } of results) {
    const faults = readFaults(pair.unit.fault).map(({ fault }) => fault)
    counts.set(faults.join('+'), (counts.get(faults.join('+')) ?? 0) + 1)
  }
  return [...counts]
    .toSorted(([, a], [, b]) => b - a)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ')
}

/** The sum over all kinds. */
export function memoryTotal(figures: readonly Figure[]): Figure {
  const sum = (key: string): number => figures.reduce((all, { values }) => all + values[key], 0)
  return {
    row: 'memory',
    what: `all ${sum('pairs')} pairs`,
    target: `never above ${LIMIT} times the time without memory`,
    measured: `${sum('above')} above (another luck alone: ${sum('luckAbove')}); over many lucks ${sum('slower')} by their median, ${sum('bySum')} by their sum (luck alone: ${sum('luckSlower')})`,
    met: sum('above') === 0,
    notes: [],
    values: {},
  }
}

export function isMemoryKind(text: string): text is MemoryKind {
  return text in KINDS
}

export function pairText({ pair, withMs, withoutMs, learnt }: PairResult): string {
  const { number, kind, before, boots, unit } = pair
  const unitText = ({ device, fault, seed }: Unit): string => `${device} ${fault} seed ${seed}`
  const from = before === unit ? `its own ${boots} boots` : `${boots} boots of ${unitText(before)}`
  return `--pair '${kind}:${number}': ${unitText(unit)}; ${learnt} from ${from}; ${ms(withMs)} against ${ms(withoutMs)}`
}

function ms(value: number): string {
  return value === Infinity ? 'fails' : `${Math.round(value)} ms`
}

/** The boot that is compared; what is learnt comes from boots before, of the same unit. */
const BOOT = 4

function learn({ before, boots }: Pair): DeviceMemory {
  const memory = new DeviceMemory()
  for (const boot of range(boots)) play(before, boot, memory)
  return memory
}

/** Infinity for a boot that failed. `memory` stays as it is. */
function timeOf(unit: Unit, boot: number, memory?: DeviceMemory): number {
  const copy = new DeviceMemory()
  for (const update of memory?.all() ?? []) copy.merge(update)
  return play(unit, boot, copy)
}

function play({ device, fault, seed }: Unit, boot: number, memory: DeviceMemory): number {
  const { row } = runCell({
    device: withFaults(DEVICES[device], readFaults(fault)),
    server: 'foresend',
    model: SERVERS.foresend,
    sizeBytes: PRODUCT_BYTES,
    seed,
    boot,
    memory,
  })
  return isIntact(row) ? row.ms : Infinity
}

function ratioOf(one: number, other: number): number {
  return one === other ? 1 : one / other
}

function compare<M extends string, S extends string>(
  ours: readonly number[],
  theirs: readonly number[],
  middle: M,
  sum: S,
): Record<M | S, number> {
  const ratios = ours.map((value, i) => ratioOf(value, theirs[i]))
  const both = ours.flatMap((value, i) => (value + theirs[i] < Infinity ? [i] : []))
  const total = (values: readonly number[]): number => both.reduce((all, i) => all + values[i], 0)
  // Where all of ours failed there is no sum to compare.
  const sums = both.length === 0 ? median(ratios)! : total(ours) / total(theirs)
  return { [middle]: median(ratios)!, [sum]: sums } as Record<M | S, number>
}

/** What leaves no way, or a way by luck only, says nothing of memory. */
const LEFT_OUT = ['dead-rx', 'arp-silent', 'arp-silent-revived']

function drawFault(rng: Rng, device: string): string {
  if (rng.chance(0.1)) return 'none'
  return pick(rng, faultsOf(device))
}

const faultTexts = new Map<string, readonly string[]>()

function faultsOf(device: string): readonly string[] {
  let texts = faultTexts.get(device)
  if (texts === undefined) {
    texts = cellsOf(device)
      .map(({ fault }) => fault)
      .filter((fault) => !LEFT_OUT.some((name) => fault.startsWith(name)))
    faultTexts.set(device, texts)
  }
  return texts
}

/** Devices of another kind: another client, or the same one with other habits. */
function devicesFor(kind: MemoryKind): string[] {
  const names = Object.keys(DEVICES)
  return kind === 'other client' ? names.filter((name) => othersOf(name, true).length > 0) : names
}

/** Other clients whose request is the same, or another. */
function othersOf(device: string, same: boolean): string[] {
  return Object.keys(DEVICES).filter(
    (name) => clientText(name) !== clientText(device) && (markOf(name) === markOf(device)) === same,
  )
}

/** The client with all its parameters, given or usual. */
function clientText(device: string): string {
  const { model, values } = DEVICES[device].client
  const parameters: Readonly<Record<string, { readonly usual: number }>> = CLIENTS[model].parameters
  return `${model} ${Object.entries(parameters)
    .map(([name, { usual }]) => JSON.stringify(values[name] ?? usual))
    .join(' ')}`
}

const marks = new Map<string, string>()

function markOf(device: string): string {
  let mark = marks.get(device)
  if (mark === undefined) {
    const { client } = bootDevice(withFaults(DEVICES[device], []), { seed: 1, sizeBytes: 0 })
    mark = fingerprint({ opcode: OPCODE.rrq, filename: 'test.bin', mode: 'octet', options: client.options })
    marks.set(device, mark)
  }
  return mark
}

function pick<T>(rng: Rng, values: readonly T[]): T {
  return values[rng.int(values.length)]
}
