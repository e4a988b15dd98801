/** What the models of other servers have in common: packets in, blocks and one timer out, and the count of all of it. */
import { ForesendError } from '../../error.ts'
import { encodeError, HEADER_BYTES, OPCODE, readBlock, readOpcode, seqNear, WIRE_ERROR } from '../../packet/index.ts'
import { COUNTER, type Counters, type Machine, newCounters } from '../../transfer/contract.ts'
import type { LabSink } from '../server-node.ts'

export interface TransferSetup {
  readonly sink: LabSink
  readonly sizeBytes: number
  readonly blksize: number
  /** What begins the transfer; undefined begins with DATA 1. */
  readonly oack: Uint8Array | undefined
}

export abstract class ModelSender implements Machine {
  readonly counters: Counters = newCounters()
  closed = false
  halfOpen = true
  progressAt = 0

  protected readonly sink: LabSink
  protected readonly oack: Uint8Array | undefined
  /** The final block: short or empty (RFC 1350 §6). */
  protected readonly lastSeq: number
  /** ACK numbers are taken for the block nearest to this one. */
  protected nearest = 1
  readonly #blksize: number
  #timerAt = Infinity
  #highest = 0

  constructor(setup: TransferSetup) {
    this.sink = setup.sink
    this.oack = setup.oack
    this.#blksize = setup.blksize
    this.lastSeq = Math.floor(setup.sizeBytes / setup.blksize) + 1
  }

  start(now: number): void {
    this.progressAt = now
    this.onStart(now)
    this.#settle()
  }

  handleDatagram(now: number, buffer: Uint8Array, offset: number, length: number): void {
    if (this.closed) return
    const opcode = readOpcode(buffer, offset, length)
    if (opcode === OPCODE.error) this.fail('the client sent an ERROR', 'ERR_TFTP_PEER_ERROR')
    else if (opcode === OPCODE.ack && length >= HEADER_BYTES) {
      this.counters[COUNTER.acks]!++
      this.halfOpen = false
      this.onAck(now, seqNear(readBlock(buffer, offset), this.nearest, 0))
    } else {
      this.counters[COUNTER.ignored]!++
      this.onOther(now)
    }
    this.#settle()
  }

  handleTimer(now: number): void {
    if (!this.closed && now >= this.#timerAt) {
      this.#timerAt = Infinity
      this.onTimer(now)
    }
    this.#settle()
  }

  /** None of these programs asks for ICMP in a way that would matter here; the lab sends none. */
  handleUnreachable(_now: number): void {
    this.fail('no program listens at the client', 'ERR_TFTP_UNREACHABLE')
    this.#settle()
  }

  abort(_now: number, error: ForesendError): void {
    this.giveUp(error.message)
    this.#settle()
  }

  protected abstract onStart(now: number): void
  protected abstract onAck(now: number, seq: number): void
  /** A packet that is neither ACK nor ERROR. */
  protected onOther(_now: number): void {}
  /** The timer that `setTimer` set came due; it is off now. */
  protected abstract onTimer(now: number): void

  protected setTimer(at: number): void {
    this.#timerAt = at
  }

  protected send(seq: number): void {
    this.#count(seq)
    this.sink.sendBlocks(seq, 1)
  }

  /** `first` and the ones after it, up to the end of the file. */
  protected sendWindow(first: number, blocks: number): void {
    for (let seq = first; seq < first + blocks && seq <= this.lastSeq; seq++) this.send(seq)
  }

  protected sendAs(seq: number, label: number): void {
    this.#count(seq)
    this.sink.sendAs(seq, label)
  }

  protected sendControl(packet: Uint8Array): void {
    this.sink.sendControl(packet, packet.length)
  }

  /** Blocks up to `seq` count as delivered, for the program and for readers of the counters. */
  protected delivered(now: number, seq: number): void {
    this.progressAt = now
    this.counters[COUNTER.blocks] = seq
    this.counters[COUNTER.bytes] = seq * this.#blksize
  }

  protected timedOut(): void {
    this.counters[COUNTER.timeouts]!++
  }

  /** The program reports success, rightly or not. */
  protected complete(): void {
    if (this.closed) return
    this.closed = true
    this.sink.ended({ status: 'completed' })
  }

  protected fail(
    reason: string,
    code: 'ERR_TFTP_TIMEOUT' | 'ERR_TFTP_PEER_ERROR' | 'ERR_TFTP_UNREACHABLE' = 'ERR_TFTP_TIMEOUT',
  ): void {
    if (this.closed) return
    this.closed = true
    this.sink.ended({ status: 'failed', error: new ForesendError(code, reason, { fault: 'peer' }) })
  }

  /** Tells the client, with ERROR 0, and fails. */
  protected giveUp(reason: string): void {
    if (this.closed) return
    this.sendControl(encodeError(WIRE_ERROR.undefined, reason))
    this.fail(reason)
  }

  #count(seq: number): void {
    this.counters[COUNTER.datagrams]!++
    if (seq <= this.#highest) this.counters[COUNTER.retransmitted]!++
    else this.#highest = seq
  }

  #settle(): void {
    this.sink.deadline(this.closed ? Infinity : this.#timerAt)
  }
}
