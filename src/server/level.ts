/** How much an event matters: listeners ask for a level, and instances make no events below it. */
import type { EventKind } from '../endpoint/contract.ts'
import type { EventLevel, ServerEvent } from './contract.ts'

export const EVENT_LEVELS = ['error', 'warn', 'info', 'debug'] as const satisfies readonly EventLevel[]

/** `info` is what a person reads who watches; `warn` what needs a look; `error` what did not work. */
const BY_KIND: Readonly<Record<EventKind, EventLevel>> = {
  requested: 'info',
  refused: 'warn',
  probed: 'info',
  started: 'info',
  progress: 'debug',
  stalled: 'warn',
  // A log with stalls must also show how they ended.
  recovered: 'warn',
  'window-changed': 'info',
  superseded: 'warn',
  completed: 'info',
  failed: 'error',
}

/** Notices that something of the server itself does not work; the others are `warn`. */
const FAULTS: ReadonlySet<string> = new Set([
  'LISTENER_FAILED',
  'RECORDING',
  'RELOAD_FAILED',
  'SEND_FAILED',
  'WORKER_CRASHED',
])

/** Of an event of a transfer. One whose last acknowledgement is missing is to be verified on the device: `warn`. */
export function transferLevel(kind: EventKind, lastAck: 'missing' | undefined): EventLevel {
  // A kind that is newer than this program counts as `info`.
  return kind === 'completed' && lastAck === 'missing' ? 'warn' : (BY_KIND[kind] ?? 'info')
}

export function levelOf(event: ServerEvent): EventLevel {
  switch (event.event) {
    case 'listening':
      return 'info'
    case 'notice':
      return FAULTS.has(event.code) ? 'error' : 'warn'
    default:
      return transferLevel(event.event, event.lastAck)
  }
}

/** Whether one who asked for `wanted` gets what is of `level`. */
export function includes(wanted: EventLevel, level: EventLevel): boolean {
  return EVENT_LEVELS.indexOf(level) <= EVENT_LEVELS.indexOf(wanted)
}

/** What satisfies all of `levels`. Without any: failures, which are few. */
export function widest(levels: Iterable<EventLevel>): EventLevel {
  let widest: EventLevel = 'error'
  for (const level of levels) if (!includes(widest, level)) widest = level
  return widest
}
