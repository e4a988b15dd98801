/** The diagnosis for a person at a bench: what happened, why, what to do; then what shows it, then figures. */
import type { Cause, Evidence } from '../../capture/diagnosis/index.ts'
import type { Style } from '../render/style.ts'
import { clockText, countText } from '../render/units.ts'
import { attempts, type Judged, type JudgedCapture, telling } from './judged.ts'
import { nothingLine } from './nothing.ts'
import { nameOf, noticesOf, outcomeText, outcomeTone, verdictText } from './verdict.ts'
import { confidenceText, figureRows, holesText, packetList, programText, transferTitle } from './words.ts'

/** A number stays with its unit. */
const BETWEEN_WORDS = / (?!(?:us|ms|s|min|h|B|kB|MB|GB|%)(?!\w))/
/** A line of prose is read easily up to here. */
const MAX_COLUMNS = 100
const LABEL_COLUMNS = 12

export interface Paper {
  readonly style: Style
  readonly columns: number
}

export function captureLines(capture: JudgedCapture, paper: Paper): string[] {
  const { summary, judged, dropped } = capture
  const { style } = paper
  const name = nameOf(capture.path)
  const notices = noticesOf(capture).map(style.careful)
  if (judged.length === 0) return [...notices, `${name}: ${nothingLine(summary)}`]
  const more = dropped === 0 ? '' : `; ${dropped} more are not shown`
  const head = `${name}: ${countText(judged.length, 'transfer')} in ${countText(summary.frames, 'frame')}${more}`
  return [head, ...notices, ...attempts(judged).flatMap((group) => ['', ...groupLines(group, paper)])]
}

function groupLines(group: readonly Judged[], paper: Paper): string[] {
  const [first] = group
  const title = paper.style.strong(transferTitle(first.transfer))
  if (group.length === 1) return [title, ...verdictLines(first, paper), ...detailLines(first, paper)]
  const shown = telling(group)
  return [
    `${title}: ${group.length} attempts`,
    ...group.map((one, index) => attemptLine(one, index, paper.style)),
    ...shown.flatMap((one) => [
      '',
      paper.style.strong(`Attempt ${group.indexOf(one) + 1}`),
      ...verdictLines(one, paper),
      ...detailLines(one, paper),
    ]),
  ]
}

function attemptLine(one: Judged, index: number, style: Style): string {
  const { causes, summary } = one.diagnosis
  const why = causes.length === 0 ? '' : ` (${causes[0].id}, ${Math.round(100 * causes[0].confidence)} %)`
  const outcome = style[outcomeTone(one)](outcomeText(one))
  return `  ${index + 1}. ${clockText(one.transfer.startMs)} ${outcome}: ${summary}${why}`
}

function verdictLines(one: Judged, { style, columns }: Paper): string[] {
  const outcome = outcomeText(one)
  const [first, ...rest] = wrapped(`${outcome}. ${verdictText(one)}`, columns, '  ')
  // Painted after it is wrapped: a terminal's codes have no width.
  return [first.replace(outcome, () => style[outcomeTone(one)](outcome)), ...rest]
}

function detailLines({ transfer, diagnosis }: Judged, paper: Paper): string[] {
  const { causes, server } = diagnosis
  const program = server === undefined ? [] : [labelled('server', programText(server), paper)]
  return [
    ...causes.flatMap((cause, index) => causeLines(cause, index, paper)),
    '',
    ...wrapped(`Blocks that the device may not have: ${holesText({ transfer, diagnosis })}.`, paper.columns, '  '),
    '',
    ...figureRows({ transfer, diagnosis }).map(([label, text]) => labelled(label, text, paper)),
    ...program,
    ...diagnosis.limits.map((limit) => labelled('limit', limit, paper)),
  ].flat()
}

function causeLines(cause: Cause, index: number, paper: Paper): string[] {
  const { style, columns } = paper
  const { id, confidence, title } = cause
  const head = index === 0 ? `Evidence of ${id}:` : `Also ${id}, ${confidenceText(confidence)}: ${title}`
  return [
    '',
    ...wrapped(head, columns, '  '),
    ...cause.evidence.flatMap((one) => wrapped(evidenceText(one), columns, '    ', '  - ')),
    ...(cause.tellApart === undefined ? [] : wrapped(`To be sure: ${cause.tellApart}`, columns, '  ').map(style.dim)),
  ]
}

function evidenceText({ text, packets }: Evidence): string {
  return packets.length === 0 ? text : `${text} (${packetList(packets)})`
}

function labelled(label: string, text: string, { columns }: Paper): string[] {
  return wrapped(text, columns, ' '.repeat(LABEL_COLUMNS + 2), `  ${label.padEnd(LABEL_COLUMNS)}`)
}

/** Words in lines; the first line begins with `first`, the others with `indent`, which is as long or longer. */
function wrapped(text: string, columns: number, indent: string, first = indent): string[] {
  const lines: string[] = []
  let line = first
  let isEmpty = true
  for (const word of text.split(BETWEEN_WORDS)) {
    if (!isEmpty && line.length + 1 + word.length > Math.min(columns, MAX_COLUMNS)) {
      lines.push(line)
      line = indent
      isEmpty = true
    }
    line += isEmpty ? word : ` ${word}`
    isEmpty = false
  }
  return [...lines, line]
}
