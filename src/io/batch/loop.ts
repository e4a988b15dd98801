/**
 * The blocking loop. While transfers are live it takes turns with its thread's event loop: look at the sockets, run the
 * machines, send, look again; and when nothing comes, sleep in one system call until a socket *or Node's event loop* has
 * something to do (it is a descriptor as well). So the wake-up is the kernel's, no datagram pays for libuv's dispatch, and
 * files, messages and signals wait no longer than `TURN_MS`. Without transfers it does not run at all: Node watches the
 * listening sockets then.
 */
import { SpinTimes } from './spin-times.ts'
import * as linux from '../native/linux.ts'
import type { Native } from '../native/linux.ts'

/** A turn that is busy ends here, so that Node's timers, promises, files and messages get theirs. */
const TURN_MS = 1
/** Rounds that a due deadline gives to datagrams that are still waiting. */
const MAX_ROUNDS = 8

export interface LoopSocket {
  readonly fd: number
  /** Requests arrive on this socket. They are handed over last: what reached transfers before them is handled first. */
  readonly isListening: boolean
  /** Hands over what has arrived. `errors`: the system said that there are errors too. `hurried`: see `SharedSocket`. */
  receive(errors: boolean, hurried?: boolean): number
  readonly hasLost: boolean
}

export interface LoopHost {
  readonly native: Native
  now(): number
  flush(): void
  timer(now: number): void
  /** Handles the requests that Node received since the last turn. */
  requests(): void
}

export class BatchLoop {
  /** When `timer` is wanted. */
  deadline = Infinity
  readonly #host: LoopHost
  readonly #spinTimes: SpinTimes
  /** Listening sockets first, so that what is found of a request is found of everything before it. */
  #sockets: LoopSocket[] = []
  /** Index of the first socket of transfers in `#sockets`; listening ones stand before it. */
  #listening = 0
  #fds = new Uint8Array(linux.POLLFD.bytes)
  #view = new DataView(this.#fds.buffer)
  #immediate: NodeJS.Immediate | undefined
  #running = false
  /** Whether Node's event loop had something to do at the last look. */
  #nodeIsReady = false

  constructor(host: LoopHost, cores: number) {
    this.#host = host
    this.#spinTimes = new SpinTimes(cores)
    this.#layOut()
  }

  get running(): boolean {
    return this.#running
  }

  set running(runs: boolean) {
    this.#running = runs
    if (runs) this.#immediate ??= setImmediate(this.#turn)
  }

  add(socket: LoopSocket): void {
    this.#sockets = socket.isListening ? [socket, ...this.#sockets] : [...this.#sockets, socket]
    this.#layOut()
  }

  remove(socket: LoopSocket): void {
    this.#sockets = this.#sockets.filter((one) => one !== socket)
    this.#layOut()
  }

  /**
   * Hands over what has arrived for transfers, now: for when a request that arrived later is about to be handled. One look:
   * under load there is always more, and requests must get their turn.
   */
  catchUp(): void {
    if (this.#running) this.#look(0, false)
  }

  close(): void {
    this.#running = false
    this.#sockets = []
    this.#layOut()
    clearImmediate(this.#immediate)
    this.#immediate = undefined
  }

  readonly #turn = (): void => {
    this.#immediate = undefined
    const host = this.#host
    // First, so that an exception of a handler does not end it.
    if (this.#running) this.#immediate = setImmediate(this.#turn)
    host.requests()
    if (!this.#running) return
    const spinTimes = this.#spinTimes
    let now = host.now()
    const until = now + TURN_MS
    // It had its turn just now.
    this.#nodeIsReady = false
    // What was done may leave promises and immediates behind: then Node's turn is not put off by a long sleep.
    let worked = false
    do {
      let arrived = this.#look(0, true, true)
      now = host.now()
      if (arrived === 0 && !spinTimes.spins(now) && this.deadline > now && !this.#nodeIsReady) {
        spinTimes.sleeps()
        arrived = this.#sleep(now, worked ? until - now : spinTimes.sleepMs)
        now = host.now()
        if (arrived === 0 && !worked) spinTimes.slept()
      }
      if (this.deadline <= now) this.#ring()
      if (arrived > 0) {
        worked = true
        spinTimes.answered(now)
      }
    } while (!this.#nodeIsReady && now < until && this.#running)
  }

  #sleep(now: number, ms: number): number {
    return this.#look(Math.max(0, Math.min(ms, this.deadline - now)))
  }

  /** Waits at most `ms` and hands over what has arrived, to listening sockets only with `requests`. Returns the datagrams. */
  #look(ms: number, requests = true, hurried = false): number {
    const { native } = this.#host
    // Handlers add and remove sockets meanwhile.
    const sockets = this.#sockets
    const listening = this.#listening
    const view = this.#view
    // Alone and in a hurry: asking the socket itself saves a call. Node gets its turn by the clock, and requests with it.
    if (ms === 0 && sockets.length === listening + 1)
      return this.#received(sockets[listening] as LoopSocket, 0, hurried)
    const wait = sockets.some((socket) => socket.hasLost) ? 0 : ms
    native.poll(this.#fds, sockets.length + 1, wait)
    this.#nodeIsReady = view.getInt16(linux.POLLFD.revents, true) !== 0
    let total = 0
    for (let i = listening; i < sockets.length; i++) total += this.#polled(sockets[i] as LoopSocket, view, i)
    if (!requests) return total
    let asked = 0
    for (let i = 0; i < listening; i++) asked += this.#polled(sockets[i] as LoopSocket, view, i)
    // Node watches these as well: what made it ready is mostly done.
    if (asked > 0) this.#nodeIsReady = false
    return total + asked
  }

  #polled(socket: LoopSocket, view: DataView, i: number): number {
    const events = view.getInt16((i + 1) * linux.POLLFD.bytes + linux.POLLFD.revents, true)
    return events !== 0 || socket.hasLost ? this.#received(socket, events) : 0
  }

  #received(socket: LoopSocket, events: number, hurried = false): number {
    const count = socket.receive((events & linux.POLLERR) !== 0 || socket.hasLost, hurried)
    this.#host.flush()
    return count
  }

  /** Everything that had arrived is handled before the timer rings. */
  #ring(): void {
    this.#drain()
    const now = this.#host.now()
    if (this.deadline > now) return
    this.deadline = Infinity
    this.#host.timer(now)
    this.#host.flush()
  }

  #drain(): void {
    for (let round = 0; round < MAX_ROUNDS && this.#look(0) > 0; round++) continue
  }

  /** Node's loop is the first entry; poll leaves out what is negative. */
  #layOut(): void {
    this.#listening = this.#sockets.filter((socket) => socket.isListening).length
    this.#fds = new Uint8Array((this.#sockets.length + 1) * linux.POLLFD.bytes)
    this.#view = new DataView(this.#fds.buffer)
    linux.writePollfd(this.#fds, 0, this.#host.native.loopFd, linux.POLLIN)
    this.#sockets.forEach((socket, i) => linux.writePollfd(this.#fds, i + 1, socket.fd, linux.POLLIN))
  }
}
