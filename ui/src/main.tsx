/** The page of a running server: joins the stream, the address and the views. */
import { effect } from '@preact/signals'
import { render } from 'preact'
import { get, tokenWanted } from './api.ts'
import { App } from './app.tsx'
import { openEvents } from './first.ts'
import { settled, settleSoon } from './hooks.ts'
import { frameInDocument } from './in-document.ts'
import { live } from './live.ts'
import { rest } from './rest.ts'
import { route, routeOf } from './route.ts'
import { Stream } from './stream.ts'
import { takeToken } from './token.ts'
import { watchDrops } from './uploads.ts'
import type { ChangesFrame, HistoryRow, SnapshotFrame } from './wire.ts'

/** Transfers that ended before the page was opened. */
const RECENT = 20
/** The views that are not shown first are loaded this long after the first has its content. */
const REST_AFTER_MS = 1000
/** The first drawing waits this long for the first frame, which is mostly there: to draw twice takes longer. */
const FIRST_FRAME_MS = 250

const stream = new Stream({ open: openEvents, frame, link: (link) => void (live.link.value = link) })

function frame(event: string, data: string): void {
  if (event === 'snapshot') {
    live.snapshot(JSON.parse(data) as SnapshotFrame)
    draw()
    afterNextPicture(() => {
      void recentlyEnded()
      settled.value++
    })
    setTimeout(rest.load, REST_AFTER_MS)
  } else if (event === 'changes' && !live.changes(JSON.parse(data) as ChangesFrame)) {
    // The server was started anew: its frames are numbered from the beginning.
    stream.forgetPosition()
    stream.connect()
  }
}

/** A question costs a slow machine tens of milliseconds, which the transfers on the screen need not wait for. */
function afterNextPicture(act: () => void): void {
  requestAnimationFrame(() => setTimeout(act))
}

async function recentlyEnded(): Promise<void> {
  try {
    live.history((await get<{ transfers: HistoryRow[] }>(`/history?limit=${RECENT}`)).transfers)
  } catch {
    // A server without a history; what ends from now on is shown all the same.
  }
}

function draw(): void {
  if (isDrawn) return
  isDrawn = true
  app.textContent = ''
  render(<App reconnect={() => stream.connect()} />, app)
}

/** This script runs as soon as it is there, which may be before all of the document is. */
async function placeInDocument(): Promise<Element> {
  if (document.readyState === 'loading')
    await new Promise((resolve) => document.addEventListener('DOMContentLoaded', resolve))
  const place = document.querySelector('#app')
  if (place === null) throw new Error('index.html has no #app')
  return place
}

function followAddress(): void {
  if (takeToken()) {
    tokenWanted.value = false
    stream.connect()
  }
  route.value = routeOf(location.hash)
}

const app = await placeInDocument()
let isDrawn = false
route.value = routeOf(location.hash)
addEventListener('hashchange', followAddress)
document.addEventListener('visibilitychange', () => stream.hidden(document.hidden))
watchDrops()
let seenEnded = live.ended.value
effect(() => {
  if (live.ended.value !== seenEnded) settleSoon()
  seenEnded = live.ended.value
})
const first = frameInDocument()
stream.connect(first?.id)
if (first !== undefined) frame('snapshot', first.data)
setTimeout(draw, FIRST_FRAME_MS)
if (document.hidden) stream.hidden(true)
