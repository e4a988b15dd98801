import type { Rule } from '../rule.ts'
import { shown } from '../view/view.ts'

export const serverSilent: Rule = {
  id: 'server-silent',
  title: 'no server answers the request',
  advice:
    'Check that the server listens on the address that the request goes to, and that its firewall lets UDP port 69 in and its answers out.',
  find(view) {
    const { transfer, packets, list } = view
    if (transfer.outcome.type !== 'unanswered' || transfer.request === undefined) return undefined
    const { count, toAddress } = transfer.request
    // A lone request at the end of a capture may have been answered behind it.
    if (count < 2 && transfer.quietMs < LONE_REQUEST_MS) return undefined
    return {
      confidence: count > 1 ? 0.9 : 0.7,
      evidence: [shown(view, `${times(count)} to ${toAddress}, and no packet came back`, requests(packets, list))],
    }
  },
}

/** Servers answer within milliseconds; a disk that has to start takes seconds. */
const LONE_REQUEST_MS = 3000

function times(count: number): string {
  return count === 1 ? 'one request went' : `${count} requests went`
}

function requests(packets: { kind(i: number): string }, list: Uint32Array): number[] {
  return [...list].filter((i) => packets.kind(i) === 'rrq' || packets.kind(i) === 'wrq')
}
