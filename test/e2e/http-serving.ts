/** A server with its API on loopback, for the tests of a whole file, and ways to ask that no browser has. */
import { request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { Api } from '../../src/control/api.ts'
import { type HttpListener, type HttpOptions, listenHttp } from '../../src/control/http/listen.ts'
import { newToken } from '../../src/control/http/token.ts'
import type { ApiSource } from '../../src/control/source.ts'
import { type OpenHistory, openHistory } from '../../src/history/index.ts'
import { startServer } from '../../src/server/server.ts'
import type { Server, ServerConfigInput } from '../../src/server/server.ts'
import { parseConfig } from '../../src/server/config.ts'
import { tempFolder } from '../support/temp-folder.ts'

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly text: string
  json(): Record<string, unknown>
}

export interface Asked {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
  /** With the token. */
  readonly may?: boolean
}

export class Watched {
  readonly server: Server
  readonly history: OpenHistory
  readonly api: Api
  readonly listener: HttpListener
  readonly token: string
  readonly root: string
  readonly state: string
  readonly port: number
  /** TFTP. */
  readonly tftpPort: number

  static async open(
    root: string,
    source: Partial<ApiSource> = {},
    http: Partial<HttpOptions> = {},
    config: ServerConfigInput = {},
    state: string = tempFolder(),
  ): Promise<Watched> {
    const history = await openHistory({ folder: state, version: '0', notice: () => {} })
    const input = { path: root, hosts: ['127.0.0.1'], port: 0, driver: 'dgram' as const, ...config }
    const server = await startServer(input, () => {}, 'warn', history)
    const token = newToken()
    const api = new Api({
      server,
      about: { version: '0', pid: process.pid },
      stateFolder: state,
      content: () => parseConfig(input).content,
      settings: () => ({ path: root }),
      settingKeys: ['path', 'port'],
      isWritable: true,
      readsNeedToken: http.readsNeedToken === true,
      ...source,
    })
    const place = { address: '127.0.0.1', port: 0 }
    const listener = await listenHttp(api, { place, names: [], token, readsNeedToken: false, ...http })
    return new Watched(server, history, api, listener, token.text, root, state)
  }

  private constructor(
    server: Server,
    history: OpenHistory,
    api: Api,
    listener: HttpListener,
    token: string,
    root: string,
    state: string,
  ) {
    this.server = server
    this.history = history
    this.api = api
    this.listener = listener
    this.token = token
    this.root = root
    this.state = state
    this.port = Number(new URL(listener.url).port)
    this.tftpPort = server.bound[0]?.port ?? 0
  }

  async close(): Promise<void> {
    this.listener.close()
    await this.api.close()
    await this.server.stop(0)
    await this.history.close()
  }

  ask(path: string, { method = 'GET', headers = {}, body, may = false }: Asked = {}): Promise<Answer> {
    const given = { ...(may ? { authorization: `Bearer ${this.token}` } : {}), ...headers }
    return new Promise((resolve, reject) => {
      const asking = request({ host: '127.0.0.1', port: this.port, method, path, headers: given, agent: false })
      asking.on('error', reject)
      asking.on('response', (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (piece: string) => (text += piece))
        response.on('error', reject)
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text,
            json: () => JSON.parse(text) as Record<string, unknown>,
          }),
        )
      })
      asking.end(body)
    })
  }

  /** Sends these bytes as they are; resolves with what came back when it is `enough`, the connection is closed, or `ms` have passed. */
  raw(bytes: string | Buffer, ms = 10_000, enough: (text: string) => boolean = () => false): Promise<string> {
    return new Promise((resolve) => {
      let text = ''
      const socket = connect(this.port, '127.0.0.1', () => socket.write(bytes))
      const end = (): void => {
        clearTimeout(late)
        socket.destroy()
        resolve(text)
      }
      const late = setTimeout(end, ms)
      socket
        .setEncoding('latin1')
        .on('data', (piece: string) => {
          text += piece
          if (enough(text)) end()
        })
        .on('error', () => {})
        .on('close', end)
    })
  }

  /** The live stream, read event by event. */
  async stream(after?: number, headers: Readonly<Record<string, string>> = {}): Promise<Stream> {
    const socket = connect(this.port, '127.0.0.1')
    const resume = after === undefined ? '' : `Last-Event-ID: ${after}\r\n`
    const more = Object.entries(headers)
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join('')
    socket.write(`GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1:${this.port}\r\n${resume}${more}\r\n`)
    return new Stream(socket)
  }
}

export interface StreamEvent {
  readonly event: string
  readonly id: number
  readonly data: Record<string, never>
}

export class Stream {
  readonly socket: Socket
  readonly ended: Promise<void>
  #text = ''
  #isPastHeader = false
  readonly #events: StreamEvent[] = []
  #wake: (() => void) | undefined

  constructor(socket: Socket) {
    this.socket = socket
    this.ended = new Promise((resolve) => socket.on('close', () => resolve()))
    socket.setEncoding('utf8').on('data', (piece: string) => this.#take(piece))
    socket.on('error', () => {})
  }

  /** The next one for which `fits` holds. */
  async next(fits: (event: StreamEvent) => boolean = () => true): Promise<StreamEvent> {
    for (;;) {
      const event = this.#events.shift()
      if (event === undefined) await new Promise<void>((resolve) => (this.#wake = resolve))
      else if (fits(event)) return event
    }
  }

  close(): void {
    this.socket.destroy()
  }

  #take(piece: string): void {
    this.#text += piece
    if (!this.#isPastHeader) {
      const at = this.#text.indexOf('\r\n\r\n')
      if (at < 0) return
      this.#text = this.#text.slice(at + 4)
      this.#isPastHeader = true
    }
    const parts = this.#text.split('\n\n')
    this.#text = parts.pop() ?? ''
    for (const part of parts) {
      const field = (name: string): string => new RegExp(`^${name}: (.*)$`, 'm').exec(part)?.[1] ?? ''
      if (part.startsWith(':')) continue
      this.#events.push({
        event: field('event'),
        id: Number(field('id')),
        data: JSON.parse(field('data')) as Record<string, never>,
      })
    }
    this.#wake?.()
  }
}
