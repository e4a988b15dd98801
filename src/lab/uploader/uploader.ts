/**
 * What every model of a client that stores a file has: a request, a port, one timer, and the file as it travels. How a
 * program takes an ACK, an OACK and its timer is said in the files beside this one.
 */
import { ForesendError } from '../../error.ts'
import {
  encodeRequest,
  escapeText,
  HEADER_BYTES,
  type Mode,
  NetasciiEncoder,
  netasciiSize,
  OPCODE,
  type Option,
  optionNumber,
  parseError,
  parseOack,
  readBlock,
  readOpcode,
  writeDataHeader,
} from '../../packet/index.ts'
import type { Outcome } from '../../transfer/contract.ts'
import { DEFAULT_BLKSIZE, MAX_BLKSIZE, MIN_BLKSIZE } from '../../transfer/negotiate.ts'
import type { Outlet, UploadingNode } from '../node.ts'

export interface UploaderConfig {
  /** The local file. */
  readonly image: Uint8Array
  readonly filename?: string
  /** When it asks for the first time, in virtual milliseconds. Default 0. */
  readonly startMs?: number
}

const SERVER_PORT = 69
const LOCAL_PORT = 2070
const DEFAULT_FILENAME = 'test.bin'

export abstract class Uploader implements UploadingNode {
  deadline: number
  outcome: Outcome | undefined = undefined
  endedAt: number | undefined = undefined
  dataSent = 0
  timeouts = 0
  requests = 0
  says = ''
  /** Those of RFC 1350 until an OACK says otherwise. */
  blksize = DEFAULT_BLKSIZE
  /** `asking`: no server has answered. */
  protected state: 'off' | 'asking' | 'sending' | 'done' = 'off'
  /** The file as it travels. */
  protected readonly content: Uint8Array
  readonly #options: readonly Option[]
  readonly #request: Uint8Array
  #frame = new Uint8Array(HEADER_BYTES + DEFAULT_BLKSIZE)
  #serverPort = SERVER_PORT
  #outlet: Outlet | undefined

  constructor(config: UploaderConfig, mode: Mode, options: readonly Option[]) {
    const filename = config.filename ?? DEFAULT_FILENAME
    this.content = mode === 'netascii' ? asNetascii(config.image) : config.image
    this.#options = options
    this.#request = encodeRequest({ opcode: OPCODE.wrq, filename, mode, options })
    this.deadline = config.startMs ?? 0
  }

  /** The final block, short or empty (RFC 1350 §6). */
  protected get lastSeq(): number {
    return Math.floor(this.content.length / this.blksize) + 1
  }

  attach(outlet: Outlet): void {
    this.#outlet = outlet
  }

  handleDatagram(now: number, buffer: Uint8Array, offset: number, length: number, from: number, to: number): void {
    if (to !== LOCAL_PORT || this.state === 'off' || this.state === 'done') return
    if (this.state === 'sending' && from !== this.#serverPort) return
    const opcode = readOpcode(buffer, offset, length)
    if (opcode === OPCODE.error) {
      const error = parseError(buffer, offset, length)
      if (error.ok) this.fail(now, `ERROR ${error.value.wireCode} "${escapeText(error.value.message)}"`)
    } else if (opcode === OPCODE.oack) {
      const oack = parseOack(buffer, offset, length)
      if (!oack.ok) return
      this.#serverPort = from
      this.onOack(now, oack.value)
    } else if (opcode === OPCODE.ack && length >= HEADER_BYTES) {
      const block = readBlock(buffer, offset)
      // Before an answer only ACK 0 is one.
      if (this.state === 'asking' && block !== 0) return
      this.#serverPort = from
      this.onAck(now, block)
    }
  }

  handleTimer(now: number): void {
    if (now < this.deadline) return
    this.deadline = Infinity
    if (this.state === 'off') {
      this.state = 'asking'
      this.onStart(now)
    } else if (this.state !== 'done') this.onTimer(now)
  }

  protected abstract onStart(now: number): void
  /** ACK 0 from any port while it asks, and every ACK of its server afterwards. */
  protected abstract onAck(now: number, block: number): void
  protected abstract onOack(now: number, options: readonly Option[]): void
  protected abstract onTimer(now: number): void

  protected setTimer(at: number): void {
    this.deadline = at
  }

  protected sendRequest(now: number): void {
    this.requests++
    this.#outlet!.send(now, this.#request, 0, this.#request.length, LOCAL_PORT, SERVER_PORT)
  }

  /** Sends the bytes of block `seq` under the number `label`, which are the same in a program that counts well. */
  protected sendBlock(now: number, seq: number, label: number = seq): void {
    const start = (seq - 1) * this.blksize
    const payload = this.content.subarray(start, start + this.blksize)
    if (this.#frame.length < HEADER_BYTES + this.blksize) this.#frame = new Uint8Array(HEADER_BYTES + this.blksize)
    writeDataHeader(this.#frame, 0, label & 0xffff)
    this.#frame.set(payload, HEADER_BYTES)
    this.dataSent++
    this.#outlet!.send(now, this.#frame, 0, HEADER_BYTES + payload.length, LOCAL_PORT, this.#serverPort)
  }

  /** Takes on the block size that an OACK grants. */
  protected agree(options: readonly Option[]): void {
    const offered = optionNumber(this.#options, 'blksize', MIN_BLKSIZE, MAX_BLKSIZE)
    const granted = optionNumber(options, 'blksize', MIN_BLKSIZE, MAX_BLKSIZE)
    if (granted !== undefined && offered !== undefined && granted <= offered) this.blksize = granted
  }

  /** It takes the file for stored. */
  protected complete(now: number): void {
    this.#end(now, { status: 'completed' }, 'stored')
  }

  protected fail(now: number, reason: string): void {
    this.#end(
      now,
      { status: 'failed', error: new ForesendError('ERR_TFTP_TIMEOUT', reason, { fault: 'peer' }) },
      reason,
    )
  }

  #end(now: number, outcome: Outcome, says: string): void {
    this.state = 'done'
    this.deadline = Infinity
    this.outcome = outcome
    this.endedAt = now
    this.says = says
  }
}

function asNetascii(image: Uint8Array): Uint8Array {
  const encoded = new Uint8Array(netasciiSize(image, 0, image.length))
  new NetasciiEncoder().encode(image, 0, image.length, encoded, 0)
  return encoded
}
