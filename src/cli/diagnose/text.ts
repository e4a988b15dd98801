/** The diagnosis for a person at a bench: what happened, why, what to do; then what shows it, then figures. */
import type { Cause, Evidence } from '../../capture/diagnosis/index.ts'
import type { Replay } from '../../capture/replay/contract.ts'
import type { Style } from '../render/style.ts'
import { attempts, byUrgency, isHealthy, type Judged, type JudgedCapture, telling } from './judged.ts'
import { nothingLine } from './nothing.ts'
import { REPLAY_COLUMNS, replayModel, replayRows, replayVerdict } from './replay.ts'
import { areLevel, nameOf, noticesOf, outcomeText, outcomeTone, tallyText, verdictText } from './verdict.ts'
import { beginText, confidenceText, figureRows, holesText, packetList, programText, transferTitle } from './words.ts'

/** A number stays with its unit. */
const BETWEEN_WORDS = / (?!(?:us|ms|s|min|h|B|kB|MB|GB|Mbit|%)(?!\w))/
/** A line of prose is read easily up to here. */
const MAX_COLUMNS = 100
const LABEL_COLUMNS = 12

export interface Paper {
  readonly style: Style
  readonly columns: number
}

export function captureLines(capture: JudgedCapture, paper: Paper): string[] {
  const { summary, judged, unjudged } = capture
  const name = nameOf(capture.path)
  const notices = noticesOf(capture).map(paper.style.careful)
  if (judged.length === 0 && unjudged.length > 0) return notices
  if (judged.length === 0) return [...notices, `${name}: ${nothingLine(summary)}`]
  const groups = byUrgency(attempts(judged))
  return [
    `${name}: ${tallyText(capture)}`,
    ...notices,
    ...groups.flatMap((group) => ['', ...groupLines(group, groups.length > 1, paper)]),
  ]
}

/** Beside others a device whose transfers are healthy gets a line for each. */
function groupLines(group: readonly Judged[], isOneOfMany: boolean, paper: Paper): string[] {
  const [first] = group
  const title = paper.style.strong(transferTitle(first.transfer))
  const list = group.map((one, index) => attemptLine(one, index, paper.style))
  if (isOneOfMany && group.every(isHealthy)) return [title, ...list]
  if (group.length === 1) return [title, ...verdictLines(first, paper), ...detailLines(first, paper)]
  return [
    `${title}: ${group.length} attempts`,
    ...list,
    ...telling(group).flatMap((one) => [
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
  return `  ${index + 1}. ${beginText(one.transfer)} ${outcome}: ${summary}${why}`
}

function verdictLines(one: Judged, { style, columns }: Paper): string[] {
  const outcome = outcomeText(one)
  const [first, ...rest] = wrapped(`${outcome}. ${verdictText(one)}`, columns, '  ')
  // Painted after it is wrapped: a terminal's codes have no width.
  return [first.replace(outcome, () => style[outcomeTone(one)](outcome)), ...rest]
}

function detailLines({ transfer, diagnosis, replay }: Judged, paper: Paper): string[] {
  const { causes, server } = diagnosis
  const program = server === undefined ? [] : [labelled('server', programText(server), paper)]
  const [first, second] = causes
  // The verdict has said how to tell them apart.
  const isSaid = second !== undefined && areLevel(first, second) && first.tellApart !== undefined
  const said = new Set<string>(isSaid ? [first.tellApart] : [])
  return [
    ...causes.flatMap((cause, index) => causeLines(cause, index, said, paper)),
    '',
    ...wrapped(holesText({ transfer, diagnosis }), paper.columns, '  '),
    '',
    ...figureRows({ transfer, diagnosis }).map(([label, text]) => labelled(label, text, paper)),
    ...program,
    ...diagnosis.limits.map((limit) => labelled('limit', limit, paper)),
    ...(replay === undefined ? [] : replayLines(replay, paper)),
  ].flat()
}

/** What Foresend's policies would have done, beside what was captured. */
function replayLines(replay: Replay, { style, columns }: Paper): string[] {
  const rows = replayRows(replay)
  const cells = rows.map(({ title, done, time, timeouts, holes }) => [title, done, time, timeouts, holes])
  const widths = REPLAY_COLUMNS.map((title, i) => Math.max(title.length, ...cells.map((row) => row[i].length)))
  const line = (texts: readonly string[]): string =>
    `  ${texts.map((text, i) => text.padEnd(widths[i])).join('  ')}`.trimEnd()
  return [
    '',
    ...wrapped(`Replay: ${replayVerdict(replay)}`, columns, '  '),
    ...wrapped(`The model: ${replayModel(replay)}`, columns, '  ').map(style.dim),
    style.dim(line(REPLAY_COLUMNS)),
    ...rows.map(({ tone }, i) => (tone === 'plain' ? line(cells[i]) : style[tone](line(cells[i])))),
  ]
}

/** Causes share evidence; what is in `said` is not repeated. */
function causeLines(cause: Cause, index: number, said: Set<string>, { style, columns }: Paper): string[] {
  const { id, confidence, title, evidence, tellApart } = cause
  const head = index === 0 ? `Evidence of ${id}:` : `Also ${id}, ${confidenceText(confidence)}: ${title}`
  const isNew = (text: string): boolean => !said.has(text) && said.add(text).has(text)
  const shown = evidence.map(evidenceText).filter(isNew)
  return [
    '',
    ...wrapped(head, columns, '  '),
    ...shown.flatMap((text) => wrapped(text, columns, '    ', '  - ')),
    ...(tellApart === undefined || !isNew(tellApart)
      ? []
      : wrapped(`To be sure: ${tellApart}`, columns, '  ').map(style.dim)),
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
