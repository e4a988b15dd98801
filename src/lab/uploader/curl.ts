/**
 * curl's upload (lib/tftp.c, tftp_tx). An ACK of another block costs one of its retries and brings the block again. An OACK
 * in the middle of the transfer sets the number back to 1, and what goes out under it are the next bytes of the file: it
 * reads on, and does not go back. What a server stores then lacks a block.
 */
import type { Option } from '../../packet/index.ts'
import { Uploader, type UploaderConfig } from './uploader.ts'

/** Five minutes of patience in waits of six seconds. */
const RETRIES = 50
const TIMEOUT_MS = 6000

export class CurlUploader extends Uploader {
  /** The number that its last block has on the wire, without bound. */
  #label = 0
  /** The block of the file that left under it. */
  #seq = 0
  #retries = 0

  constructor(config: UploaderConfig) {
    super(config, 'octet', [
      { name: 'tsize', value: String(config.image.length) },
      { name: 'blksize', value: '512' },
      { name: 'timeout', value: String(TIMEOUT_MS / 1000) },
    ])
  }

  protected onStart(now: number): void {
    this.#ask(now)
  }

  protected onOack(now: number, options: readonly Option[]): void {
    if (this.state === 'asking') this.agree(options)
    this.state = 'sending'
    this.#label = 1
    this.#sendNext(now)
  }

  protected onAck(now: number, block: number): void {
    this.state = 'sending'
    if (block === (this.#label & 0xffff)) {
      this.#label++
      // A short block was its last, whatever number it had.
      if (this.#seq >= this.lastSeq) this.complete(now)
      else this.#sendNext(now)
    } else if (++this.#retries > RETRIES) this.fail(now, `gave up waiting for the ACK of block ${this.#label}`)
    else this.sendBlock(now, this.#seq, this.#label)
  }

  protected onTimer(now: number): void {
    if (++this.#retries > RETRIES) return this.fail(now, 'timed out')
    this.timeouts++
    if (this.state === 'asking') return this.#ask(now)
    this.setTimer(now + TIMEOUT_MS)
    this.sendBlock(now, this.#seq, this.#label)
  }

  /** Sends the next bytes of the file; behind its end there are none. */
  #sendNext(now: number): void {
    this.#retries = 0
    this.#seq++
    this.setTimer(now + TIMEOUT_MS)
    this.sendBlock(now, this.#seq, this.#label)
  }

  #ask(now: number): void {
    this.setTimer(now + TIMEOUT_MS)
    this.sendRequest(now)
  }
}
