/** Says why a transfer went as it did: every rule looks at it, and what they found is ranked. */
import type { CapturedTransfer } from '../contract.ts'
import type { Diagnosis } from './contract.ts'
import { figuresOf } from './figures.ts'
import { limitsOf } from './limits.ts'
import { rank } from './rank.ts'
import { deliveryErrors } from './rules/unreachable.ts'
import { recogniseServer } from './server/recognise.ts'
import { stallMs } from './stall.ts'
import { summaryOf } from './summary.ts'
import { type View, viewOf } from './view/view.ts'

export function diagnose(transfer: CapturedTransfer): Diagnosis {
  const view = viewOf(transfer)
  const { holes } = view
  // A client of a group says nothing while another leads: the rules would look for an answer to each block.
  const isShared = transfer.outcome.type === 'shared'
  const server = isShared ? undefined : recogniseServer(view)
  const isOurs = transfer.source === 'trace' || (server?.name === OURS && server.orElse.length === 0)
  const isCutOff = isRunning(view)
  return {
    transfer: transfer.id,
    outcome: isCutOff
      ? 'running'
      : holes.count > 0 && transfer.outcome.type === 'complete'
        ? 'possible-holes'
        : transfer.outcome.type,
    summary: summaryOf(transfer, holes, isCutOff),
    causes: isShared ? [] : rank(view, isOurs),
    holes,
    server,
    figures: figuresOf(view),
    limits: limitsOf(transfer),
  }
}

const OURS = 'foresend'

/** The capture ends soon behind a packet that moved the transfer on: no answer is overdue. */
function isRunning({ transfer, packets, list, latencies }: View): boolean {
  const { outcome, followedUntil, quietMs, fromClient, fromServer } = transfer
  if (deliveryErrors(transfer).length > 0) return false
  if (outcome.type !== 'silent' || followedUntil !== 'capture-end' || fromClient === 0 || fromServer === 0) return false
  const seen = new Set<number>()
  let movedMs = -Infinity
  for (const i of list) {
    const kind = packets.kind(i)
    if (kind !== 'data' && kind !== 'ack' && kind !== 'oack') continue
    const key = 4 * packets.seq(i) + (kind === 'data' ? 0 : kind === 'ack' ? 1 : 2)
    if (!seen.has(key)) movedMs = packets.timeMs(i)
    seen.add(key)
  }
  return transfer.endMs - movedMs + quietMs <= stallMs(latencies.medianMs)
}
