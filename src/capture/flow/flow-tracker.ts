/**
 * Finds the transfers in what the decoder hands on, and follows each to its end. A transfer begins with a request, or, where the capture began
 * later, with a row of packets that only TFTP sends. It belongs to the client's address and port; the server's port is that of its first answer.
 */
import { readBlock } from '../../packet/index.ts'
import { formatAddress, formatMac } from '../address.ts'
import { type CapturedTransfer, IDLE_MS, PACKET_KIND, type PacketKind, type SideEvent } from '../contract.ts'
import type { Assembly } from '../frame/fragments.ts'
import { seenBytes } from '../frame/fragments.ts'
import type { IcmpError } from '../frame/icmp.ts'
import type { IpHeader } from '../frame/ip-header.ts'
import type { NeighbourMessage } from '../frame/neighbour.ts'
import { sameBytes, type UdpDatagram } from '../frame/udp.ts'
import type { CapturedRecord } from '../read/record.ts'
import { Attempts, type Tries } from './attempts.ts'
import { MAX_PAGES } from './block-tally.ts'
import { isTransfer, rolesOf } from './candidate.ts'
import { conclude } from './conclude.ts'
import { Flow, FlowPeer, type FragmentedPacket, kindOf } from './flow.ts'
import { type FollowedFlow, FlowTable, type Stage } from './flow-table.ts'
import { asksSame, readRequest, type SeenRequest } from './request.ts'

/** A request that comes again within this, from a client that went on meanwhile, was doubled by the network. */
const DOUBLED_MS = 100
/** An ended transfer is kept for repeats of its last packets: a few timeouts of a client. */
const ENDED_SECONDS = 15
/** Packets that all transfers together keep, 32 bytes each, and the bounds of one transfer's share. */
const MAX_PACKETS = 2_000_000
const MOST_PACKETS = 262_144
const LEAST_PACKETS = 256
/** Side events of all transfers together, about 200 bytes each. */
const MAX_ALL_SIDE_EVENTS = 200_000
/** A host may speak to thousands; a question for its address is noted with the first of them. */
const MAX_NOTED = 16
const KINDS = Object.keys(PACKET_KIND) as PacketKind[]

export class FlowTracker {
  /** Datagrams of transfers, transfers found, and those that were let go of because of their number. */
  tftpDatagrams = 0
  transfers = 0
  evicted = 0
  requests = 0
  /** The owner says so: every frame of the capture so far is a request. */
  onlyRequests = false
  readonly #onTransfer: (transfer: CapturedTransfer) => void
  readonly #table = new FlowTable((entry, reason) => this.#finish(entry, reason))
  readonly #attempts = new Attempts()
  readonly #budgets = {
    packets: { most: MOST_PACKETS },
    pages: { left: MAX_PAGES },
    sideEvents: { left: MAX_ALL_SIDE_EVENTS },
  }
  /** The latest time of all frames: times that go back end no transfer. */
  #now = 0

  constructor(onTransfer: (transfer: CapturedTransfer) => void) {
    this.#onTransfer = onTransfer
  }

  /** A frame was captured at this time, whatever is in it. */
  advance(seconds: number): void {
    if (seconds <= this.#now) return
    this.#now = seconds
    this.#table.expire(seconds - IDLE_MS / 1000, seconds - ENDED_SECONDS)
  }

  datagram(d: UdpDatagram): FragmentedPacket | undefined {
    const request = readRequest(d)
    if (request !== undefined) {
      this.#request(d, request)
      return undefined
    }
    const entry = this.#answered(d) ?? this.#find(d) ?? this.#bind(d) ?? this.#answeredAgain(d)
    if (entry !== undefined) return this.#add(entry, d)
    if (!this.#noteStranger(d)) return this.#begin(d)
    this.tftpDatagrams++
    return undefined
  }

  completed(packet: FragmentedPacket, d: UdpDatagram): void {
    d.checksum = d.verify()
    packet.flow.completed(packet, d)
  }

  incomplete(packet: FragmentedPacket, assembly: Assembly, reason: 'missing' | 'overlap'): void {
    packet.flow.incomplete(packet, seenBytes(assembly), udpBytes(assembly), reason)
  }

  icmp(record: CapturedRecord, from: IpHeader, error: IcmpError): void {
    const { about } = error
    for (const fromClient of [true, false]) {
      const key = fromClient ? about.sourceKey : about.destinationKey
      const entry = this.#newestOf(key, (flow) => isOf(flow, about, fromClient))
      if (entry === undefined) continue
      entry.flow.addSideEvent({
        number: record.number,
        timeMs: entry.flow.ms(record),
        type: 'icmp',
        meaning: error.meaning,
        icmpType: error.type,
        icmpCode: error.code,
        from: formatAddress(record.buffer, from.source, from.addressBytes),
        about: fromClient ? 'client' : 'server',
        mtuBytes: error.mtuBytes,
      })
      return
    }
  }

  neighbour(record: CapturedRecord, message: NeighbourMessage): void {
    const b = record.buffer
    const { addressBytes, target, by } = message
    let noted = 0
    for (const { flow, stage } of this.#table.ofClient(b, target, addressBytes)) {
      if (stage === 'candidate' || stage === 'ended') continue
      flow.addSideEvent(this.#neighbourEvent(flow, record, message, 'client'))
      if (++noted === MAX_NOTED) return
    }
    for (const { flow, stage } of this.#table.ofClient(b, by, addressBytes)) {
      if (stage === 'candidate' || stage === 'ended') continue
      const { address } = flow.server
      if (address.length !== addressBytes || !sameBytes(address, 0, b, target, addressBytes)) continue
      flow.addSideEvent(this.#neighbourEvent(flow, record, message, 'server'))
      if (++noted === MAX_NOTED) return
    }
  }

  /** The capture is over: every transfer is handed on. */
  end(): void {
    const entries = this.#table.all().sort((a, b) => a.flow.id - b.flow.id)
    for (const entry of entries) this.#finish(entry, 'capture-end')
  }

  #request(d: UdpDatagram, seen: SeenRequest): void {
    this.requests++
    d.checksum = d.verify()
    for (let entry = this.#table.newest(d.sourceKey); entry !== undefined; entry = entry.older) {
      const { flow } = entry
      if (flow.request === undefined || !isSource(flow.client, d)) continue
      if (isDestination(flow.request.to, d) && asksSame(flow.request.seen, seen) && isRepeat(flow, d)) {
        flow.addRequest(d, seen)
        return this.#added(entry, true)
      }
      flow.replacedMs ??= flow.ms(d)
      break
    }
    const roles = {
      client: FlowPeer.source(d),
      server: FlowPeer.destination(d),
      rolesFrom: 'request',
      direction: seen.kind === 'rrq' ? 'read' : 'write',
    } as const
    const flow = new Flow(d, roles, seen, this.#budgets)
    flow.id = ++this.transfers
    flow.addRequest(d, seen)
    this.#added(this.#follow(flow, 'waiting', this.#attempts.begin(flow)), true)
  }

  /**
   * The transfer whose request this answers. It comes before an older one between the same two ports: servers with few ports use one for many
   * transfers.
   */
  #answered(d: UdpDatagram): FollowedFlow | undefined {
    const newest = this.#newestOf(d.destinationKey, (flow) => isDestination(flow.client, d))
    if (newest === undefined || newest.flow.bound || !isSourceAddress(newest.flow.server, d)) return undefined
    if (!isFirstAnswer(d)) return undefined
    newest.flow.server = FlowPeer.source(d)
    return newest
  }

  /**
   * The transfer whose repeated request this answers, from a port of its own. Until the client has spoken to one of the ports all answers are
   * the transfer's; each port is noted once.
   */
  #answeredAgain(d: UdpDatagram): FollowedFlow | undefined {
    const newest = this.#newestOf(d.destinationKey, (flow) => isDestination(flow.client, d))
    const flow = newest?.flow
    if (flow?.request === undefined || flow.clientMoved || flow.ended) return undefined
    if (!isSourceAddress(flow.server, d) || !isFirstAnswer(d)) return undefined
    if (flow.lastOtherPort !== d.sourcePort) this.#noteStranger(d)
    flow.lastOtherPort = d.sourcePort
    return newest
  }

  /** The transfer between these two ports. */
  #find(d: UdpDatagram): FollowedFlow | undefined {
    for (let entry = this.#table.newest(d.destinationKey); entry !== undefined; entry = entry.older) {
      if (isDestination(entry.flow.client, d) && isSource(entry.flow.server, d)) return entry
    }
    for (let entry = this.#table.newest(d.sourceKey); entry !== undefined; entry = entry.older) {
      if (isSource(entry.flow.client, d) && isDestination(entry.flow.server, d)) return entry
    }
    return undefined
  }

  /** The transfer whose server's port this datagram is the first to show: an answer from it, or what the client sends there. */
  #bind(d: UdpDatagram): FollowedFlow | undefined {
    const kind = kindOf(d)
    if (kind === PACKET_KIND.other) return undefined
    for (let entry = this.#table.newest(d.destinationKey); entry !== undefined; entry = entry.older) {
      const { flow } = entry
      if (flow.bound || !isDestination(flow.client, d)) continue
      if (kind === PACKET_KIND.ack && flow.direction === 'read') continue
      flow.server = FlowPeer.source(d)
      return entry
    }
    for (let entry = this.#table.newest(d.sourceKey); entry !== undefined; entry = entry.older) {
      const { flow } = entry
      if (!isSource(flow.client, d) || (flow.bound ? !isChoice(flow, kind) : !isAddress(flow.server, d))) continue
      flow.server = FlowPeer.destination(d)
      return entry
    }
    return undefined
  }

  #add(entry: FollowedFlow, d: UdpDatagram): FragmentedPacket | undefined {
    const { flow } = entry
    const fromClient = isSource(flow.client, d)
    flow.bound = true
    d.checksum = d.verify()
    const packet = flow.add(d, fromClient)
    if (entry.stage === 'candidate' && isTransfer(flow)) {
      flow.id = ++this.transfers
      entry.stage = 'active'
      this.tftpDatagrams += flow.clientSide.packets + flow.serverSide.packets - 1
    }
    this.#added(entry, fromClient)
    return packet
  }

  #added(entry: FollowedFlow, fromClient: boolean): void {
    const { flow } = entry
    if (entry.stage !== 'candidate') this.tftpDatagrams++
    const attempt = entry.tries?.attempt
    if (fromClient && attempt !== undefined) attempt.lastClientSeconds = flow.seconds + flow.lastClientMs / 1000
    this.#table.touch(entry, stageOf(entry), this.#now)
  }

  /** Begins a transfer without a request. */
  #begin(d: UdpDatagram): FragmentedPacket | undefined {
    // Blocks for a group belong to all its clients, and to none alone.
    const roles = isForGroup(d) ? undefined : rolesOf(d)
    if (roles === undefined) return undefined
    const flow = new Flow(d, roles, undefined, this.#budgets)
    return this.#add(this.#follow(flow, 'candidate', undefined), d)
  }

  #follow(flow: Flow, stage: Stage, tries: Tries | undefined): FollowedFlow {
    const entry = this.#table.add(flow, stage, this.#now, tries)
    this.#share()
    return entry
  }

  /** A packet of TFTP that concerns a transfer and is not between its two ports: a second answer, or what the client says to it. */
  #noteStranger(d: UdpDatagram): boolean {
    const kind = kindOf(d)
    if (kind === PACKET_KIND.other) return false
    const toClient = this.#newestOf(d.destinationKey, (flow) => isDestination(flow.client, d))
    const entry = toClient ?? this.#newestOf(d.sourceKey, (flow) => isSource(flow.client, d))
    if (entry === undefined || entry.stage === 'candidate') return false
    const [at, port] = toClient === undefined ? [d.destination, d.destinationPort] : [d.source, d.sourcePort]
    entry.flow.addSideEvent({
      number: d.number,
      timeMs: entry.flow.ms(d),
      type: toClient === undefined ? 'to-other-server' : 'other-server',
      address: formatAddress(d.buffer, at, d.addressBytes),
      port,
      kind: KINDS[kind - 1],
      block: kind === PACKET_KIND.oack ? 0 : readBlock(d.payloadBuffer, d.payload),
    })
    return true
  }

  #newestOf(key: number, matches: (flow: Flow) => boolean): FollowedFlow | undefined {
    let entry = this.#table.newest(key)
    while (entry !== undefined && !matches(entry.flow)) entry = entry.older
    return entry
  }

  #neighbourEvent(
    flow: Flow,
    record: CapturedRecord,
    message: NeighbourMessage,
    about: 'client' | 'server',
  ): SideEvent {
    const { isQuestion, by, mac, addressBytes } = message
    return {
      number: record.number,
      timeMs: flow.ms(record),
      type: isQuestion ? 'neighbour-question' : 'neighbour-answer',
      about,
      by: formatAddress(record.buffer, by, addressBytes),
      mac: mac < 0 ? undefined : formatMac(record.buffer, mac),
    }
  }

  #finish(entry: FollowedFlow, reason: 'capture-end' | 'idle' | 'evicted'): void {
    const { flow, tries } = entry
    this.#table.remove(entry)
    this.#share()
    if (entry.stage === 'candidate') return flow.close()
    if (reason === 'evicted') this.evicted++
    const isOver = tries?.before !== undefined && tries.before.lastClientSeconds <= flow.seconds + flow.nanos / 1e9
    const quietMs =
      flow.replacedMs === undefined
        ? flow.ms({ seconds: this.#now, nanos: 0 }) - flow.lastMs
        : flow.replacedMs - flow.lastMs
    this.#onTransfer(
      conclude(flow, {
        followedUntil: flow.replacedMs === undefined ? reason : 'replaced',
        quietMs: Math.max(0, quietMs),
        previousAttempt: isOver ? tries.before?.id : undefined,
        askedAgainMs: askedAgainMs(entry),
        onlyRequests: this.onlyRequests,
      }),
    )
  }

  /** Memory is shared by the flows of the moment. */
  #share(): void {
    const share = Math.floor(MAX_PACKETS / Math.max(1, this.#table.size))
    this.#budgets.packets.most = Math.max(LEAST_PACKETS, Math.min(MOST_PACKETS, share))
  }
}

/** A request in the middle of a transfer, which goes on, is another program of the same host. */
function askedAgainMs({ flow, tries }: FollowedFlow): number | undefined {
  const again = tries?.attempt.againSeconds
  if (again === undefined) return undefined
  const ms = flow.ms({ seconds: again, nanos: 0 })
  return ms >= flow.lastClientMs ? ms : undefined
}

function stageOf({ flow, stage }: FollowedFlow): Stage {
  if (stage === 'candidate') return stage
  if (flow.ended) return 'ended'
  return flow.answered || flow.clientMoved ? 'active' : 'waiting'
}

/** Whether a request for the same file repeats the flow's, rather than begin another transfer. */
function isRepeat(flow: Flow, d: UdpDatagram): boolean {
  if (!flow.clientMoved && !flow.ended) return true
  // A load generator asks from the same port as soon as it has the file.
  if (flow.ended && flow.error === undefined) return false
  return flow.ms(d) - (flow.request?.lastMs ?? 0) <= DOUBLED_MS
}

/** Several servers answered, and the client goes on with another than the first. */
function isChoice(flow: Flow, kind: number): boolean {
  const isRequested = flow.request !== undefined && !flow.clientMoved
  return isRequested && (kind === PACKET_KIND.ack || kind === PACKET_KIND.data)
}

function isSource(peer: FlowPeer, d: UdpDatagram): boolean {
  return peer.is(d.sourceKey, d.buffer, d.source, d.addressBytes)
}

function isDestination(peer: FlowPeer, d: UdpDatagram): boolean {
  return peer.is(d.destinationKey, d.buffer, d.destination, d.addressBytes)
}

/** IPv4 from 224.0.0.0 on, IPv6 below ff00::/8. */
function isForGroup({ buffer, destination, addressBytes }: UdpDatagram): boolean {
  return addressBytes === 4 ? buffer[destination] >> 4 === 14 : buffer[destination] === 0xff
}

/** Whether the datagram is one of the flow's, to or from the server's port or the one that was asked. */
function isOf(flow: Flow, d: UdpDatagram, fromClient: boolean): boolean {
  const [isNear, isFar] = fromClient ? [isSource, isDestination] : [isDestination, isSource]
  return isNear(flow.client, d) && (isFar(flow.server, d) || (flow.request !== undefined && isFar(flow.request.to, d)))
}

/** Whether the datagram goes to the peer's address, whatever the port. */
function isAddress(peer: FlowPeer, d: UdpDatagram): boolean {
  const { address } = peer
  return address.length === d.addressBytes && sameBytes(address, 0, d.buffer, d.destination, d.addressBytes)
}

function isSourceAddress(peer: FlowPeer, d: UdpDatagram): boolean {
  const { address } = peer
  return address.length === d.addressBytes && sameBytes(address, 0, d.buffer, d.source, d.addressBytes)
}

/** OACK, ERROR, DATA 1, ACK 0: what a request is answered with. */
function isFirstAnswer(d: UdpDatagram): boolean {
  const kind = kindOf(d)
  if (kind === PACKET_KIND.oack || kind === PACKET_KIND.error) return true
  const block = kind === PACKET_KIND.other ? -1 : readBlock(d.payloadBuffer, d.payload)
  return (kind === PACKET_KIND.data && block === 1) || (kind === PACKET_KIND.ack && block === 0)
}

/** By the UDP header. */
function udpBytes({ bytes }: Assembly): number {
  return (bytes[4] << 8) | bytes[5]
}
