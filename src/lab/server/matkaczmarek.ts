/**
 * matkaczmarek's server after RFC 7440. The value of the first option, whatever its name, becomes the window, and the OACK
 * says so (asked or not). Any ACK at or above the last one moves it; a stale ACK is answered by the block that was
 * acknowledged last. Every 0.1 s without a packet the window leaves again, for ever. Once the final block was sent, the
 * next ACK of the window ends the transfer with success. There is no rollover: the program dies after block 65535.
 * Without options it begins with DATA 1, but repeats from block 2: a lost DATA 1 is never sent again.
 */
import { encodeOack, type Request } from '../../packet/index.ts'
import type { ModelTransfer } from '../server-node.ts'
import { ModelSender, type TransferSetup } from './model-sender.ts'
import { refuse, type ServeSetup, type ForeignModel } from './model.ts'

const WAIT_MS = 100
const LAST_NUMBER = 65535
/** The program repeats for ever; a model has to end. Ten minutes. */
const MOST_TIMEOUTS = 6000

export function matkaczmarek(): ForeignModel {
  return {
    type: 'matkaczmarek',
    summary: 'the first option’s value is the window; a stale ACK triggers a send; no rollover; 0.1 s',
    requests: 'beside',
    serve(request, setup: ServeSetup): ModelTransfer {
      const windowsize = firstNumber(request)
      // The program throws where it reads the request, and answers nothing ever after.
      if (Number.isNaN(windowsize)) return refuse(setup, undefined, 'the first option is not a number')
      const oack =
        windowsize === undefined ? undefined : encodeOack([{ name: 'windowsize', value: String(windowsize) }])
      return {
        machine: new Matkaczmarek({ ...setup, blksize: 512, oack }, windowsize ?? 1),
        blksize: 512,
        rollover: 0,
      }
    },
  }
}

function firstNumber(request: Request): number | undefined {
  const first = request.options[0]
  if (first === undefined) return undefined
  return /^\d+$/.test(first.value) ? Number(first.value) : Number.NaN
}

class Matkaczmarek extends ModelSender {
  readonly #windowsize: number
  /** The highest block that was acknowledged; 1 without options, before any was. */
  #acked: number
  #sentLast = false
  #timeouts = 0

  constructor(setup: TransferSetup, windowsize: number) {
    super(setup)
    this.#windowsize = windowsize
    this.#acked = setup.oack === undefined ? 1 : 0
  }

  protected onStart(now: number): void {
    if (this.oack === undefined) this.#transmit(1)
    else this.sendControl(this.oack)
    this.setTimer(now + WAIT_MS)
  }

  protected onAck(now: number, seq: number): void {
    this.setTimer(now + WAIT_MS)
    if (seq < this.#acked) {
      if (this.#acked >= 1) this.#transmit(this.#acked)
      return
    }
    this.#acked = seq
    this.nearest = seq
    this.delivered(now, seq)
    if (this.#sentLast) this.complete()
    else this.#window()
  }

  protected onTimer(now: number): void {
    this.timedOut()
    if (++this.#timeouts > MOST_TIMEOUTS) return this.fail('it would repeat for ever')
    this.setTimer(now + WAIT_MS)
    this.#window()
  }

  #window(): void {
    for (let seq = this.#acked + 1; seq <= this.#acked + this.#windowsize && seq <= this.lastSeq; seq++)
      this.#transmit(seq)
  }

  #transmit(seq: number): void {
    if (this.closed) return
    if (seq > LAST_NUMBER) return this.fail('no rollover')
    if (seq === this.lastSeq) this.#sentLast = true
    this.send(seq)
  }
}
