/**
 * Every device of the lab with every fault of its catalogue, both losses in bursts, and pairs of faults: which boots fail, and how long the
 * device waits for a new block. A long pause is excused only by what happened in that very boot (src/lab/verdict-pause.ts).
 */
import { CLIENTS } from '../../src/lab/device/clients.ts'
import { canHave } from '../../src/lab/device/device.ts'
import {
  DEVICES,
  type Device,
  DEVICE_FAULTS,
  readFaults,
  type Row,
  runCell,
  SERVERS,
  withFaults,
} from '../../src/lab/index.ts'
import { isIntact } from '../../src/lab/run.ts'
import { LONG_PAUSE_MS, type PauseVerdict } from '../../src/lab/verdict-pause.ts'
import { faultOf, range } from './figures-boot.ts'
import type { Figure, Progress, Scale } from './figures.ts'

export const PRODUCT_BYTES = 1024 * 1024
/** An entry of ARP that is revived has to outlive the next of our repeats, one per second: the transfer must be longer than that. With a window none is. */
const REVIVED_BYTES = 12 * 1024 * 1024
const REVIVED_AFTER_MS = 1100
/** What is lost, drawn per boot: each factor equally likely. */
const P = 'p=0.01..0.3'
const BURSTS = [2, 4, 8]
const PAIRS = ['ack-loss+data-loss', 'ack-loss+reorder', 'data-loss+duplicate']
/** Of the boots that a fault leaves a way, this share may not pause for longer. */
const SHARE = 0.9

export interface ProductCell {
  readonly device: Device
  /** As `--fault` takes it. */
  readonly fault: string
  readonly sizeBytes: number
}

/** Every cell of one device. */
export function cellsOf(name: string): ProductCell[] {
  const device = DEVICES[name]
  const single = Object.keys(DEVICE_FAULTS).filter((fault) => fault !== 'none')
  const bursts = ['ack-loss', 'data-loss'].flatMap((fault) => BURSTS.map((burst) => `${fault}:${P},burst=${burst}`))
  const pairs = PAIRS.map((pair) =>
    pair
      .split('+')
      .map((fault) => `${fault}:${P}`)
      .join('+'),
  )
  return [...single.map((fault) => faultText(device, fault)), ...bursts, ...pairs]
    .filter((text) => readFaults(text).every(({ fault }) => canHave(device, fault)))
    .map((text) => ({
      device: withFaults(device, readFaults(text)),
      fault: text,
      sizeBytes: text.startsWith('arp-silent-revived') && !isWindowed(device) ? REVIVED_BYTES : PRODUCT_BYTES,
    }))
}

/** What a cell came to. */
export interface CellResult {
  readonly cell: ProductCell
  readonly rows: readonly Row[]
  /** Boots that failed although there was a way. */
  readonly failed: readonly Row[]
  /** Boots in which no server could have done it, by the reason. */
  readonly without: ReadonlyMap<string, number>
  /** Boots that paused for long, by the rule that takes most of it; none of them has a long pause of the sender's own. */
  readonly excused: ReadonlyMap<string, number>
  /** Boots with a long pause of the sender's own, the longest first. */
  readonly slow: readonly Row[]
  readonly unsure: number
  /** In this share of the boots that have a way, the longest pause: as it was, and what of it is the sender's own. */
  readonly pauseMs: number
  readonly ownMs: number
  readonly kind: 'within' | 'excused' | 'missed' | 'no way'
}

export function measure(cell: ProductCell, seeds: number): CellResult {
  const { device, sizeBytes } = cell
  const rows = range(seeds).map(
    (seed) => runCell({ device, server: 'foresend', model: SERVERS.foresend, sizeBytes, seed }).row,
  )
  const reached = rows.filter((row) => isIntact(row))
  const failed = rows.filter((row) => !isIntact(row) && row.noWay === undefined)
  const slow = reached
    .filter((row) => ownPauseMs(row) > LONG_PAUSE_MS)
    .toSorted((a, b) => ownPauseMs(b) - ownPauseMs(a))
  const without = counted(rows.flatMap(({ noWay }) => (noWay === undefined ? [] : [noWay])))
  const isLong = ({ longestGapMs }: Row): boolean => longestGapMs > LONG_PAUSE_MS
  const excused = counted(reached.filter((row) => isLong(row) && !slow.includes(row)).map(ruleOf))
  const pauseMs = quantile(
    reached.map((row) => row.longestGapMs),
    SHARE,
  )
  const ownMs = quantile(reached.map(ownPauseMs), SHARE)
  const kind =
    failed.length > 0 || ownMs > LONG_PAUSE_MS
      ? 'missed'
      : reached.length === 0
        ? 'no way'
        : pauseMs <= LONG_PAUSE_MS
          ? 'within'
          : 'excused'
  const unsure = rows.filter(({ verdict }) => verdict === 'intact-but-server-failed').length
  return { cell, rows, failed, without, excused, slow, unsure, pauseMs, ownMs, kind }
}

/** All cells of one device as one figure, or those with `part` in the text of their fault. */
export function product(name: string, scale: Scale, progress: Progress = () => {}, part = ''): Figure {
  const results = cellsOf(name)
    .filter(({ fault }) => fault.includes(part))
    .map((cell) => {
      progress(`${name} x ${cell.fault}`)
      return measure(cell, scale.seeds)
    })
  const of = (kind: CellResult['kind']): CellResult[] => results.filter((result) => result.kind === kind)
  const total = (pick: (result: CellResult) => number): number => results.reduce((sum, result) => sum + pick(result), 0)
  const missed = of('missed')
  const failed = total((result) => result.failed.length)
  const harmful = total(({ rows }) => rows.filter(isHarm).length)
  const copied = total(({ rows }) => rows.filter((row) => row.harmful && !isHarm(row)).length)
  const slow = total((result) => result.slow.length)
  const unsure = total((result) => result.unsure)
  return {
    row: 'every device x every fault',
    what: `${name}, ${results.length} cells x ${scale.seeds} seeds`,
    target: '0 failed where there is a way; 90 % pause at most 1 s, or a rule forbids more',
    measured: `${of('within').length} within, ${of('excused').length} excused, ${of('no way').length} without a way, ${missed.length} missed; ${failed} boots failed, ${slow} paused on our side, ${harmful} harmful`,
    met: missed.length === 0 && harmful === 0,
    notes: [
      ...missed.map(missText),
      ...results.flatMap(harmTexts),
      ...reasons(results, 'no way', ({ without }) => without),
      ...reasons(results, 'excused', ({ excused }) => excused),
      ...(copied === 0 ? [] : [`spoilt by copies that the network made, which no sender sees: ${copied} boots`]),
      ...(unsure === 0 ? [] : [`intact, but reported as failed: ${unsure} boots`]),
    ],
    values: {
      cells: results.length,
      within: of('within').length,
      excused: of('excused').length,
      noWay: of('no way').length,
      missed: missed.length,
      failed,
      slow,
      unsure,
      harmful,
    },
  }
}

/** The sum over all devices. */
export function productTotal(figures: readonly Figure[]): Figure {
  const sum = (key: string): number => figures.reduce((all, { values }) => all + values[key], 0)
  const byReason = new Map<string, number>()
  for (const { values } of figures) {
    for (const [key, count] of Object.entries(values)) {
      if (key.includes(' ')) byReason.set(key, (byReason.get(key) ?? 0) + count)
    }
  }
  return {
    row: 'every device x every fault',
    what: `all ${figures.length} devices, ${sum('cells')} cells`,
    target: 'none missed',
    measured: `${sum('within')} within, ${sum('excused')} excused, ${sum('noWay')} without a way, ${sum('missed')} missed; ${sum('failed')} boots failed, ${sum('slow')} paused on our side, ${sum('harmful')} harmful`,
    met: sum('missed') === 0 && sum('harmful') === 0,
    notes: [...byReason].map(([reason, count]) => `${reason}: ${count} boots`),
    values: {},
  }
}

/** The line that plays one boot again. */
export function runLine({ device, fault, sizeBytes }: ProductCell, seed: number): string {
  const size = sizeBytes === PRODUCT_BYTES ? '' : ` --size ${sizeBytes}`
  return `foresend lab run --server foresend --device ${device.name} --fault '${fault}'${size} --seed ${seed}`
}

function missText({ cell, rows, failed, slow, pauseMs, ownMs }: CellResult): string {
  const [worst] = [...failed, ...slow]
  const failedText =
    failed.length === 0 ? '' : `${failed.length} of ${rows.length} failed (seeds ${seedsText(failed)}); `
  const slowText = slow.length === 0 ? '' : `${slow.length} paused on our side (seeds ${seedsText(slow)}); `
  const pauses = `90 % within ${Math.round(pauseMs)} ms, ${Math.round(ownMs)} our own`
  return `MISS ${failedText}${slowText}${pauses}\n           ${runLine(cell, worst.seed)}\n           ${worstText(worst)}`
}

/** A device that counts repeats takes a copy that the network made for the block after it, and acknowledges that: no sender sees it. */
function isHarm({ harmful, noWay }: Row): boolean {
  return harmful && noWay !== 'copied'
}

/** Never to be read in good figures: a boot in which the server takes a spoilt image for a good one. */
function harmTexts({ cell, rows }: CellResult): string[] {
  return rows.filter(isHarm).map((row) => `HARMFUL ${row.verdict}: ${runLine(cell, row.seed)}`)
}

function worstText(row: Row): string {
  const pause = longestOwn(row)
  const end = isIntact(row) ? '' : `; the device: ${row.clientSays}; the server: ${row.serverSays}`
  if (pause === undefined) return `seed ${row.seed}: ${row.verdict}${end}`
  const { fromMs, ms, blocks, leftMs, sent, reached, said, heard } = pause
  return `seed ${row.seed}: ${Math.round(ms)} ms from ${Math.round(fromMs)} ms at block ${blocks}, ${Math.round(leftMs)} our own; ${sent} sent, ${reached} reached it, ${said} said, ${heard} heard${end}`
}

function seedsText(rows: readonly Row[]): string {
  const shown = rows.slice(0, 8).map(({ seed }) => seed)
  return shown.join(' ') + (rows.length > shown.length ? ' …' : '')
}

function reasons(
  results: readonly CellResult[],
  what: string,
  pick: (result: CellResult) => ReadonlyMap<string, number>,
): string[] {
  const byRule = new Map<string, { boots: number; faults: string[] }>()
  for (const result of results) {
    for (const [rule, count] of pick(result)) {
      const entry = byRule.get(rule) ?? { boots: 0, faults: [] }
      entry.boots += count
      entry.faults.push(`${result.cell.fault} ${count}`)
      byRule.set(rule, entry)
    }
  }
  return [...byRule].map(([rule, { boots, faults }]) => `${what}, ${rule}: ${boots} boots (${faults.join(', ')})`)
}

/** The longest of its pauses as far as it is the sender's own; of a boot without a long pause, that pause. */
function ownPauseMs(row: Row): number {
  return longestOwn(row)?.leftMs ?? row.longestGapMs
}

function longestOwn({ pauses = [] }: Row): PauseVerdict | undefined {
  return pauses.toSorted((a, b) => b.leftMs - a.leftMs)[0]
}

/** The rule that takes most of its longest pause. */
function ruleOf({ pauses = [] }: Row): string {
  const longest = pauses.toSorted((a, b) => b.ms - a.ms)[0]
  return longest?.shares[0]?.rule ?? 'none'
}

function counted(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  return counts
}

/** The value that this share of the values does not exceed; 0 of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0
}

/** A fault as `--fault` takes it, with what each boot draws. */
function faultText(device: Device, name: string): string {
  if (name === 'arp-silent') return `${name}:afterMs=${Math.round(healthyMs(device) / 3)}`
  if (name === 'arp-silent-revived') return `${name}:afterMs=${REVIVED_AFTER_MS}`
  if (name === 'slow-flash') return `${name}:pauseMs=30..900`
  const { p, perByte } = faultOf(name, [0.01, 0.3], blksizeOf(device)).values
  if (p !== undefined) return `${name}:${P}`
  if (typeof perByte !== 'object' || !('logUniform' in perByte)) return name
  return `${name}:perByte=${perByte.logUniform.map((value) => value.toPrecision(2)).join('..')}`
}

/** It asks for a window. */
export function isWindowed({ client: { model, values } }: Device): boolean {
  const parameters: Readonly<Record<string, { readonly usual: number }>> = CLIENTS[model].parameters
  return (values.windowsize ?? parameters.windowsize?.usual ?? 1) !== 1
}

function blksizeOf({ client: { model, values } }: Device): number {
  const parameters: Readonly<Record<string, { readonly usual: number }>> = CLIENTS[model].parameters
  return typeof values.blksize === 'number' ? values.blksize : (parameters.blksize?.usual ?? 512)
}

function healthyMs(device: Device): number {
  const cell = {
    device: withFaults(device, []),
    server: 'foresend',
    model: SERVERS.foresend,
    sizeBytes: PRODUCT_BYTES,
    seed: 1,
  }
  return runCell(cell).row.ms
}
