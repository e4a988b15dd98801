import { expect, test } from 'vitest'
import type { EventLevel, ServerEvent, TransferSnapshot } from '../../server/contract.ts'
import { EVENT_LEVELS } from '../../server/level.ts'
import { atLevel } from './events.ts'

const EVENTS = [
  { event: 'listening', time: 0, address: '::', port: 69, driver: 'dgram' },
  { event: 'requested' },
  { event: 'progress' },
  { event: 'completed' },
  { event: 'completed', lastAck: 'missing' },
  { event: 'stalled' },
  { event: 'notice', time: 0, code: 'RELOADED', message: 'opened' },
  { event: 'notice', time: 0, code: 'RELOAD_FAILED', message: 'not opened' },
  { event: 'failed' },
] as ServerEvent[]

function printedAt(level: EventLevel) {
  const events: ServerEvent[] = []
  const lines: string[] = []
  let source: (() => readonly TransferSnapshot[]) | undefined
  const printer = atLevel(level, {
    event: (event) => events.push(event),
    watch: (transfers) => (source = transfers),
    say: (...more) => lines.push(...more),
    close: () => {},
  })
  for (const event of EVENTS) printer.event(event)
  printer.watch(() => [])
  printer.say('a line')
  return { kinds: events.map(({ event }) => event), lines: lines.length, isWatched: source !== undefined }
}

test.each<[EventLevel, string[], boolean]>([
  ['error', ['notice', 'failed'], false],
  ['warn', ['completed', 'stalled', 'notice', 'notice', 'failed'], false],
  ['info', ['listening', 'requested', 'completed', 'completed', 'stalled', 'notice', 'notice', 'failed'], true],
  ['debug', EVENTS.map(({ event }) => event), true],
])('at %s', (level, kinds, isWatched) => {
  expect(printedAt(level)).toEqual({ kinds, lines: isWatched ? 1 : 0, isWatched })
})

test('every level is tried', () => {
  expect(EVENT_LEVELS).toEqual(['error', 'warn', 'info', 'debug'])
})
