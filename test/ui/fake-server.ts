/**
 * A server of the page without TFTP: it answers as `foresend serve --http` does, and a test says what happens. Its static files have the same
 * content security policy.
 */
import { withSnapshot } from '../../src/control/http/page-document.ts'
import { NO_STATS } from '../../src/server/network-stats.ts'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server as HttpServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join } from 'node:path'
import { brotliCompressSync } from 'node:zlib'
import type {
  Device,
  Diagnosis,
  Digests,
  HistoryRow,
  Network,
  ServedFile,
  ServerStats,
  Status,
  TraceEntry,
  TransferEvent,
  TransferView,
} from '../../ui/src/wire.ts'

export const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; " +
  "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
}
const RING = 4096
const HISTORY_PAGE = 50

interface Frame {
  readonly id: number
  readonly text: string
}

export interface FakeOptions {
  /** The built page. */
  readonly page: string
  readonly token?: string
  readonly tokenNeeded?: boolean
  readonly writable?: boolean
  /** The same port again: a server that was started anew. */
  readonly port?: number
}

export class FakeServer {
  readonly transfers = new Map<number, TransferView>()
  readonly traces = new Map<string, TraceEntry[]>()
  readonly diagnoses = new Map<string, Diagnosis>()
  history: HistoryRow[] = []
  devices: Device[] = []
  files: (ServedFile & Digests)[] = []
  network: Network
  stats: ServerStats
  /** Requests as they came: method and path, with `last-event-id` where there was one. */
  readonly asked: string[] = []
  readonly token: string
  readonly #options: FakeOptions
  readonly #http: HttpServer
  readonly #readers = new Set<ServerResponse>()
  readonly #ring: Frame[] = []
  /** No earlier start of a server had these numbers: frames are ten a second at most. */
  #nextFrame = Math.floor(Date.now() / 100)
  #changed = new Map<number, TransferView>()
  #gone: number[] = []
  #ended: TransferEvent[] = []

  private constructor(options: FakeOptions) {
    this.#options = options
    this.token = options.token ?? 'a-token-for-tests'
    this.network = {
      addresses: [
        { name: 'lo', address: '127.0.0.1', family: 4, isUp: true, isLoopback: true },
        { name: 'eth0', address: '192.168.0.66', family: 4, isUp: true, isLoopback: false },
        { name: 'eth0', address: 'fe80::5054:ff:fe12:3456', family: 6, isUp: true, isLoopback: false },
      ],
      port: 69,
      firewall: { said: 'nftables lets UDP port 69 in.' },
      lastRequest: null,
      hints: [
        'The device has to ask 192.168.0.66, from the same network; many boot loaders ask 192.168.0.x or 192.168.1.x: set serverip on it, or give this machine the address that it asks.',
        'The cable has to be in the port that the boot loader uses, often LAN 1, and its light has to be on.',
      ],
    }
    this.stats = {
      since: Date.now(),
      transfers: { running: 0, requested: 0, completed: 0, probed: 0, refused: 0, superseded: 0, failed: 0 },
      writes: { requested: 0, completed: 0, probed: 0, refused: 0, superseded: 0, failed: 0 },
      bytes: { read: 0, written: 0 },
      network: NO_STATS,
    }
    this.#http = createServer((request, response) => void this.#answer(request, response))
  }

  static async start(options: FakeOptions): Promise<FakeServer> {
    const server = new FakeServer(options)
    server.#http.listen(options.port ?? 0, '127.0.0.1')
    await once(server.#http, 'listening')
    return server
  }

  get port(): number {
    return (this.#http.address() as AddressInfo).port
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/`
  }

  get readers(): number {
    return this.#readers.size
  }

  /** Every stream breaks off, and the server goes on. */
  cut(): void {
    for (const reader of this.#readers) reader.destroy()
  }

  async stop(): Promise<void> {
    if (!this.#http.listening) return
    for (const reader of this.#readers) reader.destroy()
    const closed = once(this.#http, 'close')
    this.#http.close()
    this.#http.closeAllConnections()
    await closed
  }

  /** A transfer is as `view` says, with the next frame. */
  set(view: TransferView): void {
    if (!this.transfers.has(view.id)) this.#count('requested')
    this.transfers.set(view.id, view)
    this.#changed.set(view.id, view)
  }

  /** A transfer ends, with the next frame; the history has it from now on. */
  end(view: TransferView, event: TransferEvent['event'], more: Partial<TransferEvent> = {}): void {
    this.transfers.delete(view.id)
    this.#changed.delete(view.id)
    this.#gone.push(view.id)
    const ended = eventOf(view, event, more)
    this.#ended.push(ended)
    const row = rowOf(view.id, ended, view.stalls, this.traces.has(String(view.id)))
    this.history.unshift(row)
    const [trace, diagnosis] = [this.traces.get(String(view.id)), this.diagnoses.get(String(view.id))]
    if (trace !== undefined) this.traces.set(`h${row.id}`, trace)
    if (diagnosis !== undefined) this.diagnoses.set(`h${row.id}`, diagnosis)
    if (event === 'completed' || event === 'failed' || event === 'refused') this.#count(event)
  }

  /** Sends what changed since the last frame. */
  frame(): void {
    const stats = { ...this.stats, transfers: { ...this.stats.transfers, running: this.transfers.size } }
    const changed = [...this.#changed.values()]
    const data = { time: Date.now(), stats, changed, gone: this.#gone, ended: this.#ended, notices: [] }
    const id = this.#nextFrame++
    const text = `event: changes\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`
    this.#ring.push({ id, text })
    if (this.#ring.length > RING) this.#ring.shift()
    this.#changed = new Map()
    this.#gone = []
    this.#ended = []
    for (const reader of this.#readers) reader.write(text)
  }

  #count(kind: 'requested' | 'completed' | 'failed' | 'refused'): void {
    const transfers = { ...this.stats.transfers, [kind]: this.stats.transfers[kind] + 1 }
    const requests = this.stats.network.requests + (kind === 'requested' ? 1 : 0)
    this.stats = { ...this.stats, transfers, network: { ...this.stats.network, requests } }
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', this.url)
    const lastId = request.headers['last-event-id']
    this.asked.push(`${request.method} ${pathname}${lastId === undefined ? '' : ` last-event-id ${String(lastId)}`}`)
    if (!pathname.startsWith('/api/')) return this.#static(pathname, response)
    const isChange = request.method !== 'GET'
    const mayPass = request.headers.authorization === `Bearer ${this.token}`
    if (!mayPass && (isChange || this.#options.tokenNeeded === true))
      return problem(response, 401, 'ERR_TFTP_ACCESS', 'this needs the token: open the link that the server printed')
    const path = pathname.slice('/api/v1'.length)
    if (path === '/events') return this.#stream(response, lastId === undefined ? undefined : Number(lastId))
    if (request.method === 'PUT') return this.#store(request, response, path, searchParams.has('overwrite'))
    this.#json(request, response, path, searchParams)
  }

  #json(request: IncomingMessage, response: ServerResponse, path: string, query: URLSearchParams): void {
    const [, first = '', argument = '', last = ''] = path.split('/').map(decodeURIComponent)
    const missing = (): void => problem(response, 404, 'ERR_TFTP_NOT_FOUND', 'there is no such thing')
    switch (`${request.method} ${first} ${argument === '' ? '' : '*'} ${last}`.trimEnd()) {
      case 'GET status':
        return send(response, this.#status())
      case 'GET network':
        return send(response, this.network)
      case 'GET transfers *': {
        const running = this.transfers.get(Number(argument))
        const ended = this.history.find(({ id }) => `h${id}` === argument || String(id) === argument)
        if (running !== undefined) return send(response, { transfer: running })
        return ended === undefined ? missing() : send(response, { ended })
      }
      case 'GET transfers * trace': {
        const trace = this.traces.get(argument)
        return trace === undefined ? missing() : send(response, { trace })
      }
      case 'POST transfers * abort': {
        const view = this.transfers.get(Number(argument))
        if (view === undefined) return missing()
        this.end(view, 'failed', { code: 'ERR_TFTP_ABORTED', reason: 'aborted from the page' })
        this.frame()
        return send(response, { aborted: view.id })
      }
      case 'GET diagnosis *': {
        const diagnosis = this.diagnoses.get(argument)
        return diagnosis === undefined ? missing() : send(response, diagnosis)
      }
      case 'GET devices':
        return send(response, { devices: this.devices })
      case 'GET devices *': {
        const device = this.devices.find(({ name }) => name === argument)
        const transfers = this.history.filter(({ mac }) => mac === argument)
        return device === undefined ? missing() : send(response, { device, transfers })
      }
      case 'DELETE devices * memory':
        this.devices = this.devices.map((one) => (one.name === argument ? { ...one, learnt: [] } : one))
        return send(response, { forgotten: [argument] })
      case 'GET history':
        return send(response, this.#historyPage(query))
      case 'GET files': {
        const search = query.get('search') ?? ''
        const files = this.files.filter(({ name }) => name.includes(search))
        return send(response, { files, next: null })
      }
      case 'GET files * digests': {
        const file = this.files.find(({ name }) => name === argument)
        return file === undefined ? missing() : send(response, file)
      }
      default:
        return missing()
    }
  }

  #historyPage(query: URLSearchParams): object {
    const [device, file, outcome, direction] = ['device', 'file', 'outcome', 'direction'].map((key) => query.get(key))
    const fitting = this.history.filter(
      (row) =>
        (device === null || row.mac === device || row.address === device) &&
        (file === null || row.asked.includes(file)) &&
        (outcome === null || row.outcome === outcome) &&
        (direction === null || row.direction === direction),
    )
    const before = query.get('before')
    const from = before === null ? 0 : fitting.findIndex(({ id }) => String(id) === before) + 1
    const limit = Math.min(HISTORY_PAGE, Number(query.get('limit') ?? HISTORY_PAGE))
    const transfers = fitting.slice(from, from + limit)
    return { transfers, next: from + limit < fitting.length ? String(transfers.at(-1)?.id) : null }
  }

  async #store(request: IncomingMessage, response: ServerResponse, path: string, overwrite: boolean): Promise<void> {
    let sizeBytes = 0
    for await (const chunk of request) sizeBytes += (chunk as Buffer).length
    const name = decodeURIComponent(path.split('/')[2] ?? '')
    if (this.#options.writable !== true) return problem(response, 403, 'ERR_TFTP_ACCESS', 'files cannot be put here')
    if (!overwrite && this.files.some((file) => file.name === name))
      return problem(response, 409, 'ERR_TFTP_EXISTS', `${name} exists already`)
    const sha256 = 'c0ffee'.repeat(10).slice(0, 64)
    const stored = { name, sizeBytes, sha256, md5: 'd41d8cd98f00b204e9800998ecf8427e', crc32: '377a7dc6' }
    this.files = [...this.files.filter((file) => file.name !== name), { ...stored, modified: Date.now() }]
    send(response, stored, 201)
  }

  #stream(response: ServerResponse, lastId: number | undefined): void {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    const next = this.#nextFrame
    const first = this.#ring[0]?.id ?? next
    if (lastId !== undefined && lastId >= first - 1 && lastId < next) {
      for (const { id, text } of this.#ring) if (id > lastId) response.write(text)
    } else {
      const { id, data } = this.#snapshot()
      response.write(`event: snapshot\nid: ${id}\ndata: ${data}\n\n`)
    }
    // A reader that resumes with nothing missed hears at once that the server is there.
    response.write(':\n\n')
    this.#readers.add(response)
    response.on('close', () => this.#readers.delete(response))
  }

  #snapshot(): { id: number; data: string } {
    const data = { time: Date.now(), status: this.#status(), transfers: [...this.transfers.values()] }
    return { id: this.#nextFrame - 1, data: JSON.stringify(data) }
  }

  #status(): Status {
    return {
      version: '0.1.0',
      pid: 4242,
      listening: ['0.0.0.0', '::'].map((address) => ({ address, port: this.network.port })),
      writable: this.#options.writable ?? false,
      http: { tokenNeeded: this.#options.tokenNeeded ?? false },
      ...this.stats,
      transfers: { ...this.stats.transfers, running: this.transfers.size },
    }
  }

  #static(pathname: string, response: ServerResponse): void {
    const name = pathname === '/' ? 'index.html' : pathname.slice(1)
    const path = join(this.#options.page, name)
    if (!/^(index\.html|assets\/[\w.-]+)$/.test(name) || !existsSync(path)) {
      return void response.writeHead(404).end()
    }
    response.writeHead(200, {
      'content-type': TYPES[extname(path)] ?? 'application/octet-stream',
      'content-encoding': 'br',
      'content-security-policy': POLICY,
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    })
    if (name !== 'index.html' || this.#options.tokenNeeded === true)
      return void response.end(readFileSync(`${path}.br`))
    response.end(brotliCompressSync(withSnapshot(readFileSync(path, 'utf8'), this.#snapshot())))
  }
}

function send(response: ServerResponse, body: object, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

function problem(response: ServerResponse, status: number, code: string, detail: string): void {
  response.writeHead(status, { 'content-type': 'application/problem+json' })
  response.end(JSON.stringify({ type: 'about:blank', status, code, detail }))
}

function eventOf(view: TransferView, event: TransferEvent['event'], more: Partial<TransferEvent>): TransferEvent {
  const { id, client, file, direction, bytes, datagrams, retransmitted, window } = view
  const ms = Math.max(1, Date.now() - view.since)
  return {
    event,
    time: Date.now(),
    id,
    client,
    file,
    ...(view.served === undefined ? {} : { served: view.served }),
    ...(view.sizeBytes === undefined ? {} : { sizeBytes: view.sizeBytes }),
    ...(view.blksize === undefined ? {} : { blksize: view.blksize }),
    direction,
    bytes,
    blocks: Math.ceil(bytes / (view.blksize ?? 512)),
    datagrams,
    retransmitted,
    window,
    ms,
    rateBytesPerSec: (bytes * 1000) / ms,
    ...more,
  }
}

function rowOf(id: number, event: TransferEvent, stalls: number, hasTrace: boolean): HistoryRow {
  const {
    time,
    ms,
    client,
    file,
    retransmitted,
    event: outcome,
    explanation: _,
    advice: __,
    rateBytesPerSec: ___,
    ...rest
  } = event
  const [, address = '', port = '0'] = /^(.*):(\d+)$/.exec(client) ?? []
  return {
    ...rest,
    // The history numbers by itself.
    id: id + 1000,
    started: new Date(time - ms).toISOString(),
    ms,
    address,
    port: Number(port),
    mac: '02:00:00:00:00:01',
    asked: file,
    optionsAsked: 'timeout=1',
    optionsAgreed: '',
    outcome,
    repeats: retransmitted,
    stalls,
    hasTrace,
  }
}
