/** Clients that store one block at a time and look at the number of each ACK. They differ in a few habits. */
import { type Mode, type Option, seqNear } from '../../packet/index.ts'
import { Uploader, type UploaderConfig } from './uploader.ts'

export interface UploadTraits {
  readonly mode: Mode
  readonly options: readonly Option[]
  /** How often it asks while no answer comes, and how many times in all. */
  readonly requestEveryMs: number
  readonly requests: number
  /** How long it waits for the ACK of a block before it sends it again, `retries` times in a row. */
  readonly timeoutMs: number
  readonly retries: number
  /** Milliseconds from the server's first answer to block 1: some make the file while they send it. */
  readonly firstBlockAfterMs: number
  /** An ACK of another block. `next` sends the block after it, `restart` only starts the timer again. */
  readonly otherAck: 'ignore' | 'next' | 'restart'
}

export class LockstepUploader extends Uploader {
  readonly #traits: UploadTraits
  /** The block that waits for its ACK; 0 before the first. */
  #seq = 0
  #expiries = 0

  constructor(config: UploaderConfig, traits: UploadTraits) {
    super(config, traits.mode, traits.options)
    this.#traits = traits
  }

  protected onStart(now: number): void {
    this.#ask(now)
  }

  protected onOack(now: number, options: readonly Option[]): void {
    if (this.state !== 'asking') return
    this.agree(options)
    this.#begin(now)
  }

  protected onAck(now: number, block: number): void {
    if (this.state === 'asking') return this.#begin(now)
    if (this.#seq === 0) return
    const seq = seqNear(block, this.#seq, 0)
    if (seq === this.#seq) {
      this.#expiries = 0
      if (seq === this.lastSeq) this.complete(now)
      else this.#send(now, seq + 1)
    } else if (this.#traits.otherAck === 'restart') this.setTimer(now + this.#traits.timeoutMs)
    else if (this.#traits.otherAck === 'next' && seq >= 0 && seq < this.lastSeq) this.#send(now, seq + 1)
  }

  protected onTimer(now: number): void {
    if (this.state === 'asking') {
      if (this.requests >= this.#traits.requests) return this.fail(now, 'no answer came')
      this.timeouts++
      return this.#ask(now)
    }
    if (this.#seq === 0) return this.#send(now, 1)
    if (++this.#expiries > this.#traits.retries) return this.fail(now, `block ${this.#seq} was not acknowledged`)
    this.timeouts++
    this.#send(now, this.#seq)
  }

  #ask(now: number): void {
    this.setTimer(now + this.#traits.requestEveryMs)
    this.sendRequest(now)
  }

  #begin(now: number): void {
    this.state = 'sending'
    if (this.#traits.firstBlockAfterMs > 0) this.setTimer(now + this.#traits.firstBlockAfterMs)
    else this.#send(now, 1)
  }

  #send(now: number, seq: number): void {
    this.#seq = seq
    this.setTimer(now + this.#traits.timeoutMs)
    this.sendBlock(now, seq)
  }
}
