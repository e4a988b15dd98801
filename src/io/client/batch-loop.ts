/**
 * The blocking loop of all fast client sockets of this process, on Node's own thread, as docs/adr/0008 describes it for the
 * server: look at the sockets, handle what came, look again, and when nothing comes sleep in one system call until a socket
 * *or Node's event loop* has something to do. Without sockets it does not run.
 */
import { performance } from 'node:perf_hooks'
import { cpus } from 'node:os'
import { SpinTimes } from '../batch/spin-times.ts'
import * as linux from '../native/linux.ts'
import type { Native } from '../native/linux.ts'
import { Messages, SEGMENT_CONTROL_BYTES } from '../native/messages.ts'
import { probeBatch } from '../native/probe.ts'

/** Messages of one call: a window is one or a few, as the kernel hands it over in one piece. */
const INBOX = 16
/** Control data of an error message holds the error and the address of who reported it. */
const ERROR_CONTROL_BYTES = 256
/** A turn that is busy ends here, so that Node's timers, promises, files and signals get theirs. */
const TURN_MS = 0.5
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
    shared = typeof native === 'string' ? null : new ClientLoop(native, cpus().length)
  }
  return shared ?? undefined
}

export class ClientLoop {
  readonly native: Native
  /** For all sockets: what was received is handled before the next call. */
  readonly inbox: Messages
  readonly errors: Messages
  readonly #spinTimes: SpinTimes
  #members: readonly LoopMember[] = []
  #fds = new Uint8Array(linux.POLLFD.bytes)
  #view = new DataView(this.#fds.buffer)
  #immediate: NodeJS.Immediate | undefined

  constructor(native: Native, cores: number) {
    this.native = native
    this.inbox = new Messages(native, INBOX, SEGMENT_CONTROL_BYTES)
    for (let i = 0; i < INBOX; i++) this.inbox.expectSegments(i)
    this.errors = new Messages(native, 1, ERROR_CONTROL_BYTES)
    this.#spinTimes = new SpinTimes(cores)
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
    const spinTimes = this.#spinTimes
    const began = performance.now()
    let worked = false
    for (let now = began; ; ) {
      const arrived = this.#look(now)
      now = performance.now()
      this.#ring(now)
      if (now - began >= TURN_MS || this.#members.length === 0) return
      if (arrived > 0) {
        worked = true
        spinTimes.answered(now)
      } else if (!spinTimes.spins(now)) {
        spinTimes.sleeps()
        // What was done may have left promises and immediates behind: they wait no longer than the turn would have been.
        if (!this.#sleep(worked ? TURN_MS - (now - began) : spinTimes.sleepMs)) break
      }
    }
    if (!worked) spinTimes.slept()
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

  /** Node's loop is the first entry; poll leaves out what is negative. */
  #layOut(): void {
    this.#fds = new Uint8Array((this.#members.length + 1) * linux.POLLFD.bytes)
    this.#view = new DataView(this.#fds.buffer)
    linux.writePollfd(this.#fds, 0, this.native.loopFd, linux.POLLIN)
    this.#members.forEach((member, i) => linux.writePollfd(this.#fds, i + 1, member.fd, linux.POLLIN))
  }
}
