/** A running transfer as the API shows it: its figures, and what goes on in words. */
import type { TransferSnapshot } from '../../server/contract.ts'

export interface TransferView extends TransferSnapshot {
  /** One sentence, without text of the peer. */
  readonly inWords: string
}

/** What the diagnosis said of a stall. */
export interface StallFinding {
  readonly explanation: string
}

/** A repeat now and then is what a network brings about. */
const FEW_REPEATS = 3

export function viewOf(transfer: TransferSnapshot, finding?: StallFinding): TransferView {
  return { ...transfer, inWords: `${sentenceOf(transfer, finding)}.` }
}

function sentenceOf(transfer: TransferSnapshot, finding: StallFinding | undefined): string {
  const { state, direction, retransmitted, stalls } = transfer
  const isRead = direction === 'read'
  if (state === 'requested')
    return isRead
      ? 'It asked for the file, and has not answered the first packet yet'
      : 'It wants to store a file, and has sent nothing of it yet'
  if (state === 'stalled') {
    const why = finding === undefined ? '' : `: ${finding.explanation}`
    return isRead
      ? `Nothing moves; the last block goes out again until it answers${why}`
      : `Nothing moves; it sends no further block${why}`
  }
  const pace = isRead ? `sending ${paceOf(transfer)}` : `receiving ${paceOf(transfer)}`
  if (stalls > 0)
    return `It goes on after ${times(stalls, 'stall')}; ${pace}${finding === undefined ? '' : ` (${finding.explanation})`}`
  if (retransmitted > FEW_REPEATS) return `Packets were lost, and ${times(retransmitted, 'block')} sent again; ${pace}`
  return `${pace.charAt(0).toUpperCase()}${pace.slice(1)}`
}

function paceOf({ window, blksize }: TransferSnapshot): string {
  const size = blksize === undefined ? '' : ` of ${blksize} bytes`
  return window === 1 ? `one block${size} at a time` : `${window} blocks${size} at a time`
}

function times(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}
