/**
 * The side that gets DATA: a server's upload, a client's download. Blocks are taken in order only; one ahead is dropped,
 * one seen before is acknowledged again and never stored twice. The last block is acknowledged only when the owner says
 * that the file is safe on disk.
 *
 * **Invariant:** `store` is called with seq 1, 2, 3 … without a hole, and `finish` once, after the first short block.
 */
import type { ForesendError } from '../error.ts'
import { blockOfSeq, encodeErrorFor, HEADER_BYTES, OPCODE, readBlock, readOpcode, writeAck } from '../packet/index.ts'
import { COUNTER, newCounters, type Machine, type PeerRole, type ReceiverSink } from './contract.ts'
import { Oddities, outOfPlace } from './oddities.ts'
import { RECEIVER_TRANSITIONS, type ReceiverCause, type ReceiverPhase, step } from './phases.ts'
import { type Failing, gaveUp, oversizeBlock, peerError, peerGone, wrongSize } from './receiver-faults.ts'
import { BlockOrder, type Evidence } from './receiver-order.ts'
import { giveUpAfterMs } from './waits.ts'
import { RepeatTimer } from './receiver-timer.ts'
import type { FirstRoundTrip } from './rto.ts'

/** Rule R4: this many copies of a window without a new block bring an ACK each. Behind them ACKs leave by the timer alone: some senders answer each with another copy. */
const MOST_COPIES_ANSWERED = 8
/** Rule R4: within this time of an ACK a repeated block may be the rest of the window that the ACK answered. Later the ACK may have been lost. */
const REST_OF_WINDOW_MS = 250

export interface ReceiverConfig {
  readonly blksize: number
  /** Blocks per ACK (RFC 7440); 1 when not negotiated. */
  readonly windowsize: number
  /** The wire block that follows 65535; `any` learns it at the first wrap. */
  readonly rollover: 0 | 1 | 'any'
  /** A server's OACK, sent first and again until DATA 1 comes. */
  readonly oack: Uint8Array | undefined
  /** Without `oack`: open with ACK 0. False for a client whose RRQ was answered by DATA 1. */
  readonly acknowledgeRequest: boolean
  readonly near: boolean
  readonly peerTimeoutMs: number
  /** The peer has answered us before: rule A5's limits are lifted. */
  readonly addressValidated: boolean
  /** "file from 10.0.0.1:2070", already escaped, for messages. */
  readonly label: string
  /** What the peer is called in messages; a client by default. */
  readonly peerRole?: PeerRole
  /** The size that the peer announced; a transfer of another size fails. Leave out where it is not exact (netascii). */
  readonly sizeBytes?: number | undefined
  /**
   * Rule R2: while the next block may be the final one, or none has come, nothing is repeated on our timer. The peer's own timer asks.
   * Default false.
   */
  readonly onlyWhenAsked?: boolean
  /** Rule R4: the round trip of our request. */
  readonly firstRoundTrip?: FirstRoundTrip | undefined
  /** Milliseconds without progress before giving up; by default A14's max(30 s, 6 peer timeouts). */
  readonly giveUpMs?: number
  /** Milliseconds to stay after the last ACK and answer repeats; by default two peer timeouts, 3 to 15 s. */
  readonly dallyMs?: number
}

/**
 * A request that comes again gets the first answer again when that left so long ago (rule R1): no round trip on the same network takes it,
 * and `put --wait` asks every 200 ms. To far peers as A5 spaces the repeats.
 */
const NEAR_ANSWER_AGAIN_MS = 150
const FAR_ANSWER_AGAIN_MS = 1000
/** Rule R5: a peer that sent DATA within this time, or within two of its timeouts, is alive; patience grows to this many times what it is otherwise. */
const ALIVE_MS = 10_000
const ALIVE_TIMEOUTS = 2
const MOST_PATIENCE = 4
/** Rule R5: each repeat of the last block is answered for as long as the first one, and for this many times that in all. */
const MOST_DALLIES = 6
/** Rule R7: this many windows in a row of one block, each acknowledged by our timer: the client sends one block at a time, and each is acknowledged at once. */
const BLOCKS_ALONE = 3
/** Bytes of the first block that are compared with a later block 1. */
const COMPARED_BYTES = 512

export class Receiver implements Machine {
  readonly counters = newCounters()
  progressAt = 0
  /** The last DATA came. */
  #heardAt = -Infinity

  readonly #config: ReceiverConfig
  readonly #sink: ReceiverSink
  readonly #timer: RepeatTimer
  readonly #order: BlockOrder
  readonly #ack = new Uint8Array(HEADER_BYTES)
  readonly #giveUpMs: number
  readonly #dallyMs: number
  #phase: ReceiverPhase = 'offer'
  /** The last seq stored; everything up to it is. */
  #stored = 0
  /** The seq in the last ACK sent. */
  #acked = 0
  #ackAt = -Infinity
  #gapAckAt = -Infinity
  #gapAcked = false
  /** The highest block without a use that came since the last ACK. */
  #heardSeq = 0
  /** The last block without a use, and the last one stored when it came. */
  #uselessSeq = 0
  #uselessStored = -1
  /** Copies of the window that brought an ACK since something was stored. */
  #copiesAnswered = 0
  /** When the first block behind the present gap came; -Infinity without a gap. */
  #gapSeenAt = -Infinity
  /** Windows in a row that ended behind their first block. */
  #blocksAlone = 0
  /** Of the first block's bytes, to know a late copy of it by. */
  #firstHash = 0
  /** When a block 1 after 65535 was last not believed. */
  #oneAt = Infinity
  #stalled = false
  #dallyUntil = 0
  /** What had no place in the transfer since the last progress; made when the first such datagram comes. */
  #oddities: Oddities | undefined

  constructor(config: ReceiverConfig, sink: ReceiverSink) {
    this.#config = config
    this.#sink = sink
    this.#timer = new RepeatTimer({
      near: config.near,
      addressValidated: config.addressValidated,
      windowed: config.windowsize > 1,
      first: config.oack === undefined ? 'data' : 'oack',
      peerTimeoutMs: config.peerTimeoutMs,
      isServer: config.peerRole === 'server',
      blksize: config.blksize,
      firstRoundTrip: config.firstRoundTrip,
    })
    this.#giveUpMs = config.giveUpMs ?? giveUpAfterMs(config.peerTimeoutMs)
    this.#dallyMs = config.dallyMs ?? Math.min(15_000, Math.max(3000, 2 * config.peerTimeoutMs))
    this.#order = new BlockOrder(config.rollover, config.windowsize, config.sizeBytes !== undefined)
    this.counters[COUNTER.windowBlocks] = config.windowsize
  }

  get closed(): boolean {
    return this.#phase === 'closed' || this.#phase === 'failed'
  }

  get halfOpen(): boolean {
    return !this.#timer.addressValidated
  }

  start(now: number): void {
    this.progressAt = now
    if (this.#config.oack !== undefined || this.#config.acknowledgeRequest) this.#timer.sent(now)
    else this.#timer.waiting(now)
    this.#open(now)
    this.#arm()
  }

  handleDatagram(now: number, buffer: Uint8Array, offset: number, length: number): void {
    const opcode = readOpcode(buffer, offset, length)
    if (this.closed) this.counters[COUNTER.ignored]++
    else if (opcode === OPCODE.data && length >= HEADER_BYTES) this.#data(now, buffer, offset, length)
    else if (opcode === OPCODE.error) this.#peerEnded(peerError(this.#failing(), buffer, offset, length))
    else if (opcode === OPCODE.oack) this.#oackAgain(now, buffer, offset, length)
    else this.#ignore(buffer, offset, length)
    this.#arm()
  }

  handleTimer(now: number): void {
    if (this.#phase === 'dally' && now >= this.#dallyUntil) this.#enter('quiet')
    if (this.#phase === 'offer' || this.#phase === 'receiving') {
      // An unproven peer may be the victim of a forged request: nothing more is sent to it. The same sum as the deadline's: another may be rounded otherwise.
      if (now >= this.#giveUpAt) {
        const waitedMs = now - this.progressAt
        this.#fail(gaveUp(this.#failing(), waitedMs, outOfPlace(this.#oddities)), this.#timer.addressValidated)
      } else if (now >= this.#timer.dueAt) this.#repeat(now)
    }
    this.#arm()
  }

  /**
   * The request that began this came again, and no block yet: the answer was lost. One that has just left is on its way: a second OACK spoils
   * the upload of curl and of U-Boot.
   */
  handleRepeatedRequest(now: number): void {
    const restMs = this.#config.near ? NEAR_ANSWER_AGAIN_MS : FAR_ANSWER_AGAIN_MS
    if (this.#phase === 'offer' && now >= this.#ackAt + restMs) {
      this.#open(now)
      this.#timer.answeredAgain(now)
    }
    this.#arm()
  }

  /** The owner made the file durable after `finish`, or could not store it, whenever that showed. */
  handleStored(now: number, error?: ForesendError): void {
    if (error !== undefined) {
      this.abort(now, error)
      return
    }
    if (this.#phase === 'storing') {
      this.progressAt = now
      this.#dallyUntil = now + this.#dallyMs
      this.#enter('stored')
      this.#sendAck(now)
      this.#sink.ended({ status: 'completed' })
    }
    this.#arm()
  }

  handleUnreachable(_now: number): void {
    // While the flush runs every block is here already: the file is whole, also when the peer has left.
    if (!this.closed && this.#phase !== 'storing') this.#peerEnded(peerGone(this.#failing()))
    this.#arm()
  }

  abort(_now: number, error: ForesendError): void {
    if (this.#phase === 'dally') this.#enter('quiet')
    else if (!this.closed) this.#fail(error, true)
    this.#arm()
  }

  /** Rule R5: a peer that repeats its block is there, and the next ACK may reach it. */
  get #giveUpAt(): number {
    const { giveUpMs, peerTimeoutMs } = this.#config
    const soonest = this.progressAt + this.#giveUpMs
    if (giveUpMs !== undefined) return soonest
    const aliveUntil = this.#heardAt + Math.max(ALIVE_MS, ALIVE_TIMEOUTS * peerTimeoutMs)
    return Math.max(soonest, Math.min(aliveUntil, this.progressAt + MOST_PATIENCE * this.#giveUpMs))
  }

  #open(now: number): void {
    const { oack, acknowledgeRequest } = this.#config
    if (oack !== undefined) {
      this.#ackAt = now
      this.#sink.sendControl(oack, oack.length)
    } else if (acknowledgeRequest) this.#sendAck(now)
  }

  #data(now: number, buffer: Uint8Array, offset: number, length: number): void {
    const payloadBytes = length - HEADER_BYTES
    this.#heardAt = now
    this.counters[COUNTER.datagrams]++
    if (this.#phase === 'storing') {
      // The last block again while the flush runs: its ACK follows by itself.
      this.counters[COUNTER.retransmitted]++
      return
    }
    const block = readBlock(buffer, offset)
    const isOdd = block === 1 && this.#order.isUndecided(this.#stored)
    const evidence = isOdd ? this.#evidence(now, buffer, offset, length) : undefined
    if (this.#phase !== 'dally' && this.#order.isNext(block, this.#stored, evidence)) {
      const { blksize } = this.#config
      if (payloadBytes > blksize) this.#fail(oversizeBlock(this.#failing(), payloadBytes, blksize), true)
      else this.#take(now, buffer, offset + HEADER_BYTES, payloadBytes)
      return
    }
    const seq = this.#order.seqOf(block, this.#stored)
    this.#heard(now, seq)
    const goesOn = this.#goesOn(seq)
    this.#blocksAlone = 0
    if (seq > this.#stored) this.#ahead(now, goesOn, buffer, offset, length)
    else if (seq > 0) this.#again(now, seq, goesOn)
    else this.#ignore(buffer, offset, length)
  }

  #take(now: number, buffer: Uint8Array, offset: number, length: number): void {
    const last = length < this.#config.blksize
    const seq = ++this.#stored
    this.counters[COUNTER.blocks] = seq
    this.counters[COUNTER.bytes] += length
    this.progressAt = now
    this.#oddities?.clear()
    this.#gapAcked = false
    this.#gapSeenAt = -Infinity
    // Block 2 before block 1: the network swapped them, and the client sends windows.
    if (seq === this.#acked + 1) this.#timer.answered(now, seq > 1 || this.#heardSeq === 0)
    else {
      this.#timer.progressed(now)
      this.#blocksAlone = 0
    }
    this.counters[COUNTER.srttMs] = this.#timer.srttMs
    if (seq === 1) {
      this.#firstHash = hashOf(buffer, offset, length)
      this.#sink.notice('started', 1)
    }
    if (this.#stalled) {
      this.#stalled = false
      this.#sink.notice('recovered', seq)
    }
    if (this.#phase === 'offer' && !last) this.#enter('data')
    this.#sink.store(seq, buffer, offset, length)
    // The owner may have aborted from within `store`.
    if (this.closed) return
    if (last) this.#finish()
    else if (seq - this.#acked >= this.#config.windowsize || this.#blocksAlone >= BLOCKS_ALONE) {
      this.#sendAck(now)
      this.#timer.sent(now)
    }
  }

  /**
   * Rule R4: while a window comes in, the block that is asked for may be behind it. What does not go on from the last such block is a repeat by
   * the peer's timer, and postpones nothing.
   */
  #heard(now: number, seq: number): void {
    if (this.#config.windowsize === 1 || seq <= this.#heardSeq) return
    this.#heardSeq = seq
    this.#timer.heard(now)
  }

  /**
   * Rule R4: the rest of a window asks nothing that its first block did not. A block that does not go on from the last one begins another copy of
   * the window, which the sender sent because it heard no ACK.
   */
  #goesOn(seq: number): boolean {
    if (this.#config.windowsize === 1) return false
    if (this.#stored !== this.#uselessStored) this.#copiesAnswered = 0
    const goesOn = this.#stored === this.#uselessStored && seq > this.#uselessSeq
    this.#uselessSeq = seq
    this.#uselessStored = this.#stored
    return goesOn || this.#copiesAnswered >= MOST_COPIES_ANSWERED
  }

  #evidence(now: number, buffer: Uint8Array, offset: number, length: number): Evidence {
    const evidence = {
      isCopy: hashOf(buffer, offset + HEADER_BYTES, length - HEADER_BYTES) === this.#firstHash,
      askedAgain: this.#ackAt > this.#oneAt,
    }
    this.#oneAt = now
    return evidence
  }

  #finish(): void {
    const bytes = this.counters[COUNTER.bytes]
    const announced = this.#config.sizeBytes
    if (announced !== undefined && announced !== bytes) {
      this.#fail(wrongSize(this.#failing(), bytes, announced), true)
      return
    }
    this.#enter('lastBlock')
    this.#sink.finish(bytes)
  }

  /**
   * RFC 7440 §4: a gap is reported by one ACK of the last good block; EDK2 reports every packet and drowns the server. In lock-step the
   * missing block has one reorder time to arrive first: a strict server ends the transfer at an ACK that it does not expect. The block
   * ahead is dropped: to acknowledge it later, behind the missing one, is what a client does that stores blocks in any order, and a
   * sender that takes us for one waits for the ACK of every single block for ever.
   */
  #ahead(now: number, goesOn: boolean, buffer: Uint8Array, offset: number, length: number): void {
    this.#odd(buffer, offset, length)
    if (!this.#timer.addressValidated || this.#phase === 'dally') {
      this.counters[COUNTER.ignored]++
      return
    }
    if (this.#gapAcked && (goesOn || this.#config.windowsize === 1)) return
    if (this.#gapSeenAt === -Infinity) this.#gapSeenAt = now
    const reorderMs = this.#config.windowsize > 1 ? 0 : this.#timer.reorderMs
    const allowedAt = Math.max(this.#gapAckAt + this.#timer.quietMs, this.#gapSeenAt + reorderMs)
    if (now < allowedAt) {
      this.#timer.hurry(allowedAt)
      return
    }
    this.#gapAcked = true
    this.#gapAckAt = now
    this.#copiesAnswered++
    this.#sendAck(now)
    this.#timer.answeredAgain(now)
  }

  /**
   * A block that is stored already: our ACK was lost, or it is late. Not answered when the same ACK has just left, nor in
   * the middle of a window, where an ACK would report a gap that is none.
   */
  #again(now: number, seq: number, goesOn: boolean): void {
    this.counters[COUNTER.retransmitted]++
    this.#timer.cameAgain()
    if (this.#stored !== this.#acked || now < this.#ackAt + this.#timer.quietMs) return
    if (this.#phase === 'dally') {
      if (seq <= this.#stored - this.#config.windowsize) return
      // The ACK of this repeat may be lost like the one before.
      this.#dallyUntil = Math.max(
        this.#dallyUntil,
        Math.min(now + this.#dallyMs, this.progressAt + MOST_DALLIES * this.#dallyMs),
      )
    }
    if (goesOn && now < this.#ackAt + REST_OF_WINDOW_MS) return
    this.#copiesAnswered++
    this.#sendAck(now)
    this.#timer.answeredAgain(now)
  }

  #oackAgain(now: number, buffer: Uint8Array, offset: number, length: number): void {
    this.#odd(buffer, offset, length)
    // A client that has nothing yet: our ACK 0 was lost.
    const ours = this.#config.oack === undefined && this.#config.acknowledgeRequest
    if (!ours || this.#phase !== 'offer' || now < this.#ackAt + this.#timer.crossesMs) {
      this.counters[COUNTER.ignored]++
      return
    }
    this.#sendAck(now)
    this.#timer.answeredAgain(now)
  }

  #repeat(now: number): void {
    if (!this.#stalled && now - this.progressAt >= this.#timer.stallMs) {
      this.#stalled = true
      this.counters[COUNTER.stalls]++
      this.#sink.notice('stalled', this.#stored + 1)
    }
    this.#timer.repeated(now)
    if (this.#config.onlyWhenAsked === true && this.#mayEndNext()) return
    this.counters[COUNTER.timeouts]++
    if (this.#stored === this.#acked + 1 && this.#config.peerRole !== 'server') this.#blocksAlone++
    if (this.#phase === 'offer') this.#open(now)
    else this.#sendAck(now)
  }

  /** Whether the block that is waited for may be the final one, or the first. */
  #mayEndNext(): boolean {
    const { sizeBytes, blksize } = this.#config
    return this.#stored === 0 || sizeBytes === undefined || (this.#stored + 1) * blksize > sizeBytes
  }

  #sendAck(now: number): void {
    this.#acked = this.#stored
    this.#heardSeq = 0
    this.#ackAt = now
    this.counters[COUNTER.acks]++
    writeAck(this.#ack, 0, blockOfSeq(this.#stored, this.#order.rollover))
    this.#sink.sendControl(this.#ack, HEADER_BYTES)
  }

  #peerEnded(error: ForesendError): void {
    if (this.#phase === 'dally') this.#enter('quiet')
    else this.#fail(error, false)
  }

  #fail(error: ForesendError, tell: boolean): void {
    this.#enter('fault')
    if (tell) {
      const packet = encodeErrorFor(error)
      this.#sink.sendControl(packet, packet.length)
    }
    this.#sink.ended({ status: 'failed', error })
  }

  #failing(): Failing {
    return { label: this.#config.label, peer: this.#config.peerRole ?? 'client', stored: this.#stored }
  }

  #ignore(buffer: Uint8Array, offset: number, length: number): void {
    this.counters[COUNTER.ignored]++
    this.#odd(buffer, offset, length)
  }

  #odd(buffer: Uint8Array, offset: number, length: number): void {
    this.#oddities ??= new Oddities()
    this.#oddities.note(buffer, offset, length)
  }

  #enter(cause: ReceiverCause): void {
    this.#phase = step(RECEIVER_TRANSITIONS, this.#phase, cause)
  }

  #arm(): void {
    let at = Infinity
    if (this.#phase === 'offer' || this.#phase === 'receiving') {
      at = Math.min(this.#timer.dueAt, this.#giveUpAt)
    } else if (this.#phase === 'dally') at = this.#dallyUntil
    this.#sink.deadline(at)
  }
}

/** FNV-1a of the length and the first bytes: enough to tell two blocks apart, cheap enough for any block. */
function hashOf(buffer: Uint8Array, offset: number, length: number): number {
  let hash = 0x811c9dc5 ^ length
  for (let i = offset, end = offset + Math.min(length, COMPARED_BYTES); i < end; i++) {
    hash = Math.imul(hash ^ buffer[i], 0x01000193)
  }
  return hash
}
