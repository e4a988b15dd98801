import { describe, expect, test } from 'vitest'
import type { EventKind, TransferEvent } from '../endpoint/contract.ts'
import type { Standing } from './protocol.ts'
import { Registry } from './registry.ts'

function event(kind: EventKind, id: number, more: Partial<TransferEvent> = {}): TransferEvent {
  return {
    event: kind,
    time: 5000,
    id,
    client: '10.0.0.1:2070',
    file: 'asked.bin',
    direction: 'read',
    bytes: 0,
    blocks: 0,
    datagrams: 0,
    retransmitted: 0,
    window: 1,
    ms: 0,
    rateBytesPerSec: 0,
    ...more,
  }
}

describe('Registry', () => {
  test('follows a transfer from its request to its end', () => {
    const registry = new Registry()
    registry.add(2, event('requested', 7, { time: 5100, ms: 100 }))
    expect(registry.transfers()).toMatchObject([{ id: 7, state: 'requested', served: undefined, since: 5000 }])
    registry.add(2, event('started', 7, { bytes: 512, sizeBytes: 1000, served: 'real.bin' }))
    expect(registry.transfers()).toMatchObject([{ state: 'running', served: 'real.bin', bytes: 512, since: 5000 }])
    expect(registry.instanceOf(7)).toBe(2)
    registry.add(2, event('completed', 7, { bytes: 1000 }))
    expect(registry.transfers()).toEqual([])
    expect(registry.instanceOf(7)).toBeUndefined()
    expect(registry.totals()).toMatchObject({
      transfers: { running: 0, requested: 1, completed: 1 },
      bytes: { read: 1000, written: 0 },
    })
  })

  test('a stall lasts until the transfer goes on, whatever else is said meanwhile', () => {
    const registry = new Registry()
    const stateAfter = (kind: EventKind): string | undefined => {
      registry.add(0, event(kind, 1))
      return registry.transfers()[0]?.state
    }
    expect(stateAfter('requested')).toBe('requested')
    expect(stateAfter('window-changed')).toBe('running')
    expect(stateAfter('stalled')).toBe('stalled')
    expect(stateAfter('progress')).toBe('stalled')
    expect(stateAfter('window-changed')).toBe('stalled')
    expect(stateAfter('recovered')).toBe('running')
    expect(stateAfter('stalled')).toBe('stalled')
    expect(registry.transfers()[0]?.stalls).toBe(2)
  })

  test('counts a request that was turned away at once, and each end only once', () => {
    const registry = new Registry()
    registry.add(0, event('refused', 0))
    registry.add(0, event('requested', 3, { direction: 'write' }))
    registry.add(0, event('failed', 3, { direction: 'write', bytes: 10 }))
    registry.add(0, event('failed', 3, { direction: 'write', bytes: 10 }))
    expect(registry.totals()).toEqual({
      transfers: { running: 0, requested: 1, completed: 0, probed: 0, refused: 1, superseded: 0, failed: 1 },
      writes: { requested: 1, completed: 0, probed: 0, refused: 0, superseded: 0, failed: 1 },
      bytes: { read: 0, written: 10 },
    })
  })

  test('shows of a transfer what its last event said', () => {
    const registry = new Registry()
    const figures = { bytes: 700, sizeBytes: 1000, blocks: 2, datagrams: 3, retransmitted: 1, window: 4, blksize: 350 }
    registry.add(0, event('requested', 1, { time: 5000, ms: 0 }))
    registry.add(0, event('started', 1, { ...figures, bytes: 0, served: 'real.bin' }))
    registry.add(0, event('progress', 1, { ...figures, ms: 1000, rateBytesPerSec: 700 }))
    expect(registry.transfers()).toEqual([
      {
        id: 1,
        client: '10.0.0.1:2070',
        file: 'asked.bin',
        served: 'real.bin',
        direction: 'read',
        state: 'running',
        bytes: 700,
        sizeBytes: 1000,
        rateBytesPerSec: 700,
        blksize: 350,
        window: 4,
        datagrams: 3,
        retransmitted: 1,
        stalls: 0,
        since: 5000,
      },
    ])
  })

  test('the oldest is first, also where a place was free before the end', () => {
    const registry = new Registry()
    for (const id of [1, 2, 3]) registry.add(0, event('requested', id))
    registry.add(0, event('failed', 1))
    registry.add(0, event('requested', 4))
    expect(registry.transfers().map(({ id }) => id)).toEqual([2, 3, 4])
    expect(registry.running).toBe(3)
  })

  test('the oldest is first also where facts of two instances come late', () => {
    const registry = new Registry()
    const standing = (id: number, since: number): Standing => {
      const { event: _event, time: _time, ms: _ms, ...figures } = event('progress', id)
      return { ...figures, since, state: 'running', stalls: 0 }
    }
    const facts = { counts: {}, writes: {}, readBytes: 0, writtenBytes: 0, ended: [], lastId: 0 }
    registry.addFacts(0, { ...facts, counts: { requested: 2 }, running: [standing(3, 5010), standing(1, 5000)] })
    registry.addFacts(1, { ...facts, counts: { requested: 1 }, running: [standing(2, 5005)] })
    expect(registry.transfers().map(({ id }) => id)).toEqual([1, 2, 3])
    registry.addFacts(1, { ...facts, counts: { completed: 1 }, readBytes: 7, running: [], ended: [2] })
    registry.addFacts(1, { ...facts, counts: { refused: 3 }, writes: { refused: 2 }, running: [] })
    expect(registry.totals().writes).toMatchObject({ requested: 0, refused: 2 })
    expect(registry.totals()).toMatchObject({
      transfers: { running: 2, requested: 3, completed: 1 },
      bytes: { read: 7, written: 0 },
    })
  })

  test('what an instance had ends with it as failed, with the last figures', () => {
    const registry = new Registry()
    registry.add(0, event('requested', 1))
    registry.add(1, event('requested', 2))
    registry.add(1, event('progress', 2, { bytes: 500, sizeBytes: 1000, blocks: 1, blksize: 500, served: 'real.bin' }))
    const before = registry.transfers()[1]
    const [failed, ...more] = registry.lose(1, 7000, 'it crashed')
    expect(more).toEqual([])
    expect(failed).toEqual({
      ...event('failed', 2, { bytes: 500, sizeBytes: 1000, blocks: 1, blksize: 500, served: 'real.bin' }),
      time: 7000,
      ms: 7000 - before.since,
      rateBytesPerSec: 250,
      code: 'ERR_TFTP_INTERNAL',
      reason: 'it crashed',
    })
    expect(registry.transfers().map(({ id }) => id)).toEqual([1])
    expect(registry.lose(1, 7001, 'again')).toEqual([])
    expect(registry.totals()).toMatchObject({
      transfers: { running: 1, requested: 2, failed: 1 },
      bytes: { read: 500 },
    })
  })
})
