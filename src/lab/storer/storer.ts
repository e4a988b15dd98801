/**
 * A server that stores what it is sent, as RFC 1350 and RFC 7440 have it or with the habits of a bootloader: devices in
 * their recovery mode, and the other servers in the part that the lab does not know of each.
 */
import {
  encodeError,
  HEADER_BYTES,
  OPCODE,
  parseRequest,
  readBlock,
  readOpcode,
  type Request,
  seqNear,
  writeAck,
} from '../../packet/index.ts'
import { DEFAULT_BLKSIZE } from '../../transfer/negotiate.ts'
import { LabUpload } from '../lab-upload.ts'
import type { Outlet, StoredFile, StoringNode } from '../node.ts'

export interface StorerTraits {
  /** `port-69`: from the port that was asked. `own-port`: from a TID of its own, as RFC 1350 has it. */
  readonly answersFrom: 'port-69' | 'own-port'
  /** What it makes of a request: what it grants, or the ERROR that it answers with. */
  negotiate(request: Request): StorerGrant | StorerRefusal
  /** `any`: a block other than the last one is stored where its number says, whatever is missing before it. */
  readonly order: 'inorder' | 'any'
  /** The block that it took last, once more. */
  readonly repeat: 'acknowledge' | 'ignore'
  /** `missing`: it writes its flash and starts anew before the ACK of the final block leaves. */
  readonly lastAck: 'sent' | 'missing'
  /** How long it waits for a block before it repeats its last ACK, `retries` times in a row. */
  readonly timeoutMs: number
  readonly retries: number
  /** When it is there, in virtual milliseconds. */
  readonly opensMs: number
  /** For how long a request is taken up then; afterwards it boots what it has. */
  readonly windowMs: number
  /** How long it answers a repeat of the final block. */
  readonly dallyMs: number
}

export interface StorerGrant {
  readonly blksize: number
  readonly windowsize: number
  /** Undefined for an answer by ACK 0. */
  readonly oack: Uint8Array | undefined
}

export interface StorerRefusal {
  /** Undefined for a server that does not answer. */
  readonly wireCode: number | undefined
  readonly text: string
}

const SERVER_PORT = 69
const FIRST_TID = 40_000

export class Storer implements StoringNode {
  deadline = Infinity
  stored: StoredFile | undefined = undefined
  started = 0
  acknowledged = false
  says = 'no request came'
  readonly #traits: StorerTraits
  readonly #ack = new Uint8Array(HEADER_BYTES)
  #outlet: Outlet | undefined
  #grant: StorerGrant | undefined
  #upload: Blocks | undefined
  #tid = 0
  #peer = 0
  /** The highest block of those without a gap; of `any` order the block that came last. */
  #seq = 0
  #acked = 0
  #expiries = 0
  #isGapReported = false
  #doneAt = Infinity

  constructor(traits: StorerTraits) {
    this.#traits = traits
  }

  attach(outlet: Outlet): void {
    this.#outlet = outlet
  }

  handleDatagram(now: number, buffer: Uint8Array, offset: number, length: number, from: number, to: number): void {
    const { opensMs, windowMs } = this.#traits
    if (now < opensMs) return
    const opcode = readOpcode(buffer, offset, length)
    if (to === SERVER_PORT && opcode === OPCODE.wrq) {
      const isWaiting = this.#grant === undefined
      if (isWaiting && now > opensMs + windowMs) return
      const request = parseRequest(buffer, offset, length)
      if (request.ok && this.stored === undefined) this.#begin(now, request.value, from)
    } else if (opcode === OPCODE.data && length >= HEADER_BYTES && to === this.#tid && this.#isPeer(from)) {
      this.#data(now, readBlock(buffer, offset), buffer, offset + HEADER_BYTES, length - HEADER_BYTES)
    } else if (opcode === OPCODE.error && from === this.#peer && this.stored === undefined) {
      this.#giveUp('the client sent an ERROR')
    }
  }

  handleTimer(now: number): void {
    if (now < this.deadline) return
    this.deadline = Infinity
    if (this.#upload === undefined) return
    if (++this.#expiries > this.#traits.retries) return this.#giveUp(`gave up waiting for block ${this.#seq + 1}`)
    this.#answer(now)
    this.deadline = now + this.#traits.timeoutMs
  }

  /** U-Boot takes its first block from any port, and knows its client by that from then on. */
  #isPeer(port: number): boolean {
    const isFirst = this.#traits.order === 'any' && this.#upload !== undefined && this.#seq === 0
    if (isFirst) this.#peer = port
    return this.#peer === port
  }

  /** A request in the middle of a transfer begins it anew, as it does where there is only one. */
  #begin(now: number, request: Request, from: number): void {
    const negotiated = this.#traits.negotiate(request)
    if ('wireCode' in negotiated) {
      this.says = negotiated.text
      if (negotiated.wireCode === undefined) return
      const packet = encodeError(negotiated.wireCode, negotiated.text)
      this.#outlet!.send(now, packet, 0, packet.length, SERVER_PORT, from)
      return
    }
    // The same request again before any block: its answer was lost or is on its way.
    const isRepeat = this.#peer === from && this.#upload !== undefined && this.#seq === 0
    if (!isRepeat) {
      this.#tid = this.#traits.answersFrom === 'port-69' ? SERVER_PORT : FIRST_TID + this.started
      this.started++
      this.#peer = from
      this.#grant = negotiated
      this.#upload = new Blocks(request.mode === 'netascii', negotiated.blksize)
      this.#seq = 0
      this.#acked = 0
      this.says = 'still at it'
    }
    this.#expiries = 0
    this.deadline = now + this.#traits.timeoutMs
    this.#answer(now)
  }

  #data(now: number, block: number, buffer: Uint8Array, payload: number, length: number): void {
    if (this.stored !== undefined) return this.#late(now, block)
    const { order, repeat } = this.#traits
    const upload = this.#upload
    if (upload === undefined || length > upload.blksize) return
    const seq = seqNear(block, this.#seq + 1, 0)
    if (seq === this.#seq && seq > 0) {
      if (repeat === 'acknowledge') this.#answer(now)
      return
    }
    if (seq < 1) return
    const isNext = seq === this.#seq + 1
    // A bootloader begins with block 1 or not at all.
    if (!isNext && (order === 'inorder' || this.#seq === 0)) return this.#unexpected(now, seq)
    this.#seq = seq
    this.#expiries = 0
    this.#isGapReported = false
    upload.put(seq, buffer, payload, length)
    this.deadline = now + this.#traits.timeoutMs
    const isFinal = length < upload.blksize
    if (isFinal) this.#finish(now, upload)
    else if (order === 'any' || seq - this.#acked >= (this.#grant?.windowsize ?? 1)) this.#answer(now)
  }

  /** RFC 7440: a gap is reported once by the ACK of the last good block. A block from behind is acknowledged as such. */
  #unexpected(now: number, seq: number): void {
    if (seq <= this.#seq) {
      if (this.#grant?.windowsize === 1) this.#sendAck(now, seq)
      return
    }
    if (this.#grant?.windowsize === 1 || this.#isGapReported) return
    this.#isGapReported = true
    this.#answer(now)
  }

  #finish(now: number, upload: Blocks): void {
    const { lastAck, dallyMs } = this.#traits
    this.stored = upload.finish(now)
    this.deadline = Infinity
    this.#doneAt = now + dallyMs
    this.says = lastAck === 'sent' ? 'stored' : 'stored, and gone before the last ACK'
    if (lastAck === 'missing') {
      this.#peer = 0
      return
    }
    this.acknowledged = true
    this.#answer(now)
  }

  #late(now: number, block: number): void {
    if (now < this.#doneAt && block === (this.#seq & 0xffff)) this.#sendAck(now, block)
  }

  /** Its last answer: the ACK of where it stands, or what opened the transfer. */
  #answer(now: number): void {
    const { oack } = this.#grant!
    if (this.#seq > 0 || oack === undefined) this.#sendAck(now, this.#seq & 0xffff)
    else this.#outlet!.send(now, oack, 0, oack.length, this.#tid, this.#peer)
    this.#acked = this.#seq
  }

  #sendAck(now: number, block: number): void {
    writeAck(this.#ack, 0, block)
    this.#outlet!.send(now, this.#ack, 0, HEADER_BYTES, this.#tid, this.#peer)
  }

  #giveUp(reason: string): void {
    this.says = reason
    this.#upload = undefined
    this.#grant = undefined
    this.#peer = 0
    this.deadline = Infinity
  }
}

/** Nothing is granted: RFC 1350 alone. */
export function plainGrant(): StorerGrant {
  return { blksize: DEFAULT_BLKSIZE, windowsize: 1, oack: undefined }
}

/** The blocks of a file where their numbers say. A place that nothing was written to stays empty. */
class Blocks {
  readonly blksize: number
  readonly #netascii: boolean
  readonly #blocks: Uint8Array[] = []

  constructor(netascii: boolean, blksize: number) {
    this.#netascii = netascii
    this.blksize = blksize
  }

  put(seq: number, buffer: Uint8Array, offset: number, length: number): void {
    this.#blocks[seq - 1] = buffer.slice(offset, offset + length)
  }

  finish(now: number): StoredFile {
    const upload = new LabUpload(this.#netascii)
    const empty = new Uint8Array(this.blksize)
    for (let i = 0; i < this.#blocks.length; i++) {
      const block = this.#blocks[i] ?? empty
      upload.append(block, 0, block.length)
    }
    return upload.finish(now)
  }
}
