/**
 * iPXE: stores blocks in any order and knows which ones it has. Each DATA and each timeout brings an ACK that names the
 * first gap, so an ACK is cumulative, and a repeat is answered. Its timer is that of a TCP: four times the smoothed
 * round trip, doubled at each expiry.
 */
import { type Option, optionNumber } from '../../packet/index.ts'
import { Client, type ClientConfig } from './client.ts'

export interface IpxeConfig extends ClientConfig {
  /** Default 1432. */
  readonly blksize?: number
}

const MIN_TIMEOUT_MS = 250
const MAX_TIMEOUT_MS = 10_000
const DEFAULT_BLKSIZE = 1432

export function ipxeClient(config: IpxeConfig): Client {
  return new Ipxe(config)
}

class Ipxe extends Client {
  #received: Uint8Array = new Uint8Array(1024)
  #firstGap = 0
  /** The largest size seen: from tsize, or from the end of what came. */
  #fileBytes = 0
  #answered = false
  #timeoutMs = MIN_TIMEOUT_MS
  #expired = 0
  #startedAt = 0

  constructor(config: IpxeConfig) {
    super(config, [
      { name: 'blksize', value: String(config.blksize ?? DEFAULT_BLKSIZE) },
      { name: 'tsize', value: '0' },
    ])
  }

  protected onStart(now: number): void {
    this.#received.fill(0)
    this.#firstGap = 0
    this.#fileBytes = 0
    this.#answered = false
    this.#timeoutMs = MIN_TIMEOUT_MS
    this.#expired = 0
    this.#startTimer(now)
    this.sendRequest(now)
  }

  protected onOack(now: number, options: readonly Option[], from: number): void {
    this.#answered = true
    this.lock(from)
    this.blksize = this.agreedBlksize(options) ?? this.blksize
    this.#fileBytes = Math.max(this.#fileBytes, optionNumber(options, 'tsize', 0, Number.MAX_SAFE_INTEGER) ?? 0)
    this.#answer(now)
  }

  protected onData(
    now: number,
    block: number,
    buffer: Uint8Array,
    payload: number,
    length: number,
    from: number,
  ): void {
    this.#answered = true
    this.lock(from)
    const cycle = Math.floor((this.#firstGap + 1) / 0x1_0000) * 0x1_0000
    const index = cycle + block - 1
    if (index < 0 || length > this.blksize) return this.finish(now, 'failed', 'impossible block')
    this.store(index * this.blksize, buffer, payload, length)
    this.#fileBytes = Math.max(this.#fileBytes, index * this.blksize + length)
    this.#mark(index)
    this.#answer(now)
    if (this.#firstGap > this.#fileBytes / this.blksize) this.finish(now, 'ok', 'no gap left')
  }

  protected onError(now: number, wireCode: number): void {
    this.finish(now, 'failed', `ERROR ${wireCode}`)
  }

  protected onTimer(now: number): void {
    this.#expired++
    this.#timeoutMs *= 2
    if (this.#timeoutMs > MAX_TIMEOUT_MS) return this.finish(now, 'failed', 'timed out')
    this.timeouts++
    this.#startTimer(now)
    if (this.#answered) this.sendAck(now, this.#firstGap & 0xffff)
    else this.sendRequest(now)
  }

  #answer(now: number): void {
    // The timer learns from what was answered without an expiry.
    if (this.#expired > 0) this.#expired--
    else this.#timeoutMs = this.#timeoutMs * (7 / 8) + (now - this.#startedAt) / 2
    this.#startTimer(now)
    this.sendAck(now, this.#firstGap & 0xffff)
  }

  #startTimer(now: number): void {
    this.#timeoutMs = Math.max(MIN_TIMEOUT_MS, this.#timeoutMs)
    this.#startedAt = now
    this.setTimer(now + this.#timeoutMs)
  }

  #mark(index: number): void {
    while (index >= this.#received.length) {
      const grown = new Uint8Array(this.#received.length * 2)
      grown.set(this.#received)
      this.#received = grown
    }
    if (this.#received[index] === 1) this.repeats++
    this.#received[index] = 1
    while (this.#received[this.#firstGap] === 1) this.#firstGap++
  }
}
