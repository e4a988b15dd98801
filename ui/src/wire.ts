/** What the server's HTTP interface says, as far as the page reads it. */
import type { Bound, ServerEvent, ServerStats, TraceEntry, TransferSnapshot } from '../../src/server/contract.ts'
import type { TransferEvent } from '../../src/endpoint/contract.ts'

export type { ServerEvent, ServerStats, TraceEntry, TransferEvent }

export interface Status extends ServerStats {
  readonly version: string
  readonly pid: number
  readonly listening: Bound
  /** Whether files may be put by HTTP. */
  readonly writable: boolean
  readonly http: { readonly tokenNeeded: boolean }
}

/** A transfer that runs. */
export interface TransferView extends TransferSnapshot {
  /** What goes on, in one sentence. */
  readonly inWords: string
}

export interface SnapshotFrame {
  readonly time: number
  readonly status: Status
  readonly transfers: readonly TransferView[]
}

export interface ChangesFrame {
  readonly time: number
  readonly stats: ServerStats
  readonly changed: readonly TransferView[]
  readonly gone: readonly number[]
  readonly ended: readonly ServerEvent[]
  readonly notices: readonly ServerEvent[]
}

/** A transfer of the history. Times are ISO 8601, what is unknown is left out. */
export interface HistoryRow {
  readonly id: number
  readonly started: string
  readonly ms: number
  readonly address: string
  readonly port: number
  readonly mac?: string
  readonly device?: string
  readonly direction: 'read' | 'write'
  readonly asked: string
  readonly served?: string
  readonly optionsAsked: string
  readonly optionsAgreed: string
  readonly outcome: string
  readonly lastAck?: string
  readonly code?: string
  readonly reason?: string
  readonly cause?: string
  readonly confidence?: number
  readonly bytes: number
  readonly sizeBytes?: number
  readonly blocks: number
  readonly datagrams: number
  readonly repeats: number
  readonly window: number
  readonly blksize?: number
  readonly stalls: number
  readonly crc32?: string
  readonly hasTrace: boolean
}

export interface Device {
  readonly name: string
  readonly addresses: readonly string[]
  /** Each kind of request that it makes. */
  readonly requests: readonly {
    readonly identity: string
    readonly learnt: readonly string[]
    readonly transfers: number
  }[]
  /** In plain words. */
  readonly learnt: readonly string[]
  readonly firstSeen?: Time
  readonly lastSeen?: Time
  readonly transfers: number
  readonly failed: number
}

/** Milliseconds since the epoch, or ISO 8601. */
export type Time = number | string

export interface ServedFile {
  readonly name: string
  readonly sizeBytes: number
  readonly modified: Time
}

export interface Digests {
  readonly name: string
  readonly sizeBytes: number
  readonly sha256: string
  readonly md5?: string
  readonly crc32: string
}

export interface Cause {
  readonly id: string
  readonly confidence: number
  readonly explanation: string
  readonly advice: string
  readonly evidence: readonly string[]
}

export interface Diagnosis {
  readonly outcome: string
  readonly causes: readonly Cause[]
}

export interface Network {
  readonly addresses: readonly {
    readonly name: string
    readonly address: string
    readonly family: 4 | 6
    readonly isUp: boolean
    readonly isLoopback: boolean
  }[]
  readonly port: number
  readonly firewall: { readonly said: string } | null
  readonly lastRequest: number | null
  readonly hints: readonly string[]
}

/** Milliseconds since the epoch; undefined where nothing is known. */
export function msOf(time: Time | undefined): number | undefined {
  if (time === undefined) return undefined
  const ms = typeof time === 'number' ? time : Date.parse(time)
  return Number.isFinite(ms) ? ms : undefined
}
