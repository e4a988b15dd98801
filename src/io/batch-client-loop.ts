/**
 * The blocking loop of all fast client sockets of this process, on Node's own thread, as docs/adr/0008 describes it for the
 * server: look at the sockets, handle what came, look again, and when nothing comes sleep in one system call until a socket
 * *or Node's event loop* has something to do. Without sockets it does not run.
 */
import { performance } from 'node:perf_hooks'
import { availableParallelism } from 'node:os'
import * as linux from './native/linux.ts'
import type { Native } from './native/linux.ts'
import { Messages } from './native/messages.ts'
import { probeBatch } from './native/probe.ts'

/** Messages of one call: a window is one or a few, as the kernel hands it over in one piece. */
const INBOX = 16
/** What UDP_GRO says of a message: CMSG_SPACE(sizeof(int)). */
export const GRO_CONTROL_BYTES = 24
/** Control data of an error message holds the error and the address of who reported it. */
const ERROR_CONTROL_BYTES = 256
/** A turn that is busy ends here, so that Node's timers, promises, files and signals get theirs. */
const TURN_MS = 0.5
/** A sleep after an arrival, doubled while nothing comes … */
const FIRST_SLEEP_MS = 1
/** … up to this: Node's timers are not among what it wakes for, and are late by as much. */
const MAX_SLEEP_MS = 4
/** How long an answer is waited for without sleeping: going to sleep and being woken costs more than a lock-step block. */
const SPIN_MS = 0.05
/** So many spins in a row that no answer ended, and it stops … */
const MOST_FRUITLESS = 8
/** … for so many arrivals. */
const REST_ARRIVALS = 256
/** Looks that a due deadline gives to datagrams that are still waiting. */
const MAX_LOOKS = 8

export interface LoopMember {
  readonly fd: number
  /** When `ring` is wanted; Infinity for never. */
  readonly dueAt: number
  /** Hands over what has arrived. Returns the messages. */
  look(now: number): number
  ring(now: number): void
}

let shared: ClientLoop | undefined | null

/** The one of this process; undefined where the fast sockets cannot be had. */
export function clientLoop(): ClientLoop | undefined {
  if (shared === undefined) {
    const native = probeBatch()
    shared = typeof native === 'string' ? null : new ClientLoop(native, availableParallelism())
  }
  return shared ?? undefined
}

export class ClientLoop {
  readonly native: Native
  /** For all sockets: what was received is handled before the next call. */
  readonly inbox: Messages
  readonly errors: Messages
  readonly #spins: boolean
  #members: readonly LoopMember[] = []
  #fds = new Uint8Array(linux.POLLFD.bytes)
  #view = new DataView(this.#fds.buffer)
  #immediate: NodeJS.Immediate | undefined
  #spinUntil = 0
  #fruitless = 0
  #rest = 0
  #sleepMs = FIRST_SLEEP_MS

  /** `cores`: with a single one a spin would take the time from the peer that it waits for. */
  constructor(native: Native, cores: number) {
    this.native = native
    this.inbox = new Messages(native, INBOX, GRO_CONTROL_BYTES)
    for (let i = 0; i < INBOX; i++) this.inbox.setControlBytes(i, GRO_CONTROL_BYTES)
    this.errors = new Messages(native, 1, ERROR_CONTROL_BYTES)
    this.#spins = cores > 1
  }

  add(member: LoopMember): void {
    this.#members = [...this.#members, member]
    this.#layOut()
    this.#immediate ??= setImmediate(this.#turn)
  }

  remove(member: LoopMember): void {
    this.#members = this.#members.filter((one) => one !== member)
    this.#layOut()
    if (this.#members.length > 0) return
    clearImmediate(this.#immediate)
    this.#immediate = undefined
  }

  readonly #turn = (): void => {
    // First, so that an exception of a handler does not end it.
    this.#immediate = setImmediate(this.#turn)
    const began = performance.now()
    let worked = false
    for (let now = began; ; ) {
      const arrived = this.#look(now)
      now = performance.now()
      this.#ring(now)
      if (now - began >= TURN_MS || this.#members.length === 0) return
      if (arrived > 0) {
        worked = true
        this.#answered(now)
      } else if (now >= this.#spinUntil) {
        if (this.#spinUntil > 0) this.#unanswered()
        // What was done may have left promises and immediates behind: they wait no longer than the turn would have been.
        if (!this.#sleep(worked ? TURN_MS - (now - began) : this.#sleepMs)) break
      }
    }
    if (!worked) this.#sleepMs = Math.min(MAX_SLEEP_MS, this.#sleepMs * 2)
  }

  /** Until a socket has something, and Node's event loop has not; true then. */
  #sleep(ms: number): boolean {
    let dueAt = Infinity
    for (const member of this.#members) dueAt = Math.min(dueAt, member.dueAt)
    const waitMs = Math.max(0, Math.min(ms, dueAt - performance.now()))
    const ready = this.native.poll(this.#fds, this.#members.length + 1, waitMs)
    return ready > 0 && this.#view.getInt16(linux.POLLFD.revents, true) === 0
  }

  #look(now: number): number {
    let total = 0
    // Handlers add and remove members meanwhile.
    for (const member of this.#members) total += member.look(now)
    return total
  }

  /** Everything that had arrived is handled before a timer rings. */
  #ring(now: number): void {
    for (const member of this.#members) {
      if (member.dueAt > now) continue
      for (let i = 0; i < MAX_LOOKS && member.look(now) > 0; i++) continue
      if (member.dueAt <= now) member.ring(now)
    }
  }

  #answered(now: number): void {
    this.#fruitless = 0
    this.#sleepMs = FIRST_SLEEP_MS
    if (!this.#spins) return
    if (this.#rest > 0) this.#rest--
    else this.#spinUntil = now + SPIN_MS
  }

  /** It spins only while answers come that soon. */
  #unanswered(): void {
    this.#spinUntil = 0
    if (++this.#fruitless < MOST_FRUITLESS) return
    this.#fruitless = 0
    this.#rest = REST_ARRIVALS
  }

  /** Node's loop is the first entry; poll leaves out what is negative. */
  #layOut(): void {
    this.#fds = new Uint8Array((this.#members.length + 1) * linux.POLLFD.bytes)
    this.#view = new DataView(this.#fds.buffer)
    linux.writePollfd(this.#fds, 0, this.native.loopFd, linux.POLLIN)
    this.#members.forEach((member, i) => linux.writePollfd(this.#fds, i + 1, member.fd, linux.POLLIN))
  }
}
