/** A server in this thread: files, driver, endpoint and events joined, listening, and stopped well. */
import { stat } from 'node:fs/promises'
import { performance } from 'node:perf_hooks'
import type { Store } from '../content/contract.ts'
import { openFolder, openSingleFile } from '../content/index.ts'
import { ForesendError } from '../error.ts'
import type { Bound } from '../io/driver.ts'
import type { Native } from '../io/native/linux.ts'
import { openRecorder } from '../io/recorder.ts'
import type { Recorder } from '../io/recorder.ts'
import { createDriver } from './drivers.ts'
import { Events } from './events.ts'
import { Peers } from './peers.ts'
import type { Server, ServerOptions } from './server.ts'
import { Treatment } from './treatment.ts'
import type { Lesson } from './treatment.ts'
import { Serving } from './serving.ts'

/** What a server in a thread of its own differs in. */
export interface Place {
  /** The foreign functions of the batch driver; without them `dgram` serves. */
  readonly native?: Native
  /** Said once it listens. */
  readonly notices?: readonly string[]
  /** Its listening sockets share their port with those of other threads; see `BatchOptions`. */
  readonly sharedPort?: 'first' | 'next' | undefined
  /** Ids of its transfers: this, and each one `idStep` further. */
  readonly firstId?: number
  readonly idStep?: number
  /** A transfer taught something that the other threads should know. */
  readonly onLesson?: (lesson: Lesson) => void
  /** Nobody asked for anything in the first 30 s. Without it the user is told. */
  readonly onSilence?: () => void
}

export interface ServerHere extends Server {
  /** What another thread learnt. */
  learn(lesson: Lesson): void
  /** Tells the user that nobody asked for anything, and what to look at. */
  noticeSilence(): void
  /** Lets go of sockets, mapped files and unfinished uploads at once, without a word to anybody: the thread is broken. */
  drop(): void
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

export async function startHere(options: ServerOptions, place: Place = {}): Promise<ServerHere> {
  const peers = new Peers(options.allow)
  const events = new Events(options.onEvent)
  for (const message of place.notices ?? []) events.notice('DRIVER', message)
  const store = await openStore(options, place.native)
  const undo: (() => unknown)[] = [() => store.close()]
  try {
    const recorder = await startRecorder(options, events)
    if (recorder !== undefined) undo.push(() => recorder.close())
    const serving = createServing(options, place, store, peers, events, recorder)
    undo.push(() => serving.driver.close())
    const bounds = await listenAll(serving, options)
    return new RunningServer(options, place, store, serving, bounds, events, recorder)
  } catch (error) {
    for (const step of undo.reverse()) await step()
    throw error
  }
}

class RunningServer implements ServerHere {
  readonly bound: readonly { readonly address: string; readonly port: number }[]
  readonly #options: ServerOptions
  readonly #place: Place
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
    place: Place,
    store: Store,
    serving: Serving,
    bounds: readonly Bound[],
    events: Events,
    recorder: Recorder | undefined,
  ) {
    this.#options = options
    this.#place = place
    this.#store = store
    this.#serving = serving
    this.#bounds = bounds
    this.#events = events
    this.#recorder = recorder
    this.bound = bounds.map(({ address, port }) => ({ address, port }))
    for (const { address, port } of this.bound) events.listening(address, port, serving.driver.name)
    events.ready()
    this.#quiet = setTimeout(() => this.#quietStart(), NO_REQUEST_MS).unref()
  }

  async reload(): Promise<void> {
    const store = await openStore(this.#options, this.#place.native)
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

  learn(lesson: Lesson): void {
    this.#serving.treatment.learn(lesson)
  }

  drop(): void {
    clearTimeout(this.#quiet)
    this.#serving.drop()
  }

  /** Most first tries fail before a single packet arrives. */
  #quietStart(): void {
    if (this.#serving.knocks > 0) return
    if (this.#place.onSilence === undefined) this.noticeSilence()
    else this.#place.onSilence()
  }

  noticeSilence(): void {
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
  place: Place,
  store: Store,
  peers: Peers,
  events: Events,
  recorder: Recorder | undefined,
): Serving {
  const treatment = new Treatment(options, place.onLesson)
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
      firstId: place.firstId,
      idStep: place.idStep,
    },
    driver: (handlers) =>
      createDriver(handlers, {
        native: place.native,
        sharedPort: place.sharedPort,
        singlePort: options.singlePort,
        tap: recorder,
      }),
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

async function openStore(options: ServerOptions, mapper: Native | undefined): Promise<Store> {
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
  if (!folder) return openSingleFile(options.path, mapper)
  return openFolder({ roots: [options.path], writable: options.writable, overwrite: options.overwrite, mapper })
}
