/**
 * PyTFTPd. After every packet that comes, wanted or not, and after every 0.1 s without one, it sends the whole window from
 * its base. ACKs are cumulative: ACK n confirms all before it. 300 timeouts in the whole transfer end it. An OACK leaves
 * twenty times, after each packet or timeout, whatever the client says. It serves one client at a time.
 *
 * As published it answers any option but blksize and windowsize with ERROR 9. The people who flashed their devices with it
 * had patched it to send two packets before it waits, whatever the client asks: `windowBlocks`.
 */
import { encodeOack, type Option, optionNumber, type Request } from '../../packet/index.ts'
import type { ModelTransfer } from '../server-node.ts'
import { ModelSender, type TransferSetup } from './model-sender.ts'
import { refuse, type ServeSetup, type ForeignModel } from './model.ts'

export interface PyTftpdOptions {
  /** The patch: this many blocks for every client, and options that it does not know are ignored. */
  readonly windowBlocks?: number
}

const WAIT_MS = 100
const MOST_TIMEOUTS = 300
const OACKS = 20
const UNSUPPORTED_OPTIONS = 9

export function pyTftpd(options: PyTftpdOptions = {}): ForeignModel {
  const { windowBlocks } = options
  return {
    type: 'pytftpd',
    summary: `${windowBlocks === undefined ? '' : `patched to ${windowBlocks} packets: `}the window after every packet; cumulative ACKs; 0.1 s`,
    requests: 'queue',
    serve(request, setup: ServeSetup): ModelTransfer {
      if (
        windowBlocks === undefined &&
        request.options.some(({ name }) => name !== 'blksize' && name !== 'windowsize')
      ) {
        return refuse(setup, UNSUPPORTED_OPTIONS, 'Only blksize and windowsize opts supported')
      }
      const blksize = optionNumber(request.options, 'blksize', 8, 65464) ?? 512
      const windowsize = optionNumber(request.options, 'windowsize', 1, 65535) ?? 1
      const oack = oackOf(request, blksize, windowsize)
      const machine = new PyTftpd({ ...setup, blksize, oack }, windowBlocks ?? windowsize)
      return { machine, blksize, rollover: 0 }
    },
  }
}

/** Only what differs from the default is answered. */
function oackOf(request: Request, blksize: number, windowsize: number): Uint8Array | undefined {
  const options: Option[] = []
  for (const { name } of request.options) {
    if (name === 'blksize' && blksize !== 512) options.push({ name, value: String(blksize) })
    if (name === 'windowsize' && windowsize !== 1) options.push({ name, value: String(windowsize) })
  }
  return options.length > 0 ? encodeOack(options) : undefined
}

class PyTftpd extends ModelSender {
  readonly #windowBlocks: number
  #oacksLeft: number
  #base = 1
  #lastSent = 0
  #timeouts = 0

  constructor(setup: TransferSetup, windowBlocks: number) {
    super(setup)
    this.#windowBlocks = windowBlocks
    this.#oacksLeft = setup.oack === undefined ? 0 : OACKS
  }

  protected onStart(now: number): void {
    this.#round(now)
  }

  protected onAck(now: number, seq: number): void {
    if (this.#lastSent > 0 && seq >= this.#base && seq <= this.#lastSent) {
      this.#base = seq + 1
      this.nearest = this.#base
      this.delivered(now, seq)
      if (seq === this.lastSeq) return this.complete()
    }
    this.#round(now)
  }

  protected override onOther(now: number): void {
    this.#round(now)
  }

  protected onTimer(now: number): void {
    // While it repeats the OACK it counts no timeouts.
    if (this.#lastSent > 0) {
      this.timedOut()
      if (++this.#timeouts >= MOST_TIMEOUTS) return this.fail('300 timeouts')
    }
    this.#round(now)
  }

  #round(now: number): void {
    if (this.#oacksLeft > 0) {
      this.#oacksLeft--
      this.sendControl(this.oack!)
    } else {
      this.sendWindow(this.#base, this.#windowBlocks)
      this.#lastSent = Math.min(this.#base + this.#windowBlocks - 1, this.lastSeq)
    }
    this.setTimer(now + WAIT_MS)
  }
}
