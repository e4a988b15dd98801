/** How a transfer is described to the rest of the program. */
import { COUNTER } from '../transfer/contract.ts'
import type { EventKind, TransferEvent } from './contract.ts'
import { clientOf } from './labels.ts'
import type { Transfer } from './transfer.ts'

/** An event that is being made. */
export type Draft = { -readonly [Key in keyof TransferEvent]: TransferEvent[Key] }

/**
 * The state of `transfer` at `now` (the endpoint's time, in milliseconds) as an event of `kind` that happens at `time`; after
 * its end, as it was at its end. Built piece by piece, as there are three for every small file. The owner may add to it.
 */
export function eventOf<Io, Content>(
  kind: EventKind,
  time: number,
  transfer: Transfer<Io, Content>,
  now: number,
): Draft {
  const { machine, agreed, outcome, sizeBytes } = transfer
  const counters = machine?.counters
  const bytes = counters === undefined ? 0 : counters[COUNTER.bytes]
  const ms = Math.max(0, (transfer.endedAt ?? now) - transfer.requestedAt)
  const event: Draft = {
    event: kind,
    time,
    id: transfer.id,
    client: clientOf(transfer.peer),
    file: transfer.request.filename,
    direction: transfer.direction,
    bytes,
    blocks: counters === undefined ? 0 : counters[COUNTER.blocks],
    datagrams: counters === undefined ? 0 : counters[COUNTER.datagrams],
    retransmitted: counters === undefined ? 0 : counters[COUNTER.retransmitted],
    window: counters === undefined ? 1 : counters[COUNTER.windowBlocks],
    ms: Math.round(ms * 1000) / 1000,
    rateBytesPerSec: ms > 0 ? Math.round((bytes * 1000) / ms) : 0,
  }
  if (sizeBytes !== undefined) event.sizeBytes = sizeBytes
  if (agreed !== undefined) event.blksize = agreed.blksize
  if (outcome?.error !== undefined) {
    event.code = outcome.error.code
    event.reason = outcome.error.message
  }
  if (outcome?.lastAck !== undefined) event.lastAck = outcome.lastAck
  return event
}
