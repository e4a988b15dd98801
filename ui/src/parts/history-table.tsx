/** Rows of the history. */
import { endedByRow } from '../ended.ts'
import { fragmentOf } from '../route.ts'
import { durationText, rateText, sizeText } from '../units.ts'
import { visible } from '../visible.ts'
import { outcomeTone, outcomeWord, whenText } from '../words.ts'
import type { HistoryRow } from '../wire.ts'
import { FileName } from './name.tsx'

export function HistoryTable({ rows }: { readonly rows: readonly HistoryRow[] }) {
  return (
    <table class="history">
      <thead>
        <tr>
          <th scope="col">When</th>
          <th scope="col">File</th>
          <th scope="col">Client</th>
          <th scope="col">Ended</th>
          <th scope="col" class="num">
            Size
          </th>
          <th scope="col" class="num">
            Time
          </th>
          <th scope="col" class="num">
            Rate
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <HistoryLine key={row.id} row={row} />
        ))}
      </tbody>
    </table>
  )
}

function HistoryLine({ row }: { readonly row: HistoryRow }) {
  const ended = endedByRow(row)
  const tone = outcomeTone(ended)
  const remark = remarkOf(row)
  return (
    <tr class={tone}>
      <td class="when">{whenText(ended.startedMs)}</td>
      <td class="file">
        <a href={fragmentOf({ view: 'transfer', id: `h${row.id}` })}>
          <FileName file={ended.file} served={ended.served} />
        </a>
      </td>
      <td class="client">
        {ended.client}
        {row.mac !== undefined && <span class="quiet">{visible(row.mac)}</span>}
      </td>
      <td class="ended">
        <span class={`pill ${tone}`}>{outcomeWord(ended)}</span>
        {remark !== '' && <span class="remark quiet">{remark}</span>}
      </td>
      <td class="num">{row.bytes === 0 ? '–' : sizeText(row.bytes)}</td>
      <td class="num">{durationText(row.ms)}</td>
      <td class="num">{row.bytes === 0 || row.ms === 0 ? '–' : rateText((row.bytes * 1000) / row.ms)}</td>
    </tr>
  )
}

/** What made it remarkable, in a few words. */
function remarkOf({ cause, code, repeats, stalls, direction }: HistoryRow): string {
  const parts = [
    ...(cause === undefined ? [] : [visible(cause)]),
    ...(code === undefined ? [] : [visible(code)]),
    ...(stalls === 0 ? [] : [`${stalls} ${stalls === 1 ? 'stall' : 'stalls'}`]),
    ...(repeats === 0 ? [] : [`${repeats} ${direction === 'read' ? 'sent' : 'received'} again`]),
  ]
  return parts.join(', ')
}
