/**
 * All that a sender knows, as one plain record. The rules are functions of it: individual.ts (rules A1 to A14), cumulative.ts
 * (N1 to N4), recovery.ts, order.ts, hold.ts, window.ts. What they decide leaves through transmit.ts.
 *
 * Block numbers are seqs from 1; times are milliseconds of the owner's `now`.
 */
import type { ErrorCode } from '../error.ts'
import { newCounters, type KnownDevice, type PeerRole, type SenderSink, type WindowPolicy } from './contract.ts'
import type { Allowance } from './allowance.ts'
import type { FirstContact } from './first-contact.ts'
import type { Oddities } from './oddities.ts'
import type { OrderSearch } from './order-search.ts'
import type { SenderPhase } from './phases.ts'
import { rarelyChanged } from './rarely-changed.ts'
import { type FirstRoundTrip, Rto } from './rto.ts'
import { newScoreboard, type Scoreboard } from './scoreboard.ts'
import { NO_TIMERS, type SenderTimers } from './timers.ts'
import type { Windows } from './windows.ts'
import { nearWrap } from './wrap.ts'

/** A text that is made only where a message needs it. */
export interface Label {
  toString(): string
}

export interface SenderConfig extends KnownDevice {
  /** Bytes of the whole image; a last block of 0 bytes follows a multiple of blksize (RFC 1350 §6). */
  readonly sizeBytes: number
  readonly blksize: number
  readonly rollover: 0 | 1
  /** The encoded OACK to begin with; undefined begins with DATA 1. */
  readonly oack: Uint8Array | undefined
  readonly near: boolean
  /** Of a write that we asked for: the policy of the window that the server agreed to. That of the sender begins (rule N5). */
  readonly otherPolicy?: WindowPolicy | undefined
  /** Of a write that we asked for (rule R4). */
  readonly firstRoundTrip?: FirstRoundTrip | undefined
  /** The client's own retransmission timer in milliseconds. */
  readonly clientTimeoutMs: number
  /** The peer has already answered us (a client's WRQ), so that rule A5 does not limit repeats (RFC 9000 §8 calls this address validation). */
  readonly addressValidated: boolean
  /** For messages: `"file" to 10.0.0.1:2070`, or what says so when it is asked. */
  readonly label: Label
  /** What the peer is called in messages; a client by default. */
  readonly peerRole?: PeerRole
  /** What limits the bytes that leave in a time; without one nothing does. */
  readonly allowance?: Allowance
}

/** Why a rule ends the transfer. */
export interface Failure {
  readonly code: ErrorCode
  readonly reason: string
}

/** Two answers to repeats make a client one that answers them; a single one may be the network's duplicate. */
export const ECHOES = 2
/** Stalls that ended with a plain repeat although a nudge was tried: this many in a row make nudges rare. */
const PLAIN_ENDS = 2

/** What a transfer changes only once a packet of it is lost, or once it is served in another way than block by block. */
const RARE = {
  /** Where ACKs are cumulative: the block that was left out when the one after it left (rule N4); 0 for none. */
  withheld: 0,
  /** Until then what would leave waits for its allowance: the silence of the client is our own. */
  withheldUntil: -Infinity,
  /** The first unacknowledged block timed out: what left until then and is not acknowledged counts as lost. */
  lostBefore: -Infinity,

  // Deadlines: see timers.ts.

  heldUntil: NO_TIMERS.heldUntil,
  nudgeAt: NO_TIMERS.nudgeAt,
  paceAt: NO_TIMERS.paceAt,
  stuckAt: NO_TIMERS.stuckAt,
  burstAt: NO_TIMERS.burstAt,
  lingerUntil: NO_TIMERS.lingerUntil,

  // Silence.

  /** Timeouts since the last progress. */
  timeouts: 0,
  /** Doublings that outlive a repeated block, until a round trip is measured again (Karn). */
  backoff: 0,
  everTimedOut: false,
  /** How long the client was silent before it went on by itself; while no round trip is known, what its answers took at most. 0: neither is known (rule A6). */
  pauseMs: 0,
  /** Of blocks that were repeated once: how long after that the last one was answered, how many in a row took as long, and how long the first of them had waited for its repeat (rule A6). */
  answerMs: 0,
  likeAnswers: 0,
  likeWaitMs: 0,
  /** Datagrams that asked a silent client where it is, and when the last of them left (questions.ts). */
  asked: 0,

  // A paced run that waits for its turn: blocks paceSeq .. paceEnd - 1; of the first one paceCopy copies left already. Those below paceApartEnd
  // are paceGapMs apart, the others as far as the policy says.

  paceSeq: 0,
  paceEnd: 0,
  paceCopy: 0,
  paceGapMs: 0,
  paceApartEnd: 0,

  // What the client was seen to do. Rules A7, A10, A13.

  /** It answered a block that it did not ask for with an ERROR. */
  refused: false,
  answersRepeats: false,
  answersNudges: false,
  /** Stalls in a row that a plain repeat ended although nudges were tried: it answers repeats, or lost what was sent. */
  plainEnds: 0,
  /** This many of them make nudges rare. */
  plainEndsNeeded: PLAIN_ENDS,
  /** A stall of an in-order client was ended by the next block (A7's last resort). */
  probesWork: false,
  echoes: 0,
  echoesNeeded: ECHOES,
  countsRepeats: false,
  /** Repeated blocks that were watched after their ACK (rule A13). */
  watched: 0,

  /** Stalls that a repeat of the first unacknowledged block ended (DATA is lost), less those that one of a later block ended (ACKs are), within bounds. */
  firstHelps: 0,

  // What was sent out of turn last, and why.

  /** The client named the block before this one although later ones had left: it lacks this one. */
  lacks: 0,
  /** The other block of the last nudge, and when it left. */
  partner: 0,
  nudgedAt: -Infinity,
  /** A block left that the client cannot expect. */
  unaskedAt: -Infinity,
  refusedAt: 0,
  /** Questions that left one right behind the other ended a silence: a link of the client falls asleep. */
  runsHelp: false,
  /** Nudges of the present stall that brought nothing. */
  unanswered: 0,
  /** The block for which a filler went out. */
  filledFor: 0,

  /** How far an anticipated window runs ahead (window.ts). */
  aheadLimit: Infinity,
}

export class SenderState extends rarelyChanged(RARE) implements SenderTimers {
  readonly sizeBytes: number
  readonly blksize: number
  readonly rollover: 0 | 1
  readonly near: boolean
  readonly clientTimeoutMs: number
  readonly label: Label
  readonly peer: PeerRole
  /** The device was served before, and was not seen to pause: its first timeout need not be a long one (rule A6). */
  known: boolean
  /** It counts repeats as new blocks: nothing is repeated before its own timer has spoken (rule A13). */
  readonly patient: boolean
  /** It may count repeats: nothing leaves but the block that it is asked for (rule A13). */
  readonly mayCountRepeats: boolean
  policy: WindowPolicy
  readonly allowance: Allowance | undefined
  readonly sink: SenderSink
  readonly counters = newCounters()
  /** Blocks of the file, the final short one included. */
  readonly lastSeq: number
  /** The file is long enough for block numbers to begin again (rule A12). */
  readonly wraps: boolean
  readonly rto = new Rto()
  phase: SenderPhase
  /** Until the client has acknowledged it. */
  oack: Uint8Array | undefined
  /** The peer has answered us from its address (rule A5). */
  addressValidated: boolean
  /** A rule ends the transfer with this. */
  failure: Failure | undefined
  /** What had no place in the transfer since the last progress; made when the first such datagram comes. */
  oddities: Oddities | undefined

  // What is acknowledged, and what is out.

  /** The lowest block that is not confirmed; `lastSeq + 1` when all are. */
  firstUnacked = 1
  /** The highest acknowledged block. */
  highestAcked = 0
  /** The lowest block that never left in its turn. Only transmit.ts writes it. */
  nextToSend = 1
  /** Blocks below this left because the window allowed it, not ahead of it. Only transmit.ts writes it. */
  endInTurn = 1
  /** The highest block that ever left. */
  highestSent = 0
  /** One mark for each block in flight; empty where ACKs are cumulative. */
  board: Scoreboard
  /** The block that was sent again last; 0 for none. */
  lastRepeat = 0
  /** DATA was sent again for whatever reason: after that the final ACK alone is no proof (rule A13). */
  repeated = false

  // When things happened.

  startedAt = 0
  /** Something new was confirmed. */
  progressAt = 0
  /** The last packet of the client came. */
  heardAt = 0
  /** The last DATA left. */
  lastSentAt = 0

  // Deadlines: see timers.ts.

  contactAt = NO_TIMERS.contactAt
  retryAt = NO_TIMERS.retryAt

  // Silence.

  /** Repeats of the OACK or of DATA 1 (rule A5). */
  contactRepeats = 0
  /** The present stall has had its event. */
  stalled = false
  /** When the last datagrams that asked a silent client where it is left (questions.ts). */
  askedAt: Float64Array = NONE_ASKED

  /** What is known of the order in which the client takes blocks; made with the first question or proof. */
  order: OrderSearch | undefined

  // What was sent out of turn last, and why.

  lastAction: 'ack' | 'resend' | 'nudge' | 'probe' = 'ack'
  /** The block that was sent again last by a rule, and when. */
  repeatSeq = 0
  repeatAt = -Infinity
  /** The block that was acknowledged last for the first time, and when. */
  freshSeq = 0
  freshAt = -Infinity
  /** Datagrams that the client did not ask for, and that it may still answer with an ERROR each. */
  unaskedLeft = 0

  /** Acknowledged since the last drop of an anticipated window (window.ts). */
  cleanBlocks = 0

  /** Rule N5: the policy that is not in force now; undefined when none is left to choose from. */
  otherPolicy: WindowPolicy | undefined
  /** Of windows that the client negotiated; undefined otherwise. */
  windows: Windows | undefined

  constructor(config: SenderConfig, policy: WindowPolicy, sink: SenderSink) {
    super()
    this.sizeBytes = config.sizeBytes
    this.blksize = config.blksize
    this.rollover = config.rollover
    this.near = config.near
    this.clientTimeoutMs = config.clientTimeoutMs
    this.label = config.label
    this.peer = config.peerRole ?? 'client'
    this.known = config.known ?? false
    this.patient = config.patient ?? false
    this.mayCountRepeats = config.mayCountRepeats ?? false
    this.oack = config.oack
    this.addressValidated = config.addressValidated
    this.policy = policy
    this.allowance = config.allowance
    this.sink = sink
    this.lastSeq = Math.floor(config.sizeBytes / config.blksize) + 1
    this.wraps = nearWrap(this.lastSeq, config.rollover) || this.lastSeq > 0xffff
    this.board = policy.cumulative ? NO_BOARD : newScoreboard(policy.windowBlocks)
    this.otherPolicy = config.otherPolicy
    this.phase = config.oack === undefined ? 'first' : 'offer'
  }
}

/** Where ACKs are cumulative no block has a mark. */
export const NO_BOARD: Scoreboard = []
const NONE_ASKED = new Float64Array(0)

/** A rule ends the transfer. */
export function fail(s: SenderState, code: ErrorCode, reason: string): void {
  s.failure ??= { code, reason }
}

/** For the timetable of rule A5. */
export function contactOf({ near, clientTimeoutMs, policy }: SenderState): FirstContact {
  return { near, clientTimeoutMs, strictMs: policy.nudges ? undefined : clientTimeoutMs }
}
