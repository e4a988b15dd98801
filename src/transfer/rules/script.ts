/**
 * For the tests of the sender's rules: a sender, a clock, and a peer whose every packet the test writes down. What the
 * contract promises of every input is checked on the way: `deadline` comes last, `ended` once, nothing leaves afterwards.
 */
import { blockOfSeq, encodeError, parseError, readOpcode, OPCODE, writeAck } from '../../packet/index.ts'
import type { NoticeKind, Outcome, SenderSink, WindowPolicy } from '../contract.ts'
import { anticipation } from '../policy/anticipation.ts'
import { Sender, type SenderConfig } from '../sender.ts'

export interface ScriptOptions extends Partial<Omit<SenderConfig, 'sizeBytes'>> {
  /** Blocks of the file; the last one is shorter than the others. */
  readonly blocks: number
  /** Lock-step with nudges unless given. */
  readonly policy?: WindowPolicy
  /** Answers each DATA with the ACK of the block that it returns, one round trip later. */
  readonly peer?: (seq: number) => number | undefined
}

export const BLKSIZE = 512
export const RTT_MS = 1

/** Times are exact in binary as long as the script's are: no test depends on how a sum is rounded. */
const ORIGIN_MS = 2 ** 16
/** More timer calls than this without time going on is spinning. */
const MOST_CALLS_AT_ONCE = 16

export class Script implements SenderSink {
  readonly machine: Sender
  readonly policy: WindowPolicy
  readonly notices: NoticeKind[] = []
  /** What left besides DATA, and not taken yet: `OACK`, `ERROR 0`, `filler`. */
  controls: string[] = []
  outcome: Outcome | undefined
  /** Milliseconds after the start at which it ended. */
  endedAt = Number.NaN
  /** Milliseconds after the start at which the sender wants its timer. */
  due = Infinity
  /** Milliseconds after the start. */
  now = 0
  /** The highest block that left. */
  highest = 0
  /** The highest block that the peer has acknowledged. */
  acknowledged = 0
  readonly #rollover: 0 | 1
  readonly #peer: ((seq: number) => number | undefined) | undefined
  readonly #answers: { at: number; seq: number }[] = []
  readonly #packet = new Uint8Array(4)
  #log: { at: number; seq: number }[] = []
  #settled = true

  constructor(options: ScriptOptions) {
    const { blocks, policy, peer, ...config } = options
    this.policy = policy ?? anticipation({ windowBlocks: 1 })
    this.#peer = peer
    this.#rollover = config.rollover ?? 0
    this.machine = new Sender(
      {
        sizeBytes: (blocks - 1) * BLKSIZE + 100,
        blksize: BLKSIZE,
        rollover: 0,
        oack: undefined,
        near: true,
        clientTimeoutMs: 1000,
        addressValidated: false,
        label: '"test.bin" to 10.0.0.1:2070',
        known: true,
        ...config,
      },
      this.policy,
      this,
    )
    this.#input(() => this.machine.start(ORIGIN_MS))
  }

  /** Moves the clock; what the sender wants to do before then happens, what it wants at that very moment does not yet. */
  at(ms: number): this {
    this.#pass(ms, false)
    return this
  }

  /** `ms` later. */
  wait(ms: number): this {
    return this.at(this.now + ms)
  }

  /** Moves the clock and fires what is due, at the last moment too. */
  runUntil(ms: number): this {
    this.#pass(ms, true)
    return this
  }

  /** The peer acknowledges these blocks, now and in this order. */
  ack(...seqs: readonly number[]): this {
    for (const seq of seqs) {
      if (seq > this.acknowledged) this.acknowledged = seq
      writeAck(this.#packet, 0, blockOfSeq(seq, this.#rollover))
      this.receive(this.#packet)
    }
    return this
  }

  error(wireCode: number, message = 'no'): this {
    return this.receive(encodeError(wireCode, message))
  }

  receive(packet: Uint8Array): this {
    this.#input(() => this.machine.handleDatagram(ORIGIN_MS + this.now, packet, 0, packet.length))
    return this
  }

  unreachable(): this {
    this.#input(() => this.machine.handleUnreachable(ORIGIN_MS + this.now))
    return this
  }

  /** A healthy client up to the ACK of `seq`, each answer one round trip after its block. Leaves in `sent` what that last ACK brought. */
  reach(seq: number, rttMs = RTT_MS): this {
    while (this.acknowledged < seq && !this.machine.closed) {
      // Rule A13 may hold the next block back.
      if (this.highest <= this.acknowledged) this.runUntil(this.due)
      if (this.highest <= this.acknowledged) throw new Error(`block ${this.acknowledged + 1} does not leave`)
      this.wait(rttMs)
      const last = Math.min(this.highest, seq)
      while (this.acknowledged < last) {
        this.#log = []
        this.ack(this.acknowledged + 1)
      }
    }
    return this
  }

  /** The blocks that left since the last call, one entry for each datagram. */
  sent(): number[] {
    return this.#log.splice(0).map(({ seq }) => seq)
  }

  /** The same with times: `[ms, block]`. */
  sentAt(): [number, number][] {
    return this.#log.splice(0).map(({ at, seq }) => [at, seq])
  }

  sendBlocks(first: number, count: number): void {
    this.#say('DATA')
    for (let seq = first; seq < first + count; seq++) {
      this.#log.push({ at: this.now, seq })
      if (seq > this.highest) this.highest = seq
      const answer = this.#peer?.(seq)
      if (answer !== undefined) this.#answers.push({ at: this.now + RTT_MS, seq: answer })
    }
  }

  sendControl(buffer: Uint8Array, length: number): void {
    this.#say('a control packet')
    const error = parseError(buffer, 0, length)
    if (readOpcode(buffer, 0, length) === OPCODE.oack) this.controls.push('OACK')
    else if (length < 2) this.controls.push('filler')
    else this.controls.push(error.ok ? `ERROR ${error.value.wireCode}` : 'nonsense')
  }

  notice(kind: NoticeKind): void {
    this.#say('a notice')
    this.notices.push(kind)
  }

  ended(outcome: Outcome): void {
    this.#say('an end')
    this.outcome = outcome
    this.endedAt = this.now
  }

  deadline(at: number): void {
    if (this.#settled) throw new Error('two deadlines in one input')
    this.due = at - ORIGIN_MS
    this.#settled = true
  }

  #say(what: string): void {
    if (this.#settled) throw new Error(`${what} after the deadline of an input`)
    if (this.outcome !== undefined) throw new Error(`${what} after the end`)
  }

  #input(run: () => void): void {
    const over = this.machine?.closed ?? false
    this.#settled = false
    run()
    if (!this.#settled && !over) throw new Error('an input without a deadline')
    this.#settled = true
  }

  #pass(until: number, inclusive: boolean): void {
    let calls = 0
    for (;;) {
      const answer = this.#answers[0]
      const answerAt = answer === undefined ? Infinity : answer.at
      const at = Math.max(this.now, Math.min(this.due, answerAt))
      if (at > until) break
      if (at > this.now) calls = 0
      // Datagrams that have arrived come before any timer.
      if (answer !== undefined && answerAt <= at) {
        this.now = at
        this.#answers.shift()
        this.ack(answer.seq)
      } else if (at < until || inclusive) {
        if (++calls > MOST_CALLS_AT_ONCE) throw new Error(`the timer spins at ${at} ms`)
        this.now = at
        this.#input(() => this.machine.handleTimer(ORIGIN_MS + at))
      } else break
    }
    this.now = until
  }
}
