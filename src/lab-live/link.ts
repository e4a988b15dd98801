/**
 * A faulty link between a real client and a real server. Clients ask here; what they send goes on to the server, and each
 * TID from which the server answers gets a port of its own on this side, so that both see TFTP as it is.
 */
import { createSocket, type Socket } from 'node:dgram'
import { ForesendError } from '../error.ts'
import { type LabNode, type LinkOptions, type Outlet, World } from '../lab/index.ts'
import { errnoOf } from '../io/bind-error.ts'
import { LabClock } from './clock.ts'
import { resolveHost } from './device.ts'

export interface FaultyLinkOptions {
  readonly listen: { readonly address: string; readonly port: number }
  readonly to: { readonly host: string; readonly port: number }
  /** Client to server. */
  readonly up: LinkOptions
  /** Server to client. */
  readonly down: LinkOptions
  /** A client asked for the first time. */
  readonly onClient?: (address: string, port: number) => void
}

export interface FaultyLink {
  readonly address: string
  readonly port: number
  /** Datagrams that were handed in and those that came out, both ways. */
  counts(): LinkCounts
  close(): void
}

export interface LinkCounts {
  readonly clients: number
  readonly up: { readonly sent: number; readonly arrived: number }
  readonly down: { readonly sent: number; readonly arrived: number }
}

/** The port by which both sides know the one that is asked. */
const ASKED_PORT = 69
/** Clients at the same time; a client that is new beyond it takes the place of the one that was silent longest. */
const MAX_FLOWS = 1024
const MAX_TIDS_PER_FLOW = 64

/** Resolves when it listens. Rejects with ERR_TFTP_BIND or ERR_TFTP_USAGE (no such host). */
export async function startFaultyLink(options: FaultyLinkOptions): Promise<FaultyLink> {
  const { address, family } = await resolveHost(options.to.host)
  const listening = await listen(options.listen)
  const hub = new Hub(options, listening, address, family)
  const bound = listening.address()
  return {
    address: bound.address,
    port: bound.port,
    counts: () => hub.counts(),
    close: () => hub.close(),
  }
}

/** One client by its address and port. Its number stands for its port within the world. */
interface Flow {
  readonly number: number
  readonly address: string
  readonly port: number
  readonly upstream: Socket
  /** The server's TID to the port by which the client knows it. */
  readonly tids: Map<number, Socket>
  lastAt: number
}

class Hub {
  readonly #options: FaultyLinkOptions
  readonly #listening: Socket
  readonly #serverAddress: string
  readonly #family: 4 | 6
  readonly #world = new World()
  readonly #clock = new LabClock(this.#world)
  readonly #flows = new Map<string, Flow>()
  readonly #byNumber = new Map<number, Flow>()
  readonly #links: ReturnType<World['join']>
  readonly #clientSide: Gateway
  readonly #serverSide: Gateway
  #clients = 0
  #open = true

  constructor(options: FaultyLinkOptions, listening: Socket, serverAddress: string, family: 4 | 6) {
    this.#options = options
    this.#listening = listening
    this.#serverAddress = serverAddress
    this.#family = family
    this.#clientSide = new Gateway((bytes, from, to) => this.#toClient(bytes, from, to))
    this.#serverSide = new Gateway((bytes, from, to) => this.#toServer(bytes, from, to))
    this.#links = this.#world.join(this.#clientSide, this.#serverSide, { up: options.up, down: options.down })
    listening.on('message', (data, { address, port }) => this.#fromClient(data, address, port, ASKED_PORT))
    listening.on('error', () => {})
  }

  counts(): LinkCounts {
    const of = ({ sent, arrivedCount }: { sent: number; arrivedCount: number }) => ({ sent, arrived: arrivedCount })
    return { clients: this.#clients, up: of(this.#links.up), down: of(this.#links.down) }
  }

  close(): void {
    if (!this.#open) return
    this.#open = false
    this.#clock.close()
    this.#listening.close()
    for (const flow of this.#flows.values()) closeFlow(flow)
  }

  #fromClient(data: Buffer, address: string, port: number, to: number): void {
    const now = this.#clock.now()
    const flow = this.#flows.get(`${address} ${port}`) ?? this.#newFlow(address, port)
    flow.lastAt = now
    this.#clientSide.outlet!.send(now, data, 0, data.length, flow.number, to)
    this.#clock.arrived()
  }

  #fromServer(flow: Flow, data: Buffer, address: string, port: number): void {
    if (address !== this.#serverAddress) return
    const from = port === this.#options.to.port ? ASKED_PORT : port
    this.#serverSide.outlet!.send(this.#clock.now(), data, 0, data.length, from, flow.number)
    this.#clock.arrived()
  }

  #toServer(bytes: Uint8Array, from: number, to: number): void {
    const port = to === ASKED_PORT ? this.#options.to.port : to
    this.#byNumber.get(from)?.upstream.send(bytes, port, this.#serverAddress, () => {})
  }

  #toClient(bytes: Uint8Array, from: number, to: number): void {
    const flow = this.#byNumber.get(to)
    if (flow === undefined) return
    const socket = from === ASKED_PORT ? this.#listening : (flow.tids.get(from) ?? this.#newTid(flow, from))
    socket?.send(bytes, flow.port, flow.address, () => {})
  }

  #newFlow(address: string, port: number): Flow {
    if (this.#flows.size >= MAX_FLOWS) this.#dropSilent()
    const upstream = createSocket(this.#family === 6 ? 'udp6' : 'udp4')
    // A number stands for a client's port; those of clients long gone come round again.
    let number = (this.#clients++ % 0xffff) + 1
    while (this.#byNumber.has(number)) number = (number % 0xffff) + 1
    const flow: Flow = { number, address, port, upstream, tids: new Map(), lastAt: 0 }
    upstream.on('message', (data, from) => this.#fromServer(flow, data, from.address, from.port))
    upstream.on('error', () => {})
    this.#flows.set(`${address} ${port}`, flow)
    this.#byNumber.set(number, flow)
    this.#options.onClient?.(address, port)
    return flow
  }

  #newTid(flow: Flow, tid: number): Socket | undefined {
    if (flow.tids.size >= MAX_TIDS_PER_FLOW) return undefined
    const socket = createSocket(this.#listening.address().family === 'IPv6' ? 'udp6' : 'udp4')
    flow.tids.set(tid, socket)
    socket.on('message', (data, { address, port }) => {
      if (address === flow.address && port === flow.port) this.#fromClient(data, address, port, tid)
    })
    socket.on('error', () => {})
    socket.bind(0, this.#options.listen.address)
    return socket
  }

  #dropSilent(): void {
    let silent: Flow | undefined
    for (const flow of this.#flows.values()) if (silent === undefined || flow.lastAt < silent.lastAt) silent = flow
    if (silent === undefined) return
    closeFlow(silent)
    this.#flows.delete(`${silent.address} ${silent.port}`)
    this.#byNumber.delete(silent.number)
  }
}

/** One end of the link: what comes out of it goes to a real socket. */
class Gateway implements LabNode {
  readonly deadline = Infinity
  outlet: Outlet | undefined = undefined
  readonly #deliver: (bytes: Uint8Array, from: number, to: number) => void

  constructor(deliver: (bytes: Uint8Array, from: number, to: number) => void) {
    this.#deliver = deliver
  }

  attach(outlet: Outlet): void {
    this.outlet = outlet
  }

  handleDatagram(_now: number, buffer: Uint8Array, offset: number, length: number, from: number, to: number): void {
    // The link uses its buffer again before the socket has sent it.
    this.#deliver(Uint8Array.from(buffer.subarray(offset, offset + length)), from, to)
  }

  handleTimer(): void {}
}

function closeFlow(flow: Flow): void {
  flow.upstream.close()
  for (const socket of flow.tids.values()) socket.close()
}

function listen(where: { readonly address: string; readonly port: number }): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>()
  const socket = createSocket(where.address.includes(':') ? 'udp6' : 'udp4')
  const failed = (cause: Error): void => {
    const message = `cannot listen on ${where.address} port ${where.port}: ${errnoOf(cause)}; listen on an address of this machine, and on a port that is free and permitted (0 takes any)`
    reject(new ForesendError('ERR_TFTP_BIND', message, { fault: 'local', cause }))
  }
  socket.once('error', failed)
  socket.bind(where.port, where.address, () => {
    socket.off('error', failed)
    resolve(socket)
  })
  return promise
}
