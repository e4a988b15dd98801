/**
 * A client's end of a transfer to a group (RFC 2090): takes blocks in any order, keeps account of those that are missing, and asks for
 * them when the server lets it lead.
 *
 * **Invariant:** `store` is called once for each block, in any order, and `finish` once, when none is missing.
 */
import type { ForesendError } from '../../error.ts'
import { encodeErrorFor, HEADER_BYTES, OPCODE, parseOack, readBlock, readOpcode, writeAck } from '../../packet/index.ts'
import { COUNTER, type Machine, newCounters, type ReceiverSink } from '../contract.ts'
import { Oddities, outOfPlace } from '../oddities.ts'
import { type Failing, gaveUp, oversizeBlock, peerError, peerGone, wrongSize } from '../receiver-faults.ts'
import { BlockSet } from './block-set.ts'
import { MAX_GROUP_BLOCKS } from './group-agreement.ts'
import { type GroupAddress, MULTICAST, parseGroupOption } from './group-option.ts'
import { noGroupBlock } from './member-faults.ts'

export interface GroupReceiverConfig {
  readonly group: GroupAddress
  /** The server's answer lets it lead. */
  readonly isMaster: boolean
  readonly blksize: number
  /** What the server announced, where that is exact. */
  readonly sizeBytes: number | undefined
  /** "file from 10.0.0.1:69", already escaped, for messages. */
  readonly label: string
  /** Milliseconds without a block before giving up; 30 s by default. */
  readonly giveUpMs?: number
  /** Milliseconds to stay after the end, for a server that asks once more; for a client that leads. */
  readonly dallyMs?: number
}

/** Rule A14: slow devices of a group get this long. */
const GIVE_UP_MS = 30_000
/** The leader's ACK is repeated after this, twice as long each time up to the most: a server that is well repeats its block earlier. */
const ACK_AGAIN_MS = { first: 1000, most: 4000 }
const DALLY_MS = 1100
/** A client that does not lead is asked whether it has everything before the server believes that; its own ACK may be lost on its way. */
const LISTENER_DALLY_MS = 3500
/** After the answer to that. */
const ANSWERED_DALLY_MS = 300

type Phase = 'receiving' | 'storing' | 'dally' | 'closed'

export class GroupReceiver implements Machine {
  readonly counters = newCounters()
  readonly halfOpen = false
  progressAt = 0

  readonly #config: GroupReceiverConfig
  readonly #sink: ReceiverSink
  readonly #blocks = new BlockSet(MAX_GROUP_BLOCKS)
  readonly #ack = new Uint8Array(HEADER_BYTES)
  #phase: Phase = 'receiving'
  #leads: boolean
  /** 0 until it is known. */
  #lastSeq = 0
  /** Payload of the last block. */
  #lastBytes = 0
  /** When something of the server came that was of use. */
  #heardAt = 0
  #ackAgainAt = Infinity
  #ackAgainMs = ACK_AGAIN_MS.first
  #dallyUntil = Infinity
  readonly #oddities = new Oddities()

  constructor(config: GroupReceiverConfig, sink: ReceiverSink) {
    this.#config = config
    this.#sink = sink
    this.#leads = config.isMaster
    const { sizeBytes, blksize } = config
    if (sizeBytes !== undefined) {
      this.#lastSeq = Math.floor(sizeBytes / blksize) + 1
      this.#lastBytes = sizeBytes - (this.#lastSeq - 1) * blksize
    }
    this.counters[COUNTER.windowBlocks] = 1
  }

  get closed(): boolean {
    return this.#phase === 'closed'
  }

  start(now: number): void {
    this.progressAt = now
    this.#heardAt = now
    this.#sendAck(now)
    this.#arm()
  }

  handleDatagram(now: number, buffer: Uint8Array, offset: number, length: number): void {
    const opcode = readOpcode(buffer, offset, length)
    if (this.closed) this.counters[COUNTER.ignored]++
    else if (opcode === OPCODE.data && length >= HEADER_BYTES) this.#data(now, buffer, offset, length)
    else if (opcode === OPCODE.oack) this.#oack(now, buffer, offset, length)
    else if (opcode === OPCODE.error) this.#peerError(now, buffer, offset, length)
    else this.#ignore(buffer, offset, length)
    this.#arm()
  }

  handleTimer(now: number): void {
    if (this.#phase === 'receiving' && now >= this.#heardAt + this.#giveUpMs) this.#giveUp(now)
    else if (this.#phase === 'dally' && now >= this.#dallyUntil) this.#phase = 'closed'
    else if (!this.closed && now >= this.#ackAgainAt) {
      this.counters[COUNTER.timeouts]++
      this.#ackAgainMs = Math.min(ACK_AGAIN_MS.most, this.#ackAgainMs * 2)
      this.#sendAck(now)
    }
    this.#arm()
  }

  /** Every block is durable, or `error` says why not. */
  handleStored(now: number, error?: ForesendError): void {
    if (error !== undefined) return this.abort(now, error)
    if (this.#phase === 'storing') {
      this.#phase = 'dally'
      this.#dallyUntil = now + (this.#leads ? (this.#config.dallyMs ?? DALLY_MS) : LISTENER_DALLY_MS)
      this.#ackAgainMs = ACK_AGAIN_MS.first
      // RFC 2090: a client ends with an ACK of the last block, whether it leads or not.
      this.#sendAck(now)
      this.#sink.ended({ status: 'completed' })
    }
    this.#arm()
  }

  handleUnreachable(_now: number): void {
    if (this.#phase === 'receiving') this.#peerEnded(peerGone(this.#failing()))
    this.#arm()
  }

  abort(_now: number, error: ForesendError): void {
    if (this.#phase === 'dally') this.#phase = 'closed'
    else if (!this.closed) this.#fail(error, true)
    this.#arm()
  }

  #data(now: number, buffer: Uint8Array, offset: number, length: number): void {
    const seq = readBlock(buffer, offset)
    const bytes = length - HEADER_BYTES
    this.counters[COUNTER.datagrams]++
    if (this.#phase !== 'receiving' || (seq > 0 && this.#blocks.has(seq))) return this.#again(now)
    if (bytes > this.#config.blksize) {
      return this.#fail(oversizeBlock(this.#failing(), bytes, this.#config.blksize), true)
    }
    if (seq === 0 || (this.#lastSeq > 0 && seq > this.#lastSeq)) return this.#ignore(buffer, offset, length)
    if (!this.#fits(seq, bytes)) {
      const end = (seq - 1) * this.#config.blksize + bytes
      return this.#fail(
        wrongSize(this.#failing(), end, this.#config.sizeBytes ?? this.#blocks.highest * this.#config.blksize),
        true,
      )
    }
    this.#take(now, seq, buffer, offset + HEADER_BYTES, bytes)
  }

  /** Whether a block of this length can stand there. The first short one is the last. */
  #fits(seq: number, bytes: number): boolean {
    if (this.#lastSeq === 0 && bytes < this.#config.blksize) {
      if (this.#blocks.highest > seq) return false
      this.#lastSeq = seq
      this.#lastBytes = bytes
    }
    return bytes === (seq === this.#lastSeq ? this.#lastBytes : this.#config.blksize)
  }

  #take(now: number, seq: number, buffer: Uint8Array, offset: number, length: number): void {
    this.#blocks.add(seq)
    this.counters[COUNTER.blocks]++
    this.counters[COUNTER.bytes] += length
    this.progressAt = now
    this.#heardAt = now
    this.#ackAgainMs = ACK_AGAIN_MS.first
    this.#oddities.clear()
    if (this.counters[COUNTER.blocks] === 1) this.#sink.notice('started', seq)
    this.#sink.store(seq, buffer, offset, length)
    // The owner may have aborted from within `store`.
    if (this.closed) return
    if (this.#lastSeq > 0 && this.#blocks.firstMissing > this.#lastSeq) {
      this.#phase = 'storing'
      this.#sink.finish(this.counters[COUNTER.bytes])
    } else if (this.#leads) this.#sendAck(now)
  }

  /** A block that is here, or one of others while the end is dealt with. The server repeats what the leader asked for when the ACK was lost. */
  #again(now: number): void {
    this.counters[COUNTER.retransmitted]++
    if (this.#phase === 'receiving') this.#heardAt = this.#leads ? this.#heardAt : now
    if (this.#leads && this.#phase !== 'storing') this.#sendAck(now)
  }

  /** Who leads has changed, or the server asks again. */
  #oack(now: number, buffer: Uint8Array, offset: number, length: number): void {
    const parsed = parseOack(buffer, offset, length)
    const option = parsed.ok ? parsed.value.find(({ name }) => name === MULTICAST) : undefined
    const answer = option === undefined ? undefined : parseGroupOption(option.value)
    if (answer === undefined) return this.#ignore(buffer, offset, length)
    this.#leads = answer.isMaster
    this.#heardAt = now
    if (this.#phase === 'storing') return
    if (this.#phase === 'dally' && this.#leads) {
      this.#sendAck(now)
      this.#ackAgainAt = Infinity
      this.#dallyUntil = now + ANSWERED_DALLY_MS
    } else if (this.#leads) this.#sendAck(now)
    else if (this.#phase === 'receiving') this.#ackAgainAt = Infinity
  }

  /** The block before the first that is missing. */
  #sendAck(now: number): void {
    this.counters[COUNTER.acks]++
    writeAck(this.#ack, 0, this.#blocks.firstMissing - 1)
    this.#sink.sendControl(this.#ack, HEADER_BYTES)
    this.#ackAgainAt = this.#leads || this.#phase === 'dally' ? now + this.#ackAgainMs : Infinity
  }

  #giveUp(now: number): void {
    const waitedMs = now - this.#heardAt
    if (this.#isDeaf) this.#fail(this.#noBlock(now), true)
    else this.#fail(gaveUp(this.#failing(), waitedMs, outOfPlace(this.#oddities)), true)
  }

  /** A server that sent block after block in vain gives up first, and cannot know why. */
  #peerError(now: number, buffer: Uint8Array, offset: number, length: number): void {
    const isInVain = this.#isDeaf && this.#leads && now > this.progressAt + ACK_AGAIN_MS.first
    this.#peerEnded(isInVain ? this.#noBlock(now) : peerError(this.#failing(), buffer, offset, length))
  }

  get #isDeaf(): boolean {
    return this.counters[COUNTER.blocks] === 0
  }

  #noBlock(now: number): ForesendError {
    const { group, label } = this.#config
    return noGroupBlock(label, `${group.address} port ${group.port}`, now - this.progressAt)
  }

  get #giveUpMs(): number {
    return this.#config.giveUpMs ?? GIVE_UP_MS
  }

  #peerEnded(error: ForesendError): void {
    if (this.#phase === 'dally') this.#phase = 'closed'
    else if (this.#phase === 'receiving') this.#fail(error, false)
  }

  #fail(error: ForesendError, tell: boolean): void {
    this.#phase = 'closed'
    if (tell) {
      const packet = encodeErrorFor(error)
      this.#sink.sendControl(packet, packet.length)
    }
    this.#sink.ended({ status: 'failed', error })
  }

  #failing(): Failing {
    return { label: this.#config.label, peer: 'server', stored: this.counters[COUNTER.blocks] }
  }

  #ignore(buffer: Uint8Array, offset: number, length: number): void {
    this.counters[COUNTER.ignored]++
    this.#oddities.note(buffer, offset, length)
  }

  #arm(): void {
    let at = Infinity
    if (this.#phase === 'receiving') at = Math.min(this.#ackAgainAt, this.#heardAt + this.#giveUpMs)
    else if (this.#phase === 'dally') at = Math.min(this.#ackAgainAt, this.#dallyUntil)
    this.#sink.deadline(at)
  }
}
