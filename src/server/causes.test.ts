import { Worker } from 'node:worker_threads'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { EventKind, TransferEvent } from '../endpoint/contract.ts'
import { Causes } from './causes.ts'
import { Diagnoser } from './diagnoser.ts'
import type { Evidence } from './evidence.ts'
import type { Finding } from './finding.ts'
import type { EventReport } from './protocol.ts'

const FINDING: Finding = { cause: 'dead-rx', confidence: 0.9, explanation: 'it is deaf', advice: 'speak up' }

function event(kind: EventKind, id: number): TransferEvent {
  const figures = { bytes: 0, blocks: 0, datagrams: 0, retransmitted: 0, window: 1, ms: 1, rateBytesPerSec: 0 }
  return { event: kind, time: 1, id, client: '192.0.2.1:2000', file: 'image', direction: 'read', ...figures }
}

/** A device that asked twice and never answered. */
function evidence(change: Partial<Evidence> = {}): Evidence {
  const words = new Uint32Array([0, (6 << 28) | 1, 64, 0x9000_0001, 64_000, 0x9000_0001, 128_000, 0x9000_0001])
  return {
    trace: Buffer.from(words.buffer).toString('base64'),
    isClear: false,
    traced: {
      id: 1,
      startMs: 0,
      client: { address: '192.0.2.1', port: 2000 },
      server: { address: '192.0.2.9', port: 69 },
      direction: 'read',
      filename: 'image',
      mode: 'octet',
      options: [],
      agreed: { blksize: 512, windowsize: 1, timeoutMs: undefined, rollover: 0, oack: [] },
      sizeBytes: 1000,
      end: { type: 'silent' },
      counted: { blocks: 1, bytes: 0, datagrams: 3, acks: 0 },
    },
    ...change,
  }
}

/** Answers when the test says so. */
class ByHand {
  readonly asked: ((finding: Finding | undefined) => void)[] = []
  closed = 0
  readonly diagnose = (_kind: EventKind, _evidence: Evidence, answer: (finding: Finding | undefined) => void): void =>
    void this.asked.push(answer)
  readonly close = (): void => void this.closed++
}

function setUp() {
  const passed: EventReport[] = []
  const diagnoser = new ByHand()
  const causes = new Causes((report) => passed.push(report), diagnoser)
  const shown = () => passed.map(({ event: { event: kind, id, cause } }) => [kind, id, cause])
  return { passed, diagnoser, causes, shown }
}

describe('Causes', () => {
  test('an event waits for its cause, later ones of the same transfer behind it, and no other transfer', () => {
    const { causes, diagnoser, shown, passed } = setUp()
    causes.add({ type: 'event', event: event('recovered', 1), evidence: evidence() })
    causes.add({ type: 'event', event: event('progress', 1) })
    causes.add({ type: 'event', event: event('failed', 1), evidence: evidence() })
    causes.add({ type: 'event', event: event('progress', 2) })
    expect(shown()).toEqual([['progress', 2, undefined]])
    diagnoser.asked[0](undefined)
    expect(shown().slice(1)).toEqual([
      ['recovered', 1, undefined],
      ['progress', 1, undefined],
    ])
    diagnoser.asked[1](FINDING)
    expect(passed.at(-1)?.event).toMatchObject({ event: 'failed', ...FINDING })
  })

  test('what this side ended, without a stall before, needs no diagnosis', () => {
    const { causes, diagnoser, shown } = setUp()
    causes.add({ type: 'event', event: event('failed', 1), evidence: evidence({ isClear: true }) })
    expect([shown(), diagnoser.asked]).toEqual([[['failed', 1, undefined]], []])
  })

  test('a server that stops says the last cause first', async () => {
    const { causes, diagnoser, shown } = setUp()
    causes.add({ type: 'event', event: event('failed', 1), evidence: evidence() })
    const closing = causes.close()
    expect(diagnoser.closed).toBe(0)
    diagnoser.asked[0](FINDING)
    await closing
    expect([shown(), diagnoser.closed]).toEqual([[['failed', 1, 'dead-rx']], 1])
  })
})

describe('Diagnoser', () => {
  test('a thread answers; nothing comes for evidence that breaks it, and the next is answered again', async () => {
    const diagnoser = new Diagnoser({ answerWithinMs: 60_000 })
    const ask = (given: Evidence): Promise<Finding | undefined> =>
      new Promise((resolve) => diagnoser.diagnose('failed', given, resolve))
    expect(await ask(evidence())).toMatchObject({ cause: 'dead-rx', advice: expect.stringContaining('firewall') })
    expect(await ask({ trace: 'AAAA' } as Evidence)).toBeUndefined()
    expect(await ask(evidence())).toMatchObject({ cause: 'dead-rx' })
    diagnoser.close()
    expect(await ask(evidence())).toBeUndefined()
  })

  test('a rush finds no queue without an end', async () => {
    const diagnoser = new Diagnoser({ answerWithinMs: 60_000 })
    const answers = await Promise.all(
      Array.from(
        { length: 100 },
        () => new Promise<Finding | undefined>((resolve) => diagnoser.diagnose('failed', evidence(), resolve)),
      ),
    )
    diagnoser.close()
    const { length } = answers.filter((answer) => answer === undefined)
    expect(length).toBeLessThanOrEqual(68)
    // A busy machine takes some time to ask.
    expect(length).toBeGreaterThan(40)
  })

  test('where the system has no thread to spare, events go without a cause, and none is lost', async () => {
    const create = (): Worker => {
      throw new Error('pthread_create failed')
    }
    const passed: EventReport[] = []
    const causes = new Causes((report) => passed.push(report), new Diagnoser({ create }))
    causes.add({ type: 'event', event: event('stalled', 1), evidence: evidence() })
    causes.add({ type: 'event', event: event('failed', 1), evidence: evidence() })
    await causes.close()
    expect(passed.map((report) => report.event.event)).toEqual(['stalled', 'failed'])
  })

  test('a question that the end of a thread brings about is for the next thread', async () => {
    const threads: Worker[] = []
    const diagnoser = new Diagnoser({
      answerWithinMs: 60_000,
      create: () => {
        const entry = threads.length === 0 ? silent() : new URL('./diagnosis-worker.ts', import.meta.url)
        const thread = entry instanceof Worker ? entry : new Worker(entry)
        threads.push(thread)
        return thread
      },
    })
    const passed: EventReport[] = []
    const causes = new Causes((report) => passed.push(report), diagnoser)
    causes.add({ type: 'event', event: event('stalled', 1), evidence: evidence() })
    causes.add({ type: 'event', event: event('failed', 1), evidence: evidence() })
    await threads[0].terminate()
    await causes.close()
    expect(passed.map((report) => [report.event.event, report.event.cause])).toEqual([
      ['stalled', undefined],
      ['failed', 'dead-rx'],
    ])
  })

  test('a thread that does not answer any more gets no queue without an end', async () => {
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    const thread = silent()
    const post = vi.spyOn(thread, 'postMessage')
    const diagnoser = new Diagnoser({ create: () => thread })
    let answers = 0
    for (let i = 0; i < 200; i++) {
      diagnoser.diagnose('failed', evidence(), () => answers++)
      await vi.advanceTimersByTimeAsync(200)
    }
    await vi.advanceTimersByTimeAsync(5000)
    diagnoser.close()
    expect([answers, post.mock.calls.length]).toEqual([200, 64])
  })
})

function silent(): Worker {
  return new Worker("require('node:worker_threads').parentPort.on('message', () => {})", { eval: true })
}
