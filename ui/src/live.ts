/** What the server does now, as the stream of events tells it. */
import { signal } from '@preact/signals'
import { type Ended, endedByEvent, endedByRow, joined } from './ended.ts'
import type { Link } from './stream.ts'
import type {
  ChangesFrame,
  HistoryRow,
  ServerEvent,
  SnapshotFrame,
  Status,
  TransferEvent,
  TransferView,
} from './wire.ts'

/** Transfers that are over and still shown; older ones are in the history. */
const MOST_ENDED = 100
const MOST_NOTICES = 20
/** The last event of a transfer comes with its cause, some seconds after it stopped running. */
const LEAVING_MS = 8000
const MOST_LEAVING = 6

export interface Notice {
  readonly time: number
  readonly code: string
  readonly message: string
}

/** What changed with one frame, for the part that a screen reader speaks. */
export interface News {
  readonly begun: readonly TransferView[]
  readonly stalled: readonly TransferView[]
  readonly cured: readonly TransferView[]
  readonly ended: readonly Ended[]
}

export interface Leaving {
  readonly view: TransferView
  readonly since: number
}

export class Live {
  readonly transfers = new Map<number, TransferView>()
  /** Counts the frames: a component that reads it is drawn again with each. */
  readonly frames = signal(0)
  readonly status = signal<Status | undefined>(undefined)
  readonly link = signal<Link>({ type: 'connecting', isFirst: true })
  readonly ended = signal<readonly Ended[]>([])
  /** Transfers that run no more, whose last event has not come yet. */
  readonly leaving = signal<readonly Leaving[]>([])
  readonly notices = signal<readonly Notice[]>([])
  readonly news = signal<News | undefined>(undefined)
  /** How far the server's clock is ahead of this one's. */
  skewMs = 0

  snapshot({ time, status, transfers }: SnapshotFrame): void {
    const before = this.status.value
    // Another run of the server numbers its transfers anew.
    if (before !== undefined && before.since !== status.since) this.ended.value = this.ended.value.map(withoutRunId)
    this.skewMs = time - Date.now()
    this.status.value = status
    this.transfers.clear()
    this.leaving.value = []
    for (const view of transfers) this.transfers.set(view.id, view)
    this.frames.value++
  }

  /** False when these are changes of another run of the server than the one that is shown. */
  changes({ time, stats, changed, gone, ended, notices }: ChangesFrame): boolean {
    const status = this.status.value
    if (status === undefined || status.since !== stats.since) return false
    this.skewMs = time - Date.now()
    this.status.value = { ...status, ...stats }
    const [begun, stalled, cured]: TransferView[][] = [[], [], []]
    for (const view of changed) {
      const before = this.transfers.get(view.id)
      if (before === undefined) begun.push(view)
      else if (view.state !== before.state && view.state === 'stalled') stalled.push(view)
      else if (view.state === 'running' && before.state === 'stalled') cured.push(view)
      this.transfers.set(view.id, view)
    }
    const over = ended
      .filter(isOfTransfer)
      .map((event) => ({ stalls: this.#lastView(event.id)?.stalls, ...endedByEvent(event) }))
    this.#leave(gone, new Set(over.flatMap(({ runId }) => runId ?? [])))
    if (over.length > 0) this.ended.value = joined(over.slice(-MOST_ENDED), this.ended.value, MOST_ENDED)
    const told = notices.filter((event) => event.event === 'notice')
    if (told.length > 0) this.notices.value = [...told.toReversed(), ...this.notices.value].slice(0, MOST_NOTICES)
    if (begun.length + stalled.length + cured.length + over.length > 0) {
      this.news.value = { begun, stalled, cured, ended: over }
    }
    this.frames.value++
    return true
  }

  #lastView(id: number): TransferView | undefined {
    return this.transfers.get(id) ?? this.leaving.value.find(({ view }) => view.id === id)?.view
  }

  #leave(gone: readonly number[], over: ReadonlySet<number>): void {
    const now = Date.now()
    const stays = this.leaving.value.filter(({ view, since }) => !over.has(view.id) && now - since < LEAVING_MS)
    const goes = gone.flatMap((id) => {
      const view = this.transfers.get(id)
      return view === undefined || over.has(id) ? [] : [{ view, since: now }]
    })
    if (goes.length > 0 || stays.length < this.leaving.value.length) {
      this.leaving.value = [...stays, ...goes].slice(-MOST_LEAVING)
    }
    for (const id of [...gone, ...over]) this.transfers.delete(id)
  }

  /** What ended before this page was opened. */
  history(rows: readonly HistoryRow[]): void {
    this.ended.value = joined(this.ended.value, rows.map(endedByRow), MOST_ENDED)
  }

  /** The server's time, for times since. */
  now(): number {
    return Date.now() + this.skewMs
  }
}

export const live = new Live()

function isOfTransfer(event: ServerEvent): event is TransferEvent {
  return event.event !== 'listening' && event.event !== 'notice'
}

function withoutRunId(ended: Ended): Ended {
  return { ...ended, runId: undefined }
}
