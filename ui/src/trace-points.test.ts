import { expect, test } from 'vitest'
import { plotText, type TraceOf, tracePoints } from './trace-points.ts'
import type { TraceEntry } from './wire.ts'

const sent = (ms: number, kind: TraceEntry['kind'], number: number): TraceEntry => ({ ms, sent: true, kind, number })
const got = (ms: number, kind: TraceEntry['kind'], number: number): TraceEntry => ({ ms, sent: false, kind, number })
const READ: Omit<TraceOf, 'trace'> = { direction: 'read', blocks: 100, rollover: 0 }

test('a lost acknowledgement is a repeat and a pause', () => {
  const trace = [got(0, 'request', 1)]
  for (let block = 1; block <= 20; block++) trace.push(sent(block * 2, 'data', block), got(block * 2 + 1, 'ack', block))
  trace.push(sent(42, 'data', 21), sent(300, 'data', 21), got(301, 'ack', 21))
  const points = tracePoints({ ...READ, trace })
  expect(points.again.filter((block) => block !== null)).toEqual([21])
  expect(points.sent.filter((block) => block !== null)).toHaveLength(21)
  expect(points.stalls).toEqual([{ fromSec: 0.041, toSec: 0.301, block: 20 }])
  expect(plotText(points)).toBe(
    'Block over time, 0.30 seconds: 21 blocks sent, 21 acknowledgements, 1 repeats, one pause, the longest 0.26 seconds behind block 20.',
  )
})

test('a run of blocks is a point for each, and acknowledgements go on beyond 65535', () => {
  const trace = [sent(0, 'data', 65530), sent(0, 'through', 65540), got(5, 'ack', 4), got(6, 'error', 0)]
  const points = tracePoints({ ...READ, trace })
  expect(points.sent.slice(0, 11)).toEqual(Array.from({ length: 11 }, (_, index) => 65530 + index))
  expect(points.acknowledged.at(-2)).toBe(65540)
  expect(points.error.at(-1)).toBe(65540)
  expect(points.seconds).toHaveLength(13)
})

test('of an upload the blocks are received and the acknowledgements sent', () => {
  const trace = [got(1, 'data', 1), sent(2, 'ack', 1), got(3, 'data', 2), got(400, 'data', 2), sent(401, 'ack', 2)]
  const points = tracePoints({ direction: 'write', blocks: 2, rollover: 0, trace })
  expect(points.sent).toEqual([1, null, 2, null, null])
  expect(points.again).toEqual([null, null, null, 2, null])
  expect(points.acknowledged).toEqual([null, 1, null, null, 2])
})

test('silence at the end counts as a pause, an empty trace as nothing', () => {
  const trace = [sent(0, 'data', 1), got(1, 'ack', 1), sent(2, 'data', 2), sent(3000, 'data', 2)]
  expect(tracePoints({ ...READ, trace }).stalls).toEqual([])
  const longer = [...Array(9).keys()].flatMap((n) => [sent(n, 'data', n + 1), got(n + 0.5, 'ack', n + 1)])
  expect(tracePoints({ ...READ, trace: [...longer, sent(9, 'data', 10), sent(2000, 'data', 10)] }).stalls).toEqual([
    { fromSec: 0.0085 * 1, toSec: 2, block: 9 },
  ])
  expect(tracePoints({ ...READ, trace: [] })).toMatchObject({ seconds: [], stalls: [] })
})
