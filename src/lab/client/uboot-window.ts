/**
 * U-Boot from 2020.10 on: in order at last. What it does not expect is dropped and answered by one ACK of the last good
 * block for each position, however many frames follow. From 2023.04 on a block from behind is not answered at all. The
 * budget of timeouts is still for the whole transfer.
 */
import { type Option, optionNumber } from '../../packet/index.ts'
import type { Client, ClientConfig } from './client.ts'
import { Uboot, ubootOptions } from './uboot.ts'

export interface UbootWindowConfig extends ClientConfig {
  /** Default 1468. */
  readonly blksize?: number
  readonly tsize?: boolean
  /** Asked for when above 1. */
  readonly windowsize?: number
  readonly timeoutMs?: number
}

/** U-Boot 2020.10 to 2023.01. */
export function uboot2020(config: UbootWindowConfig): Client {
  return new UbootWindow(config, false)
}

/** U-Boot 2023.04 on. */
export function uboot2023(config: UbootWindowConfig): Client {
  return new UbootWindow(config, true)
}

const BLOCK_MASK = 0xffff
const HALF = 0x8000
const DEFAULT_BLKSIZE = 1468
const DEFAULT_TIMEOUT_MS = 5000

class UbootWindow extends Uboot {
  readonly #silentBehind: boolean
  #windowsize = 1
  #nextAck = 1
  #lastNack = 0

  constructor(config: UbootWindowConfig, silentBehind: boolean) {
    const timeoutMs = config.timeoutMs ?? DEFAULT_TIMEOUT_MS
    const options = ubootOptions({ ...config, blksize: config.blksize ?? DEFAULT_BLKSIZE }, timeoutMs)
    super(config, options, { timeoutMs, firstTimerTimes: 1, endingErrors: [1, 2] })
    this.#silentBehind = silentBehind
  }

  protected override onStart(now: number): void {
    this.#windowsize = 1
    this.#lastNack = 0
    super.onStart(now)
  }

  protected onOack(now: number, options: readonly Option[], from: number): void {
    this.state = 'oack'
    this.lock(from)
    const blksize = this.agreedBlksize(options)
    const timeout = optionNumber(options, 'timeout', 0, 255)
    if (blksize === undefined || (timeout !== undefined && timeout !== Math.floor(this.timeoutMs / 1000))) {
      this.sendError(now, 8, 'Option Negotiation Failed')
      return this.finish(now, 'failed', 'unacceptable OACK')
    }
    this.blksize = blksize
    this.#windowsize = optionNumber(options, 'windowsize', 1, BLOCK_MASK) ?? this.#windowsize
    this.#nextAck = this.#windowsize
    this.sendAck(now, this.block)
  }

  protected onData(
    now: number,
    block: number,
    buffer: Uint8Array,
    payload: number,
    length: number,
    from: number,
  ): void {
    const distance = (block - this.block - 1) & BLOCK_MASK
    if (distance !== 0) return this.#onUnexpected(now, distance)
    this.block = block
    if (this.state === 'request') this.#nextAck = this.#windowsize
    if (this.state !== 'data' && !this.begin(now, from)) return
    if (block === 0 && this.lastBlock !== 0) {
      this.wrap()
      this.timeoutCount = 0
    }
    this.take(now, buffer, payload, length)
    if (length < this.blksize) {
      this.sendAck(now, block)
      return this.finish(now, 'ok', 'short block')
    }
    if (block === this.#nextAck) {
      this.sendAck(now, block)
      this.#nextAck = (this.#nextAck + this.#windowsize) & BLOCK_MASK
    }
  }

  #onUnexpected(now: number, distance: number): void {
    if (distance >= HALF) {
      this.repeats++
      if (this.#silentBehind) return
    }
    // One answer for each position: the rest of a window would only bring more of them.
    if (this.#lastNack === this.block) return
    this.sendAck(now, this.block)
    this.#lastNack = this.block
    this.#nextAck = (this.block + this.#windowsize) & BLOCK_MASK
  }
}
