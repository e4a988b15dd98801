/**
 * Reads pcapng (IETF draft-ietf-opsawg-pcapng), whatever program wrote it: sections of either byte order, several interfaces with clocks of
 * their own, and blocks of kinds that are not known, which are skipped.
 *
 *     block    type 4 | length of the block 4 | body | the same length 4
 *     option   code 2 | length of the value 2 | value, padded to 4 bytes
 */
import { MAX_COMMENT_BYTES } from '../contract.ts'
import { read16, read32 } from '../bytes.ts'
import { type FormatReader, MAX_FRAME_BYTES, MAX_ITEM_BYTES } from './format.ts'
import { emptyRecord, type RecordSink } from './record.ts'
import { splitTicks, type TickUnit, tickUnit } from './ticks.ts'

export const SECTION_HEADER = 0x0a0d0d0a

const BLOCK = { interface: 1, oldPacket: 2, simplePacket: 3, statistics: 5, enhancedPacket: 6 } as const
const OPTION = { end: 0, comment: 1 } as const
const INTERFACE_OPTION = { resolution: 9, offset: 14 } as const
const STATISTICS_OPTION = { endTime: 3, interfaceDropped: 5 } as const
const PACKET_OPTION = { flags: 2, dropped: 4 } as const
const BYTE_ORDER_MAGIC = 0x1a2b3c4d

/** Type, both lengths. */
const BLOCK_BYTES = 12
/** The body's fixed part. */
const FIXED_BYTES: Readonly<Record<number, number>> = {
  [SECTION_HEADER]: 16,
  [BLOCK.interface]: 8,
  [BLOCK.oldPacket]: 20,
  [BLOCK.simplePacket]: 4,
  [BLOCK.statistics]: 12,
  [BLOCK.enhancedPacket]: 20,
}
/** Blocks that are no packets and have a number among them all the same, in Wireshark: custom blocks, entries of the systemd journal. */
const NUMBERED: ReadonlySet<number> = new Set([0xbad, 0x40000bad, 9])
/** More cards than any host has: each is a small object in memory. */
const MAX_INTERFACES = 4096

interface Interface {
  readonly linkType: number
  /** The length to which frames are cut; 0 for no limit. */
  readonly snapBytes: number
  unit: TickUnit
  offsetSeconds: number
  dropped: number | undefined
}

export class PcapngReader implements FormatReader {
  broken: string | undefined = undefined
  endSeconds: number | undefined = undefined
  readonly #sink: RecordSink
  readonly #record = emptyRecord()
  #littleEndian = true
  #interfaces: Interface[] = []
  #inside = 'its first block'
  /** Dropped frames by the statistics of earlier sections, and by the packets' own options. */
  #droppedBefore: number | undefined = undefined
  #droppedByPackets: number | undefined = undefined

  constructor(sink: RecordSink) {
    this.#sink = sink
  }

  get inside(): string {
    return this.#inside
  }

  /** By the statistics where the file has them: a packet's option counts the same frames. */
  get droppedFrames(): number | undefined {
    return this.#droppedHere() ?? this.#droppedByPackets
  }

  need(b: Uint8Array, at: number, available: number): number {
    if (available < BLOCK_BYTES) return BLOCK_BYTES
    const isSection = read32(b, at, true) === SECTION_HEADER
    if (isSection && !this.#readByteOrder(b, at + 8)) return BLOCK_BYTES
    const type = read32(b, at, this.#littleEndian)
    const blockBytes = read32(b, at + 4, this.#littleEndian)
    const fixed = FIXED_BYTES[type]
    this.#inside = `a block of ${blockBytes} bytes behind frame ${this.#record.number}`
    if (blockBytes < BLOCK_BYTES + (fixed ?? 0) || blockBytes % 4 !== 0) {
      this.broken = `a block of type ${type} behind frame ${this.#record.number} says that it has ${blockBytes} bytes`
      return BLOCK_BYTES
    }
    // What is not read need not be gathered.
    if (fixed === undefined) return BLOCK_BYTES
    if (blockBytes > MAX_ITEM_BYTES) {
      this.broken = `a block of type ${type} behind frame ${this.#record.number} says that it has ${blockBytes} bytes, more than any`
      return BLOCK_BYTES
    }
    return blockBytes
  }

  take(b: Uint8Array, at: number): number {
    const type = read32(b, at, this.#littleEndian)
    const blockBytes = read32(b, at + 4, this.#littleEndian)
    if (FIXED_BYTES[type] === undefined) {
      if (NUMBERED.has(type)) this.#record.number++
      return blockBytes - BLOCK_BYTES
    }
    const end = at + blockBytes - 4
    if (read32(b, end, this.#littleEndian) !== blockBytes) {
      this.broken = `the two lengths of a block behind frame ${this.#record.number} differ`
      return 0
    }
    if (type === BLOCK.enhancedPacket) this.#enhancedPacket(b, at + 8, end)
    else if (type === BLOCK.simplePacket) this.#simplePacket(b, at + 8, end)
    else if (type === BLOCK.oldPacket) this.#oldPacket(b, at + 8, end)
    else if (type === BLOCK.interface) this.#interface(b, at + 8, end)
    else if (type === BLOCK.statistics) this.#statistics(b, at + 8, end)
    else this.#section(b, at + 8, end)
    return 0
  }

  #readByteOrder(b: Uint8Array, at: number): boolean {
    for (const littleEndian of [true, false]) {
      if (read32(b, at, littleEndian) !== BYTE_ORDER_MAGIC) continue
      this.#littleEndian = littleEndian
      return true
    }
    this.broken = `a section behind frame ${this.#record.number} has no byte order`
    return false
  }

  #section(b: Uint8Array, body: number, end: number): void {
    this.#droppedBefore = this.#droppedHere()
    this.#interfaces = []
    const major = read16(b, body + 4, this.#littleEndian)
    if (major !== 1) this.broken = `a section behind frame ${this.#record.number} has version ${major}, and 1 is known`
    this.#options(b, body + 16, end, () => {})
  }

  #interface(b: Uint8Array, body: number, end: number): void {
    if (this.#interfaces.length === MAX_INTERFACES) {
      this.broken = `more than ${MAX_INTERFACES} interfaces`
      return
    }
    const card: Interface = {
      linkType: read16(b, body, this.#littleEndian),
      snapBytes: read32(b, body + 4, this.#littleEndian),
      unit: MICROSECONDS,
      offsetSeconds: 0,
      dropped: undefined,
    }
    this.#options(b, body + 8, end, (code, at, length) => {
      if (code === INTERFACE_OPTION.resolution && length >= 1) card.unit = tickUnit(b[at])
      if (code === INTERFACE_OPTION.offset && length >= 8) card.offsetSeconds = this.#signed64(b, at)
    })
    this.#interfaces.push(card)
  }

  #statistics(b: Uint8Array, body: number, end: number): void {
    const card = this.#interfaces[read32(b, body, this.#littleEndian)]
    if (card === undefined) return
    this.#options(b, body + 12, end, (code, at, length) => {
      if (code === STATISTICS_OPTION.interfaceDropped && length >= 8) card.dropped = this.#signed64(b, at)
      if (code === STATISTICS_OPTION.endTime && length >= 8) this.#ended(card, b, at)
    })
  }

  #ended({ unit, offsetSeconds }: Interface, b: Uint8Array, at: number): void {
    const time = { seconds: 0, nanos: 0 }
    splitTicks(read32(b, at, this.#littleEndian), read32(b, at + 4, this.#littleEndian), unit, time)
    this.endSeconds = Math.max(this.endSeconds ?? 0, time.seconds + time.nanos / 1e9 + offsetSeconds)
  }

  #enhancedPacket(b: Uint8Array, body: number, end: number): void {
    const le = this.#littleEndian
    const bytes = read32(b, body + 12, le)
    const wire = read32(b, body + 16, le)
    const record = this.#packet(b, read32(b, body, le), body + 20, bytes, wire, end)
    if (record === undefined) return
    this.#time(record, read32(b, body + 4, le), read32(b, body + 8, le))
    this.#packetOptions(b, body + 20 + padded(bytes), end, record.number)
    this.#sink.record(record)
  }

  #oldPacket(b: Uint8Array, body: number, end: number): void {
    const le = this.#littleEndian
    const bytes = read32(b, body + 12, le)
    const wire = read32(b, body + 16, le)
    const record = this.#packet(b, read16(b, body, le), body + 20, bytes, wire, end)
    if (record === undefined) return
    this.#time(record, read32(b, body + 4, le), read32(b, body + 8, le))
    this.#packetOptions(b, body + 20 + padded(bytes), end, record.number)
    this.#sink.record(record)
  }

  #simplePacket(b: Uint8Array, body: number, end: number): void {
    const wire = read32(b, body, this.#littleEndian)
    const limit = this.#interfaces[0]?.snapBytes || Infinity
    const record = this.#packet(b, 0, body + 4, Math.min(wire, limit, end - body - 4), wire, end)
    if (record === undefined) return
    record.timed = false
    this.#sink.record(record)
  }

  /** The record for a frame at `at`; undefined, with `broken` set, when its numbers contradict each other. */
  #packet(b: Uint8Array, interfaceId: number, at: number, bytes: number, wireBytes: number, end: number) {
    const number = this.#record.number + 1
    const card = this.#interfaces[interfaceId]
    if (card === undefined) this.broken = `frame ${number} is from interface ${interfaceId}, which nothing describes`
    else if (bytes > MAX_FRAME_BYTES || at + bytes > end)
      this.broken = `frame ${number} says that it has ${bytes} bytes, more than its block`
    if (card === undefined || this.broken !== undefined) return undefined
    const record = this.#record
    record.number = number
    record.interfaceId = interfaceId
    record.linkType = card.linkType
    record.buffer = b
    record.offset = at
    record.length = bytes
    record.originalBytes = Math.max(bytes, wireBytes)
    record.direction = 0
    return record
  }

  #time(
    record: { seconds: number; nanos: number; timed: boolean; interfaceId: number },
    high: number,
    low: number,
  ): void {
    const card = this.#interfaces[record.interfaceId]
    splitTicks(high, low, card.unit, record)
    record.seconds += card.offsetSeconds
    record.timed = true
  }

  #packetOptions(b: Uint8Array, from: number, end: number, number: number): void {
    if (from + 4 > end) return
    const take = (code: number, at: number, length: number) => {
      // Two bits: 1 received, 2 sent, as in DIRECTION.
      if (code === PACKET_OPTION.flags && length >= 4) this.#record.direction = read32(b, at, this.#littleEndian) & 3
      if (code === PACKET_OPTION.dropped && length >= 8)
        this.#droppedByPackets = (this.#droppedByPackets ?? 0) + this.#signed64(b, at)
    }
    this.#options(b, from, end, take, number)
  }

  /** Hands each option on; comments go to the sink. What is no whole option ends the list. */
  #options(
    b: Uint8Array,
    from: number,
    end: number,
    take: (code: number, at: number, length: number) => void,
    packet?: number,
  ): void {
    for (let at = from; at + 4 <= end; ) {
      const code = read16(b, at, this.#littleEndian)
      const length = read16(b, at + 2, this.#littleEndian)
      at += 4
      if (code === OPTION.end || at + length > end) return
      if (code === OPTION.comment) this.#comment(b, at, length, packet)
      else take(code, at, length)
      at += padded(length)
    }
  }

  #comment(b: Uint8Array, at: number, length: number, packet: number | undefined): void {
    const text = new TextDecoder().decode(b.subarray(at, at + Math.min(length, MAX_COMMENT_BYTES)))
    this.#sink.comment(packet, text)
  }

  #signed64(b: Uint8Array, at: number): number {
    const first = read32(b, at, this.#littleEndian)
    const second = read32(b, at + 4, this.#littleEndian)
    const [high, low] = this.#littleEndian ? [second, first] : [first, second]
    return (high | 0) * 0x1_0000_0000 + low
  }

  #droppedHere(): number | undefined {
    let dropped = this.#droppedBefore
    for (const card of this.#interfaces) {
      if (card.dropped !== undefined) dropped = (dropped ?? 0) + card.dropped
    }
    return dropped
  }
}

const MICROSECONDS = tickUnit(6)

/** Everything in a pcapng file begins at a multiple of 4. */
function padded(length: number): number {
  return (length + 3) & ~3
}
