/** Which side of an upload in lock-step took its time, although nothing was missing. */
import type { CapturedTransfer } from '../../contract.ts'
import { quantile } from '../view/median.ts'
import type { UploadLosses } from './losses.ts'

export interface UploadPause {
  /** The block that the pause stands before, or whose ACK it held up. */
  readonly seq: number
  readonly ms: number
  /** Indices of the packets that begin and end it. */
  readonly shown: readonly number[]
}

export interface UploadPauses {
  /** From a block to its ACK: the server wrote, or had something else to do. */
  readonly server: readonly UploadPause[]
  /** From an ACK to the next block. */
  readonly client: readonly UploadPause[]
}

const LONG_TIMES = 20
const LONG_LEAST_MS = 400
const LEAST_TURNS = 4

/** `losses`: waits that are told otherwise count for no pause. */
export function uploadPausesOf(
  { packets, direction, agreed }: CapturedTransfer,
  list: Uint32Array,
  losses: UploadLosses | undefined,
): UploadPauses {
  const server: UploadPause[] = []
  const client: UploadPause[] = []
  if (direction !== 'write' || agreed.windowsize > 1) return { server, client }
  const lost = new Set(
    [...(losses?.up ?? []), ...(losses?.down ?? []), ...(losses?.either ?? [])].map(({ seq }) => seq),
  )
  let received = 0
  let acked = -1
  /** The packet that asks for the next one; undefined once anything was repeated. */
  let asks: number | undefined
  for (const i of list) {
    const kind = packets.kind(i)
    const seq = packets.seq(i)
    if (packets.thinnedBefore(i) > 0) asks = undefined
    const isData = kind === 'data' && packets.fromClient(i)
    const isAck = kind === 'ack' && !packets.fromClient(i)
    if (!isData && !isAck) continue
    const isNew = seq > (isData ? received : acked)
    const ms = asks === undefined ? undefined : packets.timeMs(i) - packets.timeMs(asks)
    if (isNew && ms !== undefined && seq > 0 && !lost.has(seq))
      (isData ? client : server).push({ seq, ms, shown: [asks!, i] })
    if (isData) received = Math.max(received, seq)
    else acked = Math.max(acked, seq)
    asks = isNew ? i : undefined
  }
  return { server: long(server), client: long(client) }
}

function long(turns: readonly UploadPause[]): UploadPause[] {
  if (turns.length < LEAST_TURNS) return []
  const usualMs = quantile(
    turns.map(({ ms }) => ms),
    0.5,
  )!
  return turns.filter(({ ms }) => ms >= Math.max(LONG_LEAST_MS, LONG_TIMES * usualMs))
}
