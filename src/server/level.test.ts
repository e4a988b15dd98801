import { expect, test } from 'vitest'
import type { EventKind, TransferEvent } from '../endpoint/contract.ts'
import type { EventLevel, ServerEvent } from './contract.ts'
import { EVENT_LEVELS, includes, levelOf, widest } from './level.ts'

const event = (kind: EventKind, more: Partial<TransferEvent> = {}): TransferEvent =>
  ({ event: kind, ...more }) as TransferEvent
const notice = (code: string): ServerEvent => ({ event: 'notice', time: 0, code, message: '' })

test.each<[EventLevel, ServerEvent[]]>([
  ['error', [event('failed'), notice('WORKER_CRASHED'), notice('RELOAD_FAILED'), notice('SEND_FAILED')]],
  ['warn', [event('refused'), event('stalled'), event('recovered'), event('superseded'), notice('NO_REQUEST')]],
  ['warn', [event('completed', { lastAck: 'missing' })]],
  ['info', [event('requested'), event('started'), event('completed'), event('probed'), event('window-changed')]],
  ['info', [{ event: 'listening', time: 0, address: '::', port: 69, driver: 'dgram' }, event('new' as EventKind)]],
  ['debug', [event('progress')]],
])('%s', (level, events) => {
  for (const one of events) expect([one.event, levelOf(one)]).toEqual([one.event, level])
})

test('each level has those before it', () => {
  EVENT_LEVELS.forEach((wanted, i) =>
    EVENT_LEVELS.forEach((level, j) => {
      expect(includes(wanted, level)).toBe(j <= i)
      expect(widest([wanted, level])).toBe(EVENT_LEVELS[Math.max(i, j)])
    }),
  )
  expect(widest([])).toBe('error')
})
