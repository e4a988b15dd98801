/** Boots a device of the lab on real sockets, against any TFTP server. Its faults work within this process. */
import { createSocket, type Socket } from 'node:dgram'
import { lookup } from 'node:dns/promises'
import { ForesendError } from '../error.ts'
import { type Booted, type ClientResult, type LabNode, type Outlet, World } from '../lab/index.ts'
import { errnoOf } from '../io/bind-error.ts'
import { LabClock } from './clock.ts'

export interface LiveOptions {
  readonly booted: Booted
  /** Name or address of the server, and its port. */
  readonly host: string
  readonly port: number
  /** Where to send from; the system chooses by default. */
  readonly localAddress?: string
  readonly signal?: AbortSignal
  /** Called now and then with what has come from the network so far, before the device's own faults. */
  readonly onProgress?: (datagrams: number, bytes: number) => void
}

export interface LiveResult {
  readonly client: ClientResult
  /** Datagrams that the device got from the network, before its own faults. */
  readonly received: number
  /** The other servers that answered; the device ignores them. */
  readonly otherSource: string | undefined
}

/** The port by which clients know their server, whatever it is in truth. */
const TFTP_PORT = 69
/** A server may ask for the last ACK again: devices that are polite stay for it. */
const LINGER_MS = 500
const PROGRESS_MS = 100

/**
 * Resolves when the device is done, however it ended. Rejects with ERR_TFTP_USAGE (no such host), ERR_TFTP_BIND, or the
 * reason of `signal`.
 */
export async function bootLive(options: LiveOptions): Promise<LiveResult> {
  const { address, family } = await resolveHost(options.host)
  options.signal?.throwIfAborted()
  const world = new World()
  const done = Promise.withResolvers<void>()
  const { client } = options.booted
  const network = new Network(options, address, family, (error) => done.reject(error))
  world.join(client, network, { up: options.booted.up, down: options.booted.down })
  let finished = false
  const clock = new LabClock(world, () => {
    if (client.result === undefined || finished) return
    finished = true
    setTimeout(() => done.resolve(), client.result.status === 'ok' ? LINGER_MS : 0)
  })
  network.clock = clock
  const abort = (): void => done.reject(options.signal?.reason)
  options.signal?.addEventListener('abort', abort, { once: true })
  const progress = setInterval(() => options.onProgress?.(network.received, network.receivedBytes), PROGRESS_MS)
  try {
    clock.pump()
    await done.promise
    return { client: client.result!, received: network.received, otherSource: network.otherSource }
  } finally {
    clearInterval(progress)
    options.signal?.removeEventListener('abort', abort)
    clock.close()
    network.close()
  }
}

/** Name or address to one address. */
export async function resolveHost(host: string): Promise<{ address: string; family: 4 | 6 }> {
  try {
    const { address, family } = await lookup(host.replace(/^\[(.*)\]$/, '$1'))
    return { address, family: family === 6 ? 6 : 4 }
  } catch (cause) {
    const message = `no address found for ${host}: ${errnoOf(cause)}; check the name, or give its address`
    throw new ForesendError('ERR_TFTP_USAGE', message, { fault: 'local', cause })
  }
}

/** What stands at the far end of the device's link: real sockets, one for each port that the device uses. */
class Network implements LabNode {
  readonly deadline = Infinity
  received = 0
  receivedBytes = 0
  otherSource: string | undefined = undefined
  clock: LabClock | undefined = undefined
  readonly #options: LiveOptions
  readonly #address: string
  readonly #family: 4 | 6
  readonly #failed: (error: ForesendError) => void
  readonly #sockets = new Map<number, Socket>()
  #outlet: Outlet | undefined

  constructor(options: LiveOptions, address: string, family: 4 | 6, failed: (error: ForesendError) => void) {
    this.#options = options
    this.#address = address
    this.#family = family
    this.#failed = failed
  }

  attach(outlet: Outlet): void {
    this.#outlet = outlet
  }

  handleDatagram(_now: number, buffer: Uint8Array, offset: number, length: number, from: number, to: number): void {
    const socket = this.#sockets.get(from) ?? this.#open(from)
    const port = to === TFTP_PORT ? this.#options.port : to
    // The link uses its buffer again before the socket has sent it. What the system refuses is lost, as on a wire.
    socket.send(Uint8Array.from(buffer.subarray(offset, offset + length)), port, this.#address, () => {})
  }

  handleTimer(): void {}

  close(): void {
    for (const socket of this.#sockets.values()) socket.close()
  }

  #open(devicePort: number): Socket {
    const socket = createSocket(this.#family === 6 ? 'udp6' : 'udp4')
    this.#sockets.set(devicePort, socket)
    socket.on('error', (cause) => {
      const message = `cannot open a port to talk to ${this.#address}: ${errnoOf(cause)}; check the addresses of this machine`
      this.#failed(new ForesendError('ERR_TFTP_BIND', message, { fault: 'local', cause }))
    })
    socket.on('message', (data, { address, port }) => {
      if (address !== this.#address) {
        this.otherSource = address
        return
      }
      this.received++
      this.receivedBytes += data.length
      const from = port === this.#options.port ? TFTP_PORT : port
      this.#outlet!.send(this.clock!.now(), data, 0, data.length, from, devicePort)
      this.clock!.arrived()
    })
    socket.bind(0, this.#options.localAddress)
    return socket
  }
}
