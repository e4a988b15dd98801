/** The figures as tables for a terminal. */
import { styleText } from 'node:util'
import { CASES } from './cases.ts'
import {
  advantage,
  bestPeer,
  type CaseFigures,
  comparable,
  disturbance,
  failedShare,
  type Figures,
  figuresOf,
  isClientLimited,
  isOurs,
  MOST_FAILED_SHARE,
  noiseOf,
  OURS,
  type ServerFigures,
} from './figures.ts'
import { judge, type Verdict } from './judge.ts'
import { grouped, digits, percent } from './numbers.ts'

/** Less than this is what counting in ticks makes up. */
const WORTH_TELLING = 0.04

export function render(figures: Figures): string {
  const { machine } = figures
  const servers = figures.servers.map(({ name }) => name)
  const verdicts = judge(figures)
  const lines = [
    `${machine.cpu}, ${machine.cores} cores, ${machine.kernel}, Node ${machine.node}; ${machine.pinned}; ${machine.accounting}`,
    ...figures.servers.map(({ name, version }) => `  ${name}: ${version}`),
    ...figures.missing.map((why) => `  left out: ${why}`),
    '',
    ...table(
      `Medians of ${figures.repeats}, with the widest distance of a sample from its median; times the best peer, share of the ceiling, targets`,
      ['case', 'unit', ...servers, 'best peer', 'times', 'ceiling', 'target', 'met'],
      shownCases(figures).map((each) => speedRow(each, servers, verdicts)),
    ),
    ...(figures.quick ? ['', 'quick: this shows that the bench works; it is no measurement'] : []),
    '',
    ...table(
      `${OURS} beside each peer, times as good`,
      ['case', ...servers.filter((name) => !isOurs(name))],
      shownCases(figures)
        .map((each) => ratioRow(each, servers))
        .filter((row) => row !== undefined),
    ),
    '',
    ...table(
      'CPU seconds of the server for each GB, and the share of the kernel in it',
      ['case', ...servers],
      figures.cases
        .filter(({ unit, skipped }) => unit === 'MB/s' && skipped === undefined)
        .map((each) => cpuRow(each, servers)),
    ),
    '',
    ...table(
      'Targets, with the stretch in brackets',
      ['target', 'where', 'wanted', 'found', 'met'],
      verdicts.map(({ target, where, wanted, found, ...verdict }) => [
        target.title,
        where,
        wanted,
        found,
        metText(verdict),
      ]),
    ),
    '',
    ...legend(figures),
  ]
  return lines.join('\n')
}

/** Rows of the table: what is a point of a curve only stands in the page and in the document. */
export function shownCases(figures: Figures): CaseFigures[] {
  const hidden = new Set(CASES.filter(({ curveOnly }) => curveOnly === true).map(({ name }) => name))
  return figures.cases.filter(({ name }) => !hidden.has(name))
}

function speedRow(each: CaseFigures, servers: readonly string[], verdicts: readonly Verdict[]): string[] {
  const head = [each.title, each.unit]
  if (each.skipped !== undefined) return [...head, each.skipped]
  const best = bestPeer(each)
  const ours = comparable(figuresOf(each, OURS))?.value
  const mine = verdicts.filter(({ where, target }) => where === each.name && target.kind !== 'cheaper')
  return [
    ...head,
    ...servers.map((name) => cell(figuresOf(each, name))),
    best?.server ?? '-',
    ours === undefined || best === undefined ? '-' : digits(advantage(each.unit, ours, best.value)),
    ours === undefined || each.ceiling === undefined ? '-' : percent(ours / each.ceiling.median),
    mine.map(({ wanted, target }) => (target.server === OURS ? wanted : `dgram ${wanted}`)).join('; ') || '-',
    mine.map(metText).join('; ') || '-',
  ]
}

function ratioRow(each: CaseFigures, servers: readonly string[]): string[] | undefined {
  const ours = comparable(figuresOf(each, OURS))?.value
  if (ours === undefined || bestPeer(each) === undefined) return undefined
  const ratios = servers
    .filter((name) => !isOurs(name))
    .map((name) => {
      const theirs = figuresOf(each, name)
      const value = each.unit === 'failed' ? theirs?.median?.value : comparable(theirs)?.value
      return value === undefined ? '-' : digits(advantage(each.unit, ours, value))
    })
  return [each.title, ...ratios]
}

function cpuRow(each: CaseFigures, servers: readonly string[]): string[] {
  const cells = servers.map((name) => {
    const middle = figuresOf(each, name)?.median
    if (middle?.cpuSecondsPerGb === undefined) return '-'
    return `${digits(middle.cpuSecondsPerGb)}${middle.kernelShare === undefined ? '' : ` (${percent(middle.kernelShare)})`}`
  })
  return [each.title, ...cells]
}

/** `16.2 ±3%`; with a mark for what the number alone does not say. */
export function cell(figures: ServerFigures | undefined): string {
  if (figures?.median === undefined) return '-'
  const noise = noiseOf(figures)
  const marks = `${isClientLimited(figures) ? '>' : ''}${failedShare(figures) > MOST_FAILED_SHARE ? '!' : ''}`
  return `${marks}${grouped(figures.median.value)}${noise === undefined ? '' : ` ±${Math.round(noise * 100)}%`}`
}

export function metText({ met, stretchMet }: Pick<Verdict, 'met' | 'stretchMet'>): string {
  if (met === undefined) return stretchMet === undefined ? '?' : stretchMet ? 'stretch' : 'no stretch'
  return met ? `yes${stretchMet === true ? ' (stretch)' : ''}` : 'no'
}

function legend(figures: Figures): string[] {
  const lines: string[] = []
  const cells = figures.cases.flatMap((each) => each.servers.map((server) => ({ each, server })))
  if (cells.some(({ server }) => isClientLimited(server))) {
    lines.push('>: the load generator used up its core and the server did not: it may be faster than this')
  }
  if (cells.some(({ server }) => failedShare(server) > MOST_FAILED_SHARE)) {
    lines.push(`!: more than ${percent(MOST_FAILED_SHARE)} of the transfers failed: not compared`)
  }
  const memory = figures.cases.find(({ unit }) => unit === 'KB')?.servers.filter(({ median }) => median !== undefined)
  if (memory !== undefined && memory.length > 0) {
    const parts = memory.map(
      ({ server, median }) => `${server} ${digits(median?.processKb)} + ${digits(median?.kernelKb)}`,
    )
    lines.push(`memory, KB of processes + kernel: ${parts.join(', ')}`)
  }
  lines.push(...notesOf(figures))
  const noise = noiseText(figures)
  if (noise !== undefined) lines.push(styleText('yellow', noise))
  return lines
}

/** What other programs did to the figures; undefined when it was next to nothing. */
export function noiseText(figures: Figures): string | undefined {
  const share = disturbance(figures)
  if (share === undefined) {
    const busy = figures.machine.loadAverage
    return busy > 0.5 ? `something else was running when it began (load average ${busy.toFixed(1)})` : undefined
  }
  if (share < WORTH_TELLING) return undefined
  return `other programs took ${percent(share)} of a core while it was measured (median): compare columns at most`
}

/** Why figures are missing or fewer, each reason once with the cases that it holds for. */
export function notesOf(figures: Figures): string[] {
  const cells = figures.cases.flatMap((each) => each.servers.map((server) => ({ each, server })))
  const notes = Map.groupBy(
    cells.filter(({ server }) => server.note !== undefined),
    ({ server }) => `${server.server}: ${server.note}`,
  )
  const lines = [...notes].map(([note, where]) => `${note} (${where.map(({ each }) => each.name).join(', ')})`)
  const fewer = cells.filter(({ server: { samples } }) => samples.length > 0 && samples.length < figures.repeats)
  if (fewer.length > 0) {
    const list = fewer.map(({ each, server }) => `${each.name} ${server.server} ${server.samples.length}`).join(', ')
    lines.push(`fewer than ${figures.repeats} samples, as the time was up: ${list}`)
  }
  return lines
}

function table(title: string, head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  if (rows.length === 0) return []
  const widths = head.map((word, i) =>
    Math.max(word.length, ...rows.map((row) => (row.length > 2 ? (row[i] ?? '') : '').length)),
  )
  const line = (cells: readonly string[]): string =>
    cells
      .map((text, i) => (i > 0 && /^[-\d.!>]/.test(text) ? text.padStart(widths[i] ?? 0) : text.padEnd(widths[i] ?? 0)))
      .join('  ')
      .trimEnd()
  return [styleText('bold', title), styleText('dim', line(head)), ...rows.map(line)]
}
