/** Clients that ask and then say nothing more: for measuring what a server keeps for each waiting transfer. */
import { setImmediate } from 'node:timers/promises'
import { performance } from 'node:perf_hooks'
import { type HostSender, hostAddress, MAX_HOSTS } from './hosts.ts'
import type { HostPorts } from './host-ports.ts'
import type { Native } from '../io/native/linux.ts'
import { probeBatch } from '../io/native/probe.ts'
import { encodeRequest, OPCODE } from '../packet/index.ts'
import { peerText } from './answers.ts'
import { openPorts } from './load.ts'
import { checkLoad, type LoadOptions } from './options.ts'

export interface Held {
  /** Clients that a DATA or OACK came for. */
  readonly answered: number
  readonly clients: number
  readonly ms: number
  /** Of the first clients that were refused. */
  readonly faults: readonly string[]
}

const MAX_FAULTS = 10
/** Requests sent before the answers to them are looked at. */
const REQUESTS_AT_ONCE = 64
const TURN_MS = 20
/** While they are held, what the server repeats is thrown away this often, so that it piles up nowhere. */
const DISCARD_MS = 100

/** Asks for all clients in lock-step, and calls `held` when each of them was answered, or at the limit. Ends with `signal`. */
export async function runHold(
  options: LoadOptions & { readonly signal: AbortSignal },
  held: (result: Held) => void,
  native: Native | string = probeBatch(),
): Promise<Held> {
  checkLoad({ ...options, direction: 'get' })
  const ports = openPorts(options, native)
  try {
    const hold = new Hold(options, ports)
    const result = await hold.ask(options.signal)
    held(result)
    await hold.stay(options.signal)
    return result
  } finally {
    ports.close()
  }
}

class Hold {
  readonly #options: LoadOptions
  readonly #ports: HostPorts
  readonly #request: Uint8Array
  /** By host: 1 once it was answered, whatever the answer. */
  readonly #isAnswered: Uint8Array
  readonly #faults: string[] = []
  #answered = 0
  #waiting: number

  constructor(options: LoadOptions, ports: HostPorts) {
    this.#options = options
    this.#ports = ports
    this.#request = encodeRequest({ opcode: OPCODE.rrq, filename: options.file, mode: 'octet', options: [] })
    this.#waiting = Math.min(options.clients, MAX_HOSTS - 1)
    this.#isAnswered = new Uint8Array(this.#waiting + 1)
  }

  async ask(signal: AbortSignal): Promise<Held> {
    const { limitMs, timeoutMs, clients } = this.#options
    const began = performance.now()
    while (this.#waiting > 0 && performance.now() - began < limitMs && !signal.aborted) {
      this.#askAll()
      const until = Math.min(performance.now() + timeoutMs, began + limitMs)
      while (this.#waiting > 0 && performance.now() < until && !signal.aborted) {
        this.#ports.await(this.#received, () => {}, TURN_MS)
        this.#look()
        await setImmediate()
      }
    }
    return { answered: this.#answered, clients, ms: performance.now() - began, faults: this.#faults }
  }

  /** Until `signal`. */
  async stay(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return
    await new Promise<void>((resolve) => {
      const timer = setInterval(() => this.#look(), DISCARD_MS)
      signal.addEventListener('abort', () => {
        clearInterval(timer)
        resolve()
      })
    })
  }

  #askAll(): void {
    const [port] = this.#ports.ports
    const to = this.#options.port
    for (let host = 1, asked = 0; host < this.#isAnswered.length; host++) {
      if (this.#isAnswered[host] !== 0) continue
      port.send(host, to, this.#request, this.#request.length)
      if (++asked % REQUESTS_AT_ONCE === 0) this.#look()
    }
    this.#ports.flush()
  }

  #look(): void {
    this.#ports.flush()
    while (this.#ports.receive(this.#received, () => {}, true) > 0) continue
  }

  readonly #received = (
    host: number,
    _port: HostSender,
    _from: number,
    buffer: Uint8Array,
    offset: number,
    length: number,
  ): void => {
    if (host <= 0 || host >= this.#isAnswered.length || this.#isAnswered[host] !== 0) return
    this.#isAnswered[host] = 1
    this.#waiting--
    if (buffer[offset + 1] !== OPCODE.error) {
      this.#answered++
      return
    }
    if (this.#faults.length < MAX_FAULTS) {
      this.#faults.push(`${hostAddress(host)}: ${peerText(buffer, offset, length)}`)
    }
  }
}
