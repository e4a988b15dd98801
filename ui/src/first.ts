/**
 * The first script that runs. It has a few lines and no package, so that the question for the stream is on its way while the rest of the page
 * is still loaded.
 */
import { BASE } from './base.ts'
import { frameInDocument } from './in-document.ts'
import { authorization, takeToken } from './token.ts'

const controller = new AbortController()
takeToken()
let first: Promise<Response> | undefined = ask(frameInDocument()?.id, controller.signal)
// The stream reports an error when it takes the answer.
first.catch(() => undefined)
// A link to another view than the first: its code is asked for together with the rest.
if (/^#\/(?!transfers$|$)/.test(location.hash)) import('./views/rest.ts').catch(() => undefined)

/** Opens the stream of events, behind the frame `lastId` where there is one. The first call gets the answer that is on its way: behind the document's. */
export function openEvents(lastId: string | undefined, signal: AbortSignal): Promise<Response> {
  const response = first
  first = undefined
  if (response === undefined) return ask(lastId, signal)
  signal.addEventListener('abort', () => controller.abort())
  return response
}

function ask(lastId: string | undefined, signal: AbortSignal): Promise<Response> {
  const headers: Record<string, string> = { accept: 'text/event-stream', ...authorization() }
  if (lastId !== undefined) headers['last-event-id'] = lastId
  return fetch(`${BASE}/events`, { headers, signal, cache: 'no-store' })
}
