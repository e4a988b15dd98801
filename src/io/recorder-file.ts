/** Makes a pcapng file of the log of a transfer: what a capture at the server would show, without the bytes of the file. */
import { pcapngDatagram, pcapngHeader } from '../capture/pcapng.ts'
import { blockOfSeq, HEADER_BYTES, OPCODE, writeAck, writeDataHeader } from '../packet/index.ts'
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
  readonly blksize: number
  readonly rollover: 0 | 1
  /** Undefined where it is not known how long the last block is. */
  readonly sizeBytes: number | undefined
  /** Name of the file, and its first line. */
  readonly name: string
  readonly comment: string
}

/** Bytes of one packet in the file, at most: headers of the block, of IPv6 and UDP, and four bytes of TFTP. */
export const PACKET_FILE_BYTES = 32 + 48 + 4

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

class Maker {
  readonly #transfer: RecordedTransfer
  readonly #packets: Uint8Array[] = []
  readonly #head = new Uint8Array(HEADER_BYTES)
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
        writeDataHeader(this.#head, 0, number)
        return this.#datagram(ms, isSent, this.#head, HEADER_BYTES + this.#length)
      case LOG_KIND.ack:
        writeAck(this.#head, 0, number)
        return this.#datagram(ms, isSent, this.#head, HEADER_BYTES)
      case LOG_KIND.packet: {
        const packet = packets[number]
        if (packet !== undefined) this.#datagram(ms, isSent, packet, packet.length)
      }
    }
  }

  file(maxBytes: number, leftOutBefore: number): Uint8Array {
    const { comment } = this.#transfer
    const packets = this.#packets
    const room =
      maxBytes - pcapngHeader(`${comment}; ${Number.MAX_SAFE_INTEGER} entries are left out in the middle`).length
    const [from, to] = middleOf(packets, room)
    const missing = leftOutBefore + to - from
    const note = missing === 0 ? '' : `; ${missing} packets or more are left out in the middle`
    const kept = [pcapngHeader(`${comment}${note}`), ...packets.slice(0, from), ...packets.slice(to)]
    const file = new Uint8Array(kept.reduce((sum, { length }) => sum + length, 0))
    let at = 0
    for (const piece of kept) {
      file.set(piece, at)
      at += piece.length
    }
    return file
  }

  #data(ms: number, seq: number): void {
    const { blksize, rollover, sizeBytes } = this.#transfer
    const rest = sizeBytes === undefined ? blksize : sizeBytes - (seq - 1) * blksize
    writeDataHeader(this.#head, 0, blockOfSeq(seq, rollover))
    this.#datagram(ms, true, this.#head, HEADER_BYTES + Math.max(0, Math.min(blksize, rest)))
    this.#seq = seq
  }

  #datagram(ms: number, isSent: boolean, payload: Uint8Array, payloadBytes: number): void {
    const { startMs, peer, peerPort, local, localPort, requestPort } = this.#transfer
    const isRequest = !isSent && payload[0] === 0 && (payload[1] === OPCODE.rrq || payload[1] === OPCODE.wrq)
    const ownPort = isRequest ? requestPort : localPort
    this.#packets.push(
      pcapngDatagram({
        timeUs: Math.round((startMs + ms) * 1000),
        source: isSent ? local : peer,
        destination: isSent ? peer : local,
        sourcePort: isSent ? ownPort : peerPort,
        destinationPort: isSent ? peerPort : ownPort,
        payload,
        payloadBytes,
      }),
    )
  }
}

/** The packets that have to go so that the others fit: a quarter of the room is for the beginning. */
function middleOf(packets: readonly Uint8Array[], room: number): [from: number, to: number] {
  let all = packets.reduce((sum, { length }) => sum + length, 0)
  if (all <= room) return [0, 0]
  let from = 0
  for (let bytes = 0; from < packets.length && bytes + packets[from].length <= room / 4; from++)
    bytes += packets[from].length
  let to = from
  while (to < packets.length && all > room) all -= packets[to++].length
  return [from, to]
}
