/** What goes to the database in one transaction, as it crosses to the thread that writes. */
import type { DeviceUpdate } from '../profile/memory.ts'
import type { EndedTransfer } from './contract.ts'

export interface Batch {
  readonly ended: readonly NumberedTransfer[]
  readonly learnt: readonly DeviceUpdate[]
}

/** `seq` numbers the transfers of a run, so that a batch that is written twice is there once. */
export interface NumberedTransfer extends EndedTransfer {
  readonly seq: number
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
