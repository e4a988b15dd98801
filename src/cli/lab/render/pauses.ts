/** Why boots paused for long or failed, as far as a rule or the device left no other way. One line for each reason. */
import type { Row, Summary } from '../../../lab/index.ts'
import { isIntact } from '../../../lab/run.ts'
import { LONG_PAUSE_MS, PAUSE_WORDS, type PauseVerdict } from '../../../lab/verdict-pause.ts'
import type { NoWay } from '../../../lab/verdict-way.ts'
import type { Style } from '../../render/style.ts'
import { countText, durationText } from '../../render/units.ts'

/** Nothing where no boot paused for a second or failed for good reason. */
export function pauseLines(summaries: readonly Summary[], style: Style): string[] {
  return summaries.flatMap((summary) => {
    const lines = reasonsOf(summary.rows).map((text) => `  ${text}`)
    if (lines.length === 0) return []
    const { device, fault, server } = summary
    return [
      '',
      `${style.strong(device)}  ${style.dim(`fault: ${fault}  server: ${server}  why it paused or failed`)}`,
      ...lines,
    ]
  })
}

function reasonsOf(rows: readonly Row[]): string[] {
  const paused = rows.filter((row) => isIntact(row) && row.pauses !== undefined)
  const excused = new Map<string, PauseVerdict[]>()
  const own: { readonly row: Row; readonly pause: PauseVerdict }[] = []
  for (const row of paused) {
    const [most] = row.pauses!.toSorted((a, b) => b.leftMs - a.leftMs)
    if (most.leftMs > LONG_PAUSE_MS) own.push({ row, pause: most })
    else {
      const [longest] = row.pauses!.toSorted((a, b) => b.ms - a.ms)
      const words = PAUSE_WORDS[longest.shares[0].rule]
      excused.set(words, [...(excused.get(words) ?? []), longest])
    }
  }
  const noWay = new Map<string, number>()
  for (const row of rows) {
    if (row.noWay !== undefined) noWay.set(wayWords(row.noWay), (noWay.get(wayWords(row.noWay)) ?? 0) + 1)
  }
  return [
    ...[...noWay].map(([words, count]) => `${countText(count, 'boot')} failed, and no sender could help: ${words}`),
    ...[...excused].map(
      ([words, pauses]) => `${countText(pauses.length, 'boot')}, up to ${durationText(longestOf(pauses))}: ${words}`,
    ),
    ...(own.length === 0 ? [] : [ownText(own)]),
  ]
}

function ownText(own: readonly { readonly row: Row; readonly pause: PauseVerdict }[]): string {
  const [{ row, pause }] = own.toSorted((a, b) => b.pause.leftMs - a.pause.leftMs)
  const { leftMs, blocks, sent, reached } = pause
  const worst = `seed ${row.seed}, after ${countText(blocks, 'block')}: ${reached} of ${countText(sent, 'datagram')} reached it`
  return `${countText(own.length, 'boot')}, up to ${durationText(leftMs)}: no rule forbids it (${worst})`
}

function longestOf(pauses: readonly PauseVerdict[]): number {
  return Math.max(...pauses.map(({ ms }) => ms))
}

function wayWords(noWay: NoWay): string {
  if (noWay === 'copied') return 'the network made copies of blocks, and it takes each for the next block'
  if (noWay === 'overtaken') {
    return 'the network delivered an old ACK behind later ones, which a client that stores any block would send: it may lack blocks (rule A1)'
  }
  return PAUSE_WORDS[noWay]
}
