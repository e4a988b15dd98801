/**
 * What a history keeps of transfers that were well and that no listener reads: the row of its table, straight from the transfer. There are thousands
 * of them in a second, and many rows cross as one text: events, which are objects, would cost several times as much on their way.
 */
import type { EventKind } from '../endpoint/contract.ts'
import { COLUMNS, type TransferRow } from '../history/batch.ts'
import type { EndedDetails } from '../history/contract.ts'
import { COUNTER, newCounters } from '../transfer/contract.ts'
import type { ServedTransfer } from './content.ts'
import type { FromInstance } from './protocol.ts'

/** Rows wait this long for others, and a message holds this many. */
const FLUSH_MS = 100
const MAX_ROWS = 128
/**
 * The numbers of other rows are given where they are queued, from 1 on. They rise here too, in the order of time: an index grows at its end for
 * a third less.
 */
const FIRST_NUMBER = 2 ** 31
const NO_COUNTERS = newCounters()
/** Where a row has it. */
const CRC32 = 2 + COLUMNS.indexOf('crc32')

type Row = { -readonly [N in keyof TransferRow]: TransferRow[N] }

export class KeptRows {
  readonly #say: (message: FromInstance) => void
  #rows: Row[] = []
  #timer: NodeJS.Timeout | undefined
  /** Rows without the checksum that they wait for. */
  readonly #waiting = new Map<Row, Promise<void>>()

  constructor(say: (message: FromInstance) => void) {
    this.#say = say
  }

  /** `transfer` ended with an event of `kind` at `now`, in the endpoint's time. */
  add(kind: EventKind, now: number, transfer: ServedTransfer, details: EndedDetails): void {
    const row = rowOf(kind, now, transfer, details)
    const crc32 = kind === 'completed' ? transfer.content?.crc32() : undefined
    if (crc32 === undefined) return this.#push(row)
    const known = crc32.then(
      (value) => this.#release(row, value),
      () => this.#release(row, undefined),
    )
    this.#waiting.set(row, known)
  }

  /** Resolves when all rows have left. */
  async settled(): Promise<void> {
    await Promise.all(this.#waiting.values())
    this.flush()
  }

  /** Sends at once, without checksum, what waits. */
  hurry(): void {
    for (const row of this.#waiting.keys()) this.#release(row, undefined)
    this.flush()
  }

  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#rows.length === 0) return
    const rows = this.#rows
    this.#rows = []
    this.#say({ type: 'kept', rows: JSON.stringify(rows).slice(1, -1), count: rows.length })
  }

  #release(row: Row, crc32: number | undefined): void {
    if (!this.#waiting.delete(row)) return
    if (crc32 !== undefined) row[CRC32] = hex(crc32)
    this.#push(row)
  }

  #push(row: Row): void {
    this.#rows.push(row)
    if (this.#rows.length >= MAX_ROWS) this.flush()
    else this.#timer ??= setTimeout(() => this.flush(), FLUSH_MS).unref()
  }
}

/** Its checksum is not known yet. */
function rowOf(kind: EventKind, now: number, transfer: ServedTransfer, details: EndedDetails): Row {
  const { id, peer, request, direction, content, outcome, sizeBytes, agreed, machine } = transfer
  const counters = machine?.counters ?? NO_COUNTERS
  const ms = Math.max(0, (transfer.endedAt ?? now) - transfer.requestedAt)
  const served = content?.name
  return [
    FIRST_NUMBER + id,
    details.device,
    peer.address,
    peer.port,
    direction,
    request.filename,
    served === undefined || served === request.filename ? null : served,
    details.asked,
    details.agreed,
    kind,
    outcome?.lastAck ?? null,
    outcome?.error?.code ?? null,
    outcome?.error?.message ?? null,
    null,
    null,
    counters[COUNTER.bytes],
    sizeBytes ?? null,
    counters[COUNTER.blocks],
    counters[COUNTER.datagrams],
    counters[COUNTER.retransmitted],
    machine === undefined ? 1 : counters[COUNTER.windowBlocks],
    agreed?.blksize ?? null,
    details.stalls,
    Math.round(Date.now() - ms),
    Math.round(ms * 1000) / 1000,
    null,
    null,
  ]
}

/** As U-Boot's `crc32` prints it. */
export function hex(crc32: number): string {
  return (crc32 >>> 0).toString(16).padStart(8, '0')
}
