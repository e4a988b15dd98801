/**
 * Clients that take blocks in order, one at a time. They differ in a few habits, which are a table of traits; one file per
 * client names its own.
 */
import { OPCODE, type Option } from '../../packet/index.ts'
import { Client, type ClientConfig } from './client.ts'

export interface LockstepTraits {
  readonly options: readonly Option[]
  /** How often it asks while no answer comes, and how many times in all. */
  readonly requestEveryMs: number
  readonly requests: number
  /** How long it waits for the next block before it does what `onExpiry` says, `retries` times in a row. */
  readonly timeoutMs: number
  readonly retries: number
  /** `wait`: a lost ACK is the server's to repair. */
  readonly onExpiry: 'acknowledge' | 'wait'
  /** Cannot work with a server that ignores options. */
  readonly needsOack: boolean
  /** A block beyond the expected one. */
  readonly ahead: 'ignore' | 'error-5'
  /** The block that it took last. */
  readonly repeat: 'acknowledge' | 'ignore'
  /** Blocks before that. */
  readonly older: 'acknowledge' | 'ignore' | 'error-5'
  /** An OACK with an option that it did not ask for. */
  readonly unasked: 'ignore' | 'error-8'
  /** How long after the final ACK it still answers a repeat of the final block. */
  readonly dallyMs: number
  /** DATA after the end, beyond `dallyMs`. */
  readonly late: 'silent' | 'error-2'
}

const BLOCK_MASK = 0xffff
/** Distances of block numbers from here on are backwards. */
const HALF = 0x8000

export class LockstepClient extends Client {
  readonly #traits: LockstepTraits
  /** Blocks stored so far. */
  #count = 0
  #expiries = 0
  #requested = 0
  #begun = false
  #endedAt = 0

  constructor(config: ClientConfig, traits: LockstepTraits) {
    super(config, traits.options)
    this.#traits = traits
  }

  protected onStart(now: number): void {
    this.#count = 0
    this.#expiries = 0
    this.#requested = 0
    this.#begun = false
    this.#ask(now)
  }

  protected onOack(now: number, options: readonly Option[], from: number): void {
    if (this.#count > 0) return
    this.#begin(from)
    const blksize = this.agreedBlksize(options)
    if (blksize === undefined || (this.#traits.unasked === 'error-8' && this.hasUnasked(options))) {
      this.sendError(now, 8, 'Option negotiation failed')
      return this.finish(now, 'failed', 'unacceptable OACK')
    }
    this.blksize = blksize
    this.setTimer(now + this.#traits.timeoutMs)
    this.sendAck(now, 0)
  }

  protected onData(
    now: number,
    block: number,
    buffer: Uint8Array,
    payload: number,
    length: number,
    from: number,
  ): void {
    if (!this.#begun && this.#traits.needsOack) return
    const distance = (block - (this.#count + 1)) & BLOCK_MASK
    if (distance !== 0) return this.#onUnexpected(now, block, distance, from)
    this.#begin(from)
    this.store(this.#count * this.blksize, buffer, payload, length)
    this.#count++
    this.#expiries = 0
    this.setTimer(now + this.#traits.timeoutMs)
    this.sendAck(now, block)
    if (length < this.blksize) {
      this.#endedAt = now
      this.finish(now, 'ok', 'short block')
    }
  }

  protected onError(now: number, wireCode: number): void {
    this.finish(now, 'failed', `ERROR ${wireCode}`)
  }

  protected onTimer(now: number): void {
    if (!this.#begun) {
      if (this.#requested >= this.#traits.requests) return this.finish(now, 'failed', 'no answer came')
      this.timeouts++
      return this.#ask(now)
    }
    if (++this.#expiries > this.#traits.retries) return this.finish(now, 'failed', 'timed out')
    this.timeouts++
    this.setTimer(now + this.#traits.timeoutMs)
    if (this.#traits.onExpiry === 'acknowledge') this.sendAck(now, this.#count & BLOCK_MASK)
  }

  protected override onLate(now: number, opcode: number, block: number): void {
    if (opcode !== OPCODE.data || this.result?.status !== 'ok') return
    if (now < this.#endedAt + this.#traits.dallyMs) {
      if (block === (this.#count & BLOCK_MASK)) this.sendAck(now, block)
    } else if (this.#traits.late === 'error-2') this.sendError(now, 2, 'No connection')
  }

  #ask(now: number): void {
    this.#requested++
    this.setTimer(now + this.#traits.requestEveryMs)
    this.sendRequest(now)
  }

  #begin(from: number): void {
    this.lock(from)
    this.#begun = true
  }

  #onUnexpected(now: number, block: number, distance: number, from: number): void {
    const backwards = distance >= HALF
    if (backwards) this.repeats++
    const habit = !backwards ? this.#traits.ahead : distance === BLOCK_MASK ? this.#traits.repeat : this.#traits.older
    if (habit === 'error-5') {
      this.lock(from)
      this.sendError(now, 5, 'Wrong block number')
    } else if (habit === 'acknowledge' && this.#count > 0) this.sendAck(now, block)
  }
}
