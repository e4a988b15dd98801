/** The frame of the page: where one can go, how the connection is, and the view that the address names. */
import { useEffect, useRef } from 'preact/hooks'
import { LinkBanner, LinkState } from './parts/link-state.tsx'
import { Spoken } from './parts/spoken.tsx'
import { TokenForm } from './parts/token-form.tsx'
import { tokenWanted } from './api.ts'
import { NotYet } from './later.tsx'
import { live } from './live.ts'
import { rest } from './rest.ts'
import { fragmentOf, type Route, route } from './route.ts'
import { DropTarget } from './parts/drop-target.tsx'
import { NowView } from './views/now.tsx'

const PLACES: readonly { readonly title: string; readonly to: Route; readonly views: readonly Route['view'][] }[] = [
  { title: 'Now', to: { view: 'now' }, views: ['now', 'transfer'] },
  { title: 'Devices', to: { view: 'devices' }, views: ['devices', 'device'] },
  { title: 'Files', to: { view: 'files', search: '' }, views: ['files'] },
  { title: 'History', to: { view: 'history', filter: {} }, views: ['history'] },
]

export function App({ reconnect }: { readonly reconnect: () => void }) {
  const { view } = route.value
  const main = useRef<HTMLElement>(null)
  const shown = useRef(view)
  useEffect(() => {
    document.title = titleOf(view)
  })
  useEffect(() => {
    // A keyboard or a screen reader begins at the top of the new view.
    if (shown.current !== view) main.current?.focus({ preventScroll: true })
    if (shown.current !== view) scrollTo(0, 0)
    shown.current = view
  }, [view])
  const isRefused = live.link.value.type === 'refused'
  return (
    <>
      <a class="skip" href="#main" onClick={(event) => skipTo(event, main.current)}>
        Skip to the content
      </a>
      <header class="top">
        <a class="mark" href="#/transfers" aria-label="Foresend, what happens now">
          Foresend
        </a>
        <nav aria-label="Views">
          {PLACES.map(({ title, to, views }) => (
            <a key={title} href={fragmentOf(to)} aria-current={views.includes(view) ? 'page' : undefined}>
              {title}
            </a>
          ))}
        </nav>
        <LinkState />
      </header>
      <LinkBanner reconnect={reconnect} />
      <main id="main" ref={main} tabIndex={-1}>
        {(isRefused || tokenWanted.value) && <TokenForm done={reconnect} />}
        {!isRefused && <Shown />}
      </main>
      <Spoken />
      <DropTarget />
    </>
  )
}

function Shown() {
  const to = route.value
  if (to.view === 'now') return <NowView />
  const views = rest.code.value
  if (views === undefined) return <NotYet what={rest} />
  const { DeviceView, DevicesView, FilesView, HistoryView, TransferPage } = views
  switch (to.view) {
    case 'transfer':
      return <TransferPage id={to.id} key={to.id} />
    case 'devices':
      return <DevicesView />
    case 'device':
      return <DeviceView name={to.name} key={to.name} />
    case 'files':
      return <FilesView search={to.search} />
    case 'history':
      return <HistoryView filter={to.filter} />
  }
}

function titleOf(view: Route['view']): string {
  const place = PLACES.find(({ views }) => views.includes(view))?.title ?? ''
  if (live.link.value.type === 'lost') return 'Server lost – Foresend'
  const { size } = (live.frames.value, live.transfers)
  return size === 0 ? `${place} – Foresend` : `${size} running – ${place} – Foresend`
}

function skipTo(event: Event, main: HTMLElement | null): void {
  event.preventDefault()
  main?.focus()
}
