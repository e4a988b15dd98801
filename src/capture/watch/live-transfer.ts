/** One transfer while it is watched: how far it is, and whether anything is to be said of it. At its end the capture's own reader judges it. */
import { HEADER_BYTES, type Option, optionNumber, parseOack, readBlock, seqNear } from '../../packet/index.ts'
import { MAX_BLKSIZE, MIN_BLKSIZE } from '../../transfer/negotiate.ts'
import { formatAddress } from '../address.ts'
import { type CapturedTransfer, type IcmpMeaning, PACKET_KIND } from '../contract.ts'
import { DEFAULT_BLKSIZE, type FragmentedPacket, kindOf } from '../flow/flow.ts'
import { FlowTracker } from '../flow/flow-tracker.ts'
import type { IcmpError } from '../frame/icmp.ts'
import type { IpHeader } from '../frame/ip-header.ts'
import type { NeighbourMessage } from '../frame/neighbour.ts'
import type { UdpDatagram } from '../frame/udp.ts'
import { type CapturedRecord, timeMs } from '../read/record.ts'
import type { Progress, UnansweredBecause, WatchedRequest } from './contract.ts'

/** Without an answer for this long a request counts as unanswered: servers answer in milliseconds, and clients ask again after a second or more. */
const ANSWER_WITHIN_MS = 900
/** Said this often while a transfer moves. */
const PROGRESS_EVERY_MS = 2000
/** Nothing new for this long is a stall. */
const STALL_MS = 1000
/** After its end: repeats of the last packets, and a client that counted a repeat, speak within this time. */
const SETTLE_MS = 400
/** Silence after which nothing more is expected: clients wait up to 5 s between two packets, and U-Boot ten times. */
const GIVEN_UP_MS = 15_000

/** What became due: see `WatchEvent`. */
export type Due =
  | { readonly what: 'unanswered'; readonly because: UnansweredBecause; readonly icmp: IcmpMeaning | undefined }
  | { readonly what: 'progress'; readonly progress: Progress }
  | { readonly what: 'stalled'; readonly progress: Progress; readonly forMs: number }
  | { readonly what: 'over' }

export interface Answer {
  readonly address: string
  readonly port: number
  readonly oack: readonly Option[] | undefined
  readonly afterMs: number
}

export class LiveTransfer {
  readonly request: WatchedRequest
  /** Requests so far. */
  sent = 0
  readonly #tracker: FlowTracker
  #captured: CapturedTransfer | undefined
  #server: Answer | undefined
  #lastRequestMs = 0
  #lastMs = 0
  #unansweredSaid = false
  #icmp: IcmpMeaning | undefined
  #blksize = DEFAULT_BLKSIZE
  #sizeBytes: number | undefined
  #highestSent = 0
  #highestAcked = 0
  #finalSeq = Infinity
  #firstDataMs: number | undefined
  #movedMs = 0
  #stallSaid = false
  #progressSaidMs: number
  #endedMs: number | undefined

  constructor(request: WatchedRequest, nowMs: number) {
    this.request = request
    this.#progressSaidMs = nowMs
    // One client asks for one file from one port at a time; the first transfer is the one that the request began.
    this.#tracker = new FlowTracker((transfer) => (this.#captured ??= transfer))
  }

  get isAnswered(): boolean {
    return this.#server !== undefined
  }

  /** Whether its end was seen. */
  get isEnded(): boolean {
    return this.#endedMs !== undefined
  }

  /** Nothing was heard of it since. */
  get lastMs(): number {
    return this.#lastMs
  }

  /** The request itself, the first time or again. */
  requested(d: UdpDatagram, nowMs: number): void {
    this.sent++
    this.#lastRequestMs = nowMs
    this.#lastMs = nowMs
    this.#tracker.advance(d.seconds)
    this.#tracker.datagram(d)
  }

  /** A datagram to or from the client's port. Returns the answer when this is the first one of a server. */
  datagram(
    d: UdpDatagram,
    fromClient: boolean,
    nowMs: number,
  ): { owner: FragmentedPacket | undefined; answer: Answer | undefined } {
    this.#lastMs = nowMs
    this.#tracker.advance(d.seconds)
    const owner = this.#tracker.datagram(d)
    const kind = kindOf(d)
    if (kind === PACKET_KIND.other) return { owner, answer: undefined }
    const answer = fromClient || this.#server !== undefined ? undefined : this.#answered(d, kind, nowMs)
    if (kind === PACKET_KIND.data) this.#data(d, nowMs)
    else if (kind === PACKET_KIND.ack) this.#ack(d, nowMs)
    else if (kind === PACKET_KIND.error) this.#endedMs ??= nowMs
    return { owner, answer }
  }

  icmp(record: CapturedRecord, from: IpHeader, error: IcmpError): void {
    this.#tracker.advance(record.seconds)
    this.#tracker.icmp(record, from, error)
    const { about, meaning } = error
    if (this.#isClient(about, about.source, about.sourcePort)) this.#icmp ??= meaning
    // The program that asked has closed its port: nothing more comes of it.
    const isGone = meaning === 'port-unreachable' && this.#isClient(about, about.destination, about.destinationPort)
    if (isGone) this.#endedMs ??= timeMs(record)
  }

  neighbour(record: CapturedRecord, message: NeighbourMessage): void {
    this.#tracker.advance(record.seconds)
    this.#tracker.neighbour(record, message)
  }

  /** What is to be said at this time. */
  due(nowMs: number): Due | undefined {
    const quietMs = nowMs - this.#lastMs
    if (this.#endedMs !== undefined && quietMs >= SETTLE_MS) return { what: 'over' }
    if (quietMs >= GIVEN_UP_MS) return { what: 'over' }
    if (this.#server === undefined) return this.#unanswered(nowMs)
    if (this.#endedMs !== undefined || this.#firstDataMs === undefined) return undefined
    const forMs = nowMs - this.#movedMs
    if (forMs >= STALL_MS) {
      if (this.#stallSaid) return undefined
      this.#stallSaid = true
      return { what: 'stalled', progress: this.#progress(), forMs }
    }
    if (nowMs - this.#progressSaidMs < PROGRESS_EVERY_MS) return undefined
    this.#progressSaidMs = nowMs
    return { what: 'progress', progress: this.#progress() }
  }

  /** It is over: what the capture shows of it. */
  conclude(nowMs: number): CapturedTransfer | undefined {
    this.#tracker.advance(nowMs / 1000)
    this.#tracker.end()
    return this.#captured
  }

  #isClient(d: UdpDatagram, at: number, port: number): boolean {
    const { request } = this
    return port === request.port && formatAddress(d.buffer, at, d.addressBytes) === request.device.address
  }

  #unanswered(nowMs: number): Due | undefined {
    if (this.#unansweredSaid) return undefined
    const isLate = this.#icmp !== undefined || this.sent > 1 || nowMs - this.#lastRequestMs >= ANSWER_WITHIN_MS
    if (!isLate) return undefined
    this.#unansweredSaid = true
    const { isOurs, isBroadcast } = this.request
    const because =
      isOurs === true
        ? 'no-server-here'
        : this.#icmp !== undefined
          ? 'refused-by-icmp'
          : isOurs === false && !isBroadcast
            ? 'other-address'
            : 'silence'
    return { what: 'unanswered', because, icmp: this.#icmp }
  }

  #answered(d: UdpDatagram, kind: number, nowMs: number): Answer {
    const parsed = kind === PACKET_KIND.oack ? parseOack(d.payloadBuffer, d.payload, d.capturedBytes) : undefined
    const oack = parsed?.ok === true ? parsed.value : undefined
    const options = oack ?? []
    this.#blksize = optionNumber(options, 'blksize', MIN_BLKSIZE, MAX_BLKSIZE) ?? DEFAULT_BLKSIZE
    const asked = this.request.direction === 'write' ? this.request.options : []
    this.#sizeBytes = optionNumber([...options, ...asked], 'tsize', 0, Number.MAX_SAFE_INTEGER)
    this.#server = {
      address: formatAddress(d.buffer, d.source, d.addressBytes),
      port: d.sourcePort,
      oack,
      afterMs: nowMs - this.#lastRequestMs,
    }
    this.#movedMs = nowMs
    return this.#server
  }

  #data(d: UdpDatagram, nowMs: number): void {
    const seq = seqNear(readBlock(d.payloadBuffer, d.payload), this.#highestAcked, 0)
    this.#firstDataMs ??= nowMs
    this.#highestSent = Math.max(this.#highestSent, seq)
    if (d.payloadBytes - HEADER_BYTES < this.#blksize) this.#finalSeq = seq
  }

  #ack(d: UdpDatagram, nowMs: number): void {
    const seq = seqNear(readBlock(d.payloadBuffer, d.payload), this.#highestAcked, 0)
    if (seq > this.#highestSent) return
    if (seq > this.#highestAcked) {
      this.#highestAcked = seq
      this.#movedMs = nowMs
      this.#stallSaid = false
    }
    if (seq >= this.#finalSeq) this.#endedMs ??= nowMs
  }

  #progress(): Progress {
    const bytes = this.#highestAcked * this.#blksize
    const tookMs = this.#movedMs - (this.#firstDataMs ?? this.#movedMs)
    return {
      block: this.#highestAcked,
      bytes,
      sizeBytes: this.#sizeBytes,
      rateBytesPerSec: tookMs > 0 ? (bytes * 1000) / tookMs : 0,
    }
  }
}
