/** What the control side of a server and its serving instances say to each other. Plain data, whatever carries it. */
import type { TransferEvent } from '../endpoint/contract.ts'
import { type ErrorCode, type Fault, ForesendError } from '../error.ts'
import type { EndedDetails } from '../history/contract.ts'
import type { DeviceUpdate } from '../profile/memory.ts'
import type { Evidence } from './evidence.ts'
import type { Bound, EventLevel, NetworkStats, ServerConfig, ServerStats, TransferSnapshot } from './contract.ts'

/** What a serving instance begins with. */
export interface InstanceStart {
  readonly config: ServerConfig
  /** Its listening sockets share their port with those of other instances; the first makes sure that no other program has it. */
  readonly sharedPort: 'first' | 'next' | undefined
  /** Ids of its transfers: this, and each one `idStep` further. */
  readonly firstId: number
  readonly idStep: number
  /** What is known of devices. */
  readonly memory: readonly DeviceUpdate[]
  /** As in `wants`. */
  readonly level: EventLevel
  /** The end of each transfer is reported to a history. */
  readonly keeps: boolean
  /** Requests wait until `admit`. */
  readonly held: boolean
}

/**
 * Down. A reload takes two steps, so that all instances follow a configuration or none: each prepares it, which may fail, and then all
 * follow it, which may not, or all discard it.
 */
export type ToInstance =
  /** Open what `config` names. Answered by `prepared`. */
  | { readonly type: 'prepare'; readonly config: ServerConfig }
  /** Serve new transfers by what was prepared. Answered by `following`. */
  | { readonly type: 'follow' }
  /** Let go of what was prepared. */
  | { readonly type: 'discard' }
  /** Serve requests, those first that came meanwhile. Only for an instance that began `held`. */
  | { readonly type: 'admit' }
  | { readonly type: 'stop'; readonly graceMs: number }
  | { readonly type: 'abort'; readonly id: number }
  | { readonly type: 'learn'; readonly update: DeviceUpdate }
  | { readonly type: 'forget'; readonly device: string }
  /** Make events of transfers down to this level, and facts of the rest. */
  | { readonly type: 'wants'; readonly level: EventLevel }
  /** Answered by `trace`. */
  | { readonly type: 'trace'; readonly id: number }

/** Up: what happens in an instance. */
export type Report =
  | EventReport
  | KeptReport
  | { readonly type: 'facts'; readonly facts: Facts }
  | { readonly type: 'notice'; readonly code: string; readonly message: string }
  | { readonly type: 'learnt'; readonly update: DeviceUpdate }
  /** The trace of a transfer, as `readTrace` reads it. Without `words` the transfer is not there any more. */
  | { readonly type: 'trace'; readonly id: number; readonly words?: readonly number[] }
  /** Totals since it was started. */
  | { readonly type: 'stats'; readonly stats: NetworkStats }
  /** The first datagram reached a listening socket. */
  | { readonly type: 'asked' }

/** An event of a transfer. `ended`: it is for a history alone, as no listener reads it; facts count it. It had trouble, or `kept` has it. */
export interface EventReport {
  readonly type: 'event' | 'ended'
  readonly event: TransferEvent
  /** For a history, with the last event of a transfer. */
  readonly details?: EndedDetails
  /** Of a transfer that stalled or did not complete. */
  readonly evidence?: Evidence
}

/** For a history: transfers that ended and were well, of whose last event no listener reads. Facts count them. */
export interface KeptReport {
  readonly type: 'kept'
  /** Each a `TransferRow` (history/batch.ts) in JSON, with commas between. */
  readonly rows: string
  readonly count: number
}

/** What happened without an event that was sent, since the last facts. */
export interface Facts {
  /** Transfers that began or ended. */
  readonly counts: Readonly<Partial<Record<CountedKind, number>>>
  /** Of those: the ones in which a client stores a file. */
  readonly writes: Readonly<Partial<Record<CountedKind, number>>>
  /** Payload of the transfers that ended. */
  readonly readBytes: number
  readonly writtenBytes: number
  /** Transfers that the control side does not know yet, or that have changed. */
  readonly running: readonly Standing[]
  /** Transfers that the control side knows, and that run no more. */
  readonly ended: readonly number[]
  /** The highest id of a transfer that began without an event; 0 without any. */
  readonly lastId: number
}

export type CountedKind = keyof ServerStats['writes']

/** How a running transfer stands. `served` is there only where it differs from `file`, as in an event. */
export interface Standing extends Omit<TransferSnapshot, 'served' | 'sizeBytes' | 'blksize'> {
  readonly served?: string
  readonly sizeBytes?: number
  readonly blksize?: number
  readonly blocks: number
}

/** Up: what becomes of an instance. */
export type Life =
  /** It listens. */
  | { readonly type: 'ready'; readonly bound: Bound; readonly driver: string }
  /** It could not start. */
  | { readonly type: 'failed'; readonly error: PlainError }
  | { readonly type: 'prepared'; readonly error?: PlainError }
  | { readonly type: 'following' }
  | { readonly type: 'stopped' }
  /** The last word of one that crashed. */
  | { readonly type: 'crashed'; readonly cause: string }

export type FromInstance = Report | Life

/** An error on its way between threads, which keep no classes. */
export interface PlainError {
  readonly message: string
  readonly code?: ErrorCode
  readonly fault?: Fault
  /** Of the system, where it is the reason. */
  readonly errno?: string
}

export function toPlain(error: unknown): PlainError {
  if (!(error instanceof ForesendError)) return { message: error instanceof Error ? error.message : String(error) }
  const errno = (error.cause as NodeJS.ErrnoException | undefined)?.code
  return { message: error.message, code: error.code, fault: error.fault, ...(errno === undefined ? {} : { errno }) }
}

export function fromPlain({ message, code, fault, errno }: PlainError): ForesendError {
  const cause = errno === undefined ? undefined : Object.assign(new Error(errno), { code: errno })
  return new ForesendError(code ?? 'ERR_TFTP_INTERNAL', message, { fault: fault ?? 'local', cause })
}
