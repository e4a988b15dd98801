/** The live stream in virtual time: when frames are made, and what a reader gets that is slow, or was away. */
import { EventEmitter } from 'node:events'
import type { ServerResponse } from 'node:http'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { sourceOf, STATS } from '../../../test/support/api-source.ts'
import type { EventLevel, ServerEvent, TransferSnapshot } from '../../server/contract.ts'
import { Feed } from './feed.ts'

const TRANSFER: TransferSnapshot = {
  id: 1,
  client: '10.0.0.1:4000',
  file: 'image',
  served: undefined,
  direction: 'read',
  state: 'running',
  bytes: 512,
  sizeBytes: 1024,
  rateBytesPerSec: 100,
  blksize: 512,
  window: 1,
  datagrams: 2,
  retransmitted: 0,
  stalls: 0,
  since: 0,
}

class FakeResponse extends EventEmitter {
  writableLength = 0
  readonly written: (string | Buffer)[] = []
  isEnded = false

  write(piece: string | Buffer): void {
    this.written.push(piece)
  }

  end(): void {
    this.isEnded = true
  }

  get events(): { event: string; id: number; data: Record<string, unknown> }[] {
    return this.written
      .map(String)
      .join('')
      .split('\n\n')
      .filter((text) => text !== '' && text !== ':')
      .map((text) => {
        const field = (name: string): string => new RegExp(`^${name}: (.*)$`, 'm').exec(text)?.[1] ?? ''
        return {
          event: field('event'),
          id: Number(field('id')),
          data: JSON.parse(field('data')) as Record<string, unknown>,
        }
      })
  }
}

let transfers: TransferSnapshot[]
let listeners: { listener: (event: ServerEvent) => void; level: EventLevel | undefined }[]
let feed: Feed

beforeEach(() => {
  vi.useFakeTimers({ now: 1_700_000_000_000 })
  transfers = []
  listeners = []
  feed = new Feed(
    sourceOf({
      transfers: () => transfers.map((transfer) => ({ ...transfer })),
      stats: () => STATS,
      subscribe(listener, level) {
        const own = { listener, level }
        listeners.push(own)
        return () => void listeners.splice(listeners.indexOf(own), 1)
      },
    }),
  )
})
afterEach(() => {
  feed.close()
  vi.useRealTimers()
})

function open(after?: number): FakeResponse {
  const reader = new FakeResponse()
  feed.add(reader as unknown as ServerResponse, after)
  return reader
}

/** A frame's time, in each of which the transfer moved on. */
function move(times = 1): void {
  for (let i = 0; i < times; i++) {
    transfers = transfers.map((transfer) => ({ ...transfer, bytes: transfer.bytes + 512 }))
    vi.advanceTimersByTime(100)
  }
}

describe('frames', () => {
  test('are made while something reads, ten a second at most, and not when nothing changed', () => {
    transfers = [TRANSFER]
    move(10)
    expect([feed.made, listeners.length]).toEqual([0, 0])
    const reader = open()
    expect(listeners.map(({ level }) => level)).toEqual(['info'])
    vi.advanceTimersByTime(10_000)
    expect(reader.events.map(({ event }) => event)).toEqual(['snapshot'])
    for (let i = 0; i < 100; i++) {
      transfers = [{ ...TRANSFER, bytes: 1000 + i }]
      vi.advanceTimersByTime(10)
    }
    expect(feed.made).toBe(10)
    reader.emit('close')
    vi.advanceTimersByTime(10_000)
    expect(listeners).toEqual([])
    const made = feed.made
    move(10)
    expect(feed.made).toBe(made)
  })

  test('are made once for all readers', () => {
    transfers = [TRANSFER]
    const readers = [open(), open(), open()]
    move(3)
    const [first, ...others] = readers.map(({ written }) => written)
    for (const other of others) for (const [i, piece] of other.entries()) expect(piece).toBe(first[i])
    expect(first.length).toBe(4)
  })

  test('tell what began, changed, ended, and what the server noticed', () => {
    const reader = open()
    transfers = [TRANSFER]
    vi.advanceTimersByTime(100)
    transfers = []
    const ended = { event: 'failed', id: 1, time: 5, cause: 'ack-loss' } as ServerEvent
    const notice = { event: 'notice', time: 6, code: 'X', message: 'm' } as const
    for (const { listener } of listeners) for (const event of [ended, notice]) listener(event)
    vi.advanceTimersByTime(100)
    expect(reader.events.map(({ data }) => data)).toMatchObject([
      { transfers: [], status: { version: '1.2.3' } },
      { changed: [{ id: 1, inWords: expect.stringMatching(/one block of 512 bytes/) as string }], gone: [], ended: [] },
      { changed: [], gone: [1], ended: [ended], notices: [notice] },
    ])
  })

  test('say why a transfer stands still', () => {
    transfers = [{ ...TRANSFER, state: 'stalled', stalls: 1 }]
    const reader = open()
    for (const { listener } of listeners)
      listener({ event: 'stalled', id: 1, time: 1, explanation: 'acknowledgements are lost' } as ServerEvent)
    move()
    expect(JSON.stringify(reader.events.at(-1)?.data)).toMatch(/Nothing moves.*acknowledgements are lost\./)
  })
})

describe('a reader', () => {
  test('that is slow loses frames, and gets a line that says so and a snapshot when it has read', () => {
    transfers = [TRANSFER]
    const [slow, quick] = [open(), open()]
    slow.writableLength = 300 * 1024
    move(5)
    expect([slow.events.length, quick.events.length]).toEqual([1, 6])
    slow.writableLength = 0
    move(2)
    expect(slow.events.map(({ event }) => event)).toEqual(['snapshot', 'lost', 'snapshot', 'changes'])
    expect(slow.events[1].data).toEqual({ frames: 5 })
    expect(slow.events[2].id).toBe(quick.events[6].id)
    expect(slow.events[3]).toEqual(quick.events[7])
  })

  test('that was cut off goes on behind what it has, for a while', () => {
    transfers = [TRANSFER]
    const first = open()
    move(3)
    const { id } = first.events[1]
    first.emit('close')
    move(2)
    const back = open(id)
    move()
    expect(back.events.map((event) => event.id)).toEqual([1, 2, 3, 4, 5].map((more) => id + more))
    back.emit('close')
    vi.advanceTimersByTime(10_000)
    expect(open(id + 5).events.map(({ event }) => event)).toEqual(['snapshot'])
    expect(open(id + 1000).events.map(({ event }) => event)).toEqual(['snapshot'])
  })

  test('that was away for more than the ring gets a snapshot', () => {
    transfers = [TRANSFER]
    const witness = open()
    move(4100)
    const { id } = witness.events[1]
    expect(open(id - 1).events.map(({ event }) => event)).toEqual(['snapshot'])
    expect(open(id + 10).events.length).toBe(4099 - 10)
  })

  test('that comes later to a quiet server gets the time as it is then', () => {
    open()
    vi.advanceTimersByTime(3_600_000)
    expect(open().events[0].data.time).toBe(Date.now())
  })

  test('joins behind a snapshot that it got elsewhere, and nothing is lost between', () => {
    transfers = [TRANSFER]
    const { id, data } = feed.snapshot()
    expect(JSON.parse(data)).toMatchObject({ transfers: [{ id: 1, bytes: 512 }] })
    expect(feed.snapshot().id).toBe(id)
    move(3)
    const reader = open(id)
    expect(reader.events.map((event) => event.id)).toEqual([1, 2, 3].map((more) => id + more))
    reader.emit('close')
    vi.advanceTimersByTime(10_000)
    expect(listeners).toEqual([])
  })

  test('that asks for a snapshot and never comes costs frames for ten seconds', () => {
    feed.snapshot()
    expect(listeners).toHaveLength(1)
    vi.advanceTimersByTime(10_000)
    expect(listeners).toEqual([])
  })

  test('hears from a quiet server, so that nothing between closes the connection', () => {
    const reader = open()
    vi.advanceTimersByTime(15_000)
    expect(reader.written.map(String)).toContain(':\n\n')
  })

  test('ends with the server', () => {
    const reader = open()
    feed.close()
    expect(reader.isEnded).toBe(true)
  })
})
