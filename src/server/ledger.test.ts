import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type EventKind, FINAL_EVENTS } from '../endpoint/contract.ts'
import { COUNTER, newCounters } from '../transfer/contract.ts'
import type { ServedTransfer } from './content.ts'
import type { EventLevel, ServerStats, TransferSnapshot } from './contract.ts'
import { Events } from './events.ts'
import { FACTS_EVERY_MS, Ledger } from './ledger.ts'
import { EVENT_LEVELS } from './level.ts'
import type { FromInstance } from './protocol.ts'
import { Registry } from './registry.ts'

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000, toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

/** What an instance says at a level, and what the control side makes of it. */
class Side {
  readonly registry = new Registry()
  readonly messages: FromInstance[] = []
  readonly events: Events

  constructor(level: EventLevel) {
    const say = (message: FromInstance): void => {
      // As over a link to another thread.
      const copy = JSON.parse(JSON.stringify(message)) as FromInstance
      this.messages.push(copy)
      if (copy.type === 'event') this.registry.add(0, copy.event)
      if (copy.type === 'facts') this.registry.addFacts(0, copy.facts)
    }
    this.events = new Events(say, level, () => new Uint32Array(0))
  }

  /** Without the rate, which is that of the moment of the last message. */
  get shown(): {
    transfers: Omit<TransferSnapshot, 'rateBytesPerSec'>[]
    totals: Pick<ServerStats, 'transfers' | 'bytes'>
  } {
    const transfers = this.registry.transfers().map(({ rateBytesPerSec: _rate, ...rest }) => rest)
    return { transfers, totals: this.registry.totals() }
  }

  count(type: string): number {
    return this.messages.filter((message) => message.type === type).length
  }
}

/** Transfers without packets: what happens to them is what a test says. */
class Bench {
  readonly sides: readonly Side[]
  readonly running: ServedTransfer[] = []
  #nextId = 1
  readonly #freeSlots: number[] = []
  #slots = 0

  constructor(...sides: readonly Side[]) {
    this.sides = sides
  }

  begin(direction: 'read' | 'write' = 'read', name = 'served.bin', quiet = false): ServedTransfer {
    const id = this.#nextId++
    const counters = newCounters()
    counters[COUNTER.windowBlocks] = 1
    const transfer = {
      id,
      slot: this.#freeSlots.pop() ?? this.#slots++,
      peer: { address: '10.0.0.1', port: 1000 + id, local: '', near: true },
      request: { opcode: 1, filename: 'asked.bin', mode: 'octet', options: [] },
      direction,
      requestedAt: performance.now(),
      sizeBytes: 1000,
      agreed: { blksize: 512 },
      machine: { counters },
      content: { name, crc32: async () => 26 },
      quiet,
      isUnheard: quiet,
    } as unknown as ServedTransfer
    this.running.push(transfer)
    this.#event('requested', transfer)
    return transfer
  }

  step(transfer: ServedTransfer, kind: EventKind): void {
    const counters = transfer.machine?.counters as number[]
    counters[COUNTER.bytes] += 100
    counters[COUNTER.blocks] += 1
    this.#event(kind, transfer)
  }

  end(transfer: ServedTransfer, kind: EventKind, lastAck?: 'missing'): void {
    transfer.outcome = { status: kind === 'completed' ? 'completed' : 'failed', ...(lastAck && { lastAck }) } as never
    this.#event(kind, transfer)
    this.#freeSlots.push(transfer.slot)
    transfer.slot = -1
    transfer.content = undefined
    this.running.splice(this.running.indexOf(transfer), 1)
  }

  /** A request that is turned away at once. */
  turnAway(): void {
    const transfer = { ...this.begin(), id: this.#nextId++, slot: -1, machine: undefined } as unknown as ServedTransfer
    this.end(this.running.at(-1) as ServedTransfer, 'probed')
    this.#event('refused', transfer)
  }

  #event(kind: EventKind, transfer: ServedTransfer): void {
    for (const side of this.sides) side.events.transfer(kind, performance.now(), transfer)
  }
}

describe('at a level that leaves events out', () => {
  test('a transfer that is over within the time is a count, and nothing else crosses', () => {
    const side = new Side('warn')
    const bench = new Bench(side)
    for (let i = 0; i < 1000; i++) {
      const transfer = bench.begin(i % 4 === 0 ? 'write' : 'read')
      bench.step(transfer, 'started')
      bench.end(transfer, 'completed')
    }
    vi.advanceTimersByTime(FACTS_EVERY_MS)
    expect(side.messages).toEqual([
      {
        type: 'facts',
        facts: {
          counts: { requested: 1000, completed: 1000 },
          writes: { requested: 250, completed: 250 },
          readBytes: 75_000,
          writtenBytes: 25_000,
          running: [],
          ended: [],
          lastId: 1000,
        },
      },
    ])
    vi.advanceTimersByTime(10 * FACTS_EVERY_MS)
    expect(side.messages).toHaveLength(1)
  })

  test('no checksum is made for an event that is not', () => {
    const bench = new Bench(new Side('error'))
    const transfer = bench.begin()
    const crc32 = vi.spyOn(transfer.content as { crc32(): Promise<number | undefined> }, 'crc32')
    bench.end(transfer, 'completed')
    expect(crc32).not.toHaveBeenCalled()
  })

  test('what lasts is known within the time, and then each time that it has changed', () => {
    const side = new Side('error')
    const bench = new Bench(side)
    const transfer = bench.begin()
    vi.advanceTimersByTime(FACTS_EVERY_MS)
    expect(side.shown.transfers).toMatchObject([{ id: 1, state: 'requested', served: 'served.bin', since: 1_000_000 }])
    vi.advanceTimersByTime(5000)
    expect(side.count('facts')).toBe(1)
    bench.step(transfer, 'stalled')
    bench.step(transfer, 'progress')
    vi.advanceTimersByTime(FACTS_EVERY_MS)
    expect(side.count('facts')).toBe(2)
    expect(side.shown.transfers).toMatchObject([{ state: 'stalled', stalls: 1, bytes: 200, since: 1_000_000 }])
  })

  test('a transfer is known before an event of it arrives, and its failure is an event of its own', () => {
    const side = new Side('error')
    const bench = new Bench(side)
    const [first] = [bench.begin(), bench.begin()]
    bench.end(first, 'failed')
    expect(side.messages.map(({ type }) => type)).toEqual(['facts', 'event'])
    expect(side.shown.transfers.map(({ id }) => id)).toEqual([2])
    expect(side.shown.totals.transfers).toMatchObject({ requested: 2, failed: 1, running: 1 })
  })

  test('an end whose last acknowledgement is missing is an event at warn, with its checksum', async () => {
    const side = new Side('warn')
    const bench = new Bench(side)
    bench.end(bench.begin(), 'completed', 'missing')
    await side.events.settled()
    expect(side.messages.at(-1)).toMatchObject({ event: { event: 'completed', lastAck: 'missing', crc32: '0000001a' } })
    expect(side.shown.totals.transfers).toMatchObject({ requested: 1, completed: 1, running: 0 })
  })

  test('strangers are counted, without an event', () => {
    const side = new Side('error')
    for (let i = 0; i < 3; i++) {
      side.events.denied({ address: '203.0.113.9', port: 1, local: '', near: false }, undefined, 'not private')
    }
    vi.advanceTimersByTime(FACTS_EVERY_MS)
    expect(side.count('event')).toBe(0)
    expect(side.shown.totals.transfers.refused).toBe(1)
  })

  test('a transfer that began as an event and ends without one is among the ended', () => {
    const side = new Side('info')
    const bench = new Bench(side)
    const transfer = bench.begin()
    side.events.level = 'warn'
    bench.step(transfer, 'started')
    bench.end(transfer, 'completed')
    vi.advanceTimersByTime(FACTS_EVERY_MS)
    expect(side.messages.at(-1)).toMatchObject({ facts: { counts: { completed: 1 }, running: [], ended: [1] } })
    expect(side.shown.transfers).toEqual([])
    expect(side.shown.totals.transfers).toMatchObject({ requested: 1, completed: 1, running: 0 })
  })

  test('before a crash facts of everything that runs leave', () => {
    const side = new Side('error')
    const bench = new Bench(side)
    for (let i = 0; i < 3; i++) bench.begin()
    side.events.hurry()
    expect(side.registry.lose(0, 2_000_000, 'it crashed')).toHaveLength(3)
  })
})

describe('in a flood, where everything is an event', () => {
  test('a transfer that is never heard is a count, once it is over', () => {
    const side = new Side('debug')
    const bench = new Bench(side)
    for (let i = 0; i < 100; i++) bench.end(bench.begin('read', 'served.bin', true), 'failed')
    vi.advanceTimersByTime(FACTS_EVERY_MS)
    expect(side.messages.map(({ type }) => type)).toEqual(['facts'])
    expect(side.shown.totals.transfers).toMatchObject({ requested: 100, failed: 100, running: 0 })
  })

  test('one that is heard is told of from its request on', () => {
    const side = new Side('info')
    const bench = new Bench(side)
    const transfer = bench.begin('read', 'served.bin', true)
    expect(side.messages).toEqual([])
    Object.assign(transfer, { isUnheard: false })
    bench.step(transfer, 'started')
    bench.step(transfer, 'stalled')
    const told = side.messages.flatMap((one) => (one.type === 'event' ? [one.event.event] : []))
    expect(told).toEqual(['requested', 'started', 'stalled'])
    expect(side.shown.totals.transfers).toMatchObject({ requested: 1, running: 1 })
  })

  test('one whose request was told, and which then loses its place quietly, is among the ended', () => {
    const side = new Side('info')
    const bench = new Bench(side)
    const transfer = bench.begin()
    Object.assign(transfer, { quiet: true, isUnheard: true })
    bench.end(transfer, 'failed')
    vi.advanceTimersByTime(FACTS_EVERY_MS)
    expect(side.shown.transfers).toEqual([])
    expect(side.shown.totals.transfers).toMatchObject({ requested: 1, failed: 1, running: 0 })
  })
})

test('nothing is remembered of a transfer that is over, whether its end was an event or not', () => {
  const ledger = new Ledger(() => {})
  const transfer = (id: number): ServedTransfer => ({ id, slot: id, direction: 'read' }) as unknown as ServedTransfer
  for (const id of [1, 2]) ledger.introduce('requested', transfer(id))
  expect(ledger.remembered).toBe(2)
  ledger.introduce('completed', transfer(1))
  ledger.said(1)
  ledger.unsaid('completed', transfer(2), 0)
  expect(ledger.remembered).toBe(0)
})

type Step =
  | { readonly do: 'begin' }
  | { readonly do: 'turn away' }
  | { readonly do: 'step'; readonly which: number; readonly kind: EventKind }
  | { readonly do: 'end'; readonly which: number; readonly kind: EventKind; readonly missing: boolean }
  | { readonly do: 'level'; readonly level: EventLevel }
  | { readonly do: 'wait'; readonly ms: number }

const which = fc.nat(1000)
const STEPS: fc.Arbitrary<Step> = fc.oneof(
  { arbitrary: fc.constant({ do: 'begin' as const }), weight: 4 },
  fc.constant({ do: 'turn away' as const }),
  {
    arbitrary: fc.record({
      do: fc.constant('step' as const),
      which,
      kind: fc.constantFrom<EventKind[]>('started', 'progress', 'stalled', 'recovered', 'window-changed'),
    }),
    weight: 4,
  },
  {
    arbitrary: fc.record({
      do: fc.constant('end' as const),
      which,
      kind: fc.constantFrom(...([...FINAL_EVENTS] as EventKind[])),
      missing: fc.boolean(),
    }),
    weight: 3,
  },
  fc.record({ do: fc.constant('level' as const), level: fc.constantFrom(...EVENT_LEVELS) }),
  fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 2 * FACTS_EVERY_MS }) }),
)

test('whatever happens, and whichever level holds when, what is shown is what every event would have shown', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...EVENT_LEVELS), fc.array(STEPS, { maxLength: 60 }), async (level, steps) => {
      const [all, some] = [new Side('debug'), new Side(level)]
      const bench = new Bench(all, some)
      for (const step of steps) {
        const transfer = 'which' in step ? bench.running[step.which % Math.max(1, bench.running.length)] : undefined
        if (step.do === 'begin') bench.begin()
        if (step.do === 'turn away') bench.turnAway()
        if (step.do === 'level') some.events.level = step.level
        if (step.do === 'step' && transfer !== undefined) bench.step(transfer, step.kind)
        if (step.do === 'end' && transfer !== undefined) {
          bench.end(transfer, step.kind, step.missing && step.kind === 'completed' ? 'missing' : undefined)
        }
        if (step.do !== 'wait') continue
        await vi.advanceTimersByTimeAsync(step.ms)
        if (step.ms >= FACTS_EVERY_MS) expect(some.shown).toEqual(all.shown)
      }
      await vi.advanceTimersByTimeAsync(FACTS_EVERY_MS)
      expect(some.shown).toEqual(all.shown)
    }),
    { numRuns: 500 },
  )
})
