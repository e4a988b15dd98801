/**
 * Clients that take a block for the next one or not at all, and know no more than how many they have: the position, whether
 * a server has answered yet, and a timer that repeats the request or the last ACK. One file per client says what it makes of
 * a block that it does not expect.
 */
import { type Option, optionNumber } from '../../packet/index.ts'
import { Client, type ClientConfig } from './client.ts'

export interface CountingHabits {
  readonly timeoutMs: number
  /** Expiries of its timer in a row that it outlives. */
  readonly retries: number
}

const MAX_WINDOWSIZE = 65535

export abstract class CountingClient extends Client {
  /** Blocks stored so far. */
  protected count = 0
  /** A server answered. */
  protected begun = false
  protected expiries = 0
  protected windowsize = 1
  readonly #habits: CountingHabits

  constructor(config: ClientConfig, options: readonly Option[], habits: CountingHabits) {
    super(config, options)
    this.#habits = habits
  }

  protected onStart(now: number): void {
    this.count = 0
    this.begun = false
    this.expiries = 0
    this.windowsize = 1
    this.startTimer(now)
    this.sendRequest(now)
  }

  protected onError(now: number, wireCode: number): void {
    this.finish(now, 'failed', `ERROR ${wireCode}`)
  }

  protected onTimer(now: number): void {
    if (++this.expiries > this.#habits.retries) return this.givenUp(now)
    this.timeouts++
    this.startTimer(now)
    if (this.begun) this.repeatAck(now)
    else this.sendRequest(now)
  }

  protected givenUp(now: number): void {
    this.finish(now, 'failed', 'timed out')
  }

  protected abstract repeatAck(now: number): void

  protected startTimer(now: number): void {
    this.setTimer(now + this.#habits.timeoutMs)
  }

  /** A server answered from this port. */
  protected begin(from: number): void {
    this.lock(from)
    this.begun = true
  }

  /** Takes on what an OACK agrees to; false for one that goes beyond what was asked. */
  protected agree(answered: readonly Option[], windowsizeAsked: number): boolean {
    const blksize = this.agreedBlksize(answered)
    const windowsize = optionNumber(answered, 'windowsize', 1, MAX_WINDOWSIZE) ?? 1
    if (blksize === undefined || windowsize > windowsizeAsked || this.hasUnasked(answered)) return false
    this.blksize = blksize
    this.windowsize = windowsize
    return true
  }

  /** Takes the block for the next one. */
  protected take(buffer: Uint8Array, payload: number, length: number): void {
    this.store(this.count * this.blksize, buffer, payload, length)
    this.count++
  }
}
