/** One serving instance as the control side sees it: started, started again when it crashes, stopped. */
import { performance } from 'node:perf_hooks'
import { ForesendError } from '../error.ts'
import type { Bound, WorkerHealth } from './contract.ts'
import type { Link, OpenLink } from './link.ts'
import { type FromInstance, fromPlain, type InstanceStart, type Report, type ToInstance } from './protocol.ts'

/** How soon an instance that crashed is started again. */
export interface RestartTimes {
  /** The first wait in milliseconds; it doubles with each crash. */
  readonly firstMs: number
  readonly maxMs: number
  /** After this long without a crash the next wait is the first one again. */
  readonly wellMs: number
}

/** An instance that crashes at once each time must not take a core for it. */
const RESTART: RestartTimes = { firstMs: 50, maxMs: 10_000, wellMs: 60_000 }
/** An instance that does not answer to `stop` is terminated after this much more than it was given. */
const STOP_SLACK_MS = 2000
/** An instance that says nothing for this long hangs. */
const HEALTH_WITHIN_MS = 1000

export interface MemberOwner {
  /** What instance `index` begins with. `again`: after a crash. */
  startOf(index: number, again: boolean): InstanceStart
  handle(member: Member, message: Report): void
  /** Its thread is gone. `cause` when it crashed and will be started again, else empty. */
  gone(member: Member, cause: string): void
  restarted(member: Member): void
}

export interface Ready {
  readonly bound: Bound
  readonly driver: string
}

export class Member {
  readonly index: number
  readonly #owner: MemberOwner
  readonly #open: OpenLink
  #link: Link | undefined
  #startedAt = 0
  #wasReady = false
  readonly #times: RestartTimes
  #restartMs: number
  #restart: NodeJS.Timeout | undefined
  #starting: PromiseWithResolvers<Ready> | undefined
  /** The answer to `prepare` or `follow` that is waited for. */
  #asked: PromiseWithResolvers<void> | undefined
  #isPrepared = false
  #restarts = 0
  /** The answer that is waited for: a thread that hangs is asked once. */
  #cpu: Promise<NodeJS.CpuUsage> | undefined
  #stopping: PromiseWithResolvers<void> | undefined
  #cause = ''

  constructor(owner: MemberOwner, index: number, open: OpenLink, times: RestartTimes = RESTART) {
    this.#times = times
    this.#restartMs = times.firstMs
    this.#owner = owner
    this.index = index
    this.#open = open
  }

  /** Resolves when it listens. */
  start(again = false): Promise<Ready> {
    const starting = Promise.withResolvers<Ready>()
    this.#starting = starting
    this.#startedAt = performance.now()
    this.#cause = ''
    this.#isPrepared = false
    this.#link = this.#open(this.#owner.startOf(this.index, again), this.index, {
      handle: (message) => this.#handle(message),
      exited: (cause) => this.#exited(cause),
    })
    return starting.promise
  }

  send(message: ToInstance): void {
    this.#link?.send(message)
  }

  /** Whether `follow` cannot fail now. One that is down begins with the configuration that holds when it starts again. */
  get isPrepared(): boolean {
    return this.#link === undefined || this.#isPrepared
  }

  /**
   * Lets the instance open what `config` names; `follow` or `discard` must come after that. Resolves also when the instance crashes
   * meanwhile: then, once started again, it is not prepared.
   */
  async prepare(config: InstanceStart['config']): Promise<void> {
    if (!this.isPrepared) await this.#ask({ type: 'prepare', config })
  }

  /** Lets the instance serve new transfers by what it prepared. */
  async follow(): Promise<void> {
    if (!this.#isPrepared) return
    this.#isPrepared = false
    await this.#ask({ type: 'follow' })
  }

  discard(): void {
    if (this.#isPrepared) this.send({ type: 'discard' })
    this.#isPrepared = false
  }

  async health(): Promise<WorkerHealth> {
    const restarts = this.#restarts
    if (this.#link === undefined) return { cpu: undefined, restarts }
    const asked = (this.#cpu ??= this.#link.cpuUsage())
    const forget = (): void => void (this.#cpu === asked && (this.#cpu = undefined))
    // It fails when the thread ends.
    const answer = asked.finally(forget).catch(() => undefined)
    const late = Promise.withResolvers<undefined>()
    const timer = setTimeout(() => late.resolve(undefined), HEALTH_WITHIN_MS)
    const cpu = await Promise.race([answer, late.promise])
    clearTimeout(timer)
    return { cpu, restarts }
  }

  async stop(graceMs: number): Promise<void> {
    this.#stopping ??= Promise.withResolvers()
    clearTimeout(this.#restart)
    if (this.#link === undefined) return
    this.send({ type: 'stop', graceMs })
    const late = setTimeout(() => this.#stopping?.resolve(), graceMs + STOP_SLACK_MS)
    await this.#stopping.promise
    clearTimeout(late)
    await this.#link?.terminate()
  }

  #handle(message: FromInstance): void {
    switch (message.type) {
      case 'ready':
        if (this.#wasReady) {
          this.#restarts++
          this.#owner.restarted(this)
        }
        this.#wasReady = true
        return this.#starting?.resolve(message)
      case 'failed':
        this.#starting?.reject(fromPlain(message.error))
        this.#cause = message.error.message
        return void this.#link?.terminate()
      case 'prepared':
        this.#isPrepared = message.error === undefined
        return this.#answered(message.error === undefined ? undefined : fromPlain(message.error))
      case 'following':
        return this.#answered()
      case 'stopped':
        return this.#stopping?.resolve()
      case 'crashed':
        this.#cause = message.cause
        return
      default:
        this.#owner.handle(this, message)
    }
  }

  /** One question at a time: the control side makes one reload after the other. */
  #ask(question: ToInstance): Promise<void> {
    const asked = Promise.withResolvers<void>()
    this.#asked = asked
    this.send(question)
    return asked.promise
  }

  #answered(error?: Error): void {
    if (error === undefined) this.#asked?.resolve()
    else this.#asked?.reject(error)
    this.#asked = undefined
  }

  #exited(seen: string): void {
    this.#link = undefined
    this.#cpu = undefined
    this.#isPrepared = false
    this.#answered()
    this.#stopping?.resolve()
    const known = this.#cause === '' ? seen : this.#cause
    const cause = known === '' ? 'it ended without a word' : known.replace(/\s*\n\s*/g, ' ')
    this.#starting?.reject(
      new ForesendError('ERR_TFTP_INTERNAL', `a worker did not start: ${cause}`, { fault: 'local' }),
    )
    this.#owner.gone(this, this.#stopping === undefined && this.#wasReady ? cause : '')
    // The first start fails by its promise, and is not tried again.
    if (this.#stopping !== undefined || !this.#wasReady) return
    const { firstMs, maxMs, wellMs } = this.#times
    const wait = performance.now() - this.#startedAt > wellMs ? firstMs : this.#restartMs
    this.#restartMs = Math.min(maxMs, wait * 2)
    this.#restart = setTimeout(() => void this.start(true).catch(() => {}), wait)
  }
}
