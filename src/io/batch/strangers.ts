/** Datagrams on a transfer's port that are no transfer's. */
import { performance } from 'node:perf_hooks'
import { encodeError, OPCODE, readOpcode, WIRE_ERROR } from '../../packet/index.ts'
import type { Outbox, Route } from './outbox.ts'
import type { SharedSocket } from './socket.ts'
import { NAME_WORDS, SLOT_BYTES } from '../native/messages.ts'

/** Answers, so that forged datagrams make no storm. */
const ANSWERS_PER_SEC = 100

/** RFC 1350 §4: a stranger is told so, and disturbs nobody. A connected socket's kernel would answer with ICMP. */
export class Strangers {
  readonly #outbox: Outbox
  readonly #unknownTid = encodeError(WIRE_ERROR.unknownTid, 'Unknown transfer ID')
  #since = 0
  #answers = 0

  constructor(outbox: Outbox) {
    this.#outbox = outbox
  }

  /** The datagram is message `message` of the socket's inbox. */
  refuse<Peer>(socket: SharedSocket<Peer>, message: number, length: number): void {
    const { inbox } = socket
    const opcode = readOpcode(inbox.data, message * SLOT_BYTES, length)
    if (opcode !== OPCODE.data && opcode !== OPCODE.ack) return
    const now = performance.now()
    if (now - this.#since > 1000) {
      this.#since = now
      this.#answers = 0
    }
    if (++this.#answers > ANSWERS_PER_SEC) return
    const from = { names: inbox.names, nameAt: message * NAME_WORDS, nameBytes: socket.nameBytes }
    const route: Route = { socket, ...from, segments: false }
    this.#outbox.answer(route, this.#unknownTid)
  }
}
