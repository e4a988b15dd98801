/**
 * A receiver after RFC 7440: takes blocks in order, acknowledges the end of each window, reports a gap once by
 * acknowledging the last block before it, and repeats its last ACK when its own timer runs out.
 */
import { blockOfSeq, type Option, optionNumber, seqNear } from '../../packet/index.ts'
import { Client, type ClientConfig } from './client.ts'

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

const MAX_WINDOWSIZE = 65535

export class WindowClient extends Client {
  private readonly settings: WindowClientConfig
  private readonly timeoutMs: number
  private readonly retries: number
  private readonly rollover: 0 | 1
  private windowsize = 1
  private count = 0
  private sinceAck = 0
  /** The position at which a gap was reported, so that the rest of the window does not report it again. */
  private reported = -1
  private begun = false
  private expiries = 0
  private endedAt = 0

  constructor(config: WindowClientConfig) {
    super(config, windowOptions(config))
    this.settings = config
    this.timeoutMs = config.timeoutMs ?? 1000
    this.retries = config.retries ?? 10
    this.rollover = config.rollover ?? 0
  }

  protected onStart(now: number): void {
    this.windowsize = 1
    this.count = 0
    this.sinceAck = 0
    this.reported = -1
    this.begun = false
    this.expiries = 0
    this.setTimer(now + this.timeoutMs)
    this.sendRequest(now)
  }

  protected onOack(now: number, options: readonly Option[], from: number): void {
    if (this.count > 0) return
    this.lock(from)
    this.begun = true
    const blksize = this.agreedBlksize(options)
    const windowsize = optionNumber(options, 'windowsize', 1, MAX_WINDOWSIZE) ?? 1
    if (blksize === undefined || windowsize > this.settings.windowsize || this.hasUnasked(options)) {
      this.sendError(now, 8, 'Option negotiation failed')
      return this.finish(now, 'failed', 'unacceptable OACK')
    }
    this.blksize = blksize
    this.windowsize = windowsize
    this.acknowledge(now)
  }

  protected onData(
    now: number,
    block: number,
    buffer: Uint8Array,
    payload: number,
    length: number,
    from: number,
  ): void {
    const seq = seqNear(block, this.count + 1, this.rollover)
    if (seq !== this.count + 1) return this.onUnexpected(now, seq)
    this.lock(from)
    this.begun = true
    this.store(this.count * this.blksize, buffer, payload, length)
    this.count++
    this.sinceAck++
    this.expiries = 0
    this.setTimer(now + this.timeoutMs)
    const final = length < this.blksize
    if (final || this.sinceAck >= this.windowsize || this.settings.acknowledgeEach === 'block') this.acknowledge(now)
    if (final) {
      this.endedAt = now
      this.finish(now, 'ok', 'short block')
    }
  }

  protected onError(now: number, wireCode: number): void {
    this.finish(now, 'failed', `ERROR ${wireCode}`)
  }

  protected onTimer(now: number): void {
    if (++this.expiries > this.retries) return this.finish(now, 'failed', 'timed out')
    this.timeouts++
    this.reported = -1
    if (this.begun) this.acknowledge(now)
    else {
      this.setTimer(now + this.timeoutMs)
      this.sendRequest(now)
    }
  }

  protected override onLate(now: number, _opcode: number, block: number): void {
    if (this.result?.status === 'ok' && now < this.endedAt + (this.settings.dallyMs ?? 0)) {
      if (block === blockOfSeq(this.count, this.rollover)) this.sendAck(now, block)
    }
  }

  private acknowledge(now: number): void {
    this.sinceAck = 0
    this.setTimer(now + this.timeoutMs)
    this.sendAck(now, blockOfSeq(this.count, this.rollover))
  }

  private onUnexpected(now: number, seq: number): void {
    if (seq <= this.count) {
      this.repeats++
      if (this.settings.repeat !== 'ignore' && this.count > 0 && seq === this.count) this.acknowledge(now)
    } else if (this.count > 0 && this.reported !== this.count) {
      this.reported = this.count
      this.acknowledge(now)
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
