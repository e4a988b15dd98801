/**
 * From frames to what concerns TFTP in them: UDP datagrams, put together where they came in fragments, errors of ICMP about some, and questions
 * for addresses.
 */
import { net16 } from '../bytes.ts'
import { OPCODE } from '../../packet/index.ts'
import type { CapturedRecord } from '../read/record.ts'
import { type Assembly, Fragments, hasHead, isWhole } from './fragments.ts'
import { IcmpError } from './icmp.ts'
import { IpHeader, PROTOCOL } from './ip-header.ts'
import { ETHER_TYPE, LinkFrame } from './link.ts'
import { NeighbourMessage } from './neighbour.ts'
import { UDP_HEADER_BYTES, UdpDatagram } from './udp.ts'

/** Opcode and block of DATA. */
const DATA_HEAD_BYTES = 4

export interface DecodedSink {
  /**
   * A datagram, lent for the call. One of DATA in fragments comes with its first fragment (`partial`); what is returned then comes back with
   * `completed` or `incomplete`.
   */
  datagram(datagram: UdpDatagram): object | undefined
  /** All fragments of it are there: `datagram` has the whole payload and the bytes of its frames. */
  completed(owner: object, datagram: UdpDatagram): void
  incomplete(owner: object, assembly: Assembly, reason: 'missing' | 'overlap'): void
  icmp(record: CapturedRecord, from: IpHeader, error: IcmpError): void
  neighbour(record: CapturedRecord, message: NeighbourMessage): void
  unknownLink(linkType: number): void
}

export class FrameDecoder {
  readonly #sink: DecodedSink
  readonly #link = new LinkFrame()
  readonly #ip = new IpHeader()
  readonly #datagram = new UdpDatagram()
  readonly #icmp = new IcmpError()
  readonly #neighbour = new NeighbourMessage()
  readonly #fragments: Fragments

  constructor(sink: DecodedSink) {
    this.#sink = sink
    this.#fragments = new Fragments({
      broken: (assembly, reason) => {
        if (assembly.owner !== undefined) sink.incomplete(assembly.owner, assembly, reason)
      },
    })
  }

  record(record: CapturedRecord): void {
    if (!this.#fragments.isEmpty) this.#fragments.expire(record.seconds)
    const link = this.#link
    if (!link.read(record)) return this.#sink.unknownLink(record.linkType)
    const b = record.buffer
    const end = record.offset + record.length
    if (link.etherType === ETHER_TYPE.arp) {
      if (this.#neighbour.readArp(b, link.payload, end)) this.#sink.neighbour(record, this.#neighbour)
      return
    }
    const ip = this.#ip
    const wireBytes = record.originalBytes - (link.payload - record.offset)
    if (!ip.read(b, link.payload, end, wireBytes, link.etherType)) return
    if (ip.protocol === PROTOCOL.udp) {
      if (ip.isFragment) this.#fragment(record)
      else this.#udp(record)
    } else if (!ip.isFragment && (ip.protocol === PROTOCOL.icmp || ip.protocol === PROTOCOL.icmpv6)) {
      if (this.#neighbour.readNdp(b, ip)) this.#sink.neighbour(record, this.#neighbour)
      else if (this.#icmp.read(b, ip)) this.#sink.icmp(record, ip, this.#icmp)
    }
  }

  /** The last frame was captured at `nowSeconds`. */
  end(nowSeconds: number): void {
    this.#fragments.end(nowSeconds)
  }

  #udp(record: CapturedRecord): void {
    const ip = this.#ip
    const d = this.#datagram
    if (ip.capturedBytes < UDP_HEADER_BYTES) return
    d.setHeaders(record.buffer, ip, record.buffer, ip.payload)
    d.number = record.number
    d.seconds = record.seconds
    d.nanos = record.nanos
    d.frameBytes = record.originalBytes
    d.unpaddedBytes = ip.payload - record.offset + ip.payloadBytes
    d.fragmented = false
    d.partial = false
    d.link = this.#link
    d.setPayload(record.buffer, ip.payload, ip.payloadBytes, ip.capturedBytes)
    this.#sink.datagram(d)
  }

  #fragment(record: CapturedRecord): void {
    const ip = this.#ip
    const now = record.seconds + record.nanos / 1e9
    const assembly = this.#fragments.add(record.buffer, ip, now, record.originalBytes)
    if (assembly === undefined) return
    const whole = isWhole(assembly)
    const isFirst = ip.fragmentOffset === 0
    if (whole) this.#whole(record, assembly)
    else if (isFirst && isDataHead(assembly)) assembly.owner = this.#announce(record, assembly)
  }

  /** DATA is handed on with its first fragment: whether the others come is a fact of its own. */
  #announce(record: CapturedRecord, assembly: Assembly): object | undefined {
    const d = this.#fromAssembly(record, assembly, net16(assembly.bytes, 4))
    if (d === undefined) return undefined
    d.partial = true
    return this.#sink.datagram(d)
  }

  #whole(record: CapturedRecord, assembly: Assembly): void {
    const total = assembly.totalBytes ?? 0
    const d = this.#fromAssembly(record, assembly, total)
    if (d === undefined) return
    d.partial = !assembly.captured
    if (assembly.owner !== undefined) this.#sink.completed(assembly.owner, d)
    else this.#sink.datagram(d)
  }

  #fromAssembly(record: CapturedRecord, assembly: Assembly, wireBytes: number): UdpDatagram | undefined {
    const d = this.#datagram
    const here = assembly.pieces[0][1]
    // The ports are in the first fragment, the addresses in each.
    if (here < UDP_HEADER_BYTES) return undefined
    d.setHeaders(record.buffer, this.#ip, assembly.bytes, 0)
    d.number = record.number
    d.seconds = record.seconds
    d.nanos = record.nanos
    d.frameBytes = assembly.frameBytes
    d.unpaddedBytes = assembly.frameBytes
    d.fragmented = true
    d.partial = false
    d.link = this.#link
    d.setPayload(assembly.bytes, 0, wireBytes, here)
    return d
  }
}

function isDataHead(assembly: Assembly): boolean {
  return hasHead(assembly, DATA_HEAD_BYTES) && net16(assembly.bytes, UDP_HEADER_BYTES) === OPCODE.data
}
