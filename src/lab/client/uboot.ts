/**
 * What every U-Boot has in common: three states, one timer that repeats its request or its last ACK, a budget of timeouts
 * for the whole transfer, and an offset that moves when the block numbers wrap. How a version takes a block is in
 * uboot-classic.ts and uboot-window.ts.
 */
import type { Option } from '../../packet/index.ts'
import { Client, type ClientConfig } from './client.ts'

/** The eleventh timeout of a transfer ends it. */
const TIMEOUT_BUDGET = 10
const BLOCK_NUMBERS = 0x1_0000

export interface UbootHabits {
  readonly timeoutMs: number
  /** The wait for the first answer, in timeouts. */
  readonly firstTimerTimes: number
  /** ERROR codes that end it for good; on the others it starts again. */
  readonly endingErrors: readonly number[]
}

export abstract class Uboot extends Client {
  protected readonly timeoutMs: number
  protected state: 'request' | 'oack' | 'data' = 'request'
  /** Its last ACK. */
  protected block = 0
  /** The block before. */
  protected lastBlock = 0
  protected timeoutCount = 0
  readonly #habits: UbootHabits
  #wrapOffset = 0

  constructor(config: ClientConfig, options: readonly Option[], habits: UbootHabits) {
    super(config, options)
    this.#habits = habits
    this.timeoutMs = habits.timeoutMs
  }

  protected onStart(now: number): void {
    this.state = 'request'
    this.block = 0
    this.timeoutCount = 0
    this.setTimer(now + this.timeoutMs * this.#habits.firstTimerTimes)
    this.sendRequest(now)
  }

  protected onError(now: number, wireCode: number): void {
    if (this.#habits.endingErrors.includes(wireCode)) this.finish(now, 'failed', `ERROR ${wireCode}`)
    else this.restart(now, `ERROR ${wireCode}`)
  }

  protected onTimer(now: number): void {
    if (++this.timeoutCount > TIMEOUT_BUDGET) return this.restart(now, 'retry count exceeded')
    this.timeouts++
    this.setTimer(now + this.timeoutMs)
    if (this.state === 'request') this.sendRequest(now)
    else this.sendAck(now, this.block)
  }

  /** The first DATA of a transfer: false, and it starts again, when that is not block 1. */
  protected begin(now: number, from: number): boolean {
    this.state = 'data'
    this.lock(from)
    this.lastBlock = 0
    this.#wrapOffset = 0
    if (this.block === 1) return true
    this.restart(now, 'first block is not block 1')
    return false
  }

  protected wrap(): void {
    this.#wrapOffset += this.blksize * BLOCK_NUMBERS
  }

  /** Stores the block where its number says. */
  protected take(now: number, buffer: Uint8Array, payload: number, length: number): void {
    this.lastBlock = this.block
    this.setTimer(now + this.timeoutMs)
    this.store((this.block - 1) * this.blksize + this.#wrapOffset, buffer, payload, length)
  }
}

/** In the order in which U-Boot writes them. */
export function ubootOptions(
  config: { blksize?: number; tsize?: boolean; windowsize?: number },
  timeoutMs: number,
): Option[] {
  const options: Option[] = [{ name: 'timeout', value: String(Math.floor(timeoutMs / 1000)) }]
  if (config.tsize === true) options.push({ name: 'tsize', value: '0' })
  if (config.blksize !== undefined) options.push({ name: 'blksize', value: String(config.blksize) })
  if (config.windowsize !== undefined && config.windowsize > 1) {
    options.push({ name: 'windowsize', value: String(config.windowsize) })
  }
  return options
}
