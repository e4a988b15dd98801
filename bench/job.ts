/** What the load process is told to do, and what it answers. */

/** Fetch or store files, several clients at a time, each one file after the other. */
export interface TransferJob {
  readonly kind: 'get' | 'put'
  readonly address: string
  readonly port: number
  /** What to ask for. */
  readonly file: string
  /** `put`: where its bytes are. */
  readonly source: string
  readonly sizeBytes: number
  /** Of the whole file; `get` compares it with what came. */
  readonly crc32: number
  readonly clients: number
  /** In all. */
  readonly transfers: number
  readonly blksize: number
  readonly windowsize: number
  /** Silence after which a packet is repeated. */
  readonly timeoutMs: number
}

/** Ask for a file `count` times and never answer what comes: adds to what is held already. */
export interface HoldJob {
  readonly kind: 'hold'
  readonly address: string
  readonly port: number
  readonly file: string
  readonly count: number
}

/** Let go of what is held. */
export interface DropJob {
  readonly kind: 'drop'
}

export type Job = TransferJob | HoldJob | DropJob

export interface Result {
  readonly ms: number
  readonly bytes: number
  readonly done: number
  /** Of transfers that failed; the first ten. */
  readonly faults: readonly string[]
  /** Packets that had to be sent again, on either side of a loss. */
  readonly repeats: number
  /** What the server agreed to (the last one). */
  readonly blksize: number
  readonly windowsize: number
}
