/** From a request to an open file and a port of its own, a few at a time. */
import { performance } from 'node:perf_hooks'
import { ForesendError } from '../error.ts'
import type { Store } from '../content/contract.ts'
import type { Endpoint } from '../endpoint/endpoint.ts'
import type { Driver, Tid } from '../io/driver.ts'
import type { Groups } from './groups.ts'
import { errnoOf } from '../io/bind-error.ts'
import { optionNumber } from '../packet/index.ts'
import { ServedImage, ServedUpload } from './content.ts'
import type { Rules } from './rules.ts'
import { StoreUse } from './store-use.ts'
import type { Served, ServedTransfer } from './content.ts'

/** Opens begun in one turn of the event loop: the listening sockets are emptied in between, so that no request is lost. */
const OPENS_PER_TURN = 16
/** A request waits this long for a file descriptor that another transfer lets go of. Clients repeat theirs after 1 to 5 s. */
const DESCRIPTOR_WAIT_MS = 5000
const DESCRIPTOR_POLL_MS = 100
/** What the kernel accounts for a datagram beside its bytes, roughly. */
const DATAGRAM_OVERHEAD_BYTES = 1024

export class Opener {
  readonly #driver: Driver<ServedTransfer>
  readonly #endpoint: Endpoint<Tid, Served>
  readonly #groups: Groups
  readonly #waiting: ServedTransfer[] = []
  #draining = false
  /** Where requests are served from now. */
  #current: StoreUse
  /** What they may have. */
  #rules: Rules
  /** Replaced by a reload, and still used by transfers. */
  #retired: StoreUse[] = []

  constructor(
    driver: Driver<ServedTransfer>,
    endpoint: Endpoint<Tid, Served>,
    groups: Groups,
    store: Store,
    rules: Rules,
  ) {
    this.#driver = driver
    this.#groups = groups
    this.#rules = rules
    this.#endpoint = endpoint
    this.#current = new StoreUse(store)
  }

  /** Requests are served from `store` by `rules` from now on. The store before closes when its last transfer ends. */
  follow(store: Store, rules: Rules): void {
    this.#rules = rules
    const before = this.#current
    this.#current = new StoreUse(store)
    before.retire()
    this.#retired = [...this.#retired, before].filter((use) => !use.isClosed)
  }

  /** Stores that are not closed. */
  get stores(): number {
    return 1 + this.#retired.filter((use) => !use.isClosed).length
  }

  close(): void {
    for (const use of [...this.#retired, this.#current]) use.close()
  }

  /** See `Store.abandon`. */
  abandon(): void {
    for (const use of [...this.#retired, this.#current]) use.store.abandon()
  }

  /** Ends in `acceptRead`, `acceptWrite` or `refuse` of the endpoint. */
  open(transfer: ServedTransfer): void {
    // The batch driver's sockets hold thousands of requests, and opening at once costs less than coming back to it.
    if (this.#driver.name === 'batch') return this.#openAtOnce(transfer)
    this.#waiting.push(transfer)
    if (this.#draining) return
    this.#draining = true
    setImmediate(this.#drain)
  }

  readonly #drain = (): void => {
    for (const transfer of this.#waiting.splice(0, OPENS_PER_TURN)) this.#openAtOnce(transfer)
    this.#draining = this.#waiting.length > 0
    if (this.#draining) setImmediate(this.#drain)
  }

  /** Within this call where everything is at hand; what takes a moment goes on later. */
  #openAtOnce(transfer: ServedTransfer): void {
    if (transfer.closed) return
    const content = attempt(() => this.#openContent(transfer))
    if (content instanceof Promise) return void this.#openLater(transfer, content)
    const tid = attempt(() => this.#openTid(transfer, content))
    if (tid instanceof Promise) return void this.#openLater(transfer, Promise.resolve(content), tid)
    transfer.content = content
    transfer.io = tid
    this.#accept(transfer, content, tid)
  }

  /** What was begun already is given; what fails for want of a descriptor is tried again. */
  async #openLater(transfer: ServedTransfer, begun: Promise<Served>, begunTid?: Promise<Tid>): Promise<void> {
    try {
      const content = await this.#withDescriptor(transfer, begun, () => this.#openContent(transfer))
      if (transfer.closed) return content.close()
      transfer.content = content
      const tid = await this.#withDescriptor(transfer, begunTid, () => this.#openTid(transfer, content))
      if (transfer.closed) return tid.close()
      transfer.io = tid
      this.#accept(transfer, content, tid)
    } catch (error) {
      this.#endpoint.refuse(this.#driver.now(), transfer, asForesendError(error))
    }
  }

  #openTid(transfer: ServedTransfer, content: Served): Promise<Tid> | Tid {
    const { peer } = transfer
    const joined = content.type === 'image' ? this.#groups.join(transfer, content) : undefined
    if (joined === undefined) return this.#driver.openTid(peer, transfer)
    return joined.then((tid) => tid ?? this.#driver.openTid(peer, transfer))
  }

  #openContent(transfer: ServedTransfer): Promise<Served> | Served {
    this.#rules.requireClient(transfer)
    const { filename, mode, options } = transfer.request
    const asked = { filename, mode, address: transfer.peer.address }
    const use = this.#current
    if (transfer.direction === 'read') {
      return opened(use.store.openRead(asked), (image) => this.#judged(transfer, new ServedImage(image, use)))
    }
    const tsizeBytes = optionNumber(options, 'tsize', 0, Number.MAX_SAFE_INTEGER)
    const request = tsizeBytes === undefined ? asked : { ...asked, tsizeBytes }
    return opened(use.store.openWrite(request), (upload) => this.#judged(transfer, new ServedUpload(upload, use)))
  }

  /** What is served is known only now. Throws where rules refuse it. */
  #judged(transfer: ServedTransfer, content: Served): Served {
    try {
      content.service = this.#rules.serviceFor(transfer, content.name)
      return content
    } catch (error) {
      content.close()
      throw error
    }
  }

  #accept(transfer: ServedTransfer, content: Served, tid: Tid): void {
    const now = this.#driver.now()
    if (content.type === 'image') {
      this.#endpoint.acceptRead(now, transfer, content.image.sizeBytes, this.#groups.sessionOf(transfer))
      return
    }
    this.#endpoint.acceptWrite(now, transfer)
    const { agreed } = transfer
    // A window arrives at once, and what finds no room is lost.
    if (agreed !== undefined && agreed.windowsize > 1 && !transfer.closed) {
      tid.reserve(agreed.windowsize * (agreed.blksize + DATAGRAM_OVERHEAD_BYTES))
    }
  }

  /** Running transfers let go of descriptors all the time; a request that finds none waits for one. */
  async #withDescriptor<T>(
    transfer: ServedTransfer,
    begun: Promise<T> | undefined,
    open: () => Promise<T> | T,
  ): Promise<T> {
    const until = performance.now() + DESCRIPTOR_WAIT_MS
    for (let first = begun; ; first = undefined) {
      try {
        return await (first ?? open())
      } catch (error) {
        if (!isOutOfDescriptors(error) || transfer.closed) throw error
        if (performance.now() > until) throw busy(transfer, error)
        await new Promise((resolve) => setTimeout(resolve, DESCRIPTOR_POLL_MS))
      }
    }
  }
}

function attempt<T>(open: () => Promise<T> | T): Promise<T> | T {
  try {
    return open()
  } catch (error) {
    return Promise.reject(asForesendError(error))
  }
}

function opened<T>(content: Promise<T> | T, served: (content: T) => Served): Promise<Served> | Served {
  return content instanceof Promise ? content.then(served) : served(content)
}

function isOutOfDescriptors(error: unknown): boolean {
  const code = errnoOf((error as { cause?: unknown } | undefined)?.cause) || errnoOf(error)
  return code === 'EMFILE' || code === 'ENFILE'
}

function busy(transfer: ServedTransfer, cause: unknown): ForesendError {
  return new ForesendError(
    'ERR_TFTP_BUSY',
    `${transfer.label}: this process has no file descriptor left; raise the limit with ulimit -n`,
    { fault: 'local', wireCode: 0, cause },
  )
}

function asForesendError(error: unknown): ForesendError {
  if (error instanceof ForesendError) return error
  return new ForesendError(
    'ERR_TFTP_INTERNAL',
    `unexpected: ${error instanceof Error ? error.message : String(error)}`,
    {
      fault: 'local',
      wireCode: 0,
      cause: error,
    },
  )
}
