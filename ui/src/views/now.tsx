/** What happens now. */
import { EndedCard } from '../parts/ended-card.tsx'
import { FileName } from '../parts/name.tsx'
import { NothingHeard } from '../parts/nothing-heard.tsx'
import { TransferCard } from '../parts/transfer-card.tsx'
import { useNow } from '../hooks.ts'
import { NotYet } from '../later.tsx'
import { live } from '../live.ts'
import { rest } from '../rest.ts'
import { fragmentOf } from '../route.ts'
import { clockText, rateText } from '../units.ts'
import type { Status, TransferView } from '../wire.ts'
import { Advice } from '../parts/advice.tsx'

/** More transfers at the same time are rows of a table. */
const MOST_CARDS = 6
/** Of those that are over; the rest is one step away, in the history. */
const MOST_ENDED = 12
/** Of those, the newest ones say at once why they went badly. */
const MOST_ASKED = 4

export function NowView() {
  const status = live.status.value
  const views = (live.frames.value, [...live.transfers.values()])
  const ended = live.ended.value.slice(0, MOST_ENDED)
  const leaving = live.leaving.value
  if (status === undefined)
    return <h1 class="quiet">{live.link.value.type === 'lost' ? 'Now' : 'Asking the server …'}</h1>
  if (views.length === 0 && ended.length === 0 && status.transfers.requested + status.transfers.refused === 0)
    return <NothingHeard />
  const link = live.link.value
  const isStale = link.type !== 'live' && !(link.type === 'connecting' && link.isFirst)
  return (
    <div class={isStale ? 'stale' : undefined}>
      <h1 class="unseen">Now</h1>
      <Summary status={status} views={views} />
      <Notices />
      {views.length + leaving.length === 0 && <p class="idle">Nothing runs. Waiting for the next request …</p>}
      {views.length > 0 && (
        <section aria-label="Transfers that run">
          <h2>Running</h2>
          {views.length > MOST_CARDS ? (
            <Table />
          ) : (
            <div class="cards">
              {views.map((view) => (
                <TransferCard key={view.id} view={view} />
              ))}
            </div>
          )}
        </section>
      )}
      {ended.length + leaving.length > 0 && (
        <section aria-label="Transfers that ended">
          <h2>Ended</h2>
          <div class="cards">
            {leaving.map(({ view }) => (
              <LeavingCard key={view.id} view={view} />
            ))}
            {ended.map((one, index) => (
              <EndedCard key={`${one.client} ${one.startedMs} ${one.file}`} ended={one} asksWhy={index < MOST_ASKED} />
            ))}
          </div>
          <p>
            <a href={fragmentOf({ view: 'history', filter: {} })}>All of them, in the history</a>
          </p>
        </section>
      )}
    </div>
  )
}

/** Few servers need it in their first view. */
function Table() {
  const code = rest.code.value
  return code === undefined ? <NotYet what={rest} /> : <code.TransferTable />
}

/** Between its last packet and what the diagnosis makes of it. */
function LeavingCard({ view }: { readonly view: TransferView }) {
  return (
    <article class="card">
      <header>
        <h3>
          <FileName file={view.file} served={view.served} />
        </h3>
        <span class="pill">ended</span>
      </header>
      <p class="quiet">
        {view.direction === 'read' ? 'to' : 'from'} {view.client}
      </p>
      <p class="words">Looking at its packets …</p>
    </article>
  )
}

function Summary({ status, views }: { readonly status: Status; readonly views: readonly TransferView[] }) {
  const { completed, failed, refused } = status.transfers
  const stalled = views.filter(({ state }) => state === 'stalled').length
  const rate = views.reduce((sum, { rateBytesPerSec }) => sum + rateBytesPerSec, 0)
  return (
    <ul class="summary" aria-label="Since the server was started">
      <Figure value={String(views.length)} word="running" />
      {stalled > 0 && <Figure value={String(stalled)} word="stalled" tone="careful" />}
      {views.length > 0 && <Figure value={rateText(rate)} word="in all" />}
      <Figure value={String(completed)} word="completed" />
      {failed > 0 && <Figure value={String(failed)} word="failed" tone="bad" />}
      {refused > 0 && <Figure value={String(refused)} word="refused" />}
    </ul>
  )
}

function Figure({ value, word, tone }: { readonly value: string; readonly word: string; readonly tone?: string }) {
  return (
    <li class={tone}>
      <strong>{value}</strong> {word}
    </li>
  )
}

/** Something of the server that does not work, for as long as it is news. */
function Notices() {
  const NEWS_MS = 120_000
  const now = useNow(10_000)
  const recent = live.notices.value.filter(({ time }) => now - time < NEWS_MS).slice(0, 3)
  if (recent.length === 0) return null
  return (
    <ul class="notices" aria-label="Notices of the server">
      {recent.map(({ time, code, message }) => (
        <li key={`${time} ${code}`}>
          <span class="quiet">{clockText(time)}</span> <Advice text={message} />
        </li>
      ))}
    </ul>
  )
}
