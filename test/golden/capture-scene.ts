/** A capture written like a screenplay: each packet with its sender and time. */
import type { CapturedTransfer, CaptureSummary } from '../../src/capture/contract.ts'
import { CaptureTransfers } from '../../src/capture/transfers.ts'
import {
  addressBytes,
  be16,
  ethernet,
  type FileOptions,
  ip,
  type IpOptions,
  join,
  LINK,
  macBytes,
  type MadeFrame,
  packet,
  pcap,
  typeOf,
  udp,
  type UdpOptions,
} from './capture-maker.ts'

export interface Side {
  readonly address: string
  readonly mac: string
}

export const CLIENT: Side = { address: '192.168.0.1', mac: '02:00:00:00:00:01' }
export const SERVER: Side = { address: '192.168.0.66', mac: '02:00:00:00:00:02' }
export const CLIENT_PORT = 2070
export const SERVER_PORT = 40_000

export interface SendOptions extends UdpOptions, IpOptions {
  /** Milliseconds since the packet before it; 0.1 when left out. */
  readonly afterMs?: number
  readonly client?: Side
  readonly server?: Side
  readonly clientPort?: number
  readonly serverPort?: number
  /** False: the frame is not filled up to 60 bytes. */
  readonly pad?: boolean
  /** The capture keeps the frame's beginning, this long. */
  readonly snapBytes?: number
}

export class Scene {
  readonly frames: MadeFrame[] = []
  ms = 1_700_000_000_000
  #ipId = 1
  readonly #defaults: SendOptions

  constructor(defaults: SendOptions = {}) {
    this.#defaults = defaults
  }

  /** The client sends a datagram to the server's TID. */
  client(payload: Uint8Array, options: SendOptions = {}): this {
    return this.#send(true, payload, { ...this.#defaults, ...options })
  }

  /** The client sends a request, to port 69. */
  ask(payload: Uint8Array, options: SendOptions = {}): this {
    return this.client(payload, { ...options, serverPort: 69 })
  }

  server(payload: Uint8Array, options: SendOptions = {}): this {
    return this.#send(false, payload, { ...this.#defaults, ...options })
  }

  wait(ms: number): this {
    // Whole microseconds: what the file can hold.
    this.ms = Math.round((this.ms + ms) * 1000) / 1000
    return this
  }

  /** An Ethernet frame as it is. */
  frame(bytes: Uint8Array, afterMs = 0.1): this {
    this.wait(afterMs)
    this.frames.push({ bytes, ms: this.ms })
    return this
  }

  arp(operation: 1 | 2, from: Side, to: Side): this {
    const target = operation === 1 ? '00:00:00:00:00:00' : to.mac
    const body = join(
      [0, 1, 8, 0, 6, 4],
      be16(operation),
      macBytes(from.mac),
      addressBytes(from.address),
      macBytes(target),
      addressBytes(to.address),
    )
    return this.frame(ethernet(from.mac, operation === 1 ? 'ff:ff:ff:ff:ff:ff' : to.mac, 0x0806, body))
  }

  /** An ICMP error from `from` about a datagram, sent to the one that sent it. */
  icmp(type: number, code: number, about: Uint8Array, from: Side, to: Side, mtuBytes = 0): this {
    const isV6 = from.address.includes(':')
    const rest = isV6 ? [0, 0, ...be16(mtuBytes)] : [0, 0, ...be16(mtuBytes)]
    const body = join([type, code, 0, 0], rest, about)
    const packet = ip(from.address, to.address, body, { protocol: isV6 ? 58 : 1 })
    return this.frame(ethernet(from.mac, to.mac, typeOf(packet), packet))
  }

  /** The client's datagram as an ICMP error quotes it: header and eight bytes. */
  quote(fromClient: boolean, payload: Uint8Array, options: SendOptions = {}): Uint8Array {
    return this.#packet(fromClient, payload, { ...this.#defaults, ...options }).subarray(0, 28)
  }

  file(options: FileOptions = {}): Uint8Array {
    return pcap(this.frames, { linkType: LINK.ethernet, ...options })
  }

  read(): Captured {
    return readAll(this.file())
  }

  /** The only transfer. */
  one(): CapturedTransfer {
    const { transfers } = this.read()
    if (transfers.length !== 1) throw new Error(`${transfers.length} transfers in place of one`)
    return transfers[0]
  }

  #packet(fromClient: boolean, payload: Uint8Array, options: SendOptions): Uint8Array {
    const { client = CLIENT, server = SERVER, clientPort = CLIENT_PORT, serverPort = SERVER_PORT } = options
    const [from, to] = fromClient ? [client, server] : [server, client]
    const [fromPort, toPort] = fromClient ? [clientPort, serverPort] : [serverPort, clientPort]
    const datagram = udp(from.address, to.address, fromPort, toPort, payload, options)
    return ip(from.address, to.address, datagram, { id: this.#ipId++, ...options })
  }

  #send(fromClient: boolean, payload: Uint8Array, options: SendOptions): this {
    const { client = CLIENT, server = SERVER, pad = true, afterMs = 0.1, snapBytes = Infinity } = options
    const [from, to] = fromClient ? [client, server] : [server, client]
    const packet = this.#packet(fromClient, payload, options)
    const bytes = ethernet(from.mac, to.mac, typeOf(packet), packet, pad)
    this.wait(afterMs)
    this.frames.push({ bytes: bytes.subarray(0, snapBytes), ms: this.ms, originalBytes: bytes.length })
    return this
  }
}

/** Blocks `from` to `to` of 512 bytes, each acknowledged. */
export function blocks(scene: Scene, from: number, to: number): Scene {
  for (let seq = from; seq <= to; seq++) scene.server(packet.data(seq & 0xffff, 512)).client(packet.ack(seq & 0xffff))
  return scene
}

export interface Captured {
  readonly transfers: readonly CapturedTransfer[]
  readonly summary: CaptureSummary
}

/** All transfers of a file, in the order of their ids. */
export function readAll(file: Uint8Array, pieceBytes = file.length): Captured {
  const transfers: CapturedTransfer[] = []
  const reader = new CaptureTransfers('test.pcap', (transfer) => transfers.push(transfer))
  for (let at = 0; at < file.length; at += pieceBytes) reader.push(file.subarray(at, at + pieceBytes))
  const summary = reader.end()
  return { transfers: transfers.sort((a, b) => a.id - b.id), summary }
}

/** A transfer's packets as text: `c ack 5`, `s data 6 (512) repeat`. */
export function lines({ packets }: CapturedTransfer): string[] {
  const names = ['repeat', 'bad', 'cut', 'fragmented', 'incomplete', 'segment', 'copy']
  return Array.from({ length: packets.length }, (_, i) => {
    const kind = packets.kind(i)
    const number =
      kind === 'data' || kind === 'ack' ? ` ${packets.seq(i)}` : kind === 'error' ? ` ${packets.block(i)}` : ''
    const bytes = kind === 'data' ? ` (${packets.payloadBytes(i)})` : ''
    const flags = names.filter((__, bit) => (packets.flags(i) & (1 << bit)) !== 0).map((name) => ` ${name}`)
    return `${packets.fromClient(i) ? 'c' : 's'} ${kind}${number}${bytes}${flags.join('')}`
  })
}
