/**
 * An outside program that says which name a request means, over a Unix socket, as OpenBSD's tftpd has it (`-r`): `ADDRESS OP NAME` in a
 * line, OP `read` or `write`; the answer is the new name in a line, and an empty one means that there is no such file. One connection
 * carries all requests; answers come in their order.
 */
import { connect, type Socket } from 'node:net'
import { ForesendError } from '../error.ts'
import { WIRE_ERROR } from '../packet/index.ts'
import { quoted } from './errors.ts'
import type { Asking } from './remap/client.ts'

/** A client asks again after 1 to 5 s. */
const ANSWER_MS = 1000
/** No name is longer; a program that sends more has lost its way. */
const ANSWER_MAX_BYTES = 4096
/** Requests that wait for an answer. A client asks again, so what is refused here is not lost. */
const WAITING_MAX = 256

interface Waiting {
  readonly resolve: (name: string) => void
  readonly reject: (error: Error) => void
  readonly timer: NodeJS.Timeout
}

export class Rewriter {
  readonly #path: string
  readonly #waiting: Waiting[] = []
  #socket: Socket | undefined
  #received = ''

  /** `path` of the socket. It is connected when the first request comes, and again after a failure. */
  constructor(path: string) {
    this.#path = path
  }

  /** Names are bytes as latin1. Rejects with a plain Error that says what happened. */
  ask({ name, direction, address }: Asking): Promise<string> {
    if (/[\x00-\x1f\x7f]/.test(name)) return Promise.reject(new Error('the name contains a control character'))
    if (this.#waiting.length >= WAITING_MAX) {
      return Promise.reject(new Error(`${WAITING_MAX} requests wait for it already; it is too slow`))
    }
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#fail(`it did not answer within ${ANSWER_MS} ms`), ANSWER_MS)
      this.#waiting.push({ resolve, reject, timer })
      this.#socket ??= this.#connect()
      this.#socket.write(`${address} ${direction} ${name}\n`, 'latin1')
    })
  }

  close(): void {
    this.#fail('the server is stopping')
  }

  #connect(): Socket {
    const socket = connect(this.#path)
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => socket === this.#socket && this.#read(text))
    socket.on(
      'error',
      (error) => socket === this.#socket && this.#fail((error as NodeJS.ErrnoException).code ?? error.message),
    )
    socket.on('close', () => socket === this.#socket && this.#fail('it closed the connection'))
    return socket
  }

  #read(text: string): void {
    this.#received += text
    for (;;) {
      const end = this.#received.indexOf('\n')
      if (end < 0) break
      const line = this.#received.slice(0, end).replace(/\r$/, '')
      this.#received = this.#received.slice(end + 1)
      const first = this.#waiting.shift()
      if (first === undefined) return this.#fail('it sent a line that nothing asked for')
      clearTimeout(first.timer)
      first.resolve(line)
    }
    if (this.#received.length > ANSWER_MAX_BYTES)
      this.#fail(`it sent more than ${ANSWER_MAX_BYTES} bytes without an end of line`)
  }

  /** Answers come in order: when one is missing, the connection is of no more use. */
  #fail(reason: string): void {
    const socket = this.#socket
    this.#socket = undefined
    this.#received = ''
    socket?.destroy()
    for (const { reject, timer } of this.#waiting.splice(0)) {
      clearTimeout(timer)
      reject(new Error(reason))
    }
  }

  /** The refusal of a request that it has no answer for. */
  refusal(failing: string, cause: unknown): ForesendError {
    const reason = cause instanceof Error ? cause.message : String(cause)
    const message = `${failing}: the rewriter at ${quoted(this.#path)} gives no name (${reason}); check that it runs`
    return new ForesendError('ERR_TFTP_CONTENT', message, { fault: 'local', wireCode: WIRE_ERROR.undefined, cause })
  }
}
