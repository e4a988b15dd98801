/**
 * What a history keeps of transfers that were well and that no listener reads: the row of its table, as a text, straight from the transfer. There
 * are thousands of them in a second; events, which are objects, would cost several times as much on their way.
 */
import type { EventKind } from '../endpoint/contract.ts'
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

export class KeptRows {
  readonly #say: (message: FromInstance) => void
  #rows: string[] = []
  #timer: NodeJS.Timeout | undefined
  /** Rows without the checksum that they wait for. */
  readonly #waiting = new Map<object, { readonly head: string; readonly known: Promise<void> }>()

  constructor(say: (message: FromInstance) => void) {
    this.#say = say
  }

  /** `transfer` ended with an event of `kind` at `now`, in the endpoint's time. */
  add(kind: EventKind, now: number, transfer: ServedTransfer, details: EndedDetails): void {
    const head = headOf(kind, now, transfer, details)
    const crc32 = kind === 'completed' ? transfer.content?.crc32() : undefined
    if (crc32 === undefined) return this.#push(head, undefined)
    const key = {}
    const known = crc32.then(
      (value) => this.#release(key, value),
      () => this.#release(key, undefined),
    )
    this.#waiting.set(key, { head, known })
  }

  /** Resolves when all rows have left. */
  async settled(): Promise<void> {
    await Promise.all([...this.#waiting.values()].map(({ known }) => known))
    this.flush()
  }

  /** Sends at once, without checksum, what waits. */
  hurry(): void {
    for (const key of this.#waiting.keys()) this.#release(key, undefined)
    this.flush()
  }

  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#rows.length === 0) return
    const rows = this.#rows
    this.#rows = []
    this.#say({ type: 'kept', rows: rows.join(','), count: rows.length })
  }

  #release(key: object, crc32: number | undefined): void {
    const waiting = this.#waiting.get(key)
    if (waiting === undefined) return
    this.#waiting.delete(key)
    this.#push(waiting.head, crc32)
  }

  #push(head: string, crc32: number | undefined): void {
    this.#rows.push(`${head}${crc32 === undefined ? 'null' : `"${hex(crc32)}"`},null]`)
    if (this.#rows.length >= MAX_ROWS) this.flush()
    else this.#timer ??= setTimeout(() => this.flush(), FLUSH_MS).unref()
  }
}

/** A `TransferRow` (history/batch.ts) up to its checksum. */
function headOf(kind: EventKind, now: number, transfer: ServedTransfer, details: EndedDetails): string {
  const { id, peer, request, direction, content, outcome, sizeBytes, agreed, machine } = transfer
  const counters = machine?.counters ?? NO_COUNTERS
  const ms = Math.max(0, (transfer.endedAt ?? now) - transfer.requestedAt)
  const served = content?.name
  const { error, lastAck } = outcome ?? {}
  const texts = `${FIRST_NUMBER + id},${text(details.device)},${text(peer.address)},${peer.port},"${direction}",${text(request.filename)}`
  const names = `${served === undefined || served === request.filename ? 'null' : text(served)},${text(details.asked)},${text(details.agreed)}`
  const end = `"${kind}",${lastAck === undefined ? 'null' : text(lastAck)},${error === undefined ? 'null,null' : `"${error.code}",${text(error.message)}`},null,null`
  const figures = `${counters[COUNTER.bytes]},${sizeBytes ?? null},${counters[COUNTER.blocks]},${counters[COUNTER.datagrams]},${counters[COUNTER.retransmitted]}`
  const window = machine === undefined ? 1 : counters[COUNTER.windowBlocks]
  const times = `${details.stalls},${Math.round(Date.now() - ms)},${Math.round(ms * 1000) / 1000}`
  return `[${texts},${names},${end},${figures},${window},${agreed?.blksize ?? null},${times},`
}

function text(value: string): string {
  return JSON.stringify(value)
}

/** As U-Boot's `crc32` prints it. */
export function hex(crc32: number): string {
  return (crc32 >>> 0).toString(16).padStart(8, '0')
}
