/** What the server's HTTP interface says, as far as the page reads it. */
import type { ServerEvent, ServerStats, TraceEntry, TransferSnapshot } from '../../src/server/contract.ts'
import type {
  SentDevice,
  SentDiagnosis,
  SentDigests,
  SentFile,
  SentHistoryRow,
  SentNetwork,
  SentStatus,
} from '../../src/control/http/schemas.ts'
import type { TransferEvent } from '../../src/endpoint/contract.ts'

export type Cause = SentDiagnosis['causes'][number]
export type Device = SentDevice
export type Diagnosis = SentDiagnosis
export type Digests = SentDigests
export type ServedFile = SentFile
export type HistoryRow = SentHistoryRow
export type Network = SentNetwork
export type Status = SentStatus
export type { ServerEvent, ServerStats, TraceEntry, TransferEvent }

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

/** Milliseconds since the epoch, or ISO 8601. */
export type Time = number | string

/** Milliseconds since the epoch; undefined where nothing is known. */
export function msOf(time: Time | undefined): number | undefined {
  if (time === undefined) return undefined
  const ms = typeof time === 'number' ? time : Date.parse(time)
  return Number.isFinite(ms) ? ms : undefined
}
