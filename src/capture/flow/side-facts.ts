/** What the frames of one side of a transfer tell beside their packets: checksums, padding, offload, how fast it answers. */
import { formatMac } from '../address.ts'
import { net32 } from '../bytes.ts'
import { PACKET_FLAG } from '../contract.ts'
import { DIRECTION } from '../read/record.ts'
import { CHECKSUM, type UdpDatagram } from '../frame/udp.ts'

/** Ethernet's shortest frame without its checksum. */
const SHORTEST_FRAME_BYTES = 60
/** A frame captured twice (two ports mirrored, a bridge and its card) is seen again within this. */
const COPY_MS = 20
/** One whose sender numbers all packets alike is perhaps such a copy within this: no device and no server answers as soon. */
const TWIN_MS = 0.05
const REMEMBERED = 32
/** Latencies are counted in classes, four for each doubling, from 1/1024 ms on. */
const CLASSES_PER_DOUBLING = 4
const CLASSES = 112
const SHORTEST_MS = 1 / 1024

/** What a frame is by those before it. `twin`: it may be a copy, or the sender sent it twice; all frames of the side together tell. */
export const SEEN = { first: 0, twin: 1, copy: 2 } as const

/** A bit of the packet log beside PACKET_FLAG while a flow is followed: such a twin. */
export const TWIN = 128

interface Recent {
  id: number
  checksum: number
  head: number
  bytes: number
  ms: number
  cardId: number
  hasTwin: boolean
}

export class SideFacts {
  packets = 0
  /** Of `packets`. */
  twins = 0
  /** Frames that are a twin but for their identification: the sender sent them itself. */
  anew = 0
  good = 0
  bad = 0
  offloaded = 0
  none = 0
  unverifiable = 0
  /** Short frames on Ethernet, as seen before and behind the card that fills them up. */
  unpadded = 0
  padded = 0
  /** Frames that hold several packets. */
  segmented = 0
  /** Frames that the capturing host says it sent, or received. */
  sentHere = 0
  receivedHere = 0
  mac: string | undefined
  #latencies: Uint32Array | undefined
  #samples = 0
  readonly #recent: Recent[] = []
  #remembered = 0
  #first: Recent | undefined

  add(d: UdpDatagram): void {
    this.packets++
    this.#count(d.checksum)
    const { link } = d
    if (link === undefined) return
    if (link.sourceMac >= 0) this.mac ??= formatMac(d.buffer, link.sourceMac)
    if (link.direction === DIRECTION.sent) this.sentHere++
    if (link.direction === DIRECTION.received) this.receivedHere++
    if (link.type === 'ethernet' && !d.fragmented && d.unpaddedBytes < SHORTEST_FRAME_BYTES) {
      // A few bytes more than the packet may be the card's checksum; only the full length is padding.
      if (d.frameBytes >= SHORTEST_FRAME_BYTES) this.padded++
      else this.unpadded++
    }
  }

  /** A packet that came in fragments could not be verified when it was counted; now it can. */
  recount(checksum: number): void {
    this.unverifiable--
    this.#count(checksum)
  }

  /** The side answered `ms` after the other side's packet. */
  answered(ms: number): void {
    if (!(ms >= 0)) return
    this.#latencies ??= new Uint32Array(CLASSES)
    const place = Math.round(Math.log2(Math.max(1, ms / SHORTEST_MS)) * CLASSES_PER_DOUBLING)
    this.#latencies[Math.min(CLASSES - 1, place)]++
    this.#samples++
  }

  /** The median of what `answered` counted, to a fifth exactly; undefined with few answers. */
  get medianLatencyMs(): number | undefined {
    if (this.#latencies === undefined || this.#samples < MIN_SAMPLES) return undefined
    let left = this.#samples / 2
    let place = 0
    while (left > this.#latencies[place]) left -= this.#latencies[place++]
    return SHORTEST_MS * 2 ** (place / CLASSES_PER_DOUBLING)
  }

  /**
   * Whether this is a frame that was seen already, captured a second time: the same identification, checksum and beginning within a few
   * milliseconds. A sender that numbers all its packets alike cannot be judged by one frame, one on two cards can.
   */
  seenBefore(d: UdpDatagram, ms: number): number {
    const frame: Recent = {
      id: d.ipId,
      checksum: d.writtenChecksum,
      head: d.capturedBytes >= 4 ? net32(d.payloadBuffer, d.payload) : d.payloadBytes,
      bytes: d.payloadBytes,
      ms,
      cardId: d.link?.cardId ?? 0,
      hasTwin: false,
    }
    const { id } = frame
    const idsVary = this.#recent.length === 1 || this.#recent.some((other) => other.id !== id)
    let twin: Recent | undefined
    let isAnew = false
    for (const other of this.#recent) {
      if (!isSameDatagram(other, frame) || Math.abs(ms - other.ms) > COPY_MS) continue
      if (other.id !== id) {
        isAnew ||= Math.abs(ms - other.ms) <= TWIN_MS
        continue
      }
      if ((id !== 0 && idsVary) || other.cardId !== frame.cardId) return SEEN.copy
      if (!other.hasTwin && Math.abs(ms - other.ms) <= TWIN_MS) twin = other
    }
    if (isAnew) this.anew++
    if (twin !== undefined) {
      twin.hasTwin = true
      this.twins++
      return SEEN.twin
    }
    this.#first ??= frame
    this.#recent[this.#remembered++ % REMEMBERED] = frame
    return SEEN.first
  }

  /** Whether the side's first packet has a twin. */
  get isFirstTwin(): boolean {
    return this.#first?.hasTwin === true
  }

  #count(checksum: number): void {
    if (checksum === CHECKSUM.good) this.good++
    else if (checksum === CHECKSUM.bad) this.bad++
    else if (checksum === CHECKSUM.offloaded) this.offloaded++
    else if (checksum === CHECKSUM.none) this.none++
    else this.unverifiable++
  }
}

function isSameDatagram(a: Recent, b: Recent): boolean {
  return a.checksum === b.checksum && a.head === b.head && a.bytes === b.bytes
}

/** Fewer answers have no median worth the name. */
const MIN_SAMPLES = 8

/** Checksum and snap length of a datagram as flags of a packet. */
export function flagsOf(d: UdpDatagram): number {
  return (
    (d.checksum === CHECKSUM.bad ? PACKET_FLAG.badChecksum : 0) |
    (d.capturedBytes < d.payloadBytes && !d.partial ? PACKET_FLAG.cut : 0) |
    (d.fragmented ? PACKET_FLAG.fragmented : 0)
  )
}
