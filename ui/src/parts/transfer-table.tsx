/** Transfers that run, when there are many: only the rows in view exist. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { useMedia } from '../hooks.ts'
import { live } from '../live.ts'
import { fragmentOf } from '../route.ts'
import { type Grouping, GROUPINGS, type Listing, type Order, ORDERS, rangeInView, type Row, rowsOf } from '../rows.ts'
import { countText, rateText, sizeText } from '../units.ts'
import { visible } from '../visible.ts'
import { leftMs, leftText, shareOf, stateWord } from '../words.ts'
import type { TransferView } from '../wire.ts'
import { Bar } from './bar.tsx'
import { Name } from './name.tsx'

const ROW_HEIGHT = 44
const NARROW_ROW_HEIGHT = 72

const ORDER_WORDS: Record<Order, string> = {
  attention: 'stalled first',
  newest: 'newest first',
  oldest: 'oldest first',
  slowest: 'slowest first',
}
const GROUP_WORDS: Record<Grouping, string> = { none: 'no groups', file: 'by file', state: 'by state' }

export function TransferTable() {
  const [listing, setListing] = useState<Listing>({ search: '', order: 'attention', group: 'none', open: new Set() })
  const box = useRef<HTMLDivElement>(null)
  const [scroll, setScroll] = useState({ top: 0, height: 720 })
  const isNarrow = useMedia('(max-width: 700px)')
  const frames = live.frames.value
  const rows = useMemo(() => rowsOf(live.transfers.values(), listing), [frames, listing])
  useEffect(() => {
    const element = box.current
    if (element === null) return
    const read = (): void => setScroll({ top: element.scrollTop, height: element.clientHeight })
    element.addEventListener('scroll', read, { passive: true })
    const observer = new ResizeObserver(read)
    observer.observe(element)
    return () => {
      element.removeEventListener('scroll', read)
      observer.disconnect()
    }
  }, [])
  const rowHeight = isNarrow ? NARROW_ROW_HEIGHT : ROW_HEIGHT
  const { from, to } = rangeInView(scroll.top, scroll.height, rowHeight, rows.length)
  const toggle = (key: string): void => {
    const open = new Set(listing.open)
    if (!open.delete(key)) open.add(key)
    setListing({ ...listing, open })
  }
  return (
    <>
      <ListingForm listing={listing} change={setListing} found={rows.length} />
      <div class="table">
        {/* The keyboard scrolls what has the focus. */}
        <div
          class="scroll"
          ref={box}
          role="table"
          aria-label="Transfers that run"
          aria-rowcount={rows.length + 1}
          tabIndex={0}
        >
          <div class="head" role="rowgroup">
            <div class="row head" role="row" aria-rowindex={1}>
              <span role="columnheader">Client</span>
              <span role="columnheader">File</span>
              <span role="columnheader">Progress</span>
              <span role="columnheader">Rate</span>
              <span role="columnheader">Time left</span>
              <span role="columnheader">Window</span>
              <span role="columnheader">Again</span>
            </div>
          </div>

          <div class="all" role="rowgroup" style={{ height: `${rows.length * rowHeight}px` }}>
            {rows.slice(from, to).map((row, index) => (
              <RowOf
                key={row.type === 'group' ? `g${row.key}` : row.view.id}
                row={row}
                index={from + index + 2}
                top={(from + index) * rowHeight}
                toggle={toggle}
              />
            ))}
          </div>
        </div>
      </div>
      {rows.length === 0 && <p class="quiet">No transfer that runs fits.</p>}
    </>
  )
}

interface FormProps {
  readonly listing: Listing
  readonly change: (listing: Listing) => void
  readonly found: number
}

function ListingForm({ listing, change }: FormProps) {
  return (
    <form class="inline" role="search" aria-label="Transfers that run" onSubmit={(event) => event.preventDefault()}>
      <label>
        Search
        <input
          type="search"
          placeholder="client or file"
          value={listing.search}
          onInput={(event) => change({ ...listing, search: event.currentTarget.value })}
        />
      </label>
      <label>
        Order
        <select
          value={listing.order}
          onChange={(event) => change({ ...listing, order: event.currentTarget.value as Order })}
        >
          {ORDERS.map((order) => (
            <option key={order} value={order}>
              {ORDER_WORDS[order]}
            </option>
          ))}
        </select>
      </label>
      <label>
        Groups
        <select
          value={listing.group}
          onChange={(event) => change({ ...listing, group: event.currentTarget.value as Grouping })}
        >
          {GROUPINGS.map((group) => (
            <option key={group} value={group}>
              {GROUP_WORDS[group]}
            </option>
          ))}
        </select>
      </label>
    </form>
  )
}

interface RowProps {
  readonly row: Row
  /** From 1, the head of the table. */
  readonly index: number
  readonly top: number
  readonly toggle: (key: string) => void
}

function RowOf({ row, index, top, toggle }: RowProps) {
  const view = row.type === 'transfer' ? row.view : undefined
  // Of the rows in view only those that changed, or are new, are made again: while it scrolls that is one or two.
  const made = useMemo(
    () => (view === undefined ? null : <TransferRow view={view} index={index} top={top} />),
    [view, index, top],
  )
  return row.type === 'transfer' ? made : <GroupRow row={row} index={index} top={top} toggle={toggle} />
}

function GroupRow({ row, index, top, toggle }: RowProps & { readonly row: Row & { readonly type: 'group' } }) {
  return (
    <div class="row group" role="row" aria-rowindex={index} style={{ transform: `translateY(${top}px)` }}>
      <span role="cell" aria-colspan={7}>
        <button type="button" class="plain" aria-expanded={row.isOpen} onClick={() => toggle(row.key)}>
          <span aria-hidden="true">{row.isOpen ? '▾' : '▸'}</span> <Name text={row.key} />
          <span class="quiet">
            {' '}
            {countText(row.count, 'transfer')}, {rateText(row.rateBytesPerSec)}
            {row.stalled > 0 && `, ${row.stalled} stalled`}
          </span>
        </button>
      </span>
    </div>
  )
}

interface TransferRowProps {
  readonly view: TransferView
  readonly index: number
  readonly top: number
}

function TransferRow({ view, index, top }: TransferRowProps) {
  const share = shareOf(view)
  const file = visible(view.file)
  return (
    <div class={`row ${view.state}`} role="row" aria-rowindex={index} style={{ transform: `translateY(${top}px)` }}>
      <span class="client" role="cell">
        <a href={fragmentOf({ view: 'transfer', id: String(view.id) })}>{view.client}</a>
      </span>
      <span class="file" role="cell" title={file}>
        <Name text={view.file} />
      </span>
      <span class="bars" role="cell">
        <Bar label={`${file}, ${view.client}`} bytes={view.bytes} sizeBytes={view.sizeBytes} tone={view.state} />
        <span class="num">{share === undefined ? sizeText(view.bytes) : `${Math.floor(share * 100)} %`}</span>
      </span>
      <span class="num" role="cell">
        {view.state === 'running' ? rateText(view.rateBytesPerSec) : stateWord(view)}
      </span>
      <span class="num wide" role="cell">
        {leftText(leftMs(view))}
      </span>
      <span class="num wide" role="cell">
        {view.window}
      </span>
      <span class="num wide" role="cell">
        {view.retransmitted}
      </span>
    </div>
  )
}
