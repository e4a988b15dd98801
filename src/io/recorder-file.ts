/** Makes a pcapng file of the log of a transfer: what a capture at the server would show, without the bytes of the file. */
import { pcapngDatagram, pcapngHeader } from '../capture/pcapng.ts'
import { foldSum } from '../capture/checksum.ts'
import { blockOfSeq, HEADER_BYTES, OPCODE } from '../packet/index.ts'
import { LOG_KIND, type LogContent } from './recorder-log.ts'

export interface RecordedTransfer {
  /** When it was asked for, in milliseconds since the epoch. */
  readonly startMs: number
  readonly peer: string
  readonly peerPort: number
  readonly local: string
  /** Where it was asked, and where it answered from. */
  readonly requestPort: number
  readonly localPort: number
  /** Where its blocks went, when other clients shared them (RFC 2090). */
  readonly group?: { readonly address: string; readonly port: number } | undefined
  readonly blksize: number
  readonly rollover: 0 | 1
  /** Undefined where it is not known how long the last block is. */
  readonly sizeBytes: number | undefined
  /** Name of the file, and its first line. */
  readonly name: string
  readonly comment: string
}

/** `maxBytes`: what does not fit is left out in the middle, and the comment says how much. */
export function recordingOf(transfer: RecordedTransfer, content: LogContent, maxBytes: number): Uint8Array {
  const maker = new Maker(transfer)
  const { words, leftOut, leftOutBehind } = content
  for (let i = 0; i < words.length / 2; i++) {
    if (leftOut > 0 && i === leftOutBehind) maker.gap()
    maker.add(words[2 * i] / 1000, words[2 * i + 1], content)
  }
  return maker.file(maxBytes, leftOut)
}

/** Where an enhanced packet block has the two halves of its time, and its packet. */
const TIME_AT = 12
const PACKET_AT = 28
const UDP_HEADER_BYTES = 8
const FIRST_BYTES = 16 * 1024

/** A datagram of four bytes of TFTP as it is in the file; all others of its kind differ in time and block number alone. */
interface Stamp {
  readonly bytes: Uint8Array
  /** Where it has its block number. */
  readonly blockAt: number
  /** Where it has the checksum, and its value for block 0; 0 for none. */
  readonly checksumAt: number
  readonly checksum: number
}

class Maker {
  readonly #transfer: RecordedTransfer
  /** The packets one behind the other, and where each begins. */
  #out = new Uint8Array(FIRST_BYTES)
  #view = new DataView(this.#out.buffer)
  #used = 0
  readonly #starts: number[] = []
  /** By what makes them differ: direction, opcode and length on the wire. */
  readonly #stamps = new Map<number, Stamp>()
  /** Payload bytes of DATA that is received. */
  #length: number
  /** The last block that was sent; 0 behind a gap. */
  #seq = 0

  constructor(transfer: RecordedTransfer) {
    this.#transfer = transfer
    this.#length = transfer.blksize
  }

  gap(): void {
    this.#seq = 0
  }

  add(ms: number, word: number, { packets }: LogContent): void {
    const isSent = word >>> 31 === 1
    const number = word & 0x0fff_ffff
    switch ((word >>> 28) & 7) {
      case LOG_KIND.data:
        return this.#data(ms, number)
      case LOG_KIND.through:
        if (this.#seq > 0) for (let seq = this.#seq + 1; seq <= number; seq++) this.#data(ms, seq)
        return
      case LOG_KIND.length:
        this.#length = number
        return
      case LOG_KIND.block:
        return this.#numbered(ms, isSent, OPCODE.data, number, this.#length)
      case LOG_KIND.ack:
        return this.#numbered(ms, isSent, OPCODE.ack, number, 0)
      case LOG_KIND.packet: {
        const packet = packets[number]
        if (packet !== undefined) this.#append(this.#datagram(ms, isSent, packet, packet.length))
      }
    }
  }

  file(maxBytes: number, leftOutBefore: number): Uint8Array {
    const { comment } = this.#transfer
    const longest = pcapngHeader(`${comment}; ${Number.MAX_SAFE_INTEGER} packets or more are left out in the middle`)
    const [from, to] = this.#middle(maxBytes - longest.length)
    const missing = leftOutBefore + to - from
    const note = missing === 0 ? '' : `; ${missing} packets or more are left out in the middle`
    const header = pcapngHeader(`${comment}${note}`)
    const head = this.#out.subarray(0, this.#startOf(from))
    const tail = this.#out.subarray(this.#startOf(to), this.#used)
    const file = new Uint8Array(header.length + head.length + tail.length)
    file.set(header)
    file.set(head, header.length)
    file.set(tail, header.length + head.length)
    return file
  }

  #data(ms: number, seq: number): void {
    const { blksize, rollover, sizeBytes } = this.#transfer
    const rest = sizeBytes === undefined ? blksize : sizeBytes - (seq - 1) * blksize
    this.#numbered(ms, true, OPCODE.data, blockOfSeq(seq, rollover), Math.max(0, Math.min(blksize, rest)))
    this.#seq = seq
  }

  #numbered(ms: number, isSent: boolean, opcode: number, block: number, payloadBytes: number): void {
    const { bytes, blockAt, checksumAt, checksum } = this.#stamp(isSent, opcode, payloadBytes)
    const at = this.#append(bytes)
    const timeUs = Math.round((this.#transfer.startMs + ms) * 1000)
    this.#view.setUint32(at + TIME_AT, Math.floor(timeUs / 0x1_0000_0000), true)
    this.#view.setUint32(at + TIME_AT + 4, timeUs % 0x1_0000_0000, true)
    this.#view.setUint16(at + blockAt, block)
    if (checksum === 0) return
    // RFC 1624: what a sum grows by, its complement shrinks by.
    const changed = ~foldSum((~checksum & 0xffff) + block) & 0xffff
    this.#view.setUint16(at + checksumAt, changed === 0 ? 0xffff : changed)
  }

  #stamp(isSent: boolean, opcode: number, payloadBytes: number): Stamp {
    const key = (payloadBytes * 8 + opcode) * 2 + (isSent ? 1 : 0)
    let stamp = this.#stamps.get(key)
    if (stamp === undefined) {
      const head = Uint8Array.of(0, opcode, 0, 0)
      const bytes = this.#datagram(0, isSent, head, HEADER_BYTES + payloadBytes)
      const udpAt = PACKET_AT + (bytes[PACKET_AT] >>> 4 === 4 ? 20 : 40)
      const view = new DataView(bytes.buffer, bytes.byteOffset)
      stamp = {
        bytes,
        blockAt: udpAt + UDP_HEADER_BYTES + 2,
        checksumAt: udpAt + 6,
        checksum: view.getUint16(udpAt + 6),
      }
      this.#stamps.set(key, stamp)
    }
    return stamp
  }

  #datagram(ms: number, isSent: boolean, payload: Uint8Array, payloadBytes: number): Uint8Array {
    const { startMs, peer, peerPort, local, localPort, requestPort, group } = this.#transfer
    const isRequest = !isSent && payload[0] === 0 && (payload[1] === OPCODE.rrq || payload[1] === OPCODE.wrq)
    const ownPort = isRequest ? requestPort : localPort
    const isForGroup = isSent && payload[1] === OPCODE.data
    const to = (isForGroup ? group : undefined) ?? { address: peer, port: peerPort }
    return pcapngDatagram({
      timeUs: Math.round((startMs + ms) * 1000),
      source: isSent ? local : peer,
      destination: isSent ? to.address : local,
      sourcePort: isSent ? ownPort : peerPort,
      destinationPort: isSent ? to.port : ownPort,
      payload,
      payloadBytes,
    })
  }

  /** Where it stands. */
  #append(bytes: Uint8Array): number {
    const at = this.#used
    if (at + bytes.length > this.#out.length) {
      const more = new Uint8Array(2 * Math.max(this.#out.length, bytes.length))
      more.set(this.#out)
      this.#out = more
      this.#view = new DataView(more.buffer)
    }
    this.#out.set(bytes, at)
    this.#used = at + bytes.length
    this.#starts.push(at)
    return at
  }

  #startOf(index: number): number {
    return this.#starts[index] ?? this.#used
  }

  /** The packets that have to go so that the others fit: a quarter of the room is for the beginning. */
  #middle(room: number): [from: number, to: number] {
    if (this.#used <= room) return [0, 0]
    let from = 0
    while (this.#startOf(from + 1) <= room / 4) from++
    let to = from
    while (to < this.#starts.length && this.#startOf(from) + this.#used - this.#startOf(to) > room) to++
    return [from, to]
  }
}
