/**
 * The stream of events: opened with `fetch`, as `EventSource` cannot send a token, and opened again behind the last frame whenever it
 * ends. While the tab is hidden no stream is open, as a browser gives a host six connections for all of its tabs together.
 */
import { createParser } from 'eventsource-parser'

export type Link =
  /** The first attempt, or the tab was hidden: then what is shown may be old. */
  | { readonly type: 'connecting'; readonly isFirst: boolean }
  | { readonly type: 'live' }
  | { readonly type: 'lost'; readonly since: number; readonly retryAt: number; readonly why: string }
  /** The server wants another token. */
  | { readonly type: 'refused' }
  /** The tab is hidden. */
  | { readonly type: 'paused' }

export interface StreamOptions {
  readonly open: (lastId: string | undefined, signal: AbortSignal) => Promise<Response>
  readonly frame: (event: string, data: string) => void
  readonly link: (link: Link) => void
  /** 0 to 1. */
  readonly random?: () => number
}

const FIRST_RETRY_MS = 500
const LAST_RETRY_MS = 8000
/** The server says something every 15 seconds. */
const SILENCE_MS = 25_000
/** A tab that is hidden for a moment keeps its stream. The seventh of seven tabs waits this long for a connection. */
const HIDDEN_MS = 3000

export class Stream {
  readonly #options: StreamOptions
  #lastId: string | undefined
  #link: Link = { type: 'connecting', isFirst: true }
  #isFirst = true
  #open: AbortController | undefined
  #attempts = 0
  #lostAt: number | undefined
  #retryTimer: ReturnType<typeof setTimeout> | undefined
  #silenceTimer: ReturnType<typeof setTimeout> | undefined
  #hiddenTimer: ReturnType<typeof setTimeout> | undefined

  constructor(options: StreamOptions) {
    this.#options = options
  }

  /** Opens the stream now, whatever was planned: behind `lastId`, or behind the last frame that came. */
  connect(lastId = this.#lastId): void {
    this.#close()
    this.#lastId = lastId
    if (this.#link.type !== 'lost') this.#say({ type: 'connecting', isFirst: this.#isFirst })
    this.#isFirst = false
    const controller = new AbortController()
    this.#open = controller
    void this.#run(controller)
  }

  /** The tab is hidden, or shown again. */
  hidden(isHidden: boolean): void {
    clearTimeout(this.#hiddenTimer)
    if (isHidden) {
      this.#hiddenTimer = setTimeout(() => {
        this.#close()
        this.#say({ type: 'paused' })
      }, HIDDEN_MS)
    } else if (this.#link.type === 'paused' || this.#link.type === 'lost') this.connect()
  }

  /** The next stream begins with a snapshot. */
  forgetPosition(): void {
    this.#lastId = undefined
  }

  async #run(controller: AbortController): Promise<void> {
    const { signal } = controller
    let why = 'it ended the connection'
    try {
      this.#listenFor(controller)
      const response = await this.#options.open(this.#lastId, signal)
      if (response.status === 401) {
        this.#close()
        return this.#say({ type: 'refused' })
      }
      if (!response.ok || response.body === null) throw new Error(`it answered ${response.status}`)
      if (this.#open === controller) {
        // Where nothing was missed, no frame comes until something changes.
        this.#say({ type: 'live' })
        await this.#read(response.body, controller)
      }
    } catch (error) {
      if (error instanceof Error && !(error instanceof TypeError) && error.name !== 'AbortError') why = error.message
      else if (this.#attempts > 0) why = 'it does not answer'
    }
    if (this.#open === controller) this.#lost(why)
  }

  async #read(body: ReadableStream<Uint8Array>, controller: AbortController): Promise<void> {
    const parser = createParser({
      onEvent: ({ id, event, data }) => {
        if (id !== undefined) this.#lastId = id
        this.#options.frame(event ?? 'message', data)
      },
    })
    const reader = body.getReader()
    const decoder = new TextDecoder()
    for (;;) {
      const { done, value } = await reader.read()
      if (this.#open !== controller) return void reader.cancel().catch(() => undefined)
      if (done) return
      this.#listenFor(controller)
      this.#attempts = 0
      this.#lostAt = undefined
      parser.feed(decoder.decode(value, { stream: true }))
    }
  }

  /** Silence for too long is a loss: a pulled cable ends no connection. */
  #listenFor(controller: AbortController): void {
    clearTimeout(this.#silenceTimer)
    this.#silenceTimer = setTimeout(() => {
      if (this.#open === controller) this.#lost(`nothing came for ${SILENCE_MS / 1000} seconds`)
    }, SILENCE_MS)
  }

  #lost(why: string): void {
    this.#close()
    const now = Date.now()
    this.#lostAt ??= now
    const step = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#attempts++)
    // Spread, so that not all pages come back in the same moment.
    const waitMs = step * (0.75 + 0.5 * (this.#options.random ?? Math.random)())
    this.#say({ type: 'lost', since: this.#lostAt, retryAt: now + waitMs, why })
    this.#retryTimer = setTimeout(() => this.connect(), waitMs)
  }

  #close(): void {
    clearTimeout(this.#retryTimer)
    clearTimeout(this.#silenceTimer)
    const open = this.#open
    this.#open = undefined
    open?.abort()
  }

  #say(link: Link): void {
    this.#link = link
    this.#options.link(link)
  }
}
