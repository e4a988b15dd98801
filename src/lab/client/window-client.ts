/**
 * A receiver after RFC 7440: takes blocks in order, acknowledges the end of each window, reports a gap once by
 * acknowledging the last block before it, and repeats its last ACK when its own timer runs out.
 */
import { blockOfSeq, type Option, seqNear } from '../../packet/index.ts'
import type { ClientConfig } from './client.ts'
import { CountingClient } from './counting.ts'

export interface WindowClientConfig extends ClientConfig {
  readonly windowsize: number
  readonly blksize?: number
  readonly timeoutMs?: number
  readonly retries?: number
  /** Number of the block after 65535. */
  readonly rollover?: 0 | 1
  /** `block`: an ACK inside windows too, as some do; the RFC allows it. */
  readonly acknowledgeEach?: 'window' | 'block'
  /** What a block that it has already brings: nothing, or (for the last one only) the ACK again. */
  readonly repeat?: 'ignore' | 'acknowledge'
  /** How long after the final ACK it still answers a repeat of the final block. */
  readonly dallyMs?: number
}

const DEFAULT_TIMEOUT_MS = 1000
const DEFAULT_RETRIES = 10

export class WindowClient extends CountingClient {
  readonly #settings: WindowClientConfig
  readonly #rollover: 0 | 1
  #sinceAck = 0
  /** The position at which a gap was reported, so that the rest of the window does not report it again. */
  #reported = -1
  #endedAt = 0

  constructor(config: WindowClientConfig) {
    const { timeoutMs = DEFAULT_TIMEOUT_MS, retries = DEFAULT_RETRIES } = config
    super(config, windowOptions(config), { timeoutMs, retries })
    this.#settings = config
    this.#rollover = config.rollover ?? 0
  }

  protected override onStart(now: number): void {
    this.#sinceAck = 0
    this.#reported = -1
    super.onStart(now)
  }

  protected onOack(now: number, options: readonly Option[], from: number): void {
    if (this.count > 0) return
    this.begin(from)
    if (!this.agree(options, this.#settings.windowsize)) {
      this.sendError(now, 8, 'Option negotiation failed')
      return this.finish(now, 'failed', 'unacceptable OACK')
    }
    this.#acknowledge(now)
  }

  protected onData(
    now: number,
    block: number,
    buffer: Uint8Array,
    payload: number,
    length: number,
    from: number,
  ): void {
    const seq = seqNear(block, this.count + 1, this.#rollover)
    if (seq !== this.count + 1) return this.#onUnexpected(now, seq)
    this.begin(from)
    this.take(buffer, payload, length)
    this.#sinceAck++
    this.expiries = 0
    this.startTimer(now)
    const final = length < this.blksize
    if (final || this.#sinceAck >= this.windowsize || this.#settings.acknowledgeEach === 'block') this.#acknowledge(now)
    if (final) {
      this.#endedAt = now
      this.finish(now, 'ok', 'short block')
    }
  }

  protected repeatAck(now: number): void {
    this.#acknowledge(now)
  }

  protected override onTimer(now: number): void {
    this.#reported = -1
    super.onTimer(now)
  }

  protected override onLate(now: number, _opcode: number, block: number): void {
    if (this.result?.status === 'ok' && now < this.#endedAt + (this.#settings.dallyMs ?? 0)) {
      if (block === blockOfSeq(this.count, this.#rollover)) this.sendAck(now, block)
    }
  }

  #acknowledge(now: number): void {
    this.#sinceAck = 0
    this.startTimer(now)
    this.sendAck(now, blockOfSeq(this.count, this.#rollover))
  }

  #onUnexpected(now: number, seq: number): void {
    if (seq <= this.count) {
      this.repeats++
      if (this.#settings.repeat !== 'ignore' && this.count > 0 && seq === this.count) this.#acknowledge(now)
    } else if (this.count > 0 && this.#reported !== this.count) {
      this.#reported = this.count
      this.#acknowledge(now)
    }
  }
}

function windowOptions(config: WindowClientConfig): Option[] {
  const options: Option[] = []
  if (config.blksize !== undefined) options.push({ name: 'blksize', value: String(config.blksize) })
  if (config.windowsize > 1) options.push({ name: 'windowsize', value: String(config.windowsize) })
  if (config.rollover !== undefined) options.push({ name: 'rollover', value: String(config.rollover) })
  return options
}
