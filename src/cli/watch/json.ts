/** Events of the watch for programs: one object each, with what to do. Names stay; new ones may come. */
import type { LikelyKind, WatchedRequest, WatchEvent } from '../../capture/watch/contract.ts'
import { transferJson } from '../diagnose/json.ts'
import { jsonLine } from '../render/json.ts'
import { adviceFor, type Place } from './advice.ts'

export function eventJson(event: WatchEvent, place: Place | undefined, source: string): string {
  const { say, type } = adviceFor(event, place)
  return jsonLine({ ...plain(event, source), say, type })
}

function plain(event: WatchEvent, source: string): object {
  switch (event.event) {
    case 'request':
      return { ...event, request: requestJson(event.request), kinds: kindsJson(event.kinds) }
    case 'ended': {
      const { time, request, transfer, diagnosis, kinds } = event
      return {
        event: event.event,
        time,
        request: requestJson(request),
        transfer: transferJson(source, { transfer, diagnosis }),
        kinds: kindsJson(kinds),
      }
    }
    case 'unanswered':
    case 'answered':
    case 'progress':
    case 'stalled':
      return { ...event, request: requestJson(event.request) }
    default:
      return event
  }
}

function requestJson({ options, ...request }: WatchedRequest): object {
  return { ...request, options: options.map(({ name, value }) => ({ name, value })) }
}

function kindsJson(kinds: readonly LikelyKind[]): object[] {
  return kinds.map(({ profile, confidence }) => ({ profile: profile.name, title: profile.title, confidence }))
}
