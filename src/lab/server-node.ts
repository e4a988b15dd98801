/**
 * Puts a sending machine into the world as a TFTP server with one image: answers requests at port 69, gives each transfer
 * a port of its own, frames DATA from the image. For the models of other servers, and for tests that drive a sender alone;
 * Foresend's server is endpoint-node.ts.
 */
import { ForesendError } from '../error.ts'
import { blockOfSeq, HEADER_BYTES, OPCODE, parseRequest, type Request, readOpcode } from '../packet/index.ts'
import { frameBlock } from './frame-block.ts'
import type { Counters, Machine, NoticeKind, Outcome, SenderSink } from '../transfer/contract.ts'
import type { Outlet, ServingNode } from './node.ts'

/** What a server's machine may do: send blocks of the image, and (as some servers by mistake) under a wrong number. */
export interface LabSink extends SenderSink {
  /** Sends the bytes of block `seq` with the block number `label` on the wire. */
  sendAs(seq: number, label: number): void
}

/**
 * What becomes of a request while a transfer with the same client runs. `supersede`: a repeat is ignored
 * or replaces the transfer. `beside`: each request starts a transfer of its own, as servers do that fork or start a
 * thread. `queue`: one transfer at a time, requests wait in the socket meanwhile.
 */
export type RequestRule = 'supersede' | 'beside' | 'queue'

export interface ModelTransfer {
  readonly machine: Machine
  /** What DATA is framed with: the outcome of the negotiation. */
  readonly blksize: number
  readonly rollover: 0 | 1
}

export interface ServerNodeConfig {
  readonly image: Uint8Array
  /** Negotiate and build the machine; the node starts it. Anything but a read is never asked. */
  create(request: Request, sink: LabSink, now: number): ModelTransfer
  /** Default `supersede`. */
  readonly requests?: RequestRule
  /** Called for each notice of a machine; for tests. */
  notice?(now: number, kind: NoticeKind, seq: number): void
}

const SERVER_PORT = 69
const FIRST_TID = 40_000
/** A repeated request replaces the transfer when no ACK came for this long. */
const SUPERSEDE_AFTER_MS = 500
/** Requests that wait in the socket of a server with one transfer at a time; some hundred fit into a real one. */
const MOST_WAITING = 64

export class ServerNode implements ServingNode {
  deadline = Infinity
  /** How the transfers ended, in that order; a superseded one among them. */
  readonly outcomes: Outcome[] = []
  /** Transfers that were started. */
  started = 0
  /** DATA datagrams sent. */
  dataSent = 0
  controlsSent = 0
  received = 0
  /** Counters of the latest transfer, by COUNTER. */
  counters: Counters = []

  readonly #config: ServerNodeConfig
  readonly #sessions: RunningTransfer[] = []
  readonly #waiting: Waiting[] = []
  #latest: { readonly outcome: Outcome; readonly heardAt: number } | undefined
  #outlet: Outlet | undefined

  constructor(config: ServerNodeConfig) {
    this.#config = config
  }

  /** How the latest transfer that ended did so; where several run beside each other, the one that heard an ACK last. */
  get outcome(): Outcome | undefined {
    return this.#latest?.outcome
  }

  /** True while a transfer is neither completed nor failed. */
  get busy(): boolean {
    return this.#sessions.some((session) => session.outcome === undefined)
  }

  attach(outlet: Outlet): void {
    this.#outlet = outlet
  }

  handleDatagram(now: number, buffer: Uint8Array, offset: number, length: number, from: number, to: number): void {
    this.received++
    if (to === SERVER_PORT) this.#handleRequest(now, buffer, offset, length, from)
    else {
      const session = this.#find(to, from)
      if (session !== undefined) {
        session.now = now
        if (readOpcode(buffer, offset, length) === OPCODE.ack) session.ackAt = session.heardAt = now
        session.machine!.handleDatagram(now, buffer, offset, length)
        this.#tidy(session)
      }
    }
    this.#settle()
  }

  handleTimer(now: number): void {
    for (let i = this.#sessions.length - 1; i >= 0; i--) {
      const session = this.#sessions[i]!
      if (session.deadlineAt > now) continue
      session.now = now
      session.deadlineAt = Infinity
      session.machine!.handleTimer(now)
      this.#tidy(session)
    }
    this.#settle()
  }

  /** For sessions. */
  transmit(now: number, session: RunningTransfer, buffer: Uint8Array, length: number): void {
    this.#outlet!.send(now, buffer, 0, length, session.tid, session.clientPort)
  }

  /** For sessions. */
  noticed(now: number, kind: NoticeKind, seq: number): void {
    this.#config.notice?.(now, kind, seq)
  }

  /** For sessions. */
  ended(session: RunningTransfer, outcome: Outcome): void {
    this.outcomes.push(outcome)
    const beside = this.#config.requests === 'beside' || this.#config.requests === 'queue'
    if (beside && this.#latest !== undefined && session.heardAt < this.#latest.heardAt) return
    this.#latest = { outcome, heardAt: session.heardAt }
  }

  #handleRequest(now: number, buffer: Uint8Array, offset: number, length: number, from: number): void {
    const request = parseRequest(buffer, offset, length)
    if (!request.ok || request.value.opcode !== OPCODE.rrq) return
    if (this.#config.requests === 'queue' && this.#sessions.length > 0) {
      if (this.#waiting.length < MOST_WAITING) this.#waiting.push({ request: request.value, from })
      return
    }
    const rule = this.#config.requests ?? 'supersede'
    if (rule === 'supersede' && !this.#makeRoom(now, from)) return
    this.#begin(now, request.value, from)
  }

  /** False when the request is only a repeat. */
  #makeRoom(now: number, from: number): boolean {
    const repeated = this.#sessions.find((s) => s.clientPort === from && s.outcome === undefined)
    if (repeated !== undefined && (repeated.machine!.halfOpen || now - repeated.ackAt < SUPERSEDE_AFTER_MS))
      return false
    for (let i = this.#sessions.length - 1; i >= 0; i--) {
      const session = this.#sessions[i]!
      const stuck = now - session.machine!.progressAt >= SUPERSEDE_AFTER_MS
      if (session.clientPort === from || (session.outcome === undefined && stuck)) this.#supersede(now, session)
    }
    return true
  }

  #begin(now: number, request: Request, from: number): void {
    const session = new RunningTransfer(this, this.#config.image, FIRST_TID + this.started++, from, now)
    const served = this.#config.create(request, session, now)
    session.begin(served)
    this.#sessions.push(session)
    this.counters = served.machine.counters
    served.machine.start(now)
    this.#tidy(session)
  }

  #supersede(now: number, session: RunningTransfer): void {
    session.now = now
    if (session.outcome === undefined) {
      session.machine!.abort(
        now,
        new ForesendError('ERR_TFTP_ABORTED', 'superseded by a new request', { fault: 'peer' }),
      )
    }
    const index = this.#sessions.indexOf(session)
    if (index >= 0) this.#sessions.splice(index, 1)
  }

  #tidy(session: RunningTransfer): void {
    if (!session.machine!.closed) return
    this.#sessions.splice(this.#sessions.indexOf(session), 1)
    const next = this.#waiting.shift()
    if (next !== undefined) this.#begin(session.now, next.request, next.from)
  }

  #find(tid: number, clientPort: number): RunningTransfer | undefined {
    for (let i = 0; i < this.#sessions.length; i++) {
      const session = this.#sessions[i]!
      if (session.tid === tid && session.clientPort === clientPort) return session
    }
    return undefined
  }

  #settle(): void {
    let at = Infinity
    for (let i = 0; i < this.#sessions.length; i++) at = Math.min(at, this.#sessions[i]!.deadlineAt)
    this.deadline = at
  }
}

interface Waiting {
  readonly request: Request
  readonly from: number
}

/** One transfer: the sink of its machine. */
class RunningTransfer implements LabSink {
  readonly tid: number
  readonly clientPort: number
  machine: Machine | undefined = undefined
  outcome: Outcome | undefined = undefined
  deadlineAt = Infinity
  now: number
  /** The last ACK, or the start before any. */
  ackAt: number
  /** The last ACK; -1 before any. */
  heardAt = -1
  readonly #node: ServerNode
  readonly #image: Uint8Array
  #blksize = 512
  #rollover: 0 | 1 = 0
  #frame: Uint8Array = new Uint8Array(0)

  constructor(node: ServerNode, image: Uint8Array, tid: number, clientPort: number, now: number) {
    this.#node = node
    this.#image = image
    this.tid = tid
    this.clientPort = clientPort
    this.now = now
    this.ackAt = now
  }

  begin(served: ModelTransfer): void {
    this.machine = served.machine
    this.#blksize = served.blksize
    this.#rollover = served.rollover
    this.#frame = new Uint8Array(HEADER_BYTES + served.blksize)
  }

  sendBlocks(first: number, count: number): void {
    for (let seq = first; seq < first + count; seq++) this.sendAs(seq, blockOfSeq(seq, this.#rollover))
  }

  sendAs(seq: number, label: number): void {
    const length = frameBlock(this.#image, seq, this.#blksize, label, this.#frame)
    this.#node.dataSent++
    this.#node.transmit(this.now, this, this.#frame, length)
  }

  sendControl(buffer: Uint8Array, length: number): void {
    this.#node.controlsSent++
    this.#node.transmit(this.now, this, buffer, length)
  }

  deadline(at: number): void {
    this.deadlineAt = at
  }

  ended(outcome: Outcome): void {
    if (this.outcome !== undefined) throw new Error('the machine ended twice')
    this.outcome = outcome
    this.#node.ended(this, outcome)
  }

  notice(kind: NoticeKind, seq: number): void {
    this.#node.noticed(this.now, kind, seq)
  }
}
