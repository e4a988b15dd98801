/**
 * What an endpoint (many transfers behind one address) and its owner owe each other. The conventions are those of
 * transfer/contract.ts: inputs carry `now`, outputs go to a sink, `deadline` is the last of them. An endpoint's outputs leave when the input is over.
 */
import type { ForesendError } from '../error.ts'
import type { Request } from '../packet/index.ts'
import type { Outcome } from '../transfer/contract.ts'

/** The other end of a transfer, as the listening socket saw it. */
export interface Peer {
  /** Textual IPv4 or IPv6 address, with a zone where it is link-local. */
  readonly address: string
  readonly port: number
  /** The local address that was asked, replies leave from it; '' when the driver cannot tell. */
  readonly local: string
  /** Private, link-local or loopback: a device on the bench, not a reflection's victim (rules A5, A6). */
  readonly near: boolean
}

export type EventKind =
  | 'requested'
  | 'refused'
  | 'probed'
  | 'started'
  | 'progress'
  | 'stalled'
  | 'recovered'
  | 'window-changed'
  | 'superseded'
  | 'completed'
  | 'failed'

/** The kinds of event that end a transfer: each transfer has exactly one of them, and it is the last. */
export const FINAL_EVENTS: ReadonlySet<string> = new Set<EventKind>([
  'refused',
  'probed',
  'superseded',
  'completed',
  'failed',
])

/** One moment of a transfer and its figures at that moment. Plain data. More kinds of event may come: a reader passes over those it does not know. */
export interface TransferEvent {
  readonly event: EventKind
  /** Milliseconds since the epoch; added by the owner, whose clock it is. */
  readonly time: number
  /** Unique within this run of the program. */
  readonly id: number
  /** `address:port`, IPv6 in brackets. */
  readonly client: string
  /** The name as it was asked for, not yet escaped. */
  readonly file: string
  /** What the name stands for, where that is another: the path below the root, or the name of the single file. */
  readonly served?: string
  readonly direction: 'read' | 'write'
  readonly bytes: number
  /** Size of the whole file when it is known. */
  readonly sizeBytes?: number
  readonly blocks: number
  readonly datagrams: number
  readonly retransmitted: number
  readonly window: number
  readonly blksize?: number
  /** Milliseconds since the request. */
  readonly ms: number
  readonly rateBytesPerSec: number
  readonly code?: string
  /** What went wrong, for a person: the message of the error. */
  readonly reason?: string
  /** Why, by the diagnosis of its packets: an id that stays, such as `ack-loss`. Added by the owner, where it stalled or did not complete. */
  readonly cause?: string
  /** 0 to 1. With `cause`. */
  readonly confidence?: number
  /** The cause in words, and what to do next. With `cause`. */
  readonly explanation?: string
  readonly advice?: string
  readonly lastAck?: 'missing'
  /** Eight hex digits, as U-Boot's `crc32` prints it. */
  readonly crc32?: string
}

export type { ForesendError, Outcome, Request }
