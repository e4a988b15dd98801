/** What `foresend top` knows, and what its keys do: no terminal and no socket. */
import type { FollowedEvent } from '../../control/follow.ts'
import type { TransferView } from '../../control/http/view.ts'
import type { TransferEvent } from '../../endpoint/contract.ts'
import type { ServerStats } from '../../server/contract.ts'

export const SORTS = ['age', 'speed', 'done', 'repeats', 'client', 'file'] as const
export type Sort = (typeof SORTS)[number]

/** Ends that are kept for the lines below the table. */
const MAX_ENDED = 20

export type Prompt =
  | { readonly type: 'filter' }
  | { readonly type: 'abort'; readonly id: number; readonly client: string }

/** What a key asks of the program around. */
export type Wish =
  | { readonly type: 'quit' }
  | { readonly type: 'abort'; readonly id: number }
  | { readonly type: 'plot'; readonly id: number }

export class TopModel {
  stats: ServerStats | undefined
  version = ''
  sort: Sort = 'age'
  filter = ''
  prompt: Prompt | undefined
  /** The transfer whose plot is shown. */
  plotted: number | undefined
  /** A line for the person, until the next key. */
  note = ''
  /** The last that ended, the newest first. */
  readonly ended: TransferEvent[] = []
  #selected: number | undefined
  readonly #transfers = new Map<number, TransferView>()

  apply({ event, data }: FollowedEvent): void {
    if (event === 'snapshot') {
      const { status, transfers } = data as unknown as {
        status: ServerStats & { version: string }
        transfers: TransferView[]
      }
      this.stats = status
      this.version = status.version
      this.#transfers.clear()
      for (const transfer of transfers) this.#transfers.set(transfer.id, transfer)
    } else if (event === 'changes') {
      const { stats, changed, gone, ended } = data as unknown as {
        stats: ServerStats
        changed: TransferView[]
        gone: number[]
        ended: TransferEvent[]
      }
      this.stats = stats
      for (const transfer of changed) this.#transfers.set(transfer.id, transfer)
      for (const id of gone) this.#transfers.delete(id)
      this.ended.unshift(...ended.toReversed())
      this.ended.length = Math.min(this.ended.length, MAX_ENDED)
    }
  }

  /** Those that fit the filter, in the order that was chosen. */
  rows(): TransferView[] {
    const wanted = this.filter.toLowerCase()
    const fits = ({ client, file }: TransferView): boolean =>
      wanted === '' || client.toLowerCase().includes(wanted) || file.toLowerCase().includes(wanted)
    return [...this.#transfers.values()].filter(fits).sort(ORDERS[this.sort])
  }

  /** Always one of the rows, where there is one. */
  get selected(): number | undefined {
    const rows = this.rows()
    return rows.some(({ id }) => id === this.#selected) ? this.#selected : rows[0]?.id
  }

  /** `key` as readline names it, or the character itself. */
  key(key: string): Wish | undefined {
    this.note = ''
    if (this.prompt?.type === 'filter') return this.#typeFilter(key)
    if (this.prompt?.type === 'abort') return this.#confirm(this.prompt.id, key)
    switch (key) {
      case 'q':
      case 'ctrl-c':
        return { type: 'quit' }
      case 'up':
      case 'k':
        return this.#move(-1)
      case 'down':
      case 'j':
        return this.#move(1)
      case 's':
        this.sort = SORTS[(SORTS.indexOf(this.sort) + 1) % SORTS.length]
        return undefined
      case '/':
        this.prompt = { type: 'filter' }
        return undefined
      case 'escape':
        this.filter = ''
        this.plotted = undefined
        return undefined
      case 'p': {
        const id = this.selected
        this.plotted = this.plotted === undefined ? id : undefined
        return this.plotted === undefined ? undefined : { type: 'plot', id: this.plotted }
      }
      case 'a': {
        const id = this.selected
        const transfer = id === undefined ? undefined : this.#transfers.get(id)
        if (transfer !== undefined) this.prompt = { type: 'abort', id: transfer.id, client: transfer.client }
        return undefined
      }
      default:
        return undefined
    }
  }

  #typeFilter(key: string): Wish | undefined {
    if (key === 'ctrl-c') return { type: 'quit' }
    if (key === 'return' || key === 'escape') this.prompt = undefined
    if (key === 'escape') this.filter = ''
    else if (key === 'backspace') this.filter = this.filter.slice(0, -1)
    else if ([...key].length === 1 && key >= ' ') this.filter += key
    return undefined
  }

  #confirm(id: number, key: string): Wish | undefined {
    this.prompt = undefined
    return key === 'y' ? { type: 'abort', id } : undefined
  }

  #move(by: number): undefined {
    const rows = this.rows()
    const at = rows.findIndex(({ id }) => id === this.selected)
    this.#selected = rows[Math.min(rows.length - 1, Math.max(0, at + by))]?.id
  }
}

const ORDERS: Readonly<Record<Sort, (a: TransferView, b: TransferView) => number>> = {
  age: (a, b) => a.since - b.since || a.id - b.id,
  speed: (a, b) => b.rateBytesPerSec - a.rateBytesPerSec || a.id - b.id,
  done: (a, b) => share(b) - share(a) || a.id - b.id,
  repeats: (a, b) => b.retransmitted - a.retransmitted || a.id - b.id,
  client: (a, b) => (a.client < b.client ? -1 : a.client > b.client ? 1 : a.id - b.id),
  file: (a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : a.id - b.id),
}

function share({ bytes, sizeBytes }: TransferView): number {
  return sizeBytes === undefined || sizeBytes === 0 ? 0 : bytes / sizeBytes
}
