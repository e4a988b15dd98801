/** One transfer while its packets come in. What they amount to is concluded at its end: see conclude.ts. */
import {
  HEADER_BYTES,
  type Option,
  OPCODE,
  optionNumber,
  parseError,
  parseOack,
  readBlock,
  seqNear,
} from '../../packet/index.ts'
import { MAX_WINDOWSIZE } from '../../transfer/negotiate.ts'
import { formatAddress } from '../address.ts'
import {
  type CapturedLink,
  MAX_OTHER_OPTIONS,
  MAX_REQUESTS,
  MAX_SIDE_EVENTS,
  PACKET_FLAG,
  PACKET_KIND,
  type SideEvent,
} from '../contract.ts'
import { CHECKSUM, sameBytes, sumOf, type UdpDatagram } from '../frame/udp.ts'
import { BlockTally, type PageBudget } from './block-tally.ts'
import { type PacketBudget, PacketLog } from './packet-log.ts'
import { type SeenRequest, sameOptions } from './request.ts'
import { evenBytes, isCutRow, segmentBytes } from './segments.ts'
import { flagsOf, SEEN, SideFacts, TWIN } from './side-facts.ts'

/** RFC 1350. */
export const DEFAULT_BLKSIZE = 512

/** An address and port of a flow, comparable without making text of it. */
export class FlowPeer {
  readonly key: number
  readonly address: Uint8Array
  readonly port: number
  #text: string | undefined

  constructor(key: number, b: Uint8Array, at: number, addressBytes: number, port: number) {
    this.key = key
    this.address = b.slice(at, at + addressBytes)
    this.port = port
  }

  static source(d: UdpDatagram): FlowPeer {
    return new FlowPeer(d.sourceKey, d.buffer, d.source, d.addressBytes, d.sourcePort)
  }

  static destination(d: UdpDatagram): FlowPeer {
    return new FlowPeer(d.destinationKey, d.buffer, d.destination, d.addressBytes, d.destinationPort)
  }

  /** Whether this is the address at `at` in `b` with the port in `key`. */
  is(key: number, b: Uint8Array, at: number, addressBytes: number): boolean {
    // Four bytes of address are in the key.
    return key === this.key && (addressBytes === 4 || sameBytes(this.address, 0, b, at, addressBytes))
  }

  get text(): string {
    return (this.#text ??= formatAddress(this.address, 0, this.address.length))
  }
}

/** What all flows together may keep. */
export interface FlowBudgets {
  readonly packets: PacketBudget
  readonly pages: PageBudget
  readonly sideEvents: { left: number }
}

export interface FlowRequest {
  readonly seen: SeenRequest
  readonly to: FlowPeer
  readonly sent: { number: number; timeMs: number; options: readonly Option[] | undefined }[]
  /** Numbers of those of `sent` that may be copies. */
  readonly twins: Set<number>
  count: number
  lastMs: number
}

export interface FlowError {
  readonly fromClient: boolean
  readonly wireCode: number
  readonly message: string
  readonly number: number
  readonly atMs: number
}

/** Comes back when the fragments of a DATA packet are complete or given up. */
export interface FragmentedPacket {
  readonly flow: Flow
  readonly number: number
  readonly fromClient: boolean
  readonly seq: number
}

export class Flow {
  id = 0
  /** When the first packet was captured. */
  readonly seconds: number
  readonly nanos: number
  readonly client: FlowPeer
  /** The asked address until an answer came. */
  server: FlowPeer
  readonly rolesFrom: 'request' | 'port-69' | 'assumed'
  /** Of a transfer that begins with an OACK the first DATA or ACK tells. */
  direction: 'read' | 'write'
  readonly request: FlowRequest | undefined
  readonly log: PacketLog
  readonly tally: BlockTally
  readonly clientSide = new SideFacts()
  readonly serverSide = new SideFacts()
  sideEvents: SideEvent[] = []
  sideEventsDropped = 0
  link: CapturedLink | undefined
  isLoopback = false
  /** A server's packet was seen; the server's port is known. */
  answered = false
  bound: boolean
  /** A port from which the server answered a repeated request. */
  lastOtherPort: number | undefined
  /** The client sent more than requests. */
  clientMoved = false
  error: FlowError | undefined
  oack: readonly Option[] | undefined
  /** 0 until anything tells. */
  blksize = 0
  blksizeFrom: 'oack' | 'default' | 'inferred' = 'inferred'
  /** The server confirmed options behind a request, and the capture does not have its OACK, or not whole. */
  hasUnseenOptions = false
  /** 1 for none. Undefined as long as no packet tells: it may be in a request or an OACK that the capture does not have, or not whole. */
  windowsize: number | undefined
  lastMs = 0
  lastClientMs = 0
  /** Blocks by index: see BlockTally. Undefined before the first. */
  firstIndex: number | undefined
  highestIndex: number | undefined
  highestPayloadBytes = 0
  firstAckedIndex: number | undefined
  highestAckedIndex = 0
  /** When the highest block was last sent, and first acknowledged. */
  highestSentMs = 0
  highestAckedMs: number | undefined
  sent = 0
  dataPackets = 0
  acked = 0
  acks = 0
  /** Of the requests, `dataPackets` and `acks`: copies, or sent twice. */
  readonly twins = { requests: 0, data: 0, acks: 0 }
  /** Blocks that were sent, and then acknowledged. */
  exchanged = 0
  bytes = 0
  /** When the client asked for something else from the same port. */
  replacedMs: number | undefined
  readonly #budgets: FlowBudgets
  #reference = 0
  #lastFromClient: boolean | undefined
  #lastPacketMs = 0
  #ack0Seen = false
  #otherOptions = 0
  /** A block of this size was followed by another. */
  #isBlksizeSure = false
  /** The first DATA, cut: one block or several, as the next DATA tells. */
  #unsplit: { readonly number: number; readonly index: number; readonly bytes: number } | undefined
  #isClosed = false

  constructor(
    first: UdpDatagram,
    roles: Pick<Flow, 'client' | 'server' | 'rolesFrom' | 'direction'>,
    seenRequest: SeenRequest | undefined,
    budgets: FlowBudgets,
  ) {
    this.#budgets = budgets
    this.seconds = first.seconds
    this.nanos = first.nanos
    this.client = roles.client
    this.server = roles.server
    this.rolesFrom = roles.rolesFrom
    this.direction = roles.direction
    this.bound = seenRequest === undefined
    this.log = new PacketLog(budgets.packets)
    this.tally = new BlockTally(budgets.pages)
    this.request =
      seenRequest === undefined
        ? undefined
        : { seen: seenRequest, to: roles.server, sent: [], twins: new Set(), count: 0, lastMs: 0 }
    if (seenRequest !== undefined && !mayHaveWindow(seenRequest)) this.windowsize = 1
    const link = first.link
    if (link !== undefined) this.link = { type: link.type, vlans: link.vlans }
    this.isLoopback = isLoopback(first)
  }

  /** Milliseconds since the first packet. */
  ms(time: { readonly seconds: number; readonly nanos: number }): number {
    return (time.seconds - this.seconds) * 1000 + (time.nanos - this.nanos) / 1e6
  }

  /** Whether it has come to an end: complete as far as is known, or ended by an ERROR. */
  get ended(): boolean {
    return this.error !== undefined || (this.highestAckedMs !== undefined && this.highestPayloadBytes < this.blksize)
  }

  /** A request of the client for this file: the first, or a repeat. */
  addRequest(d: UdpDatagram, seen: SeenRequest): void {
    const request = this.request as FlowRequest
    const ms = this.ms(d)
    const kind = seen.kind === 'rrq' ? PACKET_KIND.rrq : PACKET_KIND.wrq
    const flags = this.#enter(d, true, ms)
    if ((flags & PACKET_FLAG.copy) === 0) {
      request.count++
      request.lastMs = ms
      const options = sameOptions(seen.options, request.seen.options) ? undefined : seen.options
      const isKept =
        request.sent.length < MAX_REQUESTS && (options === undefined || this.#otherOptions < MAX_OTHER_OPTIONS)
      if (isKept) request.sent.push({ number: d.number, timeMs: ms, options })
      if ((flags & TWIN) !== 0) {
        this.twins.requests++
        if (isKept) request.twins.add(d.number)
      }
      if (options !== undefined) this.#otherOptions++
      if (this.oack === undefined && mayHaveWindow(seen)) this.windowsize = undefined
    }
    const repeat = request.count > 1 && (flags & PACKET_FLAG.copy) === 0 ? PACKET_FLAG.repeat : 0
    this.log.append(d.number, ms, true, kind, 0, 0, d.payloadBytes - 2, flags | repeat, d.frameBytes)
  }

  /** Any other packet between the two. Returns what `completed` or `incomplete` want when only its first fragment is here. */
  add(d: UdpDatagram, fromClient: boolean): FragmentedPacket | undefined {
    const ms = this.ms(d)
    const flags = this.#enter(d, fromClient, ms)
    const kind = kindOf(d)
    const isCopy = (flags & PACKET_FLAG.copy) !== 0
    if (!isCopy && fromClient && kind !== PACKET_KIND.other) this.clientMoved = true
    if (!isCopy && !fromClient) this.answered = true
    let seq = 0
    if (kind === PACKET_KIND.data) seq = this.#data(d, fromClient, ms, flags)
    else if (kind === PACKET_KIND.ack) this.#ack(d, fromClient, ms, flags)
    else if (kind === PACKET_KIND.error) this.#error(d, fromClient, ms, flags)
    else if (kind === PACKET_KIND.oack) this.#oack(d, fromClient, ms, flags)
    else this.log.append(d.number, ms, fromClient, kind, 0, 0, Math.max(0, d.payloadBytes - 2), flags, d.frameBytes)
    return d.fragmented && d.partial && !isCopy ? { flow: this, number: d.number, fromClient, seq } : undefined
  }

  /** The last fragment of a packet is here: its checksum can be verified. */
  completed(packet: FragmentedPacket, d: UdpDatagram): void {
    if (this.#isClosed) return
    const side = packet.fromClient ? this.clientSide : this.serverSide
    side.recount(d.checksum)
    const at = this.log.find(packet.number)
    if (at < 0) return
    this.log.setFrameBytes(at, d.frameBytes)
    this.log.setFlags(at, d.checksum === CHECKSUM.bad ? PACKET_FLAG.badChecksum : 0, 0)
  }

  /** Fragments of a packet are missing. */
  incomplete(packet: FragmentedPacket, seenBytes: number, totalBytes: number, reason: 'missing' | 'overlap'): void {
    // A flow that was let go of has been handed on.
    if (this.#isClosed) return
    const at = this.log.find(packet.number)
    if (at >= 0) this.log.setFlags(at, PACKET_FLAG.incomplete, 0)
    const timeMs = at < 0 ? this.lastMs : this.log.timeMs(at)
    const { number, fromClient, seq } = packet
    this.addSideEvent({
      number,
      timeMs,
      type: 'fragments-missing',
      fromClient,
      kind: 'data',
      seq,
      seenBytes,
      totalBytes,
      reason,
    })
  }

  addSideEvent(event: SideEvent): void {
    if (this.sideEvents.length >= MAX_SIDE_EVENTS || this.#budgets.sideEvents.left === 0) {
      this.sideEventsDropped++
      return
    }
    this.#budgets.sideEvents.left--
    this.sideEvents.push(event)
  }

  /** No more packets come: the flow gives back its share of the budgets. */
  close(): void {
    this.#isClosed = true
    this.tally.close()
    this.#budgets.sideEvents.left += this.sideEvents.length
  }

  /** Counts a packet for its side, and tells its flags. */
  #enter(d: UdpDatagram, fromClient: boolean, ms: number): number {
    const side = fromClient ? this.clientSide : this.serverSide
    const flags = flagsOf(d)
    this.lastMs = ms
    if (fromClient) this.lastClientMs = ms
    const seen = side.seenBefore(d, ms)
    if (seen === SEEN.copy) return flags | PACKET_FLAG.copy
    side.add(d)
    return seen === SEEN.twin ? flags | TWIN : flags
  }

  /** An answer to the other side's packet, not a repeat on a timer. */
  #answers(fromClient: boolean, ms: number): void {
    if (this.#lastFromClient === !fromClient)
      (fromClient ? this.clientSide : this.serverSide).answered(ms - this.#lastPacketMs)
    this.#lastFromClient = fromClient
    this.#lastPacketMs = ms
  }

  /** Returns the seq of the first block in it. */
  #data(d: UdpDatagram, fromClient: boolean, ms: number, flags: number): number {
    if (this.#isOackAlone && fromClient) this.direction = 'write'
    const isSender = (this.direction === 'read') !== fromClient
    if (isSender && this.blksize === 0 && this.request !== undefined && !this.hasUnseenOptions)
      this.#setBlksize(DEFAULT_BLKSIZE, 'default')
    const block = readBlock(d.payloadBuffer, d.payload)
    const first = seqNear(block, this.#reference, 0)
    const overheadBytes = d.frameBytes - d.payloadBytes
    if (isSender && this.#unsplit !== undefined && first > this.#unsplit.index) this.#split(first, overheadBytes)
    // All blocks but the last have one size: one that another follows is no last one.
    if (isSender && first > (this.highestIndex ?? first) && this.highestPayloadBytes === this.blksize)
      this.#isBlksizeSure = true
    const isPlain = this.blksizeFrom === 'default' && !mayHaveOptions(this.request)
    const isKnown = this.blksizeFrom === 'oack' || isPlain || this.#isBlksizeSure
    const bytes = isSender ? segmentBytes(d, this.blksize, isKnown) : d.payloadBytes
    if (isSender && this.blksizeFrom === 'inferred' && this.sent === 0 && isCutRow(d))
      this.#unsplit = { number: d.number, index: first, bytes: d.payloadBytes }
    const isOne = bytes === d.payloadBytes
    if (!isOne) (fromClient ? this.clientSide : this.serverSide).segmented++
    for (let at = 0, index = first; at + HEADER_BYTES <= d.payloadBytes; at += bytes, index++) {
      const packetBytes = Math.min(bytes, d.payloadBytes - at)
      const isHere = at + HEADER_BYTES <= d.capturedBytes
      const here = isHere ? readBlock(d.payloadBuffer, d.payload + at) : index & 0xffff
      index = isHere ? seqNear(here, index, 0) : index
      const frameBytes = isOne ? d.frameBytes : overheadBytes + packetBytes
      const packetFlags = flags | (isOne ? 0 : PACKET_FLAG.segment)
      this.#block(
        d,
        fromClient,
        isSender,
        ms,
        here,
        index,
        Math.max(0, packetBytes - HEADER_BYTES),
        packetFlags,
        frameBytes,
      )
      // A server may give blocks of a window wrong numbers.
      if (this.windowsize !== 1) this.log.setPayloadSum(isOne ? d.payloadSum() : segmentSum(d, at, packetBytes))
    }
    return first
  }

  /** The DATA behind the first one begins with block `next`, which says how many packets the first one held. */
  #split(next: number, overheadBytes: number): void {
    const { number, index, bytes } = this.#unsplit!
    this.#unsplit = undefined
    const each = evenBytes(bytes, next - index)
    const count = bytes / each
    const payloadBytes = each - HEADER_BYTES
    this.#setBlksize(payloadBytes, 'inferred')
    this.#isBlksizeSure = true
    if (count === 1) return
    const at = this.log.find(number)
    if (at >= 0) this.log.split(at, count, payloadBytes, overheadBytes + each)
    for (let n = 1; n < count; n++) if (this.tally.markSent(index + n)) this.sent++
    this.dataPackets += count - 1
    this.bytes -= (count - 1) * HEADER_BYTES
    this.highestIndex = next - 1
    this.highestPayloadBytes = payloadBytes
    ;(this.direction === 'read' ? this.serverSide : this.clientSide).segmented++
  }

  #block(
    d: UdpDatagram,
    fromClient: boolean,
    isSender: boolean,
    ms: number,
    block: number,
    index: number,
    payloadBytes: number,
    flags: number,
    frameBytes: number,
  ): void {
    let repeat = 0
    if (isSender && (flags & PACKET_FLAG.copy) === 0) {
      if (payloadBytes > this.blksize && this.blksizeFrom !== 'oack') this.#setBlksize(payloadBytes, 'inferred')
      this.dataPackets++
      if ((flags & TWIN) !== 0) this.twins.data++
      const isNew = this.tally.markSent(index)
      if (isNew) {
        this.sent++
        this.bytes += payloadBytes
        this.#answers(fromClient, ms)
        if (this.error?.fromClient === fromClient) this.error = undefined
      } else repeat = PACKET_FLAG.repeat
      if (!this.#isDropped(d, fromClient)) this.#reference = Math.max(this.#reference, index)
      this.firstIndex = Math.min(this.firstIndex ?? index, index)
      if (this.highestIndex === undefined || index > this.highestIndex) {
        this.highestIndex = index
        this.highestPayloadBytes = payloadBytes
        // An ACK that stands before its DATA in the file was captured out of order, or what it is for was not captured.
        this.highestAckedMs = this.tally.wasAcked(index) ? ms : undefined
      }
      if (index === this.highestIndex) this.highestSentMs = ms
    }
    this.log.append(d.number, ms, fromClient, PACKET_KIND.data, block, index, payloadBytes, flags | repeat, frameBytes)
  }

  #ack(d: UdpDatagram, fromClient: boolean, ms: number, flags: number): void {
    if (this.#isOackAlone && !fromClient) this.direction = 'write'
    const isReceiver = (this.direction === 'read') === fromClient
    const block = readBlock(d.payloadBuffer, d.payload)
    const index = seqNear(block, this.#reference, 0)
    let repeat = 0
    if (isReceiver && (flags & PACKET_FLAG.copy) === 0) {
      this.acks++
      if ((flags & TWIN) !== 0) this.twins.acks++
      if (index === 0 ? this.#ack0Seen : this.tally.wasAcked(index)) repeat = PACKET_FLAG.repeat
      if (!this.#isDropped(d, fromClient)) this.#acknowledge(index, fromClient, ms)
    }
    this.log.append(
      d.number,
      ms,
      fromClient,
      PACKET_KIND.ack,
      block,
      index,
      d.payloadBytes - 2,
      flags | repeat,
      d.frameBytes,
    )
  }

  #acknowledge(index: number, fromClient: boolean, ms: number): void {
    if (index === 0) {
      this.#ack0Seen = true
      if (this.request !== undefined && this.blksize === 0) {
        // A client that reads takes an OACK, which the capture does not have.
        if (this.direction === 'read' && mayHaveOptions(this.request)) this.#missOptions()
        // The server takes the request: no DATA told the size of a block so far.
        else this.#setBlksize(DEFAULT_BLKSIZE, 'default')
      }
    } else if (this.tally.markAcked(index)) {
      this.acked++
      if (this.tally.wasSent(index)) this.exchanged++
      this.firstAckedIndex = Math.min(this.firstAckedIndex ?? index, index)
      if (this.error?.fromClient === fromClient) this.error = undefined
      this.#answers(fromClient, ms)
    }
    // In a capture of ACKs alone they tell how far it went.
    if (this.highestIndex === undefined) this.#reference = Math.max(this.#reference, index)
    this.highestAckedIndex = Math.max(this.highestAckedIndex, index)
    if (index === this.highestIndex) this.highestAckedMs ??= ms
  }

  #error(d: UdpDatagram, fromClient: boolean, ms: number, flags: number): void {
    const parsed = parseError(d.payloadBuffer, d.payload, d.capturedBytes)
    const wireCode = parsed.ok ? parsed.value.wireCode : 0
    if (parsed.ok && (flags & PACKET_FLAG.copy) === 0 && !this.#isDropped(d, fromClient)) {
      this.error ??= { fromClient, wireCode, message: parsed.value.message, number: d.number, atMs: ms }
    }
    this.log.append(d.number, ms, fromClient, PACKET_KIND.error, wireCode, 0, d.payloadBytes - 2, flags, d.frameBytes)
  }

  #oack(d: UdpDatagram, fromClient: boolean, ms: number, flags: number): void {
    const parsed = parseOack(d.payloadBuffer, d.payload, d.capturedBytes)
    const isRepeat = this.oack !== undefined && (flags & PACKET_FLAG.copy) === 0
    if (this.oack === undefined && parsed.ok && !fromClient) {
      this.oack = parsed.value
      const isCut = d.capturedBytes < d.payloadBytes
      this.windowsize = optionNumber(parsed.value, 'windowsize', 1, MAX_WINDOWSIZE) ?? (isCut ? this.windowsize : 1)
      const blksize =
        optionNumber(parsed.value, 'blksize', 8, 65_464) ?? optionNumber(parsed.value, 'blksize2', 8, 65_464)
      // Of an OACK that is cut the DATA tells it.
      if (blksize !== undefined || !isCut) this.#setBlksize(blksize ?? DEFAULT_BLKSIZE, 'oack')
      else this.#missOptions()
    }
    const repeat = isRepeat ? PACKET_FLAG.repeat : 0
    this.log.append(d.number, ms, fromClient, PACKET_KIND.oack, 0, 0, d.payloadBytes - 2, flags | repeat, d.frameBytes)
    this.#lastFromClient = fromClient
    this.#lastPacketMs = ms
  }

  /** It begins with the OACK, which either a read or a write is answered with. */
  get #isOackAlone(): boolean {
    return this.request === undefined && this.oack !== undefined && this.sent + this.acks === 0
  }

  /** What was agreed is for the DATA to show. No server grants less than RFC 1350's size where more was asked for. */
  #missOptions(): void {
    this.hasUnseenOptions = true
    const { isCut, options } = this.request?.seen ?? { isCut: true, options: [] }
    const asked = optionNumber(options, 'blksize', 8, 65_464) ?? (isCut ? 0 : DEFAULT_BLKSIZE)
    this.#setBlksize(Math.min(asked, DEFAULT_BLKSIZE), 'inferred')
  }

  #setBlksize(blksize: number, from: 'oack' | 'default' | 'inferred'): void {
    this.blksize = blksize
    this.blksizeFrom = from
  }

  /** A wrong checksum among right ones: the receiver drops the packet. */
  #isDropped(d: UdpDatagram, fromClient: boolean): boolean {
    return d.checksum === CHECKSUM.bad && (fromClient ? this.clientSide : this.serverSide).good > 0
  }
}

function mayHaveWindow({ isCut, options }: SeenRequest): boolean {
  return isCut || options.some(({ name }) => name.toLowerCase() === 'windowsize')
}

function mayHaveOptions(request: FlowRequest | undefined): boolean {
  return request !== undefined && (request.seen.isCut || request.seen.options.length > 0)
}

/** Of a packet that left in one frame with others: 0 where it is cut off. */
function segmentSum(d: UdpDatagram, at: number, bytes: number): number {
  return at + bytes > d.capturedBytes ? 0 : sumOf(d.payloadBuffer, d.payload + at, bytes)
}

/** One of PACKET_KIND; never a request. */
export function kindOf(d: UdpDatagram): number {
  const b = d.payloadBuffer
  // Data, ACK and ERROR are told apart, and of use, with four bytes.
  if (d.capturedBytes < 2 || b[d.payload] !== 0) return PACKET_KIND.other
  const opcode = b[d.payload + 1]
  if (opcode === OPCODE.oack) return PACKET_KIND.oack
  const isNumbered = opcode === OPCODE.data || opcode === OPCODE.ack || opcode === OPCODE.error
  return isNumbered && d.capturedBytes >= HEADER_BYTES ? opcode : PACKET_KIND.other
}

/** From a host to itself: both cards' addresses are zeros (Linux), or both addresses are the same or 127.0.0.0/8. */
function isLoopback(d: UdpDatagram): boolean {
  const { buffer: b, source, destination, addressBytes, link } = d
  if (link !== undefined && link.sourceMac >= 0 && link.destinationMac >= 0) {
    if (sameBytes(b, link.sourceMac, ZEROS, 0, 6) && sameBytes(b, link.destinationMac, ZEROS, 0, 6)) return true
  }
  if (addressBytes === 4 && b[source] === 127 && b[destination] === 127) return true
  return sameBytes(b, source, b, destination, addressBytes)
}

const ZEROS = new Uint8Array(6)
