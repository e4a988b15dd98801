/** Transfers that are over, page by page, narrowed down by filters that stand in the address. */
import { get } from '../api.ts'
import { HistoryTable } from '../parts/history-table.tsx'
import { Waiting } from '../parts/loading.tsx'
import { More } from '../parts/more.tsx'
import { settled, useLoad, usePages, useTyped } from '../hooks.ts'
import { type HistoryFilter, queryOf, replaceRoute } from '../route.ts'
import type { HistoryRow } from '../wire.ts'

const PAGE_ROWS = 50

interface Page {
  readonly transfers: readonly HistoryRow[]
  readonly next: string | null
}

const OUTCOMES = ['trouble', 'completed', 'failed', 'refused', 'superseded', 'probed'] as const

export function HistoryView({ filter }: { readonly filter: HistoryFilter }) {
  const query = queryOf({ ...filter })
  const loaded = useLoad((signal) => pageOf(query, undefined, signal), [query, settled.value])
  // Pages behind the first belong to its filter and to its end.
  const pages = usePages(loaded.value, (before) => pageOf(query, before), [query])
  const rows = uniqueRows(pages.pages.flatMap(({ transfers }) => transfers))
  return (
    <section>
      <h1>History</h1>
      <FilterForm filter={filter} />
      <Waiting loaded={loaded} />
      {loaded.value !== undefined && rows.length === 0 && (
        <p class="idle">
          {query === ''
            ? 'No transfer has ended yet.'
            : !pages.hasMore
              ? 'No transfer fits.'
              : 'None of the newest ones fits.'}
        </p>
      )}
      {rows.length > 0 && <HistoryTable rows={rows} />}
      <More pages={pages} title="Older ones" />
    </section>
  )
}

function pageOf(query: string, before: string | undefined, signal?: AbortSignal): Promise<Page> {
  return get<Page>(
    `/history?${[query, queryOf({ before, limit: PAGE_ROWS })].filter((part) => part !== '').join('&')}`,
    signal,
  )
}

/** The first page is asked for again while older ones stay: rows that moved down would stand twice. */
function uniqueRows(rows: readonly HistoryRow[]): HistoryRow[] {
  return [...new Map(rows.map((row) => [row.id, row])).values()]
}

function FilterForm({ filter }: { readonly filter: HistoryFilter }) {
  const tell = (typed: HistoryFilter): void => replaceRoute({ view: 'history', filter: withoutEmpty(typed) })
  const [typed, setTyped] = useTyped(filter, (one) => queryOf({ ...one }), tell)
  const set = (key: keyof HistoryFilter) => (event: { currentTarget: { value: string } }) =>
    setTyped({ ...typed, [key]: event.currentTarget.value })
  return (
    <form class="inline" role="search" aria-label="The history" onSubmit={(event) => event.preventDefault()}>
      <label>
        Device
        <input type="search" placeholder="address or MAC" value={typed.device ?? ''} onInput={set('device')} />
      </label>
      <label>
        File
        <input type="search" placeholder="part of its name" value={typed.file ?? ''} onInput={set('file')} />
      </label>
      <label>
        Ended
        <select value={typed.outcome ?? ''} onChange={set('outcome')}>
          <option value="">in any way</option>
          {OUTCOMES.map((outcome) => (
            <option key={outcome} value={outcome}>
              {OUTCOME_WORDS[outcome]}
            </option>
          ))}
        </select>
      </label>
      <label>
        Direction
        <select value={typed.direction ?? ''} onChange={set('direction')}>
          <option value="">both</option>
          <option value="read">fetched</option>
          <option value="write">stored</option>
        </select>
      </label>
    </form>
  )
}

const OUTCOME_WORDS: Record<(typeof OUTCOMES)[number], string> = {
  trouble: 'not well',
  completed: 'completed',
  failed: 'failed',
  refused: 'refused',
  superseded: 'began anew',
  probed: 'asked for the size',
}

function withoutEmpty(filter: HistoryFilter): HistoryFilter {
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== '')) as HistoryFilter
}
