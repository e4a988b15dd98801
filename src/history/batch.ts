/** What goes to the database in one transaction, as it crosses to the thread that writes. */
import type { DeviceUpdate } from '../profile/memory.ts'
import type { EndedTransfer } from './contract.ts'

export interface Batch {
  readonly ended: readonly TransferRow[]
  readonly learnt: readonly DeviceUpdate[]
}

/**
 * A transfer as a list of values: as a text it is a third of what its event takes, and there are thousands in a second. All but the first
 * two and the last are columns of the table `transfer` (COLUMNS), in this order.
 */
export type TransferRow = readonly [
  /** Numbers the transfers of a run, so that one that is written twice is there once. */
  seq: number,
  /** What its device is known by, or ''. */
  device: string,
  address: string,
  port: number,
  direction: string,
  asked: string,
  served: string | null,
  optionsAsked: string,
  optionsAgreed: string,
  outcome: string,
  lastAck: string | null,
  code: string | null,
  reason: string | null,
  cause: string | null,
  confidence: number | null,
  bytes: number,
  sizeBytes: number | null,
  blocks: number,
  datagrams: number,
  repeats: number,
  window: number,
  blksize: number | null,
  stalls: number,
  startedMs: number,
  ms: number,
  crc32: string | null,
  trace: string | null,
]

/** Of a `TransferRow`, from its third value on. */
export const COLUMNS = [
  'address',
  'port',
  'direction',
  'asked',
  'served',
  'options_asked',
  'options_agreed',
  'outcome',
  'last_ack',
  'code',
  'reason',
  'cause',
  'confidence',
  'bytes',
  'size_bytes',
  'blocks',
  'datagrams',
  'repeats',
  'window',
  'blksize',
  'stalls',
  'started_ms',
  'ms',
  'crc32',
] as const

export function rowOf(seq: number, { event, details }: EndedTransfer, trace: string | undefined): TransferRow {
  const [address, port] = addressAndPort(event.client)
  return [
    seq,
    details.device,
    address,
    port,
    event.direction,
    event.file,
    event.served ?? null,
    details.asked,
    details.agreed,
    event.event,
    event.lastAck ?? null,
    event.code ?? null,
    event.reason ?? null,
    event.cause ?? null,
    event.confidence ?? null,
    event.bytes,
    event.sizeBytes ?? null,
    event.blocks,
    event.datagrams,
    event.retransmitted,
    event.window,
    event.blksize ?? null,
    details.stalls,
    Math.round(event.time - event.ms),
    event.ms,
    event.crc32 ?? null,
    trace ?? null,
  ]
}

/** `192.0.2.1:69` or `[fe80::1%eth0]:69`. */
export function addressAndPort(client: string): [address: string, port: number] {
  const colon = client.lastIndexOf(':')
  const address = client.startsWith('[') ? client.slice(1, colon - 1) : client.slice(0, colon)
  return [address, Number(client.slice(colon + 1))]
}

/** One start of a server. */
export interface Run {
  /** Of 16 bytes, in hexadecimal: unique wherever it was made. */
  readonly uid: string
  /** Of Foresend and of Node. */
  readonly version: string
  readonly node: string
  readonly startedMs: number
}
