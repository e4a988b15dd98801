/**
 * U-Boot's `tftpput` (net/tftp.c). It stands where the last ACK says: an ACK that it did not expect moves it there and
 * sends nothing until its timer. The timer is not renewed by an ACK, and its budget is for the whole transfer. Once the
 * final block has left, any ACK ends the transfer as a success, one of an earlier block too.
 */
import type { Option } from '../../packet/index.ts'
import { ubootOptions } from '../client/uboot.ts'
import { Uploader, type UploaderConfig } from './uploader.ts'

const TIMEOUT_MS = 5000
/** The eleventh timeout of a transfer ends it. */
const TIMEOUT_BUDGET = 10
const BLKSIZE = 1468

export class UbootPut extends Uploader {
  /** The block that it sends next, or has sent and not seen acknowledged. */
  #block = 0
  #isFinalSent = false

  /** `tsize`: built with CONFIG_TFTP_TSIZE, it announces the size of what it stores. */
  constructor(config: UploaderConfig, { tsize }: { readonly tsize: boolean }) {
    const size = { name: 'tsize', value: String(config.image.length) }
    const options = ubootOptions({ blksize: BLKSIZE, tsize }, TIMEOUT_MS)
    super(
      config,
      'octet',
      options.map((option) => (option.name === 'tsize' ? size : option)),
    )
  }

  protected onStart(now: number): void {
    this.setTimer(now + TIMEOUT_MS)
    this.sendRequest(now)
  }

  protected onOack(now: number, options: readonly Option[]): void {
    this.agree(options)
    this.state = 'sending'
    // A second OACK moves it on by one more.
    this.#block++
    this.#send(now)
  }

  protected onAck(now: number, block: number): void {
    this.state = 'sending'
    if (this.#isFinalSent) return this.complete(now)
    const isExpected = block === (this.#block & 0xffff)
    // Its count is of 16 bits as well; the model keeps the part above them.
    this.#block = (this.#block & ~0xffff) + block + 1
    if (isExpected) this.#send(now)
  }

  protected onTimer(now: number): void {
    if (++this.timeouts > TIMEOUT_BUDGET) return this.fail(now, 'retry count exceeded')
    this.setTimer(now + TIMEOUT_MS)
    if (this.state === 'asking') this.sendRequest(now)
    else this.#send(now)
  }

  #send(now: number): void {
    if (this.#block > this.lastSeq) return
    this.#isFinalSent = this.#block === this.lastSeq
    this.sendBlock(now, this.#block)
  }
}
