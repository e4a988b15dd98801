/**
 * The control side of a server: what lasts while serving instances come and go. It has the configuration, the registry of running
 * transfers, the device memory, the totals and those who subscribed.
 */
import { ForesendError } from '../error.ts'
import { type History, NO_DETAILS } from '../history/contract.ts'
import { localAddresses } from '../io/interfaces.ts'
import { isNamed } from '../profile/device-id.ts'
import { DeviceMemory } from '../profile/memory.ts'
import { Causes } from './causes.ts'
import { parseConfig, requireSameFixed } from './config.ts'
import {
  type Bound,
  type EventLevel,
  type NetworkStats,
  type Server,
  type ServerConfig,
  type ServerConfigInput,
  type ServerEvent,
  type ServerStats,
  STOP_GRACE_MS,
  type TransferSnapshot,
  type WorkerHealth,
} from './contract.ts'
import { openContent, withTexts } from '../content/index.ts'
import { includes, levelOf, widest } from './level.ts'
import { type OpenLink, openLocalLink } from './link.ts'
import { Member, type MemberOwner, type RestartTimes } from './member.ts'
import { addStats, NO_STATS, SendFailures } from './network-stats.ts'
import type { EventReport, InstanceStart, Report } from './protocol.ts'
import { Registry } from './registry.ts'
import { readTrace, type TraceEntry } from '../transfer/trace.ts'

/** Most first tries fail before a single packet arrives. */
const NO_REQUEST_MS = 30_000
/** A server that was started without a listener makes all events for this long: one that subscribes next misses none of them. */
const SETTLING_MS = 1000

type Listener = (event: ServerEvent) => void

/** A listener, and down to what it reads events. */
interface Subscription {
  readonly listener: Listener
  readonly level: EventLevel
}

interface TraceQuestion {
  /** Of the instance that was asked. */
  readonly index: number
  readonly answer: PromiseWithResolvers<TraceEntry[] | undefined>
}

/** How many instances, and how they are reached. */
export interface Members {
  readonly count: number
  readonly open: OpenLink
  readonly restart?: RestartTimes
}

export class Control implements Server, MemberOwner {
  bound: Bound = []
  readonly servesInThreads: boolean
  #config: ServerConfig
  /** The same as it was asked for: a reload reads the files that it names again. */
  #asked: ServerConfig
  readonly #since = Date.now()
  readonly #members: readonly Member[]
  readonly #registry = new Registry()
  readonly #causes = new Causes((report) => this.#pass(report))
  readonly #memory = new DeviceMemory()
  readonly #subscriptions = new Set<Subscription>()
  /** What outlasts this server; undefined when nothing is kept. */
  readonly #history: History | undefined
  /** The widest level that a listener asks for: instances make events down to it. */
  #level: EventLevel
  /** The next id of each instance's transfers: an instance that is started again goes on behind it. */
  readonly #nextIds: number[]
  /** Of the instances that run now, and of those that crashed. */
  readonly #stats: NetworkStats[]
  #pastStats = NO_STATS
  /** Traces that an instance was asked for, by the id of their transfer: as many at most as there are transfers. */
  readonly #traces = new Map<number, TraceQuestion>()
  readonly #sendFailures = new SendFailures()
  /** A datagram reached a listening socket. */
  #wasAsked = false
  #quiet: NodeJS.Timeout | undefined
  #settling: NodeJS.Timeout | undefined
  /** Instances hold requests back until the step before the first request is done. */
  #isHolding = false
  /** Events that came before the server listens: `listening` is the first of all. */
  #early: ServerEvent[] | undefined = []
  #stopped: Promise<void> | undefined
  /** The last reload that was asked for; the next one waits for it. */
  #reloading: Promise<void> = Promise.resolve()

  constructor(
    config: ServerConfig,
    { count, open, restart }: Members,
    subscription: Subscription | undefined,
    history: History | undefined,
  ) {
    this.servesInThreads = open !== openLocalLink
    this.#asked = config
    this.#config = readTexts(config)
    this.#history = history
    for (const update of history?.devices ?? []) this.#memory.merge(update)
    this.#members = Array.from({ length: count }, (_, index) => new Member(this, index, open, restart))
    this.#nextIds = this.#members.map((_, index) => index + 1)
    this.#stats = this.#members.map(() => NO_STATS)
    if (subscription !== undefined) this.#subscriptions.add(subscription)
    this.#level = subscription === undefined ? 'debug' : this.#wanted()
  }

  /** `beforeRequests` runs when all sockets are bound, and no request is looked at before it is done. What it throws ends the start. */
  async start(beforeRequests?: () => void): Promise<void> {
    let driver = ''
    this.#isHolding = beforeRequests !== undefined
    // The first one finds the port; the others share it.
    for (const member of this.#members) {
      const ready = await member.start()
      this.bound = ready.bound
      driver = ready.driver
    }
    beforeRequests?.()
    this.#isHolding = false
    if (beforeRequests !== undefined) for (const member of this.#members) member.send({ type: 'admit' })
    for (const { address, port } of this.bound) {
      this.#emit({ event: 'listening', time: Date.now(), address, port, driver })
    }
    const early = this.#early ?? []
    this.#early = undefined
    for (const event of early) this.#emit(event)
    if (!this.#wasAsked) this.#quiet = setTimeout(() => this.#noticeSilence(), NO_REQUEST_MS).unref()
    if (this.#subscriptions.size === 0) this.#settling = setTimeout(() => this.#tellWanted(), SETTLING_MS).unref()
  }

  transfers(): TransferSnapshot[] {
    return this.#registry.transfers()
  }

  stats(): ServerStats {
    const network = this.#stats.reduce(addStats, this.#pastStats)
    return { since: this.#since, ...this.#registry.totals(), network }
  }

  workers(): Promise<WorkerHealth[]> {
    return Promise.all(this.#members.map((member) => member.health()))
  }

  abort(id: number): boolean {
    const index = this.#registry.instanceOf(id)
    if (index === undefined) return false
    this.#members[index].send({ type: 'abort', id })
    return true
  }

  async trace(id: number): Promise<TraceEntry[] | undefined> {
    const index = this.#registry.instanceOf(id)
    if (index === undefined) return undefined
    let question = this.#traces.get(id)
    if (question === undefined) {
      question = { index, answer: Promise.withResolvers() }
      this.#traces.set(id, question)
      this.#members[index].send({ type: 'trace', id })
    }
    return question.answer.promise
  }

  async forget(name: string): Promise<string[]> {
    const found = new Set(this.#memory.all().flatMap(({ device }) => (isNamed(device, name) ? [device] : [])))
    for (const device of (await this.#history?.forget(name)) ?? []) found.add(device)
    const forgotten = [...found]
    for (const device of forgotten) {
      this.#memory.forget(device)
      for (const member of this.#members) member.send({ type: 'forget', device })
    }
    return forgotten
  }

  subscribe(listener: Listener, level: EventLevel = 'debug'): () => void {
    // The same function may be given twice, and each of the two ends for itself.
    const own: Subscription = { listener, level }
    this.#subscriptions.add(own)
    this.#tellWanted()
    return () => {
      this.#subscriptions.delete(own)
      this.#tellWanted()
    }
  }

  reload(input?: ServerConfigInput): Promise<void> {
    const reload = this.#reloading.then(() => this.#reload(input))
    this.#reloading = reload.catch(() => {})
    return reload
  }

  stop(graceMs = STOP_GRACE_MS): Promise<void> {
    clearTimeout(this.#quiet)
    clearTimeout(this.#settling)
    const all = Promise.all(this.#members.map((member) => member.stop(graceMs)))
    this.#stopped ??= all.then(() => this.#causes.close())
    return this.#stopped
  }

  notice(code: string, message: string): void {
    this.#tell({ event: 'notice', time: Date.now(), code, message })
  }

  startOf(index: number, again: boolean): InstanceStart {
    const count = this.#members.length
    return {
      config: { ...shareOf(this.#config, count), port: this.bound[0]?.port ?? this.#config.port },
      sharedPort: count === 1 ? undefined : index === 0 && !again ? 'first' : 'next',
      firstId: this.#nextIds[index],
      idStep: count,
      memory: this.#memory.all(),
      level: this.#level,
      keeps: this.#history !== undefined,
      held: this.#isHolding,
    }
  }

  handle(member: Member, message: Report): void {
    switch (message.type) {
      case 'event':
        this.#idWasUsed(member.index, message.event.id)
        this.#registry.add(member.index, message.event)
        return this.#causes.add(message)
      case 'ended':
        return this.#causes.add(message)
      case 'kept':
        return this.#history?.kept(message.rows, message.count)
      case 'facts':
        this.#idWasUsed(member.index, message.facts.lastId)
        return this.#registry.addFacts(member.index, message.facts)
      case 'notice':
        // Each instance listens on the same addresses and says the same of them.
        if (member.index === 0) this.notice(message.code, message.message)
        return
      case 'learnt':
        this.#memory.merge(message.update)
        this.#history?.learnt(message.update)
        for (const other of this.#members) if (other !== member) other.send({ type: 'learn', update: message.update })
        return
      case 'asked':
        this.#wasAsked = true
        return clearTimeout(this.#quiet)
      case 'trace':
        return this.#answerTrace(message.id, message.words)
      case 'stats': {
        this.#stats[member.index] = message.stats
        const notice = this.#sendFailures.noticeFor(Date.now(), this.stats().network.sendErrors)
        if (notice !== undefined) this.notice('SEND_FAILED', notice)
      }
    }
  }

  /** What ran in the instance is lost; the clients will ask again. */
  gone(member: Member, cause: string): void {
    const reason = 'the worker that served it crashed; ask again'
    for (const event of this.#registry.lose(member.index, Date.now(), reason)) {
      this.#causes.add({ type: 'event', event, details: NO_DETAILS })
    }
    for (const [id, { index }] of this.#traces) if (index === member.index) this.#answerTrace(id, undefined)
    this.#pastStats = addStats(this.#pastStats, this.#stats[member.index])
    this.#stats[member.index] = NO_STATS
    if (cause !== '') {
      this.notice('WORKER_CRASHED', `a worker of the server crashed and is started again, please report it: ${cause}`)
    }
  }

  restarted(_member: Member): void {
    this.notice('WORKER_RESTARTED', 'the worker that crashed serves again')
  }

  #wanted(): EventLevel {
    return widest([...this.#subscriptions].map(({ level }) => level))
  }

  #tellWanted(): void {
    clearTimeout(this.#settling)
    const level = this.#wanted()
    if (level === this.#level) return
    this.#level = level
    for (const member of this.#members) member.send({ type: 'wants', level })
  }

  #idWasUsed(index: number, id: number): void {
    this.#nextIds[index] = Math.max(this.#nextIds[index], id + this.#members.length)
  }

  #answerTrace(id: number, words: readonly number[] | undefined): void {
    const question = this.#traces.get(id)
    this.#traces.delete(id)
    question?.answer.resolve(words === undefined ? undefined : readTrace(Uint32Array.from(words)))
  }

  async #reload(input: ServerConfigInput | undefined): Promise<void> {
    try {
      const asked = input === undefined ? this.#asked : parseConfig(input)
      requireSameFixed(this.#config, asked)
      const config = readTexts(asked)
      await this.#prepare(config)
      this.#asked = asked
      this.#config = config
    } catch (error) {
      for (const member of this.#members) member.discard()
      throw unchanged(error)
    }
    // No message and no timer came since `#prepare` checked: each instance has prepared this, or is down and will begin with it.
    await Promise.all(this.#members.map((member) => member.follow()))
  }

  /** Resolves when every instance can follow `config`. */
  async #prepare(config: ServerConfig): Promise<void> {
    // Instances that are down open nothing now, and must not find out later that they cannot.
    ;(await openContent(config.content, { writable: false, overwrite: false })).close()
    // An instance that crashed and was started again meanwhile is asked anew. Restarts are rare by themselves (RESTART in member.ts).
    while (!this.#members.every((member) => member.isPrepared)) {
      const shared = shareOf(config, this.#members.length)
      const answers = await Promise.allSettled(this.#members.map((member) => member.prepare(shared)))
      const failed = answers.find((answer) => answer.status === 'rejected')
      if (failed !== undefined) throw failed.reason
    }
  }

  #noticeSilence(): void {
    const where = this.bound.map(({ address, port }) => `${address} port ${port}`).join(' and ')
    this.notice(
      'NO_REQUEST',
      `no request in 30 s on ${where}: check the cable and its link light, the address that the device asks ` +
        `(this machine has ${this.#addresses()}), and the firewall (UDP port ${this.bound[0]?.port ?? 69})`,
    )
  }

  #addresses(): string {
    const isWild = this.bound.some(({ address }) => address === '0.0.0.0' || address === '::')
    const addresses = (isWild ? localAddresses() : this.bound).map(({ address }) => address)
    return addresses.filter((address) => !/^(127\.|::1$)/.test(address)).join(', ') || 'only loopback addresses'
  }

  /** An event with all that will be known of it. */
  #pass({ type, event, details, evidence }: EventReport): void {
    if (details !== undefined) {
      this.#history?.ended({ event, details, ...(evidence === undefined ? {} : { trace: evidence.trace }) })
    }
    if (type === 'event') this.#tell(event)
  }

  #tell(event: ServerEvent): void {
    if (this.#early === undefined) this.#emit(event)
    else this.#early.push(event)
  }

  #emit(event: ServerEvent): void {
    const level = levelOf(event)
    for (const subscription of this.#subscriptions) {
      if (includes(subscription.level, level)) subscription.listener(event)
    }
  }
}

/** Limits on all transfers. */
export const SHARED = [
  'maxTransfers',
  'maxTransfersPerAddress',
  'requestsPerSec',
  'requestsPerSecPerAddress',
  'bytesPerSec',
  'bytesPerSecPerAddress',
] as const

/** `config` with its limits divided among instances that do not know each other's transfers. */
function shareOf(config: ServerConfig, count: number): ServerConfig {
  if (count === 1) return config
  const shares = SHARED.flatMap((key) => {
    const limit = config[key]
    if (limit === undefined) return []
    // A rate below one a second is shared as well.
    return [[key, key.startsWith('maxTransfers') ? Math.ceil(limit / count) : limit / count]]
  })
  return { ...config, ...Object.fromEntries(shares) }
}

/** `config` with the texts of the files of rules that it names. Throws ERR_TFTP_USAGE. */
function readTexts(config: ServerConfig): ServerConfig {
  return { ...config, content: withTexts(config.content) }
}

/** A reload failed: its error, with what still holds. */
function unchanged(error: unknown): ForesendError {
  const message = `${error instanceof Error ? error.message : String(error)}; the server goes on with its previous settings`
  if (!(error instanceof ForesendError)) {
    return new ForesendError('ERR_TFTP_INTERNAL', message, { fault: 'local', cause: error })
  }
  const { code, fault } = error
  return new ForesendError(code, message, { fault, cause: error })
}

/** Used by `startServer`: one that fails to start is stopped before its error is thrown on. */
export async function startControl(
  config: ServerConfig,
  members: Members,
  listener: Listener | undefined,
  notices: readonly string[],
  level: EventLevel = 'debug',
  history?: History,
  beforeRequests?: () => void,
): Promise<Server> {
  const subscription = listener === undefined ? undefined : { listener, level }
  const control = new Control(config, members, subscription, history)
  for (const message of notices) control.notice('DRIVER', message)
  try {
    await control.start(beforeRequests)
    return control
  } catch (error) {
    await control.stop(0)
    if (error instanceof ForesendError) throw error
    throw new ForesendError('ERR_TFTP_INTERNAL', String(error), { fault: 'local', cause: error })
  }
}
