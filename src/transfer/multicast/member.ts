/**
 * A client of a group, at the server: the machine of its transfer. What the client says comes here, OACKs go to it alone, and blocks that
 * it asks for go to the whole group (the owner sends them there).
 *
 * ACK n asks for block n + 1 and says that the client has everything up to n: it is the block before the first that the client lacks
 * (RFC 2090). That counts only while the client was asked for it by an OACK that lets it lead.
 *
 * **Invariant:** a transfer is completed without reserve only when its client acknowledged the last block in answer to such an OACK, and
 * every block has left for the group since the client joined. A client that said so unasked is asked; one that does not answer then is
 * unconfirmed.
 */
import type { ForesendError } from '../../error.ts'
import { encodeErrorFor, HEADER_BYTES, OPCODE, type Option, readBlock, readOpcode } from '../../packet/index.ts'
import type { Allowance } from '../allowance.ts'
import { COUNTER, type Machine, newCounters, type Outcome, type SenderSink } from '../contract.ts'
import { peerError, peerGone } from '../receiver-faults.ts'
import { BlockSet } from './block-set.ts'
import { groupOack } from './group-agreement.ts'
import { neverOffered, silentLeader } from './member-faults.ts'
import type { MulticastSession, SessionMember } from './session.ts'

export interface MemberConfig {
  readonly session: MulticastSession<GroupMember>
  readonly sizeBytes: number
  readonly blksize: number
  /** What is agreed, as it stands in OACKs but for who leads. */
  readonly oack: readonly Option[]
  readonly near: boolean
  /** "file to 10.0.0.1:2070", escaped already, for messages. */
  readonly label: string
  readonly allowance?: Allowance
}

/** Milliseconds before the first repeat; each next one waits twice as long, up to the most. */
const REPEAT_MS = { near: 250, far: 1000, most: 2000 }
/** Repeats to a client that leads: some six seconds, longer than the timer of every client that is known. */
const MAX_REPEATS = 5
/** To a client that has never answered: with the first OACK, the one that lets it lead and an ERROR these are as many as rule A5 allows. */
const MAX_REPEATS_UNPROVEN = { near: 4, far: 2 }
/** To a client that said unasked that it has everything: it has probably gone. */
const MAX_CHECKS = 2
/** Of a leader, where the next one waits for its turn. */
const MAX_REPEATS_SWITCHING = 1
/** An OACK has just left, and a request that came again crossed it. */
const ANSWER_AGAIN_MS = 150

type Phase = 'listening' | 'asked' | 'sending' | 'closed'

export class GroupMember implements Machine, SessionMember {
  readonly counters = newCounters()
  progressAt = 0

  readonly #config: MemberConfig
  readonly #sink: SenderSink
  readonly #lastSeq: number
  /** Blocks that left for the group since this client joined: it cannot have others. */
  readonly #offered: BlockSet
  #phase: Phase = 'listening'
  /** It was told that it leads, and no later OACK took that back. */
  #leads = false
  /** It acknowledged the last block while another client led. */
  #claimed = false
  #heard = false
  /** The block that left last because this client asked for it. */
  #next = 0
  /** The block waits for the allowance. */
  #isHeld = false
  #repeats = 0
  #dueAt = Infinity
  #askedAt = -Infinity
  /** When what is repeated left first. */
  #since = 0
  /** Turns that ended in silence. */
  #silences = 0

  constructor(config: MemberConfig, sink: SenderSink) {
    this.#config = config
    this.#sink = sink
    this.#lastSeq = Math.floor(config.sizeBytes / config.blksize) + 1
    this.#offered = new BlockSet(this.#lastSeq)
    this.counters[COUNTER.windowBlocks] = 1
  }

  get closed(): boolean {
    return this.#phase === 'closed'
  }

  get halfOpen(): boolean {
    return !this.#heard
  }

  /** It waits for its turn: silence says nothing of its client. */
  get silent(): boolean {
    return this.#phase === 'listening'
  }

  start(now: number): void {
    const { session } = this.#config
    this.progressAt = now
    session.join(this)
    if (session.leads(this)) this.#lead(now)
    else this.#sendOack(now, false)
    this.#arm(now)
  }

  handleDatagram(now: number, buffer: Uint8Array, offset: number, length: number): void {
    const opcode = readOpcode(buffer, offset, length)
    if (this.closed) this.counters[COUNTER.ignored]++
    else if (opcode === OPCODE.ack && length >= HEADER_BYTES) this.#ack(now, readBlock(buffer, offset))
    else if (opcode === OPCODE.error) this.#fail(now, peerError(this.#failing(), buffer, offset, length), false)
    else this.counters[COUNTER.ignored]++
    this.#arm(now)
  }

  handleTimer(now: number): void {
    if (!this.closed) {
      if (!this.#leads && this.#config.session.leads(this)) this.#lead(now)
      else if (now >= this.#dueAt) this.#due(now)
    }
    this.#arm(now)
  }

  /** The request came again before anything else: the OACK was lost. */
  handleRepeatedRequest(now: number): void {
    if (!this.closed && now >= this.#askedAt + ANSWER_AGAIN_MS) this.#sendOack(now, this.#phase === 'asked')
    this.#arm(now)
  }

  handleUnreachable(now: number): void {
    if (!this.closed) this.#gone(now, peerGone(this.#failing()), false)
    this.#arm(now)
  }

  abort(now: number, error: ForesendError): void {
    if (!this.closed) this.#fail(now, error, true)
    this.#arm(now)
  }

  wake(now: number): void {
    if (!this.closed) this.#sink.deadline(now)
  }

  offered(seq: number): void {
    this.#offered.add(seq)
  }

  /** The owner lets go of the transfer, whatever ended it. */
  leave(now: number): void {
    this.#phase = 'closed'
    this.#config.session.leave(now, this)
  }

  #ack(now: number, seq: number): void {
    this.counters[COUNTER.acks]++
    this.#heard = true
    if (seq > this.#lastSeq) {
      this.counters[COUNTER.ignored]++
    } else if (this.#phase === 'listening') {
      this.counters[COUNTER.staleAcks]++
      // One that acknowledges each block that it hears says the same, with most of them missing.
      if (seq === this.#lastSeq && seq < this.#offered.firstMissing) this.#check(now)
    } else if (seq >= this.#offered.firstMissing) {
      this.#fail(now, neverOffered(this.#config.label, seq, this.#offered.firstMissing), true)
    } else if (seq === this.#lastSeq) {
      this.#confirm(now, seq)
      this.#end(now, { status: 'completed' })
    } else if (!this.#leads) {
      // It lacks something after all, and takes itself for the leader.
      this.#claimed = false
      this.#listen()
      this.#sendOack(now, false)
    } else if (this.#phase === 'asked' || seq >= this.#next) {
      this.#confirm(now, seq)
      this.#send(now, seq + 1)
    } else {
      // The block that it asks for is on its way: another one for each repeat is the Sorcerer's Apprentice.
      this.counters[COUNTER.staleAcks]++
    }
  }

  /** It says that it has everything, and was not asked. */
  #check(now: number): void {
    this.#claimed = true
    this.#ask(now)
  }

  #lead(now: number): void {
    this.#leads = true
    this.#ask(now)
  }

  #listen(): void {
    this.#phase = 'listening'
    this.#leads = false
    this.#isHeld = false
    this.#dueAt = Infinity
  }

  #ask(now: number): void {
    this.#phase = 'asked'
    this.#isHeld = false
    this.#repeats = 0
    this.#since = now
    this.#sendOack(now, true)
    this.#dueAt = now + this.#repeatMs()
  }

  #send(now: number, seq: number): void {
    this.#phase = 'sending'
    this.#next = seq
    this.#repeats = 0
    this.#since = now
    this.counters[COUNTER.blocks]++
    const { allowance, blksize } = this.#config
    const waitMs = allowance?.spend(now, blksize) ?? 0
    this.#isHeld = waitMs > 0
    this.#dueAt = now + waitMs
    if (!this.#isHeld) this.#transmit(now)
  }

  #transmit(now: number): void {
    this.#isHeld = false
    this.counters[COUNTER.datagrams]++
    this.#dueAt = now + this.#repeatMs()
    this.#config.session.sends(this.#next)
    this.#sink.sendBlocks(this.#next, 1)
  }

  #due(now: number): void {
    if (this.#isHeld) return this.#transmit(now)
    this.counters[COUNTER.timeouts]++
    this.#repeats++
    const { session, label } = this.#config
    if (this.#repeats > this.#mostRepeats()) {
      this.#gone(now, silentLeader(label, now - this.#since), true)
    } else if (this.#mayPassOn() && session.passOn(now, this)) {
      this.#silences++
      this.#listen()
      this.#sendOack(now, false)
    } else if (this.#phase === 'asked') {
      this.#sendOack(now, true)
      this.#dueAt = now + this.#repeatMs()
    } else {
      this.counters[COUNTER.retransmitted]++
      this.#transmit(now)
    }
  }

  #mayPassOn(): boolean {
    const { switches } = this.#config.session
    // One that has never answered gets no further turn: it may be the victim of a forged request.
    return (
      this.#leads && this.#heard && switches && this.#repeats > MAX_REPEATS_SWITCHING && this.#silences < MAX_REPEATS
    )
  }

  #mostRepeats(): number {
    if (!this.#leads) return MAX_CHECKS
    if (this.#heard) return MAX_REPEATS
    return this.#config.near ? MAX_REPEATS_UNPROVEN.near : MAX_REPEATS_UNPROVEN.far
  }

  #repeatMs(): number {
    const { near } = this.#config
    return Math.min(REPEAT_MS.most, (near ? REPEAT_MS.near : REPEAT_MS.far) * 2 ** this.#repeats)
  }

  /** The client has every block up to `seq`. */
  #confirm(now: number, seq: number): void {
    const { sizeBytes, blksize } = this.#config
    this.progressAt = now
    this.#silences = 0
    this.counters[COUNTER.bytes] = Math.max(this.counters[COUNTER.bytes], Math.min(sizeBytes, seq * blksize))
  }

  #sendOack(now: number, isMaster: boolean): void {
    const { session, oack } = this.#config
    const packet = groupOack(oack, session.group, isMaster)
    this.#askedAt = now
    this.#sink.sendControl(packet, packet.length)
  }

  /** Nothing comes from it any more. What it said before is all that is known. */
  #gone(now: number, error: ForesendError, tell: boolean): void {
    if (!this.#claimed) return this.#fail(now, error, tell)
    const cameInstead = `ACK ${this.#lastSeq} before it was asked for`
    this.#end(now, { status: 'completed', lastAck: 'missing', cameInstead })
  }

  #fail(now: number, error: ForesendError, tell: boolean): void {
    if (tell) {
      const packet = encodeErrorFor(error)
      this.#sink.sendControl(packet, packet.length)
    }
    this.#end(now, { status: 'failed', error })
  }

  #end(now: number, outcome: Outcome): void {
    this.leave(now)
    this.#sink.ended(outcome)
  }

  #failing() {
    return { label: this.#config.label, peer: 'client' as const, stored: Math.max(0, this.#next - 1) }
  }

  #arm(now: number): void {
    if (this.closed) this.#sink.deadline(Infinity)
    else if (!this.#leads && this.#config.session.leads(this)) this.#sink.deadline(now)
    else this.#sink.deadline(this.#dueAt)
  }
}
