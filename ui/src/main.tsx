/** The page of a running server: joins the stream, the address and the views. */
import { effect } from '@preact/signals'
import { render } from 'preact'
import { get, openEvents } from './api.ts'
import { App } from './app.tsx'
import { settled, settleSoon } from './hooks.ts'
import { live } from './live.ts'
import { route, routeOf } from './route.ts'
import { Stream } from './stream.ts'
import './style.css'
import { takeToken } from './token.ts'
import { watchDrops } from './uploads.ts'
import type { ChangesFrame, HistoryRow, SnapshotFrame } from './wire.ts'

/** Transfers that ended before the page was opened. */
const RECENT = 20

const stream = new Stream({ open: openEvents, frame, link: (link) => void (live.link.value = link) })

function frame(event: string, data: string): void {
  if (event === 'snapshot') {
    live.snapshot(JSON.parse(data) as SnapshotFrame)
    void recentlyEnded()
    settled.value++
  } else if (event === 'changes' && !live.changes(JSON.parse(data) as ChangesFrame)) {
    // The server was started anew: its frames are numbered from the beginning.
    stream.forgetPosition()
    stream.connect()
  }
}

async function recentlyEnded(): Promise<void> {
  try {
    live.history((await get<{ transfers: HistoryRow[] }>(`/history?limit=${RECENT}`)).transfers)
  } catch {
    // A server without a history; what ends from now on is shown all the same.
  }
}

function followAddress(): void {
  if (takeToken()) stream.connect()
  route.value = routeOf(location.hash)
}

const app = document.querySelector('#app')
if (app === null) throw new Error('index.html has no #app')
takeToken()
route.value = routeOf(location.hash)
addEventListener('hashchange', followAddress)
document.addEventListener('visibilitychange', () => stream.hidden(document.hidden))
watchDrops()
let seenEnded = live.ended.value
effect(() => {
  if (live.ended.value !== seenEnded) settleSoon()
  seenEnded = live.ended.value
})
// The question is on its way while the page is drawn.
stream.connect()
render(<App reconnect={() => stream.connect()} />, app)
if (document.hidden) stream.hidden(true)
