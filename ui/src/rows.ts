/** Which transfers are listed, in which order and in which groups; and which rows of a long list are drawn. */
import type { TransferView } from './wire.ts'

export const ORDERS = ['attention', 'newest', 'oldest', 'slowest'] as const
export type Order = (typeof ORDERS)[number]
export const GROUPINGS = ['none', 'file', 'state'] as const
export type Grouping = (typeof GROUPINGS)[number]

export interface Listing {
  readonly search: string
  readonly order: Order
  readonly group: Grouping
  /** Groups whose transfers are shown. */
  readonly open: ReadonlySet<string>
}

export type Row =
  | { readonly type: 'transfer'; readonly view: TransferView }
  | {
      readonly type: 'group'
      readonly key: string
      readonly count: number
      readonly stalled: number
      readonly bytes: number
      readonly rateBytesPerSec: number
      readonly isOpen: boolean
    }

export function rowsOf(transfers: Iterable<TransferView>, { search, order, group, open }: Listing): Row[] {
  const wanted = search.trim().toLowerCase()
  const views = [...transfers]
  const found = wanted === '' ? views : views.filter((view) => matches(view, wanted))
  found.sort(COMPARE[order])
  if (group === 'none') return found.map((view) => ({ type: 'transfer', view }))
  const groups = Map.groupBy(found, (view) => (group === 'state' ? view.state : view.file))
  const largestFirst = [...groups].sort((a, b) => b[1].length - a[1].length || (a[0] < b[0] ? -1 : 1))
  return largestFirst.flatMap(([key, members]) => {
    const isOpen = open.has(key)
    const head: Row = {
      type: 'group',
      key,
      count: members.length,
      stalled: members.reduce((sum, { state }) => sum + (state === 'stalled' ? 1 : 0), 0),
      bytes: members.reduce((sum, { bytes }) => sum + bytes, 0),
      rateBytesPerSec: members.reduce((sum, { rateBytesPerSec }) => sum + rateBytesPerSec, 0),
      isOpen,
    }
    return isOpen ? [head, ...members.map((view): Row => ({ type: 'transfer', view }))] : [head]
  })
}

function matches(view: TransferView, wanted: string): boolean {
  return (
    view.client.toLowerCase().includes(wanted) ||
    view.file.toLowerCase().includes(wanted) ||
    (view.served?.toLowerCase().includes(wanted) ?? false)
  )
}

const STATE_RANK = { stalled: 0, requested: 1, running: 2 } as const

const COMPARE: Record<Order, (a: TransferView, b: TransferView) => number> = {
  attention: (a, b) => STATE_RANK[a.state] - STATE_RANK[b.state] || a.since - b.since || a.id - b.id,
  newest: (a, b) => b.since - a.since || b.id - a.id,
  oldest: (a, b) => a.since - b.since || a.id - b.id,
  slowest: (a, b) => a.rateBytesPerSec - b.rateBytesPerSec || a.id - b.id,
}

export interface Range {
  readonly from: number
  /** Exclusive. */
  readonly to: number
}

/** Rows drawn above and below those in view, for a quick scroll. */
const SPARE_ROWS = 6

export function rangeInView(scrollTop: number, height: number, rowHeight: number, count: number): Range {
  const to = Math.min(count, Math.ceil((scrollTop + height) / rowHeight) + SPARE_ROWS)
  // A list that became shorter than the place that was scrolled to still shows its end.
  const from = Math.min(Math.max(0, Math.floor(scrollTop / rowHeight) - SPARE_ROWS), Math.max(0, to - 1))
  return { from, to }
}
