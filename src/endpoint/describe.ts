/** How a transfer is named to people and described to the rest of the program. */
import { escapeText, OPCODE, type Request } from '../packet/index.ts'
import { COUNTER } from '../transfer/contract.ts'
import type { Peer, TransferEvent } from './contract.ts'
import type { Transfer } from './transfer.ts'

/** All of a TransferEvent but what only the owner knows. */
export type Description = Omit<TransferEvent, 'event' | 'time' | 'crc32'>

/** The state of `transfer` at `now` (the endpoint's time, in milliseconds). After its end, as it was at its end. */
export function describe<Io, Content>(transfer: Transfer<Io, Content>, now: number): Description {
  const { machine, agreed, outcome, sizeBytes } = transfer
  const error = outcome?.error
  const bytes = machine === undefined ? 0 : machine.counters[COUNTER.bytes]
  const ms = Math.max(0, (transfer.endedAt ?? now) - transfer.requestedAt)
  return {
    id: transfer.id,
    client: clientOf(transfer.peer),
    file: transfer.request.filename,
    direction: transfer.direction,
    bytes,
    ...(sizeBytes === undefined ? {} : { sizeBytes }),
    blocks: machine === undefined ? 0 : machine.counters[COUNTER.blocks],
    datagrams: machine === undefined ? 0 : machine.counters[COUNTER.datagrams],
    retransmitted: machine === undefined ? 0 : machine.counters[COUNTER.retransmitted],
    window: machine === undefined ? 1 : machine.counters[COUNTER.windowBlocks],
    ...(agreed === undefined ? {} : { blksize: agreed.blksize }),
    ms: Math.round(ms * 1000) / 1000,
    rateBytesPerSec: ms > 0 ? Math.round((bytes * 1000) / ms) : 0,
    ...(error === undefined ? {} : { code: error.code, cause: error.message }),
    ...(outcome?.lastAck === undefined ? {} : { lastAck: outcome.lastAck }),
  }
}

/** `address:port`, IPv6 in brackets. */
export function clientOf(peer: Peer): string {
  return peer.address.includes(':') ? `[${peer.address}]:${peer.port}` : `${peer.address}:${peer.port}`
}

/** `FILE to ADDRESS:PORT` for a read, `FILE from …` for a write; the file's name is escaped. */
export function labelOf(peer: Peer, request: Request): string {
  return `${escapeText(request.filename)} ${request.opcode === OPCODE.rrq ? 'to' : 'from'} ${clientOf(peer)}`
}
