/** The experiment as tables: what was reported beside what the models do, and which fault would explain it. */
import { EXPLAINED_SERVERS, type ExplainedCell, type ExplainedServer, type Explanation } from '../../../lab/explain.ts'
import { type FaultVerdict, type Fit, OBSERVATIONS } from '../../../lab/explain-verdict.ts'
import { type Column, tableLines } from './table.ts'
import { SHORT } from './words.ts'
import type { Style } from '../../render/style.ts'
import { countText, durationText, sizeText } from '../../render/units.ts'

/** The fault that is shown in full. */
const MAIN_FAULT = 'ack-loss'
const FIT_WORDS: Readonly<Record<Fit, string>> = { size: 'yes', kind: 'in kind', no: 'no' }

export function explanationLines(explanation: Explanation, style: Style): string[] {
  const { cells, verdicts, sizeBytes, roundTripMs, seeds } = explanation
  const main = cells.some(({ fault }) => fault === MAIN_FAULT) ? MAIN_FAULT : cells[0].fault
  return [
    style.strong('Why do two packets help an Archer C2, and only some units need it?'),
    `U-Boot 1.1.3 with the cost of its console; ${sizeText(sizeBytes)}, blocks of 512, round trip ${roundTripMs * 1000} us; medians of ${countText(seeds, 'boot')}.`,
    '',
    style.strong(`With ${main}`),
    ...mainTable(
      cells.filter(({ fault }) => fault === main),
      style,
    ),
    '',
    style.strong('With every fault'),
    ...faultTable(cells, verdicts, style),
    '',
    ...conclusion(verdicts, style),
  ]
}

function mainTable(cells: readonly ExplainedCell[], style: Style): string[] {
  const columns: Column<ExplainedCell>[] = [
    { title: '  server', text: ({ server }) => `  ${server}` },
    { title: 'here', text: longText },
    { title: 'reported', text: ({ server }) => reported(server) },
  ]
  return tableLines(columns, cells, style)
}

function reported(server: ExplainedServer): string {
  const observation = OBSERVATIONS.find((one) => one.server === server)
  if (observation !== undefined) return `${observation.name}: ${observation.reported}`
  return server === 'tftpd64-3584' ? 'O2: larger windows are slower and time out more' : '-'
}

interface FaultRow {
  readonly fault: string
  readonly verdict: FaultVerdict | undefined
  readonly byServer: ReadonlyMap<string, ExplainedCell>
}

function faultTable(cells: readonly ExplainedCell[], verdicts: readonly FaultVerdict[], style: Style): string[] {
  const faults = [...new Set(cells.map(({ fault }) => fault))]
  const rows = faults.map(
    (fault): FaultRow => ({
      fault,
      verdict: verdicts.find((one) => one.fault === fault),
      byServer: new Map(cells.filter((cell) => cell.fault === fault).map((cell) => [cell.server, cell])),
    }),
  )
  const paint = { size: style.good, kind: style.careful, no: style.bad }
  const columns: Column<FaultRow>[] = [
    { title: '  fault', text: ({ fault }) => `  ${fault}` },
    ...OBSERVATIONS.map(({ name }, index): Column<FaultRow> => {
      const fit = ({ verdict }: FaultRow): Fit | undefined => verdict?.observations[index].fit
      return {
        title: name,
        text: (row) => FIT_WORDS[fit(row) ?? 'no'],
        paint: (text, row) => paint[fit(row) ?? 'no'](text),
      }
    }),
    ...EXPLAINED_SERVERS.filter((server) => cells.some((cell) => cell.server === server)).map(
      (server): Column<FaultRow> => ({ title: server, text: ({ byServer }) => shortText(byServer.get(server)) }),
    ),
  ]
  return tableLines(columns, rows, style)
}

function conclusion(verdicts: readonly FaultVerdict[], style: Style): string[] {
  const withFit = (fit: Fit): string[] => verdicts.filter((one) => one.fit === fit).map(({ fault }) => fault)
  const list = (faults: readonly string[]): string => (faults.length === 0 ? 'none' : faults.join(', '))
  const misfits = verdicts.filter(({ fit }) => fit !== 'size')
  const why: Column<FaultVerdict>[] = [
    { title: '', text: ({ fault }) => `  ${fault}` },
    {
      title: '',
      text: ({ observations }) =>
        observations
          .flatMap(({ observation, differences }) => differences.slice(0, 1).map((text) => `${observation}: ${text}`))
          .join('; '),
    },
  ]
  return [
    `Fits all three reports in kind and size: ${style.good(list(withFit('size')))}`,
    `Fits them in kind: ${style.careful(list(withFit('kind')))}`,
    ...(misfits.length === 0
      ? []
      : ['', style.strong('Where the others differ'), ...tableLines(why, misfits, style).slice(1)]),
  ]
}

function longText(cell: ExplainedCell): string {
  const timeouts = cell.clientTimeouts > 0 ? `, ${countText(cell.clientTimeouts, 'client timeout')}` : ''
  const perBlock = cell.datagramsPerBlock === undefined ? '' : `, ${cell.datagramsPerBlock.toFixed(2)} datagrams/block`
  return `${shortText(cell)}, ${durationText(cell.ms)}${timeouts}${perBlock}`
}

function shortText(cell: ExplainedCell | undefined): string {
  if (cell === undefined) return ''
  const { outcome, rateKBytesPerSec: rate } = cell
  if (outcome === 'hole') return countText(cell.holes, 'hole')
  if (outcome === 'intact' || outcome === 'intact-but-server-failed') return `${sizeText(rate * 1000)}/s`
  if (outcome === 'wrong-bytes') return SHORT[outcome]
  return `ends after ${Math.round(cell.blocks)}`
}
