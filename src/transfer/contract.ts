/**
 * What a transfer's machine and its owner owe each other.
 *
 * Inputs carry `now` in milliseconds (a float, any origin, never going back). During an input the machine calls its
 * sink; the last call of every input is `deadline`. A machine never reads a clock, never throws on what a peer sent,
 * and allocates nothing per block. All datagrams that have arrived are handed in before `handleTimer` is called.
 */
import type { ForesendError } from '../error.ts'

/** Blocks are counted from 1 without bound: `seq`. Sixteen bits of it travel on the wire: `block` (see packet). */
export interface TransferSink {
  /** Send this OACK, ACK or ERROR to the peer. `buffer` may be reused as soon as the call returns. */
  sendControl(buffer: Uint8Array, length: number): void
  /** When `handleTimer` wants to be called next, in the time of `now`; Infinity for never. Replaces the one before. */
  deadline(at: number): void
  /** The transfer is decided. Called exactly once. The machine may stay for a while to answer repeats: see `closed`. */
  ended(outcome: Outcome): void
  /** Something worth an event happened. Rare; never once per block. */
  notice(kind: NoticeKind, seq: number): void
}

export interface SenderSink extends TransferSink {
  /**
   * Send DATA `first` .. `first + count - 1`. The owner frames them from the image. Before the final block leaves it
   * checks that the image is still the one that was opened, and calls `abort` after this input when it is not.
   */
  sendBlocks(first: number, count: number): void
}

export interface ReceiverSink extends TransferSink {
  /** Append this payload: blocks come in order, each once. The bytes are valid during the call only. */
  store(seq: number, buffer: Uint8Array, offset: number, length: number): void
  /** Every block is here, `sizeBytes` in all. Make them durable, then call `handleStored`. */
  finish(sizeBytes: number): void
}

/** `stalled`: no progress for 20 median latencies. `recovered`: it went on. `window-changed`: the policy's choice changed. */
export type NoticeKind = 'started' | 'stalled' | 'recovered' | 'window-changed' | 'refused-ahead'

export interface Outcome {
  /** `probed`: the peer only wanted the size (OACK answered by ERROR 8, as UEFI does). */
  readonly status: 'completed' | 'probed' | 'failed'
  /** All but the final acknowledgement arrived: the image is probably whole; verify on the device (rule A4). */
  readonly lastAck?: 'missing'
  /** With `lastAck: 'missing'`: what came instead of it, for a person; left out when nothing came. */
  readonly cameInstead?: string
  readonly error?: ForesendError
}

/** What the other end of a transfer is, for messages: a server's peer is a client, and the other way round. */
export type PeerRole = 'client' | 'server'

export interface Machine {
  /** Begin: a server's sender sends OACK or DATA 1, a server's receiver OACK or ACK 0. */
  start(now: number): void
  /** A datagram from the peer's TID: `length` bytes of `buffer` from `offset`. Any bytes are safe. */
  handleDatagram(now: number, buffer: Uint8Array, offset: number, length: number): void
  /** The deadline came due. Early or spurious calls are harmless. */
  handleTimer(now: number): void
  /** ICMP port unreachable: the peer's port is closed. */
  handleUnreachable(now: number): void
  /** The peer asks for something else from the same port: if only its final ACK is missing, it has what it wanted. */
  handleNextRequest?(now: number): void
  /** Our side gives up: sends one ERROR with `error.wireCode` (0 if none) and ends as failed. */
  abort(now: number, error: ForesendError): void
  /** What was counted so far, by the indices of COUNTER. */
  readonly counters: Counters
  /** True when no further input is needed and everything about the transfer may be dropped. */
  readonly closed: boolean
  /** Everything is confirmed, and only what would contradict it is listened for (rule A13). */
  readonly confirmed?: boolean
  /** Others of a group are served now, and its peer has nothing to say (RFC 2090). */
  readonly silent?: boolean
  /** True until the peer proved that it holds its address: answered our first packet (ACK 0 or 1, DATA 1). */
  readonly halfOpen: boolean
  /** Time of the last packet that moved the transfer on; the start before any. */
  readonly progressAt: number
}

/** Indices into `Machine.counters`. All are totals of one transfer. */
export const COUNTER = {
  /** Distinct blocks sent or received. */
  blocks: 0,
  /** Payload bytes confirmed (sender) or stored (receiver). */
  bytes: 1,
  /** DATA datagrams sent (sender) or received (receiver), repeats included. */
  datagrams: 2,
  /** DATA datagrams sent again (sender) or received again (receiver). */
  retransmitted: 3,
  /** ACKs received (sender) or sent (receiver). */
  acks: 4,
  /** ACKs that told nothing new. */
  staleAcks: 5,
  timeouts: 6,
  nudges: 7,
  stalls: 8,
  /** Datagrams from the peer that made no sense. */
  ignored: 9,
  /** Blocks that may be outstanding now. */
  windowBlocks: 10,
  /** Smoothed round trip in milliseconds; 0 while unknown. */
  srttMs: 11,
} as const
const COUNTER_LENGTH = 12

/** A plain array of doubles: a typed array of this length takes five times the room, and thousands of transfers wait at once. */
export type Counters = number[]

export function newCounters(): Counters {
  // What once held a fraction stays an array of doubles.
  // oxlint-disable-next-line unicorn/no-new-array
  return new Array<number>(COUNTER_LENGTH).fill(0.5).fill(0)
}

/** A window that served a device well. */
export interface LearntWindow {
  readonly windowBlocks: number
  /** Milliseconds between two datagrams of a window. */
  readonly gapMs: number
}

/** What a transfer taught about its device: plain data, to be given back at the device's next request. Empty: it is healthy. */
export interface LearntDevice {
  /** Left out while lock-step is all that was needed. */
  readonly window?: LearntWindow
  /** It counts a repeat as the next block (rule A13). */
  readonly countsRepeats?: boolean
}

/** What is known of a device before its first block leaves. */
export interface KnownDevice {
  /** It was served before: no long first timeout (rule A6). */
  readonly known?: boolean
  /** It counts repeats as new blocks: repeat nothing before its own timer has spoken (rule A13). */
  readonly patient?: boolean
  /** Its request is one that a device which counts repeats may send: one block at a time, and none that it did not ask for, so that its numbers show a miscount (rule A13). */
  readonly mayCountRepeats?: boolean
  /** The window that served it well; where the adaptive policy begins. */
  readonly window?: LearntWindow
}

/**
 * A window policy decides how much may be outstanding and is notified of what happened; the sender obeys. It is a plain object
 * made by a factory (`strict()`, `negotiated()`, `anticipation()`), one per transfer, and holds no timers.
 */
export interface WindowPolicy {
  readonly type: 'strict' | 'negotiated' | 'anticipation' | 'adaptive'
  /** ACK n confirms everything up to n (RFC 7440). Only for windows that the client negotiated. */
  readonly cumulative: boolean
  /** Rules A6, A7, A9 are in force: nudges and quick repeats. False obeys the client's timeout to the letter. */
  readonly nudges: boolean
  /** Blocks that may be outstanding, at least 1. */
  windowBlocks: number
  /** Above 0 a window leaves only when all of the one before is acknowledged, and is waited for this many milliseconds at least (rule A11). */
  wholeMs: number
  /** Datagrams per DATA block, at least 1. */
  copies: number
  /** Milliseconds between two datagrams of a window; 0 sends them at once. */
  gapMs: number
  /** Bounds of the retransmission timer in milliseconds; Infinity for `rtoMaxMs` leaves it to rule A6. */
  rtoMinMs: number
  rtoMaxMs: number
  /** The first timeout of a transfer waits at least this long: an unknown device may pause, or suffer from repeats (rule A6). */
  firstRtoMs: number
  sent(now: number, seq: number, repeat: boolean): void
  acked(now: number, seq: number, rttMs: number): void
  gap(now: number, seq: number): void
  /** A timer ran out with `seq` the lowest unacknowledged block. */
  timeout(now: number, seq: number): void
  /** A stall ended. `by`: what brought the client back. Only these count as evidence for the adaptive policy. */
  recovered(now: number, seq: number, by: 'ack' | 'resend' | 'nudge' | 'probe' | 'client'): void
  /** The client answered a block that it did not ask for with ERROR 5 (rule A10). */
  refused(now: number): void
  /** What is worth remembering for the device's next request; left out by policies that learn nothing. */
  learnt?(): LearntWindow | undefined
}
