/** Starts a server: files, driver, endpoint and events joined, listening, and stopped well. */
import { stat } from 'node:fs/promises'
import { isIP } from 'node:net'
import type { Store } from '../content/contract.ts'
import { openFolder, openSingleFile } from '../content/index.ts'
import { ForesendError } from '../error.ts'
import type { Bound } from '../io/driver.ts'
import { openRecorder } from '../io/recorder.ts'
import type { Recorder } from '../io/recorder.ts'
import { driverMaker } from './drivers.ts'
import { Events } from './events.ts'
import type { ServerEvent } from './events.ts'
import { Peers } from './peers.ts'
import { Treatment } from './treatment.ts'
import { Serving } from './serving.ts'

export type { ServerEvent } from './events.ts'

export interface ServerOptions {
  /** A folder, or one file that is served for any name asked. */
  readonly path: string
  /** Addresses of this machine to listen on; `0.0.0.0` and `::` mean every one. Empty: both. */
  readonly hosts: readonly string[]
  /** 0 takes any that is free, the same for all hosts. */
  readonly port: number
  /** `auto`: lock-step on the wire with quick repeats. `strict`: RFC 1350 to the letter. Else blocks on the way. */
  readonly window: 'auto' | 'strict' | number
  /** The same in Tftpd64's unit: 1 + floor(bytes / blksize) blocks. */
  readonly anticipationBytes?: number
  /** Datagrams per DATA block. */
  readonly copies?: number
  /** Milliseconds between two datagrams of a window. */
  readonly gapMs?: number
  /** The least time before a block is sent again. */
  readonly rtoMs?: number
  readonly driver: 'auto' | 'dgram' | 'batch'
  readonly writable: boolean
  readonly overwrite: boolean
  readonly singlePort: boolean
  /** Networks that are served though they are not private, as CIDR. */
  readonly allow: readonly string[]
  /** A folder for a capture of every datagram. */
  readonly record?: string
  readonly maxTransfers?: number
  readonly maxTransfersPerAddress?: number
  readonly onEvent: (event: ServerEvent) => void
}

export interface Server {
  /** What it listens on, as it was asked for: `0.0.0.0` and `::` stand for every address. */
  readonly bound: readonly { readonly address: string; readonly port: number }[]
  /** Opens folder or file again and looks for new addresses of this machine; running transfers go on. */
  reload(): Promise<void>
  /** Takes no new transfers; running ones may finish for `graceMs`. Called again, the shorter time counts. */
  stop(graceMs: number): Promise<void>
}

/** A rack behind one NAT, or 5000 clients of a test on one machine; all of it costs tens of megabytes. */
const MAX_TRANSFERS_PER_ADDRESS = 8192
/** As many clients as may start at the same moment. */
const MAX_HALF_OPEN = 8192
const MAX_TRANSFERS = 16_384
/** RFC 2348. */
const MAX_BLKSIZE = 65_464
/** Blocks that one ACK may set free: with tiny blocks the bytes alone would allow tens of thousands. */
const MAX_WINDOWSIZE = 1024
/** What the kernel's buffers of both ends can hold without loss, give or take. */
const MAX_WINDOW_BYTES = 512 * 1024
const NO_REQUEST_MS = 30_000
const STOP_POLL_MS = 20

/**
 * Resolves when it listens; the first event is `listening`. Rejects with a ForesendError: ERR_TFTP_NOT_FOUND (path),
 * ERR_TFTP_BIND (address or port), ERR_TFTP_USAGE.
 */
export async function startServer(options: ServerOptions): Promise<Server> {
  checkOptions(options)
  const peers = new Peers(options.allow)
  const events = new Events(options.onEvent)
  const store = await openStore(options)
  const undo: (() => unknown)[] = [() => store.close()]
  try {
    const recorder = await startRecorder(options, events)
    if (recorder !== undefined) undo.push(() => recorder.close())
    const serving = createServing(options, store, peers, events, recorder)
    undo.push(() => serving.driver.close())
    const bounds = await listenAll(serving, options)
    return new RunningServer(options, store, serving, bounds, events, recorder)
  } catch (error) {
    for (const step of undo.reverse()) await step()
    throw error
  }
}

class RunningServer implements Server {
  readonly bound: readonly { readonly address: string; readonly port: number }[]
  readonly #options: ServerOptions
  readonly #serving: Serving
  readonly #bounds: readonly Bound[]
  readonly #events: Events
  readonly #recorder: Recorder | undefined
  readonly #quiet: NodeJS.Timeout
  #store: Store
  /** Replaced by a reload. Closing one would end its running uploads, and it holds nothing while it is idle. */
  readonly #retired: Store[] = []
  #stopAt = Infinity
  #stopped: Promise<void> | undefined

  constructor(
    options: ServerOptions,
    store: Store,
    serving: Serving,
    bounds: readonly Bound[],
    events: Events,
    recorder: Recorder | undefined,
  ) {
    this.#options = options
    this.#store = store
    this.#serving = serving
    this.#bounds = bounds
    this.#events = events
    this.#recorder = recorder
    this.bound = bounds.map(({ address, port }) => ({ address, port }))
    for (const { address, port } of this.bound) events.listening(address, port, serving.driver.name)
    events.ready()
    this.#quiet = setTimeout(() => this.#noticeSilence(), NO_REQUEST_MS).unref()
  }

  async reload(): Promise<void> {
    const store = await openStore(this.#options)
    this.#retired.push(this.#store)
    this.#store = store
    this.#serving.serveFrom(store)
    await this.#serving.driver.rescan()
  }

  stop(graceMs: number): Promise<void> {
    this.#stopAt = Math.min(this.#stopAt, performance.now() + graceMs)
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  async #stop(): Promise<void> {
    const serving = this.#serving
    clearTimeout(this.#quiet)
    serving.admitting = false
    // With a single port the transfers live on the listening socket.
    if (!this.#options.singlePort) for (const bound of this.#bounds) bound.close()
    while (serving.running > 0 && performance.now() < this.#stopAt) {
      await new Promise((resolve) => setTimeout(resolve, STOP_POLL_MS))
    }
    const error = new ForesendError('ERR_TFTP_ABORTED', 'the server was stopped; ask again when it runs', {
      fault: 'local',
      wireCode: 0,
    })
    serving.endpoint.abortAll(serving.driver.now(), error)
    serving.driver.close()
    await this.#events.settled()
    for (const store of [...this.#retired, this.#store]) store.close()
    await this.#recorder?.close()
  }

  /** Most first tries fail before a single packet arrives. */
  #noticeSilence(): void {
    if (this.#serving.knocks > 0) return
    const where = this.bound.map(({ address, port }) => `${address} port ${port}`).join(' and ')
    this.#events.notice(
      'NO_REQUEST',
      `no request in 30 s on ${where}: check the cable and its link light, the address that the device asks ` +
        `(this machine has ${this.#addresses()}), and the firewall (UDP port ${this.bound[0]?.port ?? 69})`,
    )
  }

  #addresses(): string {
    const addresses = this.#bounds.flatMap((bound) => bound.addresses())
    return addresses.filter((address) => !/^(127\.|::1$)/.test(address)).join(', ') || 'only loopback addresses'
  }
}

function createServing(
  options: ServerOptions,
  store: Store,
  peers: Peers,
  events: Events,
  recorder: Recorder | undefined,
): Serving {
  const treatment = new Treatment(options)
  return new Serving({
    store,
    treatment,
    peers,
    events,
    endpoint: {
      limits: {
        maxBlksize: MAX_BLKSIZE,
        maxWindowsize: MAX_WINDOWSIZE,
        maxWindowBytes: MAX_WINDOW_BYTES,
        refuse: new Set<string>(),
      },
      policyFor: (transfer, agreed) => treatment.policyFor(transfer, agreed),
      deviceFor: (transfer) => treatment.deviceFor(transfer),
      writable: options.writable,
      maxTransfers: options.maxTransfers ?? MAX_TRANSFERS,
      maxTransfersPerAddress: options.maxTransfersPerAddress ?? MAX_TRANSFERS_PER_ADDRESS,
      maxHalfOpen: MAX_HALF_OPEN,
    },
    driver: driverMaker(options, recorder, (message) => events.notice('DRIVER', message)),
  })
}

/** Every host on the same port. Without hosts: IPv4, and IPv6 where this machine has it. */
async function listenAll(serving: Serving, options: ServerOptions): Promise<Bound[]> {
  if (options.hosts.length > 0) {
    const bounds: Bound[] = []
    for (const host of new Set(options.hosts)) {
      bounds.push(await serving.driver.listen(host, bounds[0]?.port ?? options.port))
    }
    return bounds
  }
  const four = await serving.driver.listen('0.0.0.0', options.port)
  try {
    const six = await serving.driver.listen('::', four.port)
    return six.addresses().length > 0 ? [four, six] : [four]
  } catch (error) {
    serving.listenerFailed('::', four.port, error as Error)
    return [four]
  }
}

async function startRecorder(options: ServerOptions, events: Events): Promise<Recorder | undefined> {
  if (options.record === undefined) return undefined
  return openRecorder({
    folder: options.record,
    comment: `foresend serve ${options.path}`,
    onTrouble: (message) => events.notice('RECORDING', message),
  })
}

async function openStore(options: ServerOptions): Promise<Store> {
  let folder: boolean
  try {
    folder = (await stat(options.path)).isDirectory()
  } catch (cause) {
    throw new ForesendError(
      'ERR_TFTP_NOT_FOUND',
      `there is no folder or file ${options.path} to serve; check the path (relative to ${process.cwd()})`,
      { fault: 'local', cause },
    )
  }
  if (!folder) return openSingleFile(options.path)
  return openFolder({ roots: [options.path], writable: options.writable, overwrite: options.overwrite })
}

function checkOptions(options: ServerOptions): void {
  for (const host of options.hosts) {
    if (isIP(host) === 0)
      throw usage(`--host ${host} is not an IP address; give one of this machine's, or leave it out`)
  }
}

function usage(message: string): ForesendError {
  return new ForesendError('ERR_TFTP_USAGE', message, { fault: 'local' })
}
