/** What the side that serves and the thread that writes say to each other. */
import type { DeviceUpdate } from '../profile/memory.ts'
import type { Run } from './batch.ts'
import type { Limits } from './retention.ts'

export interface WriterStart {
  readonly folder: string
  readonly run: Run
  readonly limits?: Limits
}

/** Down. A batch crosses as a text (JSON of `Batch`): that is several times cheaper than as objects. */
export type ToWriter =
  | { readonly type: 'batch'; readonly batch: string }
  /** Answered by `forgotten`. Batches before it are written first. */
  | { readonly type: 'forget'; readonly name: string }
  | { readonly type: 'close' }

/** Up. */
export type FromWriter =
  /** The thread has loaded its code, and turns to the database. */
  | { readonly type: 'alive' }
  /** The first answer: what was learnt of devices. */
  | { readonly type: 'opened'; readonly devices: readonly DeviceUpdate[] }
  /** The oldest `batches` of those that were sent are in the database. */
  | { readonly type: 'stored'; readonly batches: number }
  /** The answers to `forget`, in the order of the questions; without `devices` it could not be done. */
  | { readonly type: 'forgotten'; readonly devices?: readonly string[] }
  | { readonly type: 'notice'; readonly message: string }
  /** The database is another's: nothing more is to be sent. */
  | { readonly type: 'off' }
  /** The last answer. */
  | { readonly type: 'closed' }
