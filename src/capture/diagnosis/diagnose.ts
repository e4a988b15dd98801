/** Says why a transfer went as it did: every rule looks at it, and what they found is ranked. */
import type { CapturedTransfer } from '../contract.ts'
import type { Diagnosis } from './contract.ts'
import { figuresOf } from './figures.ts'
import { limitsOf } from './limits.ts'
import { rank } from './rank.ts'
import { recogniseServer } from './server/recognise.ts'
import { summaryOf } from './summary.ts'
import { viewOf } from './view/view.ts'

export function diagnose(transfer: CapturedTransfer): Diagnosis {
  const view = viewOf(transfer)
  const { holes } = view
  // A client of a group says nothing while another leads: the rules would look for an answer to each block.
  const isShared = transfer.outcome.type === 'shared'
  const server = isShared ? undefined : recogniseServer(view)
  const isOurs = transfer.source === 'trace' || (server?.name === OURS && server.orElse.length === 0)
  const isCutOff = view.isRunning
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
