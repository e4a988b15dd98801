/** A serving instance: sockets, endpoint and open files joined. It owns what moves; what lasts is the control side's. */
import { performance } from 'node:perf_hooks'
import type { Store } from '../content/contract.ts'
import { openContent } from '../content/index.ts'
import { defaultStateFolder, loadProfiles } from '../content/profile-files.ts'
import { SERVE_CAPS, SERVE_LIMITS } from '../endpoint/limits.ts'
import { ForesendError } from '../error.ts'
import type { Bound } from '../io/driver.ts'
import type { Native } from '../io/native/linux.ts'
import { Neighbours } from '../io/neighbours.ts'
import { Devices } from '../profile/devices.ts'
import { openRecorder, type Recorder } from '../io/recorder.ts'
import type { ServedTransfer } from './content.ts'
import type { NetworkStats, ServerConfig } from './contract.ts'
import { createDriver } from './drivers.ts'
import { detailsOf } from './details.ts'
import { Events } from './events.ts'
import { Peers } from './peers.ts'
import { Rates } from './rates.ts'
import { type Known, Rules } from './rules.ts'
import { Recording } from './recording.ts'
import { type FromInstance, type InstanceStart, type ToInstance, toPlain } from './protocol.ts'
import { Serving, type ServingOptions } from './serving.ts'

const STOP_POLL_MS = 20
/** Recordings that stay, and their size: 2 GB at most, and usually a hundredth of it. */
const RECORD_FILES = 500
const RECORD_MIB = 4
/** Totals go to the control side at most this often, and only when something was counted. */
const STATS_EVERY_MS = 1000

type Say = (message: FromInstance) => void

/** Whatever carries messages to an instance. */
export interface InstanceHandle {
  handle(message: ToInstance): void
  /** Lets go of sockets, mapped files and unfinished uploads at once, without a word to a peer: the thread is about to crash. */
  drop(): void
}

/**
 * Starts an instance that answers through `say`: `ready` first, or `failed`. `native` makes the foreign functions of the batch
 * driver; without them the instance runs `dgram`.
 */
export function startInstance(start: InstanceStart, say: Say, native?: () => Promise<Native>): InstanceHandle {
  let instance: Instance | undefined
  const starting = open(start, say, native).then(
    (opened) => {
      instance = opened
      say({ type: 'ready', bound: opened.bound, driver: opened.driver })
    },
    (error: unknown) => say({ type: 'failed', error: toPlain(error) }),
  )
  return {
    handle: (message) => void starting.then(() => instance?.handle(message)),
    drop: () => instance?.drop(),
  }
}

async function open(start: InstanceStart, say: Say, native: (() => Promise<Native>) | undefined): Promise<Instance> {
  const { config } = start
  const functions = await native?.()
  const neighbours = new Neighbours()
  const macOf = (address: string): string | undefined => neighbours.macOf(Date.now(), address)
  const store = await openContent(config.content, { ...config, mapper: functions, macOf })
  const undo: (() => unknown)[] = [() => store.close()]
  try {
    const recorder = startRecorder(config, say)
    if (recorder !== undefined) undo.push(() => recorder.close())
    const instance = new Instance(start, say, store, functions, recorder, neighbours)
    undo.push(() => instance.drop())
    await instance.listen()
    return instance
  } catch (error) {
    for (const step of undo.reverse()) await step()
    throw error
  }
}

type Parts = Pick<ServingOptions, 'store' | 'peers' | 'rules' | 'rates'>

class Instance {
  bound: readonly { readonly address: string; readonly port: number }[] = []
  #config: ServerConfig
  readonly #say: Say
  readonly #native: Native | undefined
  readonly #events: Events
  readonly #devices: Devices
  readonly #known: Known
  readonly #serving: Serving
  readonly #recorder: Recorder | undefined
  readonly #stats: NodeJS.Timeout
  #sockets: readonly Bound[] = []
  /** What a reload goes over to, once all instances have it. */
  #prepared: { readonly config: ServerConfig; readonly parts: Parts } | undefined
  #counted = ''
  #stopAt = Infinity
  #isStopping = false

  constructor(
    start: InstanceStart,
    say: Say,
    store: Store,
    native: Native | undefined,
    recorder: Recorder | undefined,
    neighbours: Neighbours,
  ) {
    const { config } = start
    this.#config = config
    this.#say = say
    this.#native = native
    this.#recorder = recorder
    const macOf = (now: number, address: string): string | undefined => neighbours.macOf(now, address)
    const traceOf = (transfer: ServedTransfer): Uint32Array => this.#serving.endpoint.traceOf(transfer)
    this.#events = new Events(
      say,
      start.level,
      traceOf,
      start.keeps ? (transfer) => detailsOf(transfer, macOf) : undefined,
    )
    this.#known = {
      macOf: (address) => neighbours.macOf(Date.now(), address),
      profiles: (state = defaultStateFolder()) => [...loadProfiles(state).all.values()].map(({ profile }) => profile),
    }
    this.#devices = new Devices(config, macOf, Date.now, (update) => say({ type: 'learnt', update }))
    for (const update of start.memory) this.#devices.merge(update)
    const current = (): ServerConfig => this.#config
    this.#serving = new Serving({
      held: start.held,
      groups: config,
      ...this.#partsOf(config, store),
      devices: this.#devices,
      events: this.#events,
      endpoint: {
        limits: SERVE_LIMITS,
        limitsOf: (transfer) => transfer.content?.service?.limits ?? SERVE_LIMITS,
        prepare: (transfer, agreed) => this.#serving.prepare(transfer, agreed),
        get writable() {
          return current().writable
        },
        maxTransfers: config.maxTransfers ?? SERVE_CAPS.maxTransfers,
        maxTransfersPerAddress: config.maxTransfersPerAddress ?? SERVE_CAPS.maxTransfersPerAddress,
        maxHalfOpen: SERVE_CAPS.maxHalfOpen,
        firstId: start.firstId,
        idStep: start.idStep,
      },
      driver: (handlers) =>
        createDriver(handlers, {
          native,
          sharedPort: start.sharedPort,
          singlePort: config.singlePort,
          portRange: config.portRange,
        }),
      asked: () => say({ type: 'asked' }),
      recording:
        recorder === undefined
          ? undefined
          : new Recording({
              recorder,
              failedOnly: config.recordFailed === true,
              port: () => this.bound[0]?.port ?? config.port,
            }),
    })
    this.#stats = setInterval(() => this.#tellStats(), STATS_EVERY_MS).unref()
  }

  get driver(): string {
    return this.#serving.driver.name
  }

  /** Every host on the same port. Without hosts: IPv4, and IPv6 where this machine has it. */
  async listen(): Promise<void> {
    const { driver } = this.#serving
    const { hosts, port, sockets: handed } = this.#config
    const sockets: Bound[] = []
    if (handed !== undefined) for (const fd of handed) sockets.push(await driver.adopt(fd))
    else if (hosts.length > 0) {
      for (const host of new Set(hosts)) sockets.push(await driver.listen(host, sockets[0]?.port ?? port))
    } else sockets.push(...(await this.#listenEverywhere()))
    this.#sockets = sockets
    this.bound = sockets.map((socket) => ({ address: socket.address, port: socket.port }))
  }

  handle(message: ToInstance): void {
    switch (message.type) {
      case 'prepare':
        this.#prepare(message.config).then(
          () => this.#say({ type: 'prepared' }),
          (error: unknown) => this.#say({ type: 'prepared', error: toPlain(error) }),
        )
        return
      case 'follow':
        return void this.#follow().then(() => this.#say({ type: 'following' }))
      case 'discard':
        return this.#discard()
      case 'admit':
        return this.#serving.admit()
      case 'stop':
        this.#stopAt = Math.min(this.#stopAt, performance.now() + message.graceMs)
        if (!this.#isStopping) void this.#stop().then(() => this.#say({ type: 'stopped' }))
        return
      case 'abort':
        return this.#abort(message.id)
      case 'learn':
        return this.#devices.merge(message.update)
      case 'forget':
        return this.#devices.forget(message.device)
      case 'wants':
        this.#events.level = message.level
        return
      case 'trace':
        return this.#tellTrace(message.id)
    }
  }

  drop(): void {
    clearInterval(this.#stats)
    this.#events.hurry()
    this.#prepared?.parts.store.abandon()
    this.#serving.drop()
  }

  async #listenEverywhere(): Promise<Bound[]> {
    const { driver } = this.#serving
    const four = await driver.listen('0.0.0.0', this.#config.port)
    try {
      const six = await driver.listen('::', four.port)
      return six.addresses().length > 0 ? [four, six] : [four]
    } catch (error) {
      this.#serving.listenerFailed('::', four.port, error as Error)
      return [four]
    }
  }

  async #prepare(config: ServerConfig): Promise<void> {
    const { macOf } = this.#known
    const store = await openContent(config.content, { ...config, mapper: this.#native, macOf })
    if (this.#isStopping) return store.close()
    this.#discard()
    try {
      this.#prepared = { config, parts: this.#partsOf(config, store) }
    } catch (error) {
      store.close()
      throw error
    }
  }

  /** New transfers go by what was prepared. What fails of looking for new addresses becomes a notice, and changes nothing of that. */
  async #follow(): Promise<void> {
    if (this.#prepared === undefined) return
    const { config, parts } = this.#prepared
    this.#prepared = undefined
    this.#config = config
    this.#devices.policy = config
    this.#serving.follow(parts)
    try {
      await this.#serving.driver.rescan()
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      this.#events.notice('LISTENER_FAILED', `cannot look for new addresses of this machine: ${reason}; reload again`)
    }
  }

  /** What serving follows; a reload replaces all of it at once. Throws ERR_TFTP_USAGE. */
  #partsOf(config: ServerConfig, store: Store): Parts {
    const peers = new Peers(config.allow, config.deny)
    return { store, peers, rules: new Rules(config, this.#known), rates: new Rates(config) }
  }

  #discard(): void {
    this.#prepared?.parts.store.close()
    this.#prepared = undefined
  }

  #abort(id: number): void {
    const { endpoint, driver } = this.#serving
    const transfer = endpoint.byId(id)
    if (transfer === undefined) return
    const message = `${transfer.label} was ended on request of this side; ask again for the file`
    const error = new ForesendError('ERR_TFTP_ABORTED', message, { fault: 'local', wireCode: 0 })
    endpoint.abort(driver.now(), transfer, error)
  }

  #tellTrace(id: number): void {
    const { endpoint } = this.#serving
    const transfer = endpoint.byId(id)
    this.#say(
      transfer === undefined ? { type: 'trace', id } : { type: 'trace', id, words: [...endpoint.traceOf(transfer)] },
    )
  }

  async #stop(): Promise<void> {
    this.#isStopping = true
    this.#discard()
    const serving = this.#serving
    serving.admitting = false
    // With a single port the transfers live on the listening socket.
    if (!this.#config.singlePort) for (const socket of this.#sockets) socket.close()
    while (serving.running > 0 && performance.now() < this.#stopAt) {
      await new Promise((resolve) => setTimeout(resolve, STOP_POLL_MS))
    }
    const message = 'the server was stopped; ask again when it runs'
    const error = new ForesendError('ERR_TFTP_ABORTED', message, { fault: 'local', wireCode: 0 })
    serving.endpoint.abortAll(serving.driver.now(), error)
    serving.driver.close()
    await this.#events.settled()
    serving.closeStores()
    await this.#recorder?.close()
    clearInterval(this.#stats)
    this.#tellStats()
  }

  #tellStats(): void {
    const stats: NetworkStats = this.#serving.stats()
    const counted = JSON.stringify(stats)
    if (counted === this.#counted) return
    this.#counted = counted
    this.#say({ type: 'stats', stats })
  }
}

function startRecorder(config: ServerConfig, say: Say): Recorder | undefined {
  if (config.record === undefined) return undefined
  return openRecorder({
    folder: config.record,
    maxFiles: config.recordFiles ?? RECORD_FILES,
    maxFileBytes: (config.recordMib ?? RECORD_MIB) * 1024 * 1024,
    onTrouble: (message) => say({ type: 'notice', code: 'RECORDING', message }),
  })
}
