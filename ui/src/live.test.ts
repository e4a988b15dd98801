import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Live } from './live.ts'
import type { ChangesFrame, HistoryRow, Status, TransferEvent, TransferView } from './wire.ts'

const STATS = {
  since: 1000,
  transfers: { running: 0, requested: 1, completed: 0, probed: 0, refused: 0, superseded: 0, failed: 0 },
  writes: { requested: 0, completed: 0, probed: 0, refused: 0, superseded: 0, failed: 0 },
  bytes: { read: 0, written: 0 },
  network: {
    requests: 1,
    ignored: 0,
    repeated: 0,
    refused: 0,
    arrivals: 1,
    sendErrors: {},
    receiveErrors: 0,
    dropped: 0,
  },
}
const STATUS: Status = { version: '1', pid: 1, listening: [], writable: false, http: { tokenNeeded: false }, ...STATS }
const VIEW: TransferView = {
  id: 7,
  client: '192.168.0.1:2070',
  file: 'recovery.bin',
  served: undefined,
  direction: 'read',
  state: 'running',
  bytes: 512,
  sizeBytes: 1024,
  rateBytesPerSec: 1,
  blksize: 512,
  window: 1,
  datagrams: 1,
  retransmitted: 0,
  stalls: 2,
  since: 5000,
  inWords: '',
}
const EVENT: TransferEvent = {
  event: 'completed',
  time: 9000,
  id: 7,
  client: VIEW.client,
  file: VIEW.file,
  direction: 'read',
  bytes: 1024,
  blocks: 3,
  datagrams: 3,
  retransmitted: 0,
  window: 1,
  ms: 4000,
  rateBytesPerSec: 256,
  explanation: 'why',
}
const ROW: HistoryRow = {
  id: 41,
  started: new Date(5000).toISOString(),
  ms: 4000,
  address: '192.168.0.1',
  port: 2070,
  direction: 'read',
  asked: 'recovery.bin',
  optionsAsked: 'timeout=1',
  optionsAgreed: '',
  outcome: 'completed',
  bytes: 1024,
  blocks: 3,
  datagrams: 3,
  repeats: 0,
  window: 1,
  stalls: 2,
  hasTrace: true,
}

function changes(more: Partial<ChangesFrame> = {}): ChangesFrame {
  return { time: Date.now(), stats: STATS, changed: [], gone: [], ended: [], notices: [], ...more }
}

function begun(): Live {
  const live = new Live()
  live.snapshot({ time: Date.now(), status: STATUS, transfers: [VIEW] })
  return live
}

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('a transfer that ends is told once, whether an event, the history or both say so', () => {
  const live = begun()
  live.changes(changes({ gone: [7], ended: [EVENT] }))
  expect(live.transfers.size).toBe(0)
  expect(live.leaving.value).toEqual([])
  live.history([ROW])
  expect(live.ended.value).toEqual([
    expect.objectContaining({ runId: 7, historyId: 41, explanation: 'why', optionsAsked: 'timeout=1', stalls: 2 }),
  ])
})

test('between its last packet and its last event a transfer is leaving, with what was known of it', () => {
  const live = begun()
  live.changes(changes({ gone: [7] }))
  expect(live.leaving.value).toEqual([{ view: VIEW, since: Date.now() }])
  live.changes(changes({ ended: [EVENT] }))
  expect(live.leaving.value).toEqual([])
  expect(live.ended.value).toEqual([expect.objectContaining({ stalls: 2 })])
})

test('one whose last event never comes does not stay', () => {
  const live = begun()
  live.changes(changes({ gone: [7] }))
  vi.advanceTimersByTime(9000)
  live.changes(changes({ changed: [{ ...VIEW, id: 8 }] }))
  expect(live.leaving.value).toEqual([])
})

test('news are what began, stalled, was cured and ended; figures that changed are none', () => {
  const live = begun()
  live.changes(changes({ changed: [{ ...VIEW, bytes: 600 }] }))
  expect(live.news.value).toBeUndefined()
  live.changes(
    changes({
      changed: [
        { ...VIEW, state: 'stalled' },
        { ...VIEW, id: 8 },
      ],
    }),
  )
  expect(live.news.value).toMatchObject({ begun: [{ id: 8 }], stalled: [{ id: 7 }], cured: [], ended: [] })
  live.changes(changes({ changed: [VIEW] }))
  expect(live.news.value).toMatchObject({ begun: [], stalled: [], cured: [{ id: 7 }], ended: [] })
})

test('changes of another run of the server are refused, and its numbers are not mixed up', () => {
  const live = begun()
  live.changes(changes({ gone: [7], ended: [EVENT] }))
  expect(live.changes(changes({ stats: { ...STATS, since: 2000 } }))).toBe(false)
  live.snapshot({ time: Date.now(), status: { ...STATUS, since: 2000 }, transfers: [] })
  expect(live.ended.value).toEqual([expect.objectContaining({ runId: undefined })])
})
