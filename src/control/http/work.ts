/** What takes a thread of its own time: reading whole files, and diagnosing packets. */
import type { TracedTransfer } from '../../capture/from-trace.ts'

export interface Digests {
  readonly sha256: string
  readonly md5: string
  /** Eight hex digits, as U-Boot's `crc32` prints it. */
  readonly crc32: string
}

export interface FoundDiagnosis {
  readonly outcome: string
  readonly causes: readonly {
    readonly id: string
    readonly confidence: number
    readonly explanation: string
    readonly advice: string
    readonly evidence: readonly string[]
  }[]
  readonly holes: {
    readonly count: number
    readonly ranges: readonly { readonly first: number; readonly last: number }[]
    readonly because: string
  }
}

export type Job =
  /** The descriptor stays open until the answer comes. */
  | { readonly type: 'digest'; readonly fd: number }
  | { readonly type: 'diagnose'; readonly traced: TracedTransfer; readonly words: Uint32Array }

export type Done = { readonly digests: Digests } | { readonly diagnosis: FoundDiagnosis } | { readonly failed: string }
