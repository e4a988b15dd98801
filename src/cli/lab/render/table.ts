/** Results of the lab as a table of aligned columns. */
import type { Summary } from '../../../lab/index.ts'
import { outcomeText, rateCell, toneOf } from './words.ts'
import type { Style } from '../../render/style.ts'
import { durationText } from '../../render/units.ts'

/** Text of a column, and how it is painted once it has its width. */
export interface Column<T> {
  readonly title: string
  readonly right?: boolean
  text(item: T): string
  paint?(text: string, item: T): string
}

/** Rows below a heading; the last column is never padded. */
export function tableLines<T>(columns: readonly Column<T>[], items: readonly T[], style: Style): string[] {
  const texts = items.map((item) => columns.map((column) => column.text(item)))
  const widths = columns.map((column, i) => Math.max(column.title.length, ...texts.map((row) => row[i].length)))
  const fit = (text: string, i: number): string => {
    if (columns[i].right === true) return text.padStart(widths[i])
    return i === columns.length - 1 ? text : text.padEnd(widths[i])
  }
  const heading = columns.map(({ title }, i) => style.dim(fit(title, i))).join('  ')
  return [
    heading,
    ...texts.map((row, r) =>
      row
        .map((text, i) => {
          const fitted = fit(text, i)
          return columns[i].paint?.(fitted, items[r]) ?? fitted
        })
        .join('  '),
    ),
  ]
}

/** A table for each device with each of its faults, one line for each server. */
export function summaryLines(summaries: readonly Summary[], style: Style): string[] {
  const paint = {
    good: style.good,
    careful: style.careful,
    bad: style.bad,
    worst: (t: string) => style.strong(style.bad(t)),
  }
  const columns: Column<Summary>[] = [
    { title: '  server', text: ({ server }) => `  ${server}` },
    { title: 'outcome', text: outcomeText, paint: (text, summary) => paint[toneOf(summary)](text) },
    { title: 'speed', right: true, text: ({ bytesPerSec }) => rateCell(bytesPerSec) },
    { title: 'time', right: true, text: ({ ms }) => durationText(ms) },
    { title: 'holes', right: true, text: ({ holes }) => String(Math.round(holes)) },
    { title: 'client timeouts', right: true, text: ({ clientTimeouts }) => String(Math.round(clientTimeouts)) },
    {
      title: 'datagrams/block',
      right: true,
      text: ({ datagramsPerBlock }) => (datagramsPerBlock > 0 ? datagramsPerBlock.toFixed(2) : '-'),
    },
  ]
  // Widths are those of the whole, so that the tables of several devices stand below each other.
  const [heading = '', ...lines] = tableLines(columns, summaries, style)
  const out: string[] = []
  let last: Summary | undefined
  for (const [index, summary] of summaries.entries()) {
    if (last === undefined || last.device !== summary.device || last.fault !== summary.fault) {
      if (last !== undefined) out.push('')
      out.push(`${style.strong(summary.device)}  ${style.dim(`fault: ${summary.fault}`)}`, heading)
    }
    last = summary
    out.push(lines[index])
  }
  return out
}
