/**
 * The boot ROM of the Raspberry Pi 4: takes whatever DATA comes for the next block and acknowledges its own count, so a
 * repeat spoils the image. It notices by the size: then it sends ERROR 0 and asks again. How long it waits and how often
 * it repeats an ACK is not known; those are parameters.
 */
import { type Option, optionNumber } from '../../packet/index.ts'
import { Client, type ClientConfig } from './client.ts'

export interface Rpi4RomConfig extends ClientConfig {
  /** Default 1024. */
  readonly blksize?: number
  readonly timeoutMs?: number
  readonly retries?: number
}

const DEFAULT_BLKSIZE = 1024
const DEFAULT_TIMEOUT_MS = 1000
const DEFAULT_RETRIES = 5

export function rpi4RomClient(config: Rpi4RomConfig): Client {
  return new Rpi4Rom(config)
}

class Rpi4Rom extends Client {
  private readonly timeoutMs: number
  private readonly retries: number
  private count = 0
  private total = 0
  private sizeBytes: number | undefined = undefined
  private begun = false
  private expiries = 0

  constructor(config: Rpi4RomConfig) {
    super(config, [
      { name: 'tsize', value: '0' },
      { name: 'blksize', value: String(config.blksize ?? DEFAULT_BLKSIZE) },
    ])
    this.timeoutMs = config.timeoutMs ?? DEFAULT_TIMEOUT_MS
    this.retries = config.retries ?? DEFAULT_RETRIES
  }

  protected onStart(now: number): void {
    this.count = 0
    this.total = 0
    this.sizeBytes = undefined
    this.begun = false
    this.expiries = 0
    this.setTimer(now + this.timeoutMs)
    this.sendRequest(now)
  }

  protected onOack(now: number, options: readonly Option[], from: number): void {
    if (this.count > 0) return
    this.lock(from)
    this.begun = true
    this.blksize = this.agreedBlksize(options) ?? this.blksize
    this.sizeBytes = optionNumber(options, 'tsize', 0, Number.MAX_SAFE_INTEGER)
    this.setTimer(now + this.timeoutMs)
    this.sendAck(now, 0)
  }

  protected onData(
    now: number,
    _block: number,
    buffer: Uint8Array,
    payload: number,
    length: number,
    from: number,
  ): void {
    this.lock(from)
    this.begun = true
    this.store(this.count * this.blksize, buffer, payload, length)
    this.count++
    this.total += length
    this.expiries = 0
    const final = length < this.blksize
    if (this.sizeBytes !== undefined && (this.total > this.sizeBytes || (final && this.total !== this.sizeBytes))) {
      this.sendError(now, 0, 'wrong size')
      return this.restart(now, 'wrong size')
    }
    this.setTimer(now + this.timeoutMs)
    this.sendAck(now, this.count & 0xffff)
    if (final) this.finish(now, 'ok', 'short block')
  }

  protected onError(now: number, wireCode: number): void {
    this.restart(now, `ERROR ${wireCode}`)
  }

  protected onTimer(now: number): void {
    if (++this.expiries > this.retries) return this.restart(now, 'timed out')
    this.timeouts++
    this.setTimer(now + this.timeoutMs)
    if (this.begun) this.sendAck(now, this.count & 0xffff)
    else this.sendRequest(now)
  }
}
