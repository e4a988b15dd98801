/** The experiment of `explain`: which servers, and what one fault did with one of them. */
import type { FaultName } from './fault/catalogue.ts'
import type { ServerName } from './server/catalogue.ts'
import type { VerdictKind } from './verdict.ts'

/** The servers of the experiment, in the order of the table. */
export const EXPLAINED_SERVERS = [
  'tftp-hpa-5.2',
  'tftpd64-1000',
  'tftpd64-3584',
  'pytftpd-2',
  'foresend',
  'foresend-lock-step',
  'foresend-window-2',
] as const satisfies readonly ServerName[]

export type ExplainedServer = (typeof EXPLAINED_SERVERS)[number]

/** One fault with one server, as medians over the seeds. */
export interface ExplainedCell {
  readonly fault: FaultName
  readonly server: ExplainedServer
  /** How the runs ended: how many of each kind. */
  readonly kinds: Readonly<Partial<Record<VerdictKind, number>>>
  /** The most frequent of them. */
  readonly outcome: VerdictKind
  /** Runs in which the server reported success, rightly or not. */
  readonly reportedSuccess: number
  /** Distinct blocks in the device's memory when it was done or gave up. */
  readonly blocks: number
  /** Until then, milliseconds from the request. */
  readonly ms: number
  /** What it had received by then, in units of 1000 bytes. */
  readonly rateKBytesPerSec: number
  /** Blocks missing from an image that the device took for whole. */
  readonly holes: number
  readonly clientTimeouts: number
  readonly serverTimeouts: number
  /** DATA sent for each block that the device has; undefined when it has none. */
  readonly datagramsPerBlock: number | undefined
}
