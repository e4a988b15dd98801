/**
 * Captures of one and the same transfer, as different people take them: cut, begun late, doubled by a mirror, on another kind of link, in another
 * format. Each function takes frames and returns others; `fileOf` writes them.
 */
import { be16, be32, concat } from './capture-maker.ts'

/** One IP packet on its way past the place of the capture. */
export interface Taken {
  /** Since the epoch. */
  readonly us: number
  readonly packet: Uint8Array
  readonly fromClient: boolean
  /** Bytes of the packet on the wire, where the capture has only its beginning. */
  readonly wireBytes?: number
  /** Number of the card that saw it. */
  readonly card?: number
  /** Where it is no IP packet. */
  readonly etherType?: number
}

export type Take = (frames: readonly Taken[]) => Taken[]

const UDP_AT = 20
const PAYLOAD_AT = 28
const TFTP_PORT = 69

/** The frames of a file of Foresend's own writer: little-endian pcapng of raw IPv4 packets. The first is of the client. */
export function takenFrom(file: Uint8Array): Taken[] {
  const view = new DataView(file.buffer, file.byteOffset, file.length)
  const frames: Taken[] = []
  let client = 0
  for (let at = 0; at + 12 <= file.length; at += view.getUint32(at + 4, true)) {
    if (view.getUint32(at, true) !== 6) continue
    const us = view.getUint32(at + 12, true) * 0x1_0000_0000 + view.getUint32(at + 16, true)
    const packet = file.slice(at + 28, at + 28 + view.getUint32(at + 20, true))
    const from = viewOf(packet).getUint32(12)
    if (frames.length === 0) client = from
    frames.push({ us, packet, fromClient: from === client })
  }
  return frames
}

// What is looked at in a packet.

export const opcodeOf = ({ packet }: Taken): number => packet[PAYLOAD_AT + 1]
export const blockOf = ({ packet }: Taken): number => viewOf(packet).getUint16(PAYLOAD_AT + 2)
export const isRequest = (frame: Taken): boolean => opcodeOf(frame) <= 2
const portsOf = ({ packet }: Taken): [number, number] => [
  viewOf(packet).getUint16(UDP_AT),
  viewOf(packet).getUint16(UDP_AT + 2),
]

// What the capture has of it.

/** tcpdump -s: `bytes` of each Ethernet frame. */
export const snapped =
  (bytes: number): Take =>
  (frames) =>
    frames.map((frame) => ({
      ...frame,
      packet: frame.packet.subarray(0, bytes - 14),
      wireBytes: frame.wireBytes ?? frame.packet.length,
    }))

export const withoutRequest: Take = (frames) => frames.filter((frame) => !isRequest(frame))

/** Begins behind the OACK and its ACK. */
export const withoutOptions: Take = (frames) => {
  const at = frames.findIndex((frame) => opcodeOf(frame) === 3)
  return at < 0 ? [] : frames.slice(at)
}

export const from =
  (share: number): Take =>
  (frames) =>
    frames.slice(Math.floor(frames.length * share))

export const until =
  (share: number): Take =>
  (frames) =>
    frames.slice(0, Math.ceil(frames.length * share))

/** tcpdump port 69. */
export const port69: Take = (frames) => frames.filter((frame) => portsOf(frame).includes(TFTP_PORT))

export const oneDirection =
  (client: boolean): Take =>
  (frames) =>
    frames.filter(({ fromClient }) => fromClient === client)

// Where it is taken.

/** A mirror of both directions of a port: each frame twice, the second one at most `mostUs` later. */
export const doubled =
  (mostUs: number, of: 'both' | 'server' | 'client' = 'both', cards = 1): Take =>
  (frames) =>
    frames
      .flatMap((frame, i) => {
        if (of !== 'both' && frame.fromClient !== (of === 'client')) return [frame]
        const copy = { ...frame, us: frame.us + 1 + ((i * 7) % mostUs) }
        return cards === 1
          ? [frame, copy]
          : [
              { ...frame, card: 1 },
              { ...copy, card: 2 },
            ]
      })
      .sort(byTime)

/** Cards with several queues hand on two frames in the wrong order, with their times. Each `every`th pair that is at most `apartUs` apart. */
export const swapped =
  (every: number, apartUs: number): Take =>
  (frames) => {
    const all = [...frames]
    let n = 0
    for (let i = 1; i < all.length; i++) {
      const apart = all[i].us - all[i - 1].us
      // At one and the same time there is no order to be found again.
      if (apart === 0 || apart > apartUs || ++n % every !== 0) continue
      ;[all[i - 1], all[i]] = [all[i], all[i - 1]]
      i++
    }
    return all
  }

export const later =
  (us: number): Take =>
  (frames) =>
    frames.map((frame) => ({ ...frame, us: frame.us + us }))

/** Of another port of the client. */
export const ofPort =
  (more: number): Take =>
  (frames) =>
    frames.map((frame) => {
      const packet = frame.packet.slice()
      const at = frame.fromClient ? UDP_AT : UDP_AT + 2
      viewOf(packet).setUint16(at, viewOf(packet).getUint16(at) + more)
      return { ...frame, packet: withChecksum(packet) }
    })

/** Of another port of the server, but for port 69. */
export const ofServerPort =
  (more: number): Take =>
  (frames) =>
    frames.map((frame) => {
      const packet = frame.packet.slice()
      const at = frame.fromClient ? UDP_AT + 2 : UDP_AT
      const port = viewOf(packet).getUint16(at)
      if (port === TFTP_PORT) return frame
      viewOf(packet).setUint16(at, port + more)
      return { ...frame, packet: withChecksum(packet) }
    })

export const merged = (...all: readonly (readonly Taken[])[]): Taken[] => all.flat().sort(byTime)

/** DNS and ARP of the two hosts between their packets. */
export const amongOthers: Take = (frames) =>
  frames.flatMap((frame, i) => {
    if (i % 5 !== 0) return [frame]
    const packet = frame.packet.slice(0, PAYLOAD_AT + 30)
    const v = viewOf(packet)
    v.setUint16(UDP_AT, frame.fromClient ? 30_000 + (i % 1000) : 53)
    v.setUint16(UDP_AT + 2, frame.fromClient ? 53 : 30_000 + (i % 1000))
    packet.fill(0x31, PAYLOAD_AT)
    const dns = { ...frame, us: frame.us + 1, packet: withChecksum(resized(packet)) }
    const source = frame.packet.subarray(12, 16)
    const arp = Uint8Array.from([0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 1, ...source, 0, 0, 0, 0, 0, 0, 10, 9, 8, 7])
    return [frame, dns, { ...frame, us: frame.us + 2, packet: arp, etherType: 0x0806 }]
  })

// How hosts and networks send.

/** IPv4 identifications that count, as most hosts number their packets. */
export const numbered: Take = (frames) => {
  const next = [17, 9000]
  return frames.map((frame) => {
    const packet = frame.packet.slice()
    viewOf(packet).setUint16(4, next[frame.fromClient ? 1 : 0]++ & 0xffff)
    return { ...frame, packet: withHeaderSum(packet) }
  })
}

/** UDP checksums of a side: 0, or the pseudo header's sum, to which the card adds the rest. */
export const summed =
  (how: 'none' | 'offload', of: 'client' | 'server' | 'both'): Take =>
  (frames) =>
    frames.map((frame) => {
      if (of !== 'both' && frame.fromClient !== (of === 'client')) return frame
      const packet = frame.packet.slice()
      viewOf(packet).setUint16(UDP_AT + 6, how === 'none' ? 0 : folded(pseudoSum(packet)))
      return { ...frame, packet }
    })

/** UDP segmentation offload: DATA that the server sends within `us` leaves as one datagram, at most `most` in one. */
export const segmented =
  (us: number, most = 40): Take =>
  (frames) => {
    const all: Taken[] = []
    let row: Taken[] = []
    const flush = (): void => {
      if (row.length > 1) all.push({ ...row[0], packet: joined(row) })
      else all.push(...row)
      row = []
    }
    for (const frame of frames) {
      const [first] = row
      const isNext =
        first !== undefined &&
        !frame.fromClient &&
        opcodeOf(frame) === 3 &&
        frame.us - first.us <= us &&
        row.length < most &&
        first.packet.length * (row.length + 1) < 60_000 &&
        row[row.length - 1].packet.length === first.packet.length &&
        frame.packet.length <= first.packet.length &&
        blockOf(frame) === ((blockOf(first) + row.length) & 0xffff)
      if (!isNext) flush()
      if (frame.fromClient || opcodeOf(frame) !== 3) all.push(frame)
      else row.push(frame)
    }
    flush()
    return all
  }

function joined(row: readonly Taken[]): Uint8Array {
  const packet = concat([row[0].packet, ...row.slice(1).map((frame) => frame.packet.subarray(PAYLOAD_AT))])
  return withChecksum(resized(packet))
}

/** Packets that are longer than `mtu` leave in fragments. A snap filter of ports sees the first of each alone. */
export const fragmented =
  (mtu: number, onlyFirst: boolean): Take =>
  (frames) => {
    let id = 100
    return frames.flatMap((frame) => {
      const { packet } = frame
      if (packet.length <= mtu) return [frame]
      id = (id + 1) & 0xffff
      const step = (mtu - UDP_AT) & ~7
      const pieces: Taken[] = []
      for (let at = UDP_AT; at < packet.length; at += step) {
        const piece = concat([packet.subarray(0, UDP_AT), packet.subarray(at, at + step)])
        const v = viewOf(piece)
        v.setUint16(2, piece.length)
        v.setUint16(4, id)
        v.setUint16(6, ((at - UDP_AT) / 8) | (at + step < packet.length ? 0x2000 : 0))
        pieces.push({ ...frame, packet: withHeaderSum(piece) })
      }
      return onlyFirst ? pieces.slice(0, 1) : pieces
    })
  }

/** The same over IPv6: addresses that begin with fd00::. */
export const ipv6: Take = (frames) =>
  frames.map((frame) => {
    const { packet } = frame
    const udp = packet.slice(UDP_AT)
    const address = (at: number) => [0xfd, ...Array<number>(11).fill(0), ...packet.subarray(at, at + 4)]
    const addresses = Uint8Array.from([...address(12), ...address(16)])
    const v = viewOf(udp)
    v.setUint16(6, 0)
    const sum = sumOf(addresses) + 17 + udp.length + sumOf(udp)
    v.setUint16(6, ~folded(sum) & 0xffff || 0xffff)
    const head = Uint8Array.from([0x60, 0, 0, 0, ...be16(udp.length), 17, 64])
    return { ...frame, packet: concat([head, addresses, udp]) }
  })

// Packets of IPv4 with UDP.

function viewOf(packet: Uint8Array): DataView {
  return new DataView(packet.buffer, packet.byteOffset, packet.length)
}

/** Lengths as the packet's. */
function resized(packet: Uint8Array): Uint8Array {
  viewOf(packet).setUint16(2, packet.length)
  viewOf(packet).setUint16(UDP_AT + 4, packet.length - UDP_AT)
  return packet
}

function withHeaderSum(packet: Uint8Array): Uint8Array {
  viewOf(packet).setUint16(10, 0)
  viewOf(packet).setUint16(10, ~folded(sumOf(packet.subarray(0, UDP_AT))) & 0xffff)
  return packet
}

function withChecksum(packet: Uint8Array): Uint8Array {
  viewOf(packet).setUint16(UDP_AT + 6, 0)
  const sum = pseudoSum(packet) + sumOf(packet.subarray(UDP_AT))
  viewOf(packet).setUint16(UDP_AT + 6, ~folded(sum) & 0xffff || 0xffff)
  return withHeaderSum(packet)
}

function pseudoSum(packet: Uint8Array): number {
  return sumOf(packet.subarray(12, 20)) + 17 + packet.length - UDP_AT
}

function sumOf(b: Uint8Array): number {
  let sum = 0
  for (let i = 0; i < b.length; i += 2) sum += b[i] * 256 + (b[i + 1] ?? 0)
  return sum
}

function folded(sum: number): number {
  while (sum > 0xffff) sum = (sum % 65_536) + Math.floor(sum / 65_536)
  return sum
}

function byTime(a: Taken, b: Taken): number {
  return a.us - b.us
}

// Files.

export type LinkName = 'raw' | 'ethernet' | 'vlan' | 'sll' | 'sll2' | 'null'
const LINK_TYPE: Readonly<Record<LinkName, number>> = { raw: 101, ethernet: 1, vlan: 1, sll: 113, sll2: 276, null: 0 }

export interface FileKind {
  readonly link?: LinkName
  /** Classic pcap, in place of pcapng. */
  readonly pcap?: boolean
  readonly littleEndian?: boolean
  /** Ticks of a second, and for pcapng the byte of if_tsresol that says so. */
  readonly perSecond?: number
  readonly resolution?: number
  /** Where it was taken: the frames of that host are not yet filled up to 60 bytes. */
  readonly at?: 'server' | 'client' | 'middle'
}

export function fileOf(frames: readonly Taken[], kind: FileKind = {}): Uint8Array {
  const { link = 'raw', pcap = false, littleEndian = true, perSecond = 1e6, resolution = 6 } = kind
  const u16 = (n: number) => (littleEndian ? be16(n).toReversed() : be16(n))
  const u32 = (n: number) => (littleEndian ? be32(n >>> 0).toReversed() : be32(n >>> 0))
  const bytes = (...parts: number[][]) => Uint8Array.from(parts.flat())
  const block = (type: number, ...parts: Uint8Array[]) => {
    const length = parts.reduce((sum, part) => sum + part.length, 0)
    const pad = new Uint8Array(-length & 3)
    const size = u32(12 + length + pad.length)
    return concat([bytes(u32(type), size), ...parts, pad, bytes(size)])
  }
  const magic = perSecond === 1e9 ? 0xa1b23c4d : 0xa1b2c3d4
  const begin = pcap
    ? [bytes(u32(magic), u16(2), u16(4), u32(0), u32(0), u32(262_144), u32(LINK_TYPE[link]))]
    : [
        block(0x0a0d0d0a, bytes(u32(0x1a2b3c4d), u16(1), u16(0), u32(0xffffffff), u32(0xffffffff))),
        ...[0, 1, 2].map(() =>
          block(1, bytes(u16(LINK_TYPE[link]), u16(0), u32(0), u16(9), u16(1), [resolution, 0, 0, 0], u32(0))),
        ),
      ]
  return concat([
    ...begin,
    ...frames.map((frame) => {
      const head = linkHeader(frame, link)
      const padBytes = isPadded(frame, link, kind.at ?? 'server')
        ? Math.max(0, 60 - head.length - frame.packet.length)
        : 0
      const frameBytes = head.length + frame.packet.length + padBytes
      const wire = Math.max(frameBytes, head.length + (frame.wireBytes ?? 0))
      const whole = Math.floor(frame.us / 1e6)
      const fraction = Math.floor((frame.us - whole * 1e6) * (perSecond / 1e6) + 1e-6)
      const body = [head, frame.packet, new Uint8Array(padBytes)]
      if (pcap) return concat([bytes(u32(whole), u32(fraction), u32(frameBytes), u32(wire)), ...body])
      const ticks = BigInt(whole) * BigInt(perSecond) + BigInt(fraction)
      const [high, low] = [Number(ticks >> 32n), Number(ticks & 0xffffffffn)]
      return block(6, bytes(u32(frame.card ?? 0), u32(high), u32(low), u32(frameBytes), u32(wire)), ...body)
    }),
  ])
}

function isPadded({ fromClient, wireBytes }: Taken, link: LinkName, at: FileKind['at']): boolean {
  if ((link !== 'ethernet' && link !== 'vlan') || wireBytes !== undefined) return false
  return at === 'middle' || fromClient !== (at === 'client')
}

const CLIENT_MAC = [2, 0, 0, 0, 0, 1]
const SERVER_MAC = [2, 0, 0, 0, 0, 2]

function linkHeader({ packet, fromClient, card = 1, etherType }: Taken, link: LinkName): Uint8Array {
  const type = be16(etherType ?? (packet[0] >>> 4 === 6 ? 0x86dd : 0x0800))
  const [source, destination] = fromClient ? [CLIENT_MAC, SERVER_MAC] : [SERVER_MAC, CLIENT_MAC]
  const packetType = fromClient ? 0 : 4
  switch (link) {
    case 'raw':
      return new Uint8Array(0)
    case 'ethernet':
      return Uint8Array.from([...destination, ...source, ...type])
    case 'vlan':
      return Uint8Array.from([...destination, ...source, 0x81, 0, 0, 42, ...type])
    case 'sll':
      return Uint8Array.from([0, packetType, 0, 1, 0, 6, ...source, 0, 0, ...type])
    case 'sll2':
      return Uint8Array.from([...type, 0, 0, ...be32(card), 0, 1, packetType, 6, ...source, 0, 0])
    case 'null':
      return Uint8Array.from([packet[0] >>> 4 === 6 ? 30 : 2, 0, 0, 0])
  }
}
