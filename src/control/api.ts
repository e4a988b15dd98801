/**
 * The API of a running server, behind every socket that it is asked through. What answers is loaded with the first question: most servers are
 * never asked, and loading it takes longer than all else of a start.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Door } from './door.ts'
import { Health } from './health.ts'
import type { App } from './http/app.ts'
import { RequestTime } from './request-time.ts'
import type { ApiSource } from './source.ts'

export class Api {
  readonly health: Health
  readonly #source: ApiSource
  readonly #requestTime: RequestTime
  #app: Promise<App> | undefined

  constructor(source: ApiSource) {
    this.#source = source
    this.health = new Health(source)
    this.#requestTime = new RequestTime(() => source.server.stats())
  }

  /** Answers what comes in through `door`. */
  listener(door: Door): (incoming: IncomingMessage, outgoing: ServerResponse) => void {
    return (incoming, outgoing) => {
      this.#load().then(
        (app) => app.answer(door, incoming, outgoing),
        () => outgoing.destroy(),
      )
    }
  }

  /** Streams end, and nothing of it runs any more. */
  async close(): Promise<void> {
    this.#requestTime.close()
    const app = await this.#app
    app?.close()
  }

  #load(): Promise<App> {
    this.#app ??= import('./http/app.ts').then(({ createApp }) =>
      createApp(this.#source, this.health, this.#requestTime),
    )
    return this.#app
  }
}
