/** Boots of one unit in a row, one line for each, and what they came to together. */
import type { Row, Summary } from '../../../lab/index.ts'
import type { Style } from '../../render/style.ts'
import { countText, durationText } from '../../render/units.ts'
import { type Column, tableLines } from './table.ts'
import { shortText, TONES } from './words.ts'

/** A table for each unit with each server. A summary holds the boots of one unit in their order. */
export function bootLines(units: readonly Summary[], style: Style): string[] {
  const paint = {
    good: style.good,
    careful: style.careful,
    bad: style.bad,
    worst: (text: string) => style.strong(style.bad(text)),
  }
  const columns: Column<Row>[] = [
    { title: '  boot', right: true, text: ({ boot }) => String(boot) },
    { title: 'time', right: true, text: ({ ms }) => durationText(ms) },
    { title: 'longest pause', right: true, text: ({ longestGapMs }) => durationText(longestGapMs) },
    { title: 'window', right: true, text: ({ windowBlocks }) => (windowBlocks > 0 ? String(windowBlocks) : '-') },
    {
      title: 'outcome',
      text: (row) => outcomeOf(row),
      paint: (text, { verdict }) => paint[TONES[verdict]](text),
    },
  ]
  // Widths are those of the whole, so that the tables of several units stand below each other.
  const [heading = '', ...lines] = tableLines(
    columns,
    units.flatMap(({ rows }) => rows),
    style,
  )
  let at = 0
  return units.flatMap((unit, index) => {
    const { device, server, fault, rows } = unit
    const own = lines.slice(at, (at += rows.length))
    const about = style.dim(`fault: ${fault}  server: ${server}  seed: ${rows[0].seed}`)
    return [...(index > 0 ? [''] : []), `${style.strong(device)}  ${about}`, heading, ...own, totalsLine(unit)]
  })
}

/** `intact`, or what went wrong, with the server's own words where it knows. */
function outcomeOf(row: Row): string {
  const { verdict, blocks, serverSays } = row
  if (verdict === 'intact') return shortText(row)
  return `${shortText(row)} after ${countText(blocks, 'block')}: ${serverSays}`
}

function totalsLine({ rows, runs, intact, harmful }: Summary): string {
  const allMs = rows.reduce((sum, { ms }) => sum + ms, 0)
  const pauseMs = Math.max(...rows.map(({ longestGapMs }) => longestGapMs))
  return (
    `  ${countText(runs, 'boot')}: ${intact} intact, ${runs - intact - harmful} failed, ${harmful} harmful; ` +
    `${durationText(allMs)} in all, longest pause ${durationText(pauseMs)}`
  )
}
