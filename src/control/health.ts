/**
 * Whether the server serves: a datagram of its own goes to its listening port, by the way of a request up to the endpoint, and has to be answered;
 * and what it serves has to be there. The datagram is no request (its opcode is none of TFTP), so it leaves no event, no line in a log and no row
 * in the history.
 */
import { createSocket } from 'node:dgram'
import { stat } from 'node:fs/promises'
import { isIPv6 } from 'node:net'
import { HEALTH_PROBE } from '../server/health-probe.ts'
import type { ApiSource } from './source.ts'

const ANSWER_WITHIN_MS = 1000
/** An answer counts this long: what asks more often gets the same. */
const KEEP_MS = 1000
/** A full socket buffer drops a datagram, on loopback too. */
const ASK_AGAIN_MS = 300
const OPCODE_ERROR = 5

export class Health {
  readonly #source: ApiSource
  #kept: { readonly at: number; readonly answer: Promise<string | undefined> } | undefined

  constructor(source: ApiSource) {
    this.#source = source
  }

  /** Undefined when it serves, else what is wrong. Never rejects. */
  check(): Promise<string | undefined> {
    const now = performance.now()
    if (this.#kept === undefined || now - this.#kept.at > KEEP_MS) this.#kept = { at: now, answer: this.#ask() }
    return this.#kept.answer
  }

  async #ask(): Promise<string | undefined> {
    const { server } = this.#source
    const first = server.bound[0]
    if (first === undefined) return 'it listens on no address'
    const [answered, missing] = await Promise.all([isAnswered(first.address, first.port), this.#missing()])
    if (!answered) return `no answer from the TFTP port ${first.port} within ${ANSWER_WITHIN_MS / 1000} s`
    return missing
  }

  async #missing(): Promise<string | undefined> {
    const content = this.#source.content()
    for (const path of content.type === 'folders' ? content.roots : [content.path]) {
      try {
        await stat(path)
      } catch (error) {
        return `what is served cannot be reached (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`
      }
    }
    return undefined
  }
}

/** Whether an ERROR comes back from there. */
function isAnswered(address: string, port: number): Promise<boolean> {
  const target = address === '0.0.0.0' ? '127.0.0.1' : address === '::' ? '::1' : address
  const socket = createSocket(isIPv6(target.replace(/%.*/, '')) ? 'udp6' : 'udp4')
  return new Promise((resolve) => {
    const end = (answered: boolean): void => {
      clearTimeout(late)
      clearInterval(again)
      socket.removeAllListeners('message').close()
      resolve(answered)
    }
    const ask = (): void => socket.send(HEALTH_PROBE, port, target, () => {})
    const late = setTimeout(() => end(false), ANSWER_WITHIN_MS)
    const again = setInterval(ask, ASK_AGAIN_MS)
    socket.on('error', () => {})
    socket.on('message', (message) => {
      if (message.length >= 4 && message.readUInt16BE(0) === OPCODE_ERROR) end(true)
    })
    ask()
  })
}
