/**
 * The boot ROM of the Raspberry Pi 4: takes whatever DATA comes for the next block and acknowledges its own count, so a
 * repeat spoils the image. It notices by the size: then it sends ERROR 0 and asks again. How long it waits and how often
 * it repeats an ACK is not known; those are parameters.
 */
import { type Option, optionNumber } from '../../packet/index.ts'
import type { Client, ClientConfig } from './client.ts'
import { CountingClient } from './counting.ts'

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

class Rpi4Rom extends CountingClient {
  #total = 0
  #sizeBytes: number | undefined = undefined

  constructor(config: Rpi4RomConfig) {
    const { blksize = DEFAULT_BLKSIZE, timeoutMs = DEFAULT_TIMEOUT_MS, retries = DEFAULT_RETRIES } = config
    const options = [
      { name: 'tsize', value: '0' },
      { name: 'blksize', value: String(blksize) },
    ]
    super(config, options, { timeoutMs, retries })
  }

  protected override onStart(now: number): void {
    this.#total = 0
    this.#sizeBytes = undefined
    super.onStart(now)
  }

  protected onOack(now: number, options: readonly Option[], from: number): void {
    if (this.count > 0) return
    this.begin(from)
    this.blksize = this.agreedBlksize(options) ?? this.blksize
    this.#sizeBytes = optionNumber(options, 'tsize', 0, Number.MAX_SAFE_INTEGER)
    this.startTimer(now)
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
    this.begin(from)
    this.take(buffer, payload, length)
    this.#total += length
    this.expiries = 0
    const final = length < this.blksize
    if (
      this.#sizeBytes !== undefined &&
      (this.#total > this.#sizeBytes || (final && this.#total !== this.#sizeBytes))
    ) {
      this.sendError(now, 0, 'wrong size')
      return this.restart(now, 'wrong size')
    }
    this.startTimer(now)
    this.repeatAck(now)
    if (final) this.finish(now, 'ok', 'short block')
  }

  protected override onError(now: number, wireCode: number): void {
    this.restart(now, `ERROR ${wireCode}`)
  }

  protected repeatAck(now: number): void {
    this.sendAck(now, this.count & 0xffff)
  }

  protected override givenUp(now: number): void {
    this.restart(now, 'timed out')
  }
}
