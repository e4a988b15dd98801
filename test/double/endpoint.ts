/** For tests of the endpoint: a machine that does as little as its contract allows, and an owner that records everything. */
import { ForesendError } from '../../src/error.ts'
import type { EventKind, Peer } from '../../src/endpoint/contract.ts'
import {
  Endpoint,
  type EndpointConfig,
  type EndpointSink,
  type Transfer,
  type TransferMachine,
} from '../../src/endpoint/endpoint.ts'
import { encodeRequest, type Option, readBlock, readOpcode, OPCODE } from '../../src/packet/index.ts'
import { COUNTER, newCounters, type Outcome, type ReceiverSink, type SenderSink } from '../../src/transfer/contract.ts'
import { anticipation } from '../../src/transfer/policy/anticipation.ts'

/** An ACK or DATA with this block ends the transfer of a `MachineDouble`. */
export const LAST_BLOCK = 9999
const RESEND_MS = 1000
const TRIES = 5
/** In one stretch of time; more is a timer that never gets anywhere. */
const MOST_INPUTS = 100_000

/** Goes on with every ACK or DATA, ends with `LAST_BLOCK`, with any ERROR, and after five tries without an answer. */
export class MachineDouble implements TransferMachine {
  readonly counters = newCounters()
  closed = false
  halfOpen = true
  progressAt = 0
  readonly #sink: Partial<SenderSink & ReceiverSink> & Pick<SenderSink, 'sendControl' | 'deadline' | 'ended' | 'notice'>
  readonly #writes: boolean
  #left = TRIES
  #over = false

  constructor(sink: Transfer, writes: boolean) {
    this.#sink = sink
    this.#writes = writes
    this.counters[COUNTER.windowBlocks] = 1
  }

  start(now: number): void {
    this.progressAt = now
    this.#send()
    this.#sink.deadline(now + RESEND_MS)
  }

  handleDatagram(now: number, buffer: Uint8Array, offset: number, length: number): void {
    const opcode = readOpcode(buffer, offset, length)
    if (this.#over) this.#sink.deadline(now + RESEND_MS)
    else if (opcode === OPCODE.error)
      this.#end({ status: 'failed', error: new ForesendError('ERR_TFTP_PEER_ERROR', 'peer', { fault: 'peer' }) }, true)
    else if (length >= 4 && (opcode === OPCODE.ack || opcode === OPCODE.data))
      this.#progress(now, readBlock(buffer, offset), buffer, offset)
    else this.#sink.deadline(now + RESEND_MS)
  }

  #progress(now: number, block: number, buffer: Uint8Array, offset: number): void {
    if (this.halfOpen) this.#sink.notice('started', 1)
    this.halfOpen = false
    this.progressAt = now
    this.#left = TRIES
    this.counters[COUNTER.blocks]++
    this.counters[COUNTER.bytes] += 512
    if (this.#writes) this.#sink.store?.(this.counters[COUNTER.blocks], buffer, offset, 0)
    if (block !== LAST_BLOCK) this.#send()
    else if (this.#writes) this.#sink.finish?.(this.counters[COUNTER.bytes])
    else this.#end({ status: 'completed' }, true)
    this.#sink.deadline(this.closed ? Infinity : now + RESEND_MS)
  }

  handleTimer(now: number): void {
    if (this.#over) this.closed = true
    else if (--this.#left <= 0)
      this.#end({ status: 'failed', error: new ForesendError('ERR_TFTP_TIMEOUT', 'silent', { fault: 'peer' }) }, true)
    else this.#send()
    this.#sink.deadline(this.closed ? Infinity : now + RESEND_MS)
  }

  handleStored(now: number, error?: ForesendError): void {
    if (error !== undefined) this.abort(now, error)
    else if (!this.#over) {
      this.#send()
      // Stays for a while, as a receiver does for repeats of the last block.
      this.#end({ status: 'completed' }, false)
      this.#sink.deadline(now + RESEND_MS)
    }
  }

  handleUnreachable(_now: number): void {
    this.#end({ status: 'failed', error: new ForesendError('ERR_TFTP_UNREACHABLE', 'gone', { fault: 'peer' }) }, true)
    this.#sink.deadline(Infinity)
  }

  abort(_now: number, error: ForesendError): void {
    this.#sink.sendControl(Uint8Array.of(0, OPCODE.error, 0, error.wireCode ?? 0, 0), 5)
    this.#end({ status: 'failed', error }, true)
    this.#sink.deadline(Infinity)
  }

  #send(): void {
    if (this.#writes) this.#sink.sendControl(Uint8Array.of(0, OPCODE.ack, 0, 0), 4)
    else this.#sink.sendBlocks?.(1, 1)
  }

  #end(outcome: Outcome, closed: boolean): void {
    if (!this.#over) {
      this.#over = true
      this.#sink.ended(outcome)
    }
    if (closed) this.closed = true
  }
}

export interface Told {
  readonly kind: EventKind
  readonly transfer: Transfer
  readonly outcome: Outcome | undefined
}

/** Checks on the way that each input ends with its one deadline, and that final events and closes come once and in order. */
export class OwnerDouble implements EndpointSink {
  readonly endpoint: Endpoint
  readonly opened: Transfer[] = []
  readonly events: Told[] = []
  readonly closed: Transfer[] = []
  readonly finished: Transfer[] = []
  readonly replies: { peer: Peer; packet: Uint8Array }[] = []
  readonly controls: { transfer: Transfer; packet: Uint8Array }[] = []
  /** Everything in order: `event:started 1`, `open 1`, `control 1`, … */
  readonly log: string[] = []
  deadlineAt = Infinity
  now = 0
  /** What `accept` opens for a read. */
  sizeBytes = 1e6
  /** The last DATA that was sent, or the blocks that were stored. */
  readonly reached = new Map<Transfer, number>()
  onOpen: (transfer: Transfer) => void = () => {}
  onSendBlocks: (transfer: Transfer) => void = () => {}
  onStore: (transfer: Transfer) => void = () => {}
  onFinish: (transfer: Transfer) => void = () => {}

  constructor(config: Partial<EndpointConfig> = {}) {
    this.endpoint = new Endpoint(
      {
        limits: { maxBlksize: 65464, maxWindowsize: 65535, maxWindowBytes: 1 << 20, refuse: new Set() },
        prepare: () => ({ policy: anticipation({ windowBlocks: 1 }) }),
        writable: true,
        createSender: (_config, _policy, transfer) => new MachineDouble(transfer, false),
        createReceiver: (_config, transfer) => new MachineDouble(transfer, true),
        ...config,
      },
      this,
    )
  }

  /** One input; what was logged during it. */
  input(act: () => void): string[] {
    const from = this.log.length
    act()
    const log = this.log.slice(from)
    const deadlines = log.filter((line) => line === 'deadline').length
    if (deadlines !== 1 || log.at(-1) !== 'deadline') throw new Error(`not one deadline at the end: ${log.join(', ')}`)
    return log.slice(0, -1)
  }

  request(peer: Peer, filename = 'image', opcode: 1 | 2 = OPCODE.rrq, options: readonly Option[] = []): string[] {
    const packet = encodeRequest({ opcode, filename, mode: 'octet', options })
    return this.input(() => this.endpoint.handleRequest(this.now, peer, packet, 0, packet.length))
  }

  raw(peer: Peer, ...bytes: number[]): string[] {
    return this.input(() => this.endpoint.handleRequest(this.now, peer, Uint8Array.from(bytes), 0, bytes.length))
  }

  accept(transfer: Transfer): boolean {
    let accepted = false
    this.input(() => {
      accepted =
        transfer.direction === 'read'
          ? this.endpoint.acceptRead(this.now, transfer, this.sizeBytes)
          : this.endpoint.acceptWrite(this.now, transfer)
    })
    return accepted
  }

  /** The peer answers with ACK or DATA `block`, whichever suits. */
  answer(transfer: Transfer, block = 1): string[] {
    const opcode = transfer.direction === 'read' ? OPCODE.ack : OPCODE.data
    const packet = Uint8Array.of(0, opcode, block >> 8, block & 255)
    return this.input(() => this.endpoint.handleDatagram(this.now, transfer, packet, 0, packet.length))
  }

  timer(): string[] {
    return this.input(() => this.endpoint.handleTimer(this.now))
  }

  /** Lets time pass to `at`, with a timer whenever one is due. */
  passTo(at: number): void {
    for (let inputs = 0; this.deadlineAt <= at; inputs++) {
      if (inputs === MOST_INPUTS) throw new Error(`still a deadline at ${this.deadlineAt}, now ${this.now}`)
      this.now = Math.max(this.now, this.deadlineAt)
      this.timer()
    }
    this.now = at
  }

  /** The last one that was opened. */
  get transfer(): Transfer {
    return this.opened[this.opened.length - 1]
  }

  kinds(transfer: Transfer): EventKind[] {
    return this.events.filter((told) => told.transfer === transfer).map((told) => told.kind)
  }

  open(transfer: Transfer): void {
    this.opened.push(transfer)
    this.log.push(`open ${transfer.id}`)
    this.onOpen(transfer)
  }

  sendBlocks(transfer: Transfer, first: number, count: number): void {
    this.log.push(`blocks ${transfer.id} ${first}+${count}`)
    this.reached.set(transfer, first + count - 1)
    this.onSendBlocks(transfer)
  }

  sendControl(transfer: Transfer, buffer: Uint8Array, length: number): void {
    const packet = buffer.slice(0, length)
    this.controls.push({ transfer, packet })
    this.log.push(packet[1] === OPCODE.error ? `error ${transfer.id} ${packet[3]}` : `control ${transfer.id}`)
  }

  reply(peer: Peer, buffer: Uint8Array, length: number): void {
    const packet = buffer.slice(0, length)
    this.replies.push({ peer, packet })
    this.log.push(packet[1] === OPCODE.error ? `reply error ${packet[3]}` : 'reply')
  }

  store(transfer: Transfer, seq: number): void {
    this.reached.set(transfer, seq)
    this.log.push(`store ${transfer.id}`)
    this.onStore(transfer)
  }

  finish(transfer: Transfer): void {
    this.finished.push(transfer)
    this.log.push(`finish ${transfer.id}`)
    this.onFinish(transfer)
  }

  event(kind: EventKind, transfer: Transfer, outcome?: Outcome): void {
    this.events.push({ kind, transfer, outcome })
    this.log.push(`event:${kind} ${transfer.id}`)
  }

  close(transfer: Transfer): void {
    this.closed.push(transfer)
    this.log.push(`close ${transfer.id}`)
  }

  deadline(at: number): void {
    this.deadlineAt = at
    this.log.push('deadline')
  }
}

export function peer(port: number, address = '10.0.0.1'): Peer {
  return { address, port, local: '10.0.0.100', near: true }
}
