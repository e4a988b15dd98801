/** The parts of docs/performance.md that a run fills in, each between `<!-- bench:NAME -->` and `<!-- /bench:NAME -->`. */
import { readFileSync, writeFileSync } from 'node:fs'
import { CURVES, type Curve } from './cases.ts'
import { advantage, bestPeer, type CaseFigures, comparable, type Figures, figuresOf, isOurs, OURS } from './figures.ts'
import { markdown } from './document-table.ts'
import { caseOf, judge } from './judge.ts'
import { digits, percent } from './numbers.ts'
import { type Profile, profileTable } from './profile-table.ts'
import { cell, metText, noiseText, notesOf, shownCases } from './report.ts'
import { dateText, serverName } from './words.ts'

const DOCUMENT = new URL('../docs/performance.md', import.meta.url)

/** Fills in what `parts` has; the rest of the document stays. */
export function writeDocument(parts: Readonly<Record<string, string>>): void {
  writeFileSync(DOCUMENT, withParts(readFileSync(DOCUMENT, 'utf8'), parts))
}

/** Throws when the text has no place for a part. */
export function withParts(text: string, parts: Readonly<Record<string, string>>): string {
  return Object.entries(parts).reduce((page, [name, content]) => {
    const place = new RegExp(`(<!-- bench:${name} -->\\n)[^]*?(<!-- /bench:${name} -->)`)
    if (!place.test(page)) throw new RangeError(`the document has no place for bench:${name}`)
    return page.replace(place, (_, before: string, after: string) => `${before}\n${content}\n\n${after}`)
  }, text)
}

export function documentParts(figures: Figures): Record<string, string> {
  return {
    machine: machineText(figures),
    table: speedTable(figures),
    cpu: cpuTable(figures),
    memory: memoryText(figures),
    targets: targetTable(figures),
    curves: CURVES.flatMap((curve) => curveTable(figures, curve) ?? []).join('\n\n'),
    notes: notesOf(figures)
      .map((note) => `- ${note}`)
      .join('\n'),
  }
}

/** The profile comes from a run of its own. */
export function profilePart(profile: Profile): Record<string, string> {
  return { profile: profileTable(profile) }
}

function machineText(figures: Figures): string {
  const { machine, startedAt, durationMs, repeats, servers, missing, quick } = figures
  const noise = noiseText(figures)
  const gib = Math.round(machine.memoryBytes / 2 ** 30)
  const lines = [
    ...(quick ? ['**A quick run: this is no measurement.**'] : []),
    `${dateText(startedAt)}, ${Math.round(durationMs / 60_000)} minutes; ${machine.cpu}, ${machine.cores} cores, ${gib} GiB, ${machine.kernel}, Node ${machine.node}; ${machine.pinned}; ${machine.accounting}; load average at the start ${machine.loadAverage.toFixed(1)}; medians of ${repeats}, taken in turns.`,
    servers.map(({ name, version }) => `${serverName(name)}: ${version}`).join('. ') + '.',
    ...missing.map((why) => `Left out: ${why}.`),
    ...(noise === undefined ? [] : [`Noise: ${noise}.`]),
  ]
  return lines.join('\n\n')
}

function speedTable(figures: Figures): string {
  const servers = figures.servers.map(({ name }) => name)
  const rows = shownCases(figures).map((each) => {
    if (each.skipped !== undefined) return [each.title, each.unit, each.skipped]
    const best = bestPeer(each)
    const ours = comparable(figuresOf(each, OURS))?.value
    return [
      each.title,
      each.unit,
      ...servers.map((name) => cell(figuresOf(each, name))),
      ours === undefined || best === undefined
        ? '-'
        : `${digits(advantage(each.unit, ours, best.value))} x ${best.server}`,
      ours === undefined || each.ceiling === undefined ? '-' : percent(ours / each.ceiling.median),
    ]
  })
  return markdown(['case', 'unit', ...servers.map(serverName), 'beside the best', 'of the ceiling'], rows)
}

function cpuTable(figures: Figures): string {
  const servers = figures.servers.map(({ name }) => name)
  const rows = shownCases(figures)
    .filter(({ unit, skipped }) => unit === 'MB/s' && skipped === undefined)
    .map((each) => [
      each.title,
      ...servers.map((name) => {
        const middle = figuresOf(each, name)?.median
        if (middle?.cpuSecondsPerGb === undefined) return '-'
        return `${digits(middle.cpuSecondsPerGb)} (${percent(middle.kernelShare ?? 0)})`
      }),
    ])
  return markdown(['case', ...servers.map(serverName)], rows)
}

function memoryText(figures: Figures): string {
  const memory = caseOf(figures, 'memory')
  const rows = (memory?.servers ?? []).map(({ server, median, note }) =>
    median === undefined
      ? [serverName(server), note ?? '-']
      : [serverName(server), digits(median.processKb), digits(median.kernelKb), digits(median.value)],
  )
  return markdown(['server', 'processes, KB', 'kernel, KB', 'together'], rows)
}

function targetTable(figures: Figures): string {
  const rows = judge(figures).map(({ target, where, wanted, found, ...verdict }) => [
    target.title,
    where,
    wanted,
    found,
    metText(verdict),
  ])
  return markdown(['target (stretch)', 'case', 'wanted', 'found', 'met'], rows)
}

function curveTable(figures: Figures, curve: Curve): string | undefined {
  const found = curve.points.map(({ caseName }) => caseOf(figures, caseName))
  if (found.every((each) => each === undefined)) return undefined
  const cells = (show: (each: CaseFigures) => string): string[] =>
    found.map((each) => (each === undefined ? '-' : show(each)))
  const rows = figures.servers
    .filter(({ name }) => found.filter((each) => figuresOf(each, name)?.median !== undefined).length > 1)
    .flatMap(({ name }) => [
      [`${serverName(name)}, MB/s`, ...cells((each) => cell(figuresOf(each, name)))],
      ...(isOurs(name) && curve.shows.includes('cpu')
        ? [
            [
              `${serverName(name)}, CPU s for each GB`,
              ...cells((each) => digits(figuresOf(each, name)?.median?.cpuSecondsPerGb)),
            ],
          ]
        : []),
    ])
  return `${curve.title}:\n\n${markdown([curve.xTitle, ...curve.points.map(({ label }) => label)], rows)}`
}
