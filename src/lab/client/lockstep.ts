/**
 * Clients that take blocks in order, one at a time. They differ in a few habits, which are a table of traits; one file per
 * client names its own.
 */
import { OPCODE, type Option } from '../../packet/index.ts'
import { Client, type ClientConfig } from './client.ts'

export interface LockstepTraits {
  readonly options: readonly Option[]
  /** How long it waits for DATA before it does what `onExpiry` says. */
  readonly timeoutMs: number
  /** Expiries in a row without progress before it gives up. */
  readonly retries: number
  /** `nothing`: it only waits; a lost ACK is the server's to repair. The request is repeated in any case. */
  readonly onExpiry: 'acknowledge' | 'nothing'
  /** A block beyond the expected one. */
  readonly ahead: 'ignore' | 'error-5' | 'acknowledge-last'
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
/** Distances of block numbers above this are backwards. */
const HALF = 0x8000

export class LockstepClient extends Client {
  private readonly traits: LockstepTraits
  /** Blocks stored so far. */
  private count = 0
  private expiries = 0
  private begun = false
  private endedAt = 0

  constructor(config: ClientConfig, traits: LockstepTraits) {
    super(config, traits.options)
    this.traits = traits
  }

  protected onStart(now: number): void {
    this.count = 0
    this.expiries = 0
    this.begun = false
    this.setTimer(now + this.traits.timeoutMs)
    this.sendRequest(now)
  }

  protected onOack(now: number, options: readonly Option[], from: number): void {
    if (this.count > 0) return
    this.lock(from)
    this.begun = true
    const blksize = this.agreedBlksize(options)
    if (blksize === undefined || (this.traits.unasked === 'error-8' && options.some((o) => !this.offered(o.name)))) {
      this.sendError(now, 8, 'Option negotiation failed')
      return this.finish(now, 'failed', 'unacceptable OACK')
    }
    this.blksize = blksize
    this.setTimer(now + this.traits.timeoutMs)
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
    const distance = (block - (this.count + 1)) & BLOCK_MASK
    if (distance !== 0) return this.onUnexpected(now, block, distance)
    this.lock(from)
    this.begun = true
    this.store(this.count * this.blksize, buffer, payload, length)
    this.count++
    this.expiries = 0
    this.setTimer(now + this.traits.timeoutMs)
    this.sendAck(now, block)
    if (length < this.blksize) {
      this.endedAt = now
      this.finish(now, 'ok', 'short block')
    }
  }

  protected onError(now: number, wireCode: number): void {
    this.finish(now, 'failed', `ERROR ${wireCode}`)
  }

  protected onTimer(now: number): void {
    if (++this.expiries > this.traits.retries) return this.finish(now, 'failed', 'timed out')
    this.timeouts++
    this.setTimer(now + this.traits.timeoutMs)
    if (!this.begun) this.sendRequest(now)
    else if (this.traits.onExpiry === 'acknowledge') this.sendAck(now, this.count & BLOCK_MASK)
  }

  protected override onLate(now: number, opcode: number, block: number): void {
    if (opcode !== OPCODE.data || this.result?.status !== 'ok') return
    if (now <= this.endedAt + this.traits.dallyMs) {
      if (block === (this.count & BLOCK_MASK)) this.sendAck(now, block)
    } else if (this.traits.late === 'error-2') this.sendError(now, 2, 'No connection')
  }

  private onUnexpected(now: number, block: number, distance: number): void {
    const habit = distance < HALF ? this.traits.ahead : distance === BLOCK_MASK ? this.traits.repeat : this.traits.older
    if (distance >= HALF) this.repeats++
    if (this.count === 0) return
    if (habit === 'acknowledge') this.sendAck(now, block)
    else if (habit === 'acknowledge-last') this.sendAck(now, this.count & BLOCK_MASK)
    else if (habit === 'error-5') this.sendError(now, 5, 'Wrong block number')
  }
}
