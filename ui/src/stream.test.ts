import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type Link, Stream } from './stream.ts'

/** A server that is played by hand. */
class Played {
  readonly asked: (string | undefined)[] = []
  readonly frames: string[] = []
  readonly links: Link[] = []
  answer: 'stream' | 'gone' | 401 = 'stream'
  #body: ReadableStreamDefaultController<Uint8Array> | undefined
  aborted = 0

  readonly stream = new Stream({
    open: async (lastId, signal) => {
      this.asked.push(lastId)
      signal.addEventListener('abort', () => void this.aborted++)
      if (this.answer === 'gone') throw new TypeError('fetch failed')
      if (this.answer === 401) return new Response('{}', { status: 401 })
      const body = new ReadableStream<Uint8Array>({ start: (controller) => void (this.#body = controller) })
      return new Response(body)
    },
    frame: (event, data) => void this.frames.push(`${event} ${data}`),
    link: (link) => void this.links.push(link),
    random: () => 0.5,
  })

  async say(text: string): Promise<void> {
    this.#body?.enqueue(new TextEncoder().encode(text))
    await vi.advanceTimersByTimeAsync(0)
  }

  async end(): Promise<void> {
    this.#body?.close()
    await vi.advanceTimersByTimeAsync(0)
  }
}

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('frames arrive whole however they are cut, and the last one is named when the stream opens again', async () => {
  const played = new Played()
  played.stream.connect()
  await played.say('event: snapshot\nid: 7\nda')
  expect(played.frames).toEqual([])
  await played.say('ta: {"a":"ü"}\n\n:\n\nevent: changes\nid: 8\ndata: 2\n\n')
  expect(played.frames).toEqual(['snapshot {"a":"ü"}', 'changes 2'])
  expect(played.links.map(({ type }) => type)).toEqual(['connecting', 'live'])
  await played.end()
  expect(played.links.at(-1)).toMatchObject({ type: 'lost', why: 'it ended the connection' })
  await vi.advanceTimersByTimeAsync(500)
  expect(played.asked).toEqual([undefined, '8'])
  await played.say('event: changes\nid: 9\ndata: 3\n\n')
  expect(played.links.at(-1)).toEqual({ type: 'live' })
})

test('a server that is gone is asked at growing intervals, and the loss keeps its time', async () => {
  const played = new Played()
  played.answer = 'gone'
  played.stream.connect()
  const start = Date.now()
  await vi.advanceTimersByTimeAsync(0)
  const waits: number[] = []
  for (let i = 0; i < 7; i++) {
    const link = played.links.at(-1)
    if (link?.type !== 'lost') throw new Error('not lost')
    expect(link.since).toBe(start)
    waits.push(link.retryAt - Date.now())
    await vi.advanceTimersByTimeAsync(link.retryAt - Date.now())
  }
  expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 8000, 8000])
  played.answer = 'stream'
  await vi.advanceTimersByTimeAsync(8000)
  await played.say('event: snapshot\nid: 1\ndata: 1\n\n')
  expect(played.links.at(-1)).toEqual({ type: 'live' })
})

test('silence is a loss, a comment is none', async () => {
  const played = new Played()
  played.stream.connect()
  await played.say('event: snapshot\nid: 1\ndata: 1\n\n')
  for (let i = 0; i < 4; i++) {
    await vi.advanceTimersByTimeAsync(15_000)
    await played.say(':\n\n')
  }
  expect(played.links.at(-1)).toEqual({ type: 'live' })
  await vi.advanceTimersByTimeAsync(25_000)
  expect(played.links.at(-1)).toMatchObject({ type: 'lost', why: 'nothing came for 25 seconds' })
  expect(played.aborted).toBe(1)
})

test('a hidden tab closes its stream after three seconds and resumes when it is shown', async () => {
  const played = new Played()
  played.stream.connect()
  await played.say('event: snapshot\nid: 4\ndata: 1\n\n')
  played.stream.hidden(true)
  await vi.advanceTimersByTimeAsync(2999)
  played.stream.hidden(false)
  await vi.advanceTimersByTimeAsync(10_000)
  expect(played.aborted).toBe(0)
  played.stream.hidden(true)
  await vi.advanceTimersByTimeAsync(3000)
  expect(played.aborted).toBe(1)
  expect(played.links.at(-1)).toEqual({ type: 'paused' })
  await vi.advanceTimersByTimeAsync(600_000)
  expect(played.asked).toHaveLength(1)
  played.stream.hidden(false)
  await vi.advanceTimersByTimeAsync(0)
  expect(played.asked).toEqual([undefined, '4'])
})

test('a wrong token ends the attempts until there is another one', async () => {
  const played = new Played()
  played.answer = 401
  played.stream.connect()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(played.links.at(-1)).toEqual({ type: 'refused' })
  expect(played.asked).toHaveLength(1)
  played.answer = 'stream'
  played.stream.connect()
  await played.say('event: snapshot\nid: 1\ndata: 1\n\n')
  expect(played.links.at(-1)).toEqual({ type: 'live' })
})

test('a stream goes on behind the frame that the page began with, and is no second attempt', async () => {
  const played = new Played()
  played.stream.connect('41')
  await played.say('event: changes\nid: 42\ndata: 1\n\n')
  expect(played.asked).toEqual(['41'])
  expect(played.links).toEqual([{ type: 'connecting', isFirst: true }, { type: 'live' }])
  played.stream.hidden(true)
  await vi.advanceTimersByTimeAsync(3000)
  played.stream.hidden(false)
  expect(played.links.at(-1)).toEqual({ type: 'connecting', isFirst: false })
  expect(played.asked).toEqual(['41', '42'])
})
