/** One line on what became of a transfer. */
import type { CapturedTransfer } from '../contract.ts'
import type { PossibleHoles } from './contract.ts'

/** `isCutOff`: the capture ends in the middle. */
export function summaryOf(
  { outcome, blocks, direction, fromClient, onlyRequests }: CapturedTransfer,
  holes: PossibleHoles,
  isCutOff: boolean,
): string {
  if (isCutOff) return `the capture ends while the transfer goes on, at block ${blocks.highest}`
  if (holes.count > 0)
    return `the transfer ended, but ${holes.count === 1 ? 'one block' : `${holes.count} blocks`} may be missing in the device`
  switch (outcome.type) {
    case 'complete':
      return 'the transfer is complete'
    case 'last-ack-missing':
      if (fromClient === 0)
        return `the last block, ${blocks.highest}, was sent, and the capture has no packet of the client`
      return `the last block, ${blocks.highest}, was sent and never acknowledged`
    case 'error':
      return `the ${outcome.from} ended it with ERROR ${outcome.wireCode} at block ${blocks.highest}`
    case 'probe':
      return 'the client only asked for the size'
    case 'shared':
      return 'its blocks went to a group of clients, and only the one that leads acknowledges them'
    case 'unanswered':
      return onlyRequests ? 'the capture has no answer to the request' : 'the request was never answered'
    case 'silent': {
      const reached = direction === 'read' ? blocks.highestAcknowledged : blocks.highest
      return reached === 0 ? 'it stopped before the first block' : `it stopped behind block ${reached}`
    }
  }
}
