/** A transfer that the capture shows the beginning of. */
import type { CapturedTransfer } from '../../contract.ts'
import { deliveryErrors } from './delivery-errors.ts'
import { stallMs } from '../stall.ts'

/** A server that repeats a block so often in so long a time waits for an answer, however long answers took before. */
const LONG_MS = 3000
const MANY_COPIES = 4

/** How often the server sent one block from then on. */
function mostCopies({ packets }: CapturedTransfer, list: Uint32Array, fromMs: number): number {
  const copies = new Map<number, number>()
  let most = 0
  for (const i of list) {
    if (packets.fromClient(i) || packets.kind(i) !== 'data' || packets.timeMs(i) < fromMs) continue
    const count = (copies.get(packets.seq(i)) ?? 0) + 1
    copies.set(packets.seq(i), count)
    most = Math.max(most, count)
  }
  return most
}

/** The capture ends soon behind a packet that moved the transfer on: no answer is overdue. */
export function isRunning(transfer: CapturedTransfer, list: Uint32Array, medianMs: number | undefined): boolean {
  const { packets, outcome, followedUntil, quietMs, fromClient, fromServer } = transfer
  if (deliveryErrors(transfer).length > 0) return false
  // The last ACK may be on its way as well.
  const isOpen = outcome.type === 'silent' || outcome.type === 'last-ack-missing'
  if (!isOpen || followedUntil !== 'capture-end' || fromClient === 0 || fromServer === 0) return false
  const seen = new Set<number>()
  let movedMs = -Infinity
  for (const i of list) {
    const kind = packets.kind(i)
    if (kind !== 'data' && kind !== 'ack' && kind !== 'oack') continue
    const key = 4 * packets.seq(i) + (kind === 'data' ? 0 : kind === 'ack' ? 1 : 2)
    if (!seen.has(key)) movedMs = packets.timeMs(i)
    seen.add(key)
  }
  const waitedMs = transfer.endMs - movedMs + quietMs
  return waitedMs <= stallMs(medianMs) && !(waitedMs >= LONG_MS && mostCopies(transfer, list, movedMs) >= MANY_COPIES)
}
