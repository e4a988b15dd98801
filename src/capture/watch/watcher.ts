/**
 * Frames and the time in, what they mean for a person who waits for a device out:
 *
 *     frames > FrameDecoder > questions for addresses, DHCP, requests > WatchEvent
 *
 * Nothing is kept but what bounds name.
 */
import { matchProfiles, type Seen } from '../../profile/match.ts'
import { requestFingerprint } from '../../profile/fingerprint.ts'
import { portHabit } from '../../profile/ports.ts'
import { isMadeUp, vendorOf } from '../../profile/vendor.ts'
import { formatAddress, formatMac } from '../address.ts'
import { PACKET_KIND } from '../contract.ts'
import { diagnose } from '../diagnosis/index.ts'
import { type FragmentedPacket, kindOf } from '../flow/flow.ts'
import { FlowTracker } from '../flow/flow-tracker.ts'
import { readRequest, type SeenRequest, TFTP_PORT } from '../flow/request.ts'
import { type DecodedSink, FrameDecoder } from '../frame/decoder.ts'
import type { LinkFrame } from '../frame/link.ts'
import type { NeighbourMessage } from '../frame/neighbour.ts'
import type { UdpDatagram } from '../frame/udp.ts'
import { type CapturedRecord, DIRECTION, timeMs } from '../read/record.ts'
import { behaviourOf } from '../seen.ts'
import {
  type LikelyKind,
  type LinkState,
  MAX_KINDS,
  type WatchedHost,
  type WatchEvent,
  type WatchSetup,
} from './contract.ts'
import { DHCP_PORTS, readDhcp } from './dhcp-message.ts'
import { LiveTransfer } from './live-transfer.ts'
import { Repeats } from './repeats.ts'

/** Said after this much silence, and then again each QUIET_AGAIN_MS. */
export const QUIET_MS = 60_000
const QUIET_AGAIN_MS = 300_000
/** Transfers that are watched at a time; the one that was silent longest makes room. */
const MAX_LIVE = 32
/** A transfer that was silent for this long when the device asks for the file again was given up. */
const TRIES_AGAIN_MS = 200
/** The link address of each address that was heard. */
const MAX_HOSTS = 4096
const UNSPECIFIED = '0.0.0.0'
const LIMITED_BROADCAST = '255.255.255.255'
/** The probable kind of a device with this confidence or less is a guess. */
const LEAST_CONFIDENCE = 0.05

/** An event without its time. */
type Untimed<E> = E extends WatchEvent ? Omit<E, 'time'> : never

/** This machine on the watched network. */
export interface OwnAddresses {
  /** IPv4 and IPv6, without zones. */
  readonly addresses: readonly string[]
  readonly broadcasts: readonly string[]
}

export class Watcher {
  readonly #setup: WatchSetup
  readonly #emit: (event: WatchEvent) => void
  readonly #decoder: FrameDecoder
  readonly #macs = new Map<string, string>()
  readonly #live = new Set<LiveTransfer>()
  /** A packet in fragments names its own flow: any tracker completes it. */
  readonly #fragments = new FlowTracker(() => {})
  readonly #addressQuestions = new Repeats()
  readonly #dhcpQuestions = new Repeats()
  #own: (() => OwnAddresses) | undefined
  #link: LinkState | undefined
  #requests = 0
  #ended = 0
  #now = 0
  /** When a device was heard last, and when the last event `quiet` was emitted. */
  #heardMs: number
  #quietSaidMs = -Infinity
  #otherFrames = 0
  #isOwnFrame = false
  #isHeard = false

  /** `nowMs`: when the watch begins. */
  constructor(setup: WatchSetup, nowMs: number, emit: (event: WatchEvent) => void) {
    this.#setup = setup
    this.#emit = emit
    this.#heardMs = nowMs
    this.#now = nowMs
    this.#decoder = new FrameDecoder(this.#sink())
  }

  /** Requests heard so far, repeats not counted, and those whose event `ended` was emitted. */
  get requests(): number {
    return this.#requests
  }

  get ended(): number {
    return this.#ended
  }

  /** Called for each request and question, as addresses come and go; left out for a capture file, which tells nothing of this machine. */
  set own(own: () => OwnAddresses) {
    this.#own = own
  }

  link(nowMs: number, state: LinkState): void {
    if (state === this.#link) return
    const wasKnown = this.#link !== undefined
    this.#link = state
    // A link that is there from the beginning is no news.
    if (wasKnown || state !== 'up') this.#say(nowMs, { event: 'link', state })
  }

  frame(record: CapturedRecord): void {
    this.#now = Math.max(this.#now, timeMs(record))
    this.#isOwnFrame = record.direction === DIRECTION.sent
    this.#isHeard = false
    this.#decoder.record(record)
    if (this.#isOwnFrame) return
    if (this.#isHeard) {
      this.#heardMs = this.#now
      this.#quietSaidMs = -Infinity
      this.#otherFrames = 0
    } else this.#otherFrames++
  }

  /** Time went on: says what became due. */
  time(nowMs: number): void {
    this.#now = Math.max(this.#now, nowMs)
    for (const live of this.#live) this.#due(live, nowMs)
    const quietMs = nowMs - this.#heardMs
    if (this.#live.size > 0 || quietMs < QUIET_MS || nowMs - this.#quietSaidMs < QUIET_AGAIN_MS) return
    this.#quietSaidMs = nowMs
    this.#say(nowMs, { event: 'quiet', forMs: quietMs, frames: this.#otherFrames, link: this.#link })
  }

  /** The watch is over: what still runs ends as it stands. */
  end(): void {
    for (const live of this.#live) this.#over(live, this.#now)
  }

  #sink(): DecodedSink {
    return {
      datagram: (d) => this.#datagram(d),
      completed: (owner, d) => this.#fragments.completed(owner as FragmentedPacket, d),
      incomplete: (owner, assembly, reason) => this.#fragments.incomplete(owner as FragmentedPacket, assembly, reason),
      icmp: (record, from, error) => {
        for (const live of this.#live) live.icmp(record, from, error)
      },
      neighbour: (record, message) => this.#neighbour(record, message),
      unknownLink: () => {},
    }
  }

  #datagram(d: UdpDatagram): object | undefined {
    const nowMs = timeMs(d)
    if (d.destinationPort === DHCP_PORTS.server || d.destinationPort === DHCP_PORTS.client) return this.#dhcp(d, nowMs)
    this.#learnMac(d)
    const request = readRequest(d)
    if (request !== undefined) return this.#request(d, request, nowMs)
    if (kindOf(d) === PACKET_KIND.other) return undefined
    for (const live of this.#live) {
      const fromClient = isEnd(d, live, d.source, d.sourcePort)
      if (!fromClient && !isEnd(d, live, d.destination, d.destinationPort)) continue
      this.#isHeard = true
      const { owner, answer } = live.datagram(d, fromClient, nowMs)
      if (answer !== undefined) {
        const { address, port, oack, afterMs } = answer
        this.#say(nowMs, {
          event: 'answered',
          request: live.request,
          server: this.#host(address),
          serverPort: port,
          oack,
          afterMs,
        })
      }
      return owner
    }
    return undefined
  }

  #request(d: UdpDatagram, seen: SeenRequest, nowMs: number): undefined {
    this.#isHeard = true
    const address = formatAddress(d.buffer, d.source, d.addressBytes)
    for (const live of this.#live) {
      if (!isEnd(d, live, d.source, d.sourcePort)) continue
      const { request } = live
      const isSame = request.file === seen.filename && (seen.kind === 'rrq') === (request.direction === 'read')
      if (isSame && !live.isEnded) {
        live.requested(d, nowMs)
        this.#due(live, nowMs)
        return
      }
      this.#over(live, nowMs)
    }
    // The same file asked for from another port, and nothing moves on the one before: the device tries again.
    for (const live of this.#live) {
      const { device, file } = live.request
      if (device.address === address && file === seen.filename && nowMs - live.lastMs >= TRIES_AGAIN_MS)
        this.#over(live, nowMs)
    }
    this.#makeRoom(nowMs)
    const toAddress = formatAddress(d.buffer, d.destination, d.addressBytes)
    const live = new LiveTransfer(
      {
        id: ++this.#requests,
        device: this.#host(address),
        port: d.sourcePort,
        direction: seen.kind === 'rrq' ? 'read' : 'write',
        file: seen.filename,
        mode: seen.mode,
        options: seen.options,
        toAddress,
        toPort: d.destinationPort,
        isOurs: this.#isOurs(toAddress),
        isBroadcast: toAddress === LIMITED_BROADCAST || this.#own?.().broadcasts.includes(toAddress) === true,
        malformed: seen.malformed,
      },
      nowMs,
    )
    this.#live.add(live)
    live.requested(d, nowMs)
    const length = Math.min(d.payloadBytes, d.capturedBytes)
    const parsed = requestFingerprint(d.payloadBuffer, d.payload, length)
    const kinds = parsed.ok ? this.#kinds({ request: parsed.value, ...this.#more(live) }) : []
    this.#say(nowMs, { event: 'request', request: live.request, kinds })
  }

  #more({ request }: LiveTransfer): Pick<Seen, 'vendor' | 'ports'> {
    const { vendor } = request.device
    const ports = portHabit([{ port: request.port, repeat: false }])
    return { ...(vendor === undefined ? {} : { vendor }), ...(ports === undefined ? {} : { ports }) }
  }

  #kinds(seen: Seen): LikelyKind[] {
    return matchProfiles(seen, this.#setup.profiles)
      .filter(({ confidence }) => confidence >= LEAST_CONFIDENCE)
      .slice(0, MAX_KINDS)
      .map(({ profile, confidence }) => ({ profile, confidence }))
  }

  #due(live: LiveTransfer, nowMs: number): void {
    const due = live.due(nowMs)
    const { request } = live
    switch (due?.what) {
      case 'unanswered':
        return this.#say(nowMs, { event: 'unanswered', request, sent: live.sent, because: due.because, icmp: due.icmp })
      case 'progress':
        return this.#say(nowMs, { event: 'progress', request, ...due.progress })
      case 'stalled':
        return this.#say(nowMs, { event: 'stalled', request, forMs: due.forMs, ...due.progress })
      case 'over':
        return this.#over(live, nowMs)
      case undefined:
        return
    }
  }

  #over(live: LiveTransfer, nowMs: number): void {
    this.#live.delete(live)
    const transfer = live.conclude(nowMs)
    if (transfer === undefined) return
    this.#ended++
    const { request } = live
    const { direction, file, mode, options } = request
    const behaviour = behaviourOf(transfer)
    const kinds = this.#kinds({ request: { direction, filename: file, mode, options }, ...this.#more(live), behaviour })
    this.#say(nowMs, { event: 'ended', request, transfer, diagnosis: diagnose(transfer), kinds })
  }

  #makeRoom(nowMs: number): void {
    if (this.#live.size < MAX_LIVE) return
    let oldest: LiveTransfer | undefined
    for (const live of this.#live) if (oldest === undefined || live.lastMs < oldest.lastMs) oldest = live
    if (oldest !== undefined) this.#over(oldest, nowMs)
  }

  #neighbour(record: CapturedRecord, message: NeighbourMessage): void {
    for (const live of this.#live) live.neighbour(record, message)
    // IPv6 hosts ask for each other all the time, and devices in a bootloader use IPv4.
    if (message.addressBytes !== 4) return
    const nowMs = timeMs(record)
    const b = record.buffer
    const address = formatAddress(b, message.target, 4)
    const by = formatAddress(b, message.by, 4)
    if (message.isQuestion) {
      // An ARP request carries the card's address in front of the network address.
      this.#note(by, formatMac(b, message.by - 6))
      // A host that checks whether its own address is free wants no answer (RFC 5227).
      if (by === UNSPECIFIED || this.#isOwnFrame) return
      this.#isHeard = true
      this.#asked(nowMs, by, address)
    } else {
      if (message.mac >= 0) this.#note(address, formatMac(b, message.mac))
      if (!this.#isOwnFrame) this.#isHeard = true
      if (!this.#addressQuestions.answer(`${by} ${address}`, nowMs)) return
      this.#say(nowMs, {
        event: 'address-answered',
        device: this.#host(by),
        address,
        by: this.#host(address),
        isOurs: this.#isOurs(address),
      })
    }
  }

  #asked(nowMs: number, by: string, address: string): void {
    const { isNew, missing } = this.#addressQuestions.question(`${by} ${address}`, nowMs)
    const facts = { device: this.#host(by), address, isOurs: this.#isOurs(address) }
    if (isNew) this.#say(nowMs, { event: 'address-asked', ...facts })
    if (missing > 0) this.#say(nowMs, { event: 'address-missing', ...facts, questions: missing })
  }

  #dhcp(d: UdpDatagram, nowMs: number): undefined {
    const message = readDhcp(d.payloadBuffer, d.payload, d.capturedBytes)
    if (message === undefined) return
    if (!this.#isOwnFrame) this.#isHeard = true
    const device = this.#hostOf(message.address ?? '', message.mac)
    const key = message.mac ?? ''
    if (message.isReply) {
      if (this.#dhcpQuestions.answer(key, nowMs)) this.#say(nowMs, { event: 'dhcp', device, message })
      return
    }
    if (this.#isOwnFrame || message.kind === 'release' || message.kind === 'decline') return
    const { isNew, missing } = this.#dhcpQuestions.question(key, nowMs)
    if (isNew) this.#say(nowMs, { event: 'dhcp', device, message })
    if (missing > 0) this.#say(nowMs, { event: 'dhcp-unanswered', device, questions: missing })
  }

  #learnMac(d: UdpDatagram): void {
    const { link } = d
    if (link === undefined || link.sourceMac < 0 || d.fragmented) return
    if (d.destinationPort !== TFTP_PORT && kindOf(d) === PACKET_KIND.other) return
    this.#note(formatAddress(d.buffer, d.source, d.addressBytes), macOf(d, link))
  }

  #note(address: string, mac: string): void {
    if (address === UNSPECIFIED) return
    if (!this.#macs.has(address) && this.#macs.size === MAX_HOSTS)
      this.#macs.delete(this.#macs.keys().next().value ?? '')
    this.#macs.set(address, mac)
  }

  #host(address: string): WatchedHost {
    return this.#hostOf(address, this.#macs.get(address))
  }

  #hostOf(address: string, mac: string | undefined): WatchedHost {
    const vendor = mac === undefined || isMadeUp(mac) ? undefined : vendorOf(mac, this.#setup.vendors)
    return { address, mac, vendor }
  }

  #isOurs(address: string): boolean | undefined {
    return this.#own?.().addresses.includes(address)
  }

  #say(nowMs: number, event: Untimed<WatchEvent>): void {
    this.#emit({ time: nowMs, ...event } as WatchEvent)
  }
}

function macOf(d: UdpDatagram, link: LinkFrame): string {
  return formatMac(d.buffer, link.sourceMac)
}

function isEnd(d: UdpDatagram, { request }: LiveTransfer, at: number, port: number): boolean {
  return port === request.port && formatAddress(d.buffer, at, d.addressBytes) === request.device.address
}
