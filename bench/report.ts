/** The figures as tables for a terminal. */
import { styleText } from 'node:util'
import type { CaseFigures, Figures, ServerFigures } from './figures.ts'

const OURS = 'foresend'

export function render(figures: Figures): string {
  const { machine } = figures
  const peers = figures.servers.map(({ name }) => name).filter((name) => name !== OURS)
  const lines = [
    `${machine.cpu}, ${machine.cores} cores, ${machine.kernel}, Node ${machine.node}; ${machine.pinned}`,
    ...figures.servers.map(({ name, version }) => `  ${name}: ${version}`),
    ...figures.missing.map((why) => `  left out: ${why}`),
    '',
    ...table(
      `Medians of ${figures.repeats}${figures.quick ? ' (quick: a check that the bench works, not a measurement)' : ''}`,
      ['case', 'client', 'unit', OURS, ...peers, ...peers.map((peer) => `x ${peer}`)],
      figures.cases.map((each) => speedRow(each, peers)),
    ),
    '',
    ...table(
      'CPU seconds of the server for each GB',
      ['case', OURS, ...peers],
      figures.cases
        .filter((each) => each.unit === 'MB/s' && each.skipped === undefined)
        .map((each) => [
          each.title,
          ...[OURS, ...peers].map((name) => digits(of(each, name)?.median?.cpuSecondsPerGb)),
        ]),
    ),
    '',
    ...legend(figures),
  ]
  return lines.join('\n')
}

function speedRow(each: CaseFigures, peers: readonly string[]): string[] {
  const head = [each.title, each.client, each.unit]
  if (each.skipped !== undefined) return [...head, each.skipped]
  const ours = of(each, OURS)?.median?.value
  return [
    ...head,
    ...[OURS, ...peers].map((name) => shown(of(each, name))),
    ...peers.map((peer) => {
      const theirs = of(each, peer)?.median?.value
      return ours === undefined || theirs === undefined ? '-' : (ours / theirs).toFixed(2)
    }),
  ]
}

function shown(figures: ServerFigures | undefined): string {
  if (figures?.median === undefined) return '-'
  return `${figures.clientLimited ? '>' : ''}${digits(figures.median.value)}`
}

function legend(figures: Figures): string[] {
  const lines: string[] = []
  const cells = figures.cases.flatMap((each) => each.servers.map((server) => ({ each, server })))
  if (cells.some(({ server }) => server.clientLimited)) {
    lines.push('>: the clients used up their core and the server did not: it may be faster than this')
  }
  if (figures.cases.some((each) => each.unit === 'KB')) lines.push(...kernelLines(figures))
  const notes = Map.groupBy(
    cells.filter(({ server }) => server.note !== undefined),
    ({ server }) => `${server.server}: ${server.note}`,
  )
  for (const [note, where] of notes) lines.push(`${note} (${where.map(({ each }) => each.name).join(', ')})`)
  const short = figures.cases.filter(({ servers }) =>
    servers.some(({ samples: { length } }) => length > 0 && length < figures.repeats),
  )
  if (short.length > 0) lines.push(`fewer than ${figures.repeats} samples: ${short.map(({ name }) => name).join(', ')}`)
  lines.push('client: atftp (C, one process for each) or load (bench/load.ts); each file is checked after it arrived')
  if (figures.machine.loadAverage > 0.5) {
    const busy = `load average ${figures.machine.loadAverage.toFixed(1)} at the start: something else was running`
    lines.push(styleText('yellow', `${busy}, so compare columns at most`))
  }
  return lines
}

/** The memory row shows processes; what the kernel keeps for them is of the whole machine, so it stands apart. */
function kernelLines(figures: Figures): string[] {
  const memory = figures.cases.find((each) => each.unit === 'KB')
  const each = (memory?.servers ?? []).filter(({ median }) => median?.kernelKb !== undefined)
  const list = each.map(({ server, median }) => `${server} ${digits(median?.kernelKb)}`).join(', ')
  return list === ''
    ? []
    : [`memory is that of the processes; the kernel's beside it, the client's socket included: ${list} KB`]
}

function of(each: CaseFigures, name: string): ServerFigures | undefined {
  return each.servers.find(({ server }) => server === name)
}

function digits(value: number | undefined): string {
  if (value === undefined) return '-'
  return value >= 100 ? String(Math.round(value)) : value.toPrecision(value >= 10 ? 3 : 2)
}

function table(title: string, head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = head.map((word, i) =>
    Math.max(word.length, ...rows.map((row) => (row.length > i ? row[i]! : '').length)),
  )
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) =>
        (i < 2 && head[1] === 'client') || i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0),
      )
      .join('  ')
      .trimEnd()
  return [styleText('bold', title), styleText('dim', line(head)), ...rows.map(line)]
}
