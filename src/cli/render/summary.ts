/** What a server did, in one line when it ends. */
import type { ServerStats } from '../../server/contract.ts'
import { countText, sizeText } from './units.ts'

/** What never happened is left out; '' when nothing happened at all. */
export function summaryLine({ transfers, bytes, network }: ServerStats): string {
  const moved = bytes.read + bytes.written
  const parts = [
    some(transfers.completed, 'transfer completed', 'transfers completed', moved > 0 ? ` (${sizeText(moved)})` : ''),
    some(transfers.failed, 'failed', 'failed'),
    some(transfers.superseded, 'started anew by its client', 'started anew by their clients'),
    some(transfers.refused, 'refused', 'refused'),
    some(network.repeated, 'request came again', 'requests came again'),
    some(network.ignored, 'datagram was no request', 'datagrams were no requests'),
    some(network.dropped, 'datagram dropped, its queue was full', 'datagrams dropped, their queue was full'),
    ...Object.entries(network.sendErrors).map(([errno, count]) =>
      some(count, `datagram could not be sent (${errno})`, `datagrams could not be sent (${errno})`),
    ),
  ].filter((part) => part !== '')
  return parts.length === 0 ? '' : parts.join(', ')
}

/** The same of a server that runs. */
export function soFar(stats: ServerStats, running: number): string {
  const did = summaryLine(stats)
  if (did !== '') return `so far: ${did}`
  return running === 0 ? 'nothing was asked for yet' : 'no transfer has ended yet'
}

function some(count: number, one: string, many: string, more = ''): string {
  return count === 0 ? '' : `${countText(count, one, many)}${more}`
}
