/**
 * The RFC 7440 forks of tftp-hpa (ClausKlein, mellowcandle). An ACK that is not the last block's makes the server listen
 * until nothing has come for 50 ms and go on behind that ACK. A timeout, 1 s whatever was negotiated, sends the window's
 * last block again, alone. A windowsize above 64 is refused.
 */
import { optionNumber, WIRE_ERROR } from '../../packet/index.ts'
import type { ModelTransfer } from '../server-node.ts'
import { ModelSender, type TransferSetup } from './model-sender.ts'
import { refuse, type ServeSetup, type ForeignModel } from './model.ts'
import { acceptOptions } from './options.ts'

const WAIT_MS = 1000
const QUIET_MS = 50
/** As in the program that they descend from. */
const TRIES = 6
const MAX_WINDOWSIZE = 64

export function tftpHpaForks(): ForeignModel {
  return {
    type: 'tftp-hpa-rfc7440',
    summary: 'a partial ACK: 50 ms of silence, then on behind it; 1 s timeout resends the last block of the window',
    requests: 'beside',
    serve(request, setup: ServeSetup): ModelTransfer {
      const asked = optionNumber(request.options, 'windowsize', 1, Number.MAX_SAFE_INTEGER)
      if (asked !== undefined && asked > MAX_WINDOWSIZE) {
        return refuse(setup, WIRE_ERROR.option, 'Unsupported option(s) requested')
      }
      const accepted = acceptOptions(request, setup.sizeBytes, { knows: ['blksize', 'timeout', 'tsize', 'windowsize'] })
      const machine = new TftpHpaFork({ ...setup, ...accepted }, accepted.windowsize)
      return { machine, blksize: accepted.blksize, rollover: 0 }
    },
  }
}

class TftpHpaFork extends ModelSender {
  readonly #windowsize: number
  /** Last block that is out; 0 for the OACK. */
  #last: number
  #tries = 1
  /** While it drains: where it will go on. */
  #resumeAt = 0

  constructor(setup: TransferSetup, windowsize: number) {
    super(setup)
    this.#windowsize = windowsize
    this.#last = setup.oack === undefined ? Math.min(windowsize, this.lastSeq) : 0
  }

  protected onStart(now: number): void {
    if (this.#last === 0) this.sendControl(this.oack!)
    else this.sendWindow(1, this.#last)
    this.setTimer(now + WAIT_MS)
  }

  protected onAck(now: number, seq: number): void {
    if (this.#resumeAt > 0) return this.setTimer(now + QUIET_MS)
    if (seq > this.#last) return
    if (seq === this.#last) {
      this.delivered(now, seq)
      if (seq === this.lastSeq) this.complete()
      else this.#next(now, seq + 1)
    } else if (this.#last > 0) {
      this.#resumeAt = seq + 1
      this.setTimer(now + QUIET_MS)
    }
  }

  protected onTimer(now: number): void {
    if (this.#resumeAt > 0) return this.#next(now, this.#resumeAt)
    this.timedOut()
    if (++this.#tries > TRIES) return this.fail(`block ${this.#last} was not acknowledged`)
    if (this.#last === 0) this.sendControl(this.oack!)
    else this.send(this.#last)
    this.setTimer(now + WAIT_MS)
  }

  #next(now: number, first: number): void {
    this.#resumeAt = 0
    this.#tries = 1
    this.#last = Math.min(first + this.#windowsize - 1, this.lastSeq)
    this.nearest = this.#last
    this.sendWindow(first, this.#windowsize)
    this.setTimer(now + WAIT_MS)
  }
}
