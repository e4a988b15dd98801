/**
 * What a capture shows of one TFTP transfer: facts, no judgement. The diagnosis reads these types only. The same record can be
 * made of a transfer's own trace (`source: 'trace'`): what only frames have is undefined then, or 0 where a packet is counted in bytes.
 *
 * Times. `startMs` is milliseconds since the epoch; every other `…Ms` counts from there, which is the transfer's first packet. Packets are never at a
 * time before those in front of them: behind a clock that was set back their times go on from where it stood.
 *
 * Texts (file name, option, ERROR message) are as on the wire: bounded, not escaped. `escapeText` before printing.
 */
import type { Option } from '../packet/index.ts'

/** A packet's kind. `other`: a datagram between the two ports that is no TFTP packet, or one that fits no place in a transfer. */
export const PACKET_KIND = { rrq: 1, wrq: 2, data: 3, ack: 4, error: 5, oack: 6, other: 7 } as const
export type PacketKind = keyof typeof PACKET_KIND

/** Bits of `CapturedPackets.flags`. */
export const PACKET_FLAG = {
  /** DATA of a block, ACK of a block, or the same request or OACK, seen before from this side. */
  repeat: 1,
  /** The UDP checksum is wrong, and its sender's card did not simply add it later (`Vantage.offload`). A receiver drops this packet. */
  badChecksum: 2,
  /** The capture kept only the packet's beginning (snap length). Lengths are those of the wire all the same. */
  cut: 4,
  /** It travelled in IP fragments. DATA has number and time of its first fragment, other packets those of the frame that completed them. */
  fragmented: 8,
  /** Fragments of it were never seen: the receiver cannot have got it through this place. */
  incomplete: 16,
  /** One of several that the sender handed to its card as one frame (segmentation offload): they share `number` and time. */
  segment: 32,
  /**
   * The same frame, captured a second time (two mirrored ports, a bridge and its card): it was on the wire once. It counts nowhere, and
   * is no repeat.
   */
  copy: 64,
} as const

/**
 * The packets of one transfer in the order of the capture, but for those whose times go back by less than CLOCK_BACK_MS: these are in the order of
 * their times. In typed arrays. `i` is 0..length - 1; another index gives undefined
 * behaviour, not an error.
 *
 * A transfer may have more packets than memory: then the store is thinned. The first and the last packets stay, so do requests, OACKs, ERRORs,
 * repeats and everything around the longest silences; regular DATA and ACKs between them go. `thinnedBefore(i)` tells where.
 */
export interface CapturedPackets {
  /** Packets that are kept. */
  readonly length: number
  /** Packets that were seen: more than `length` when the store was thinned. */
  readonly seen: number
  /** The number of its frame in the file, from 1, as Wireshark counts; from a trace the number of its entry. */
  number(i: number): number
  timeMs(i: number): number
  fromClient(i: number): boolean
  kind(i: number): PacketKind
  /** DATA and ACK: the 16 bits on the wire. ERROR: its code. Else 0. */
  block(i: number): number
  /**
   * DATA and ACK: the block's number from 1 without bound, rollover undone; 0 is the ACK of an OACK or of a WRQ. In a capture that
   * begins after the request the first cycle is assumed. Else 0.
   */
  seq(i: number): number
  /** DATA: bytes of the file in it, by its length on the wire. Else the bytes behind the opcode. */
  payloadBytes(i: number): number
  /**
   * DATA in a negotiated window: the one's complement sum of the packet, which differs where its bytes do but for one of 65,535 pairs. 0 when it is
   * not known.
   */
  payloadSum(i: number): number
  /** A sum of `PACKET_FLAG`. */
  flags(i: number): number
  /** The frame's length on the wire, link header and padding included (see `CapturedTransfer.link`); 0 when not known. */
  frameBytes(i: number): number
  /** Packets left out between this one and the one before it. */
  thinnedBefore(i: number): number
}

export interface CapturedPeer {
  /** As text; IPv6 in its shortest form, no zone. Empty when nothing is known of it. */
  readonly address: string
  /** The client's TID, the server's TID. The server's is the port asked until it answers from another. */
  readonly port: number
  /** `aa:bb:cc:dd:ee:ff` of the sender's frames; behind a router it is the router's. Undefined without Ethernet addresses. */
  readonly mac: string | undefined
}

export interface CapturedRequest {
  readonly kind: 'rrq' | 'wrq'
  readonly filename: string
  /** In lower case. Empty when the capture cut it off. */
  readonly mode: string
  /** As asked, in their order. */
  readonly options: readonly Option[]
  /** Why a server may not understand it: what `parseRequest` says. The other members are what could be read. */
  readonly malformed: string | undefined
  /** The snap length cut it: there may be more options. */
  readonly isCut: boolean
  /** Where it was sent: another address than the server's when the answer came from elsewhere, or a broadcast. */
  readonly toAddress: string
  readonly toPort: number
  /**
   * The first time and all later ones from the same port, in order; at most MAX_REQUESTS, and none with yet other options once MAX_OTHER_OPTIONS
   * of them are there. `count` has all.
   */
  readonly sent: readonly RequestSent[]
  readonly count: number
}

export interface RequestSent {
  readonly number: number
  readonly timeMs: number
  /** Set when this repeat asked for other options than the first one (a client that falls back to none). */
  readonly options: readonly Option[] | undefined
}

/** What both sides go by. */
export interface CapturedAgreement {
  readonly blksize: number
  /** `oack`, `default` (no OACK: RFC 1350's 512), or `inferred` from the DATA of a capture that began late. */
  readonly blksizeFrom: 'oack' | 'default' | 'inferred'
  /** 1 when no window was agreed. */
  readonly windowsize: number
  /** `packets`: the request or the OACK tells; `inferred` from the ACKs where neither was captured whole, or `unseen`: not even they tell. */
  readonly windowsizeFrom: 'packets' | 'inferred' | 'unseen'
  /** The client's `timeout` option where the server confirmed it. */
  readonly timeoutMs: number | undefined
  /** From the OACK of a read, from the OACK or the request of a write. */
  readonly tsizeBytes: number | undefined
  /** What follows block 65535. Undefined while no block beyond was seen and none was agreed. */
  readonly rollover: 0 | 1 | undefined
  /** The OACK as sent, in its order; undefined when none was seen. */
  readonly oack: readonly Option[] | undefined
}

/** Blocks as ranges of seq. */
export interface BlockRanges {
  /** Blocks in all. */
  readonly count: number
  /** In rising order; at most MAX_RANGES, the first ones. */
  readonly ranges: readonly { readonly first: number; readonly last: number }[]
}

/** Counted for every packet, whatever the packet store left out. */
export interface CapturedBlocks {
  /** The first block that the capture shows: 1, or later in a capture that began late; 0 without any. */
  readonly first: number
  /** The first block whose ACK the capture would have: 1, or in a capture that began late the lowest one that an ACK names. 0 without any. */
  readonly knownFrom: number
  /** The highest block of which DATA was seen; 0 without any. */
  readonly highest: number
  /** The final block, once its DATA (shorter than blksize) was seen. */
  readonly final: number | undefined
  /** Distinct blocks of which DATA was seen, and all DATA packets, repeats included. */
  readonly sent: number
  readonly datagrams: number
  /** Distinct blocks that an ACK named (not block 0), and all ACKs. */
  readonly acknowledged: number
  readonly acks: number
  /** The highest block that an ACK named; 0 without any. Packets with a bad checksum, which their receiver drops, acknowledge nothing. */
  readonly highestAcknowledged: number
  /**
   * From `knownFrom` up to the highest acknowledged block, and named by no ACK that the capture has; those that were not counted (`bounded`) are among them. In
   * lock-step, or in a window that the client did not negotiate, their arrival is unproved. With a windowsize of 2 or more this is how ACKs are meant
   * to be.
   */
  readonly neverAcknowledged: BlockRanges
  /** Up to `highest`, from block 1 or, without a request, from `first`, and no DATA of it in the capture: not captured, or never sent. */
  readonly neverSeen: BlockRanges
  /** Bytes of the file in distinct blocks. */
  readonly bytes: number
  /** True when there were more blocks than are counted one by one (MAX_BLOCKS): the numbers above end there. */
  readonly bounded: boolean
}

/** What happened beside the transfer's own packets and belongs to it. In the order of the capture, at most MAX_SIDE_EVENTS. */
export type SideEvent = { readonly number: number; readonly timeMs: number } & (
  | {
      /** ARP, or neighbour solicitation and advertisement (IPv6). `about`: whose address is asked for or told. */
      readonly type: 'neighbour-question' | 'neighbour-answer'
      readonly about: 'client' | 'server'
      /** The address that asks, or the one that the answer goes to. */
      readonly by: string
      /** Answers: the MAC that it tells. Questions: undefined. */
      readonly mac: string | undefined
    }
  | {
      readonly type: 'icmp'
      readonly meaning: IcmpMeaning
      readonly icmpType: number
      readonly icmpCode: number
      /** The host that sends the message. */
      readonly from: string
      /** Whose datagram it complains of. */
      readonly about: 'client' | 'server'
      /** `fragmentation-needed`: the MTU that it names, when it names one. */
      readonly mtuBytes: number | undefined
    }
  | {
      /** A datagram whose first fragment was seen and others never. `number` and time are the first fragment's. */
      readonly type: 'fragments-missing'
      readonly fromClient: boolean
      readonly kind: PacketKind
      readonly seq: number
      /** Bytes of UDP that were seen, and that it has. */
      readonly seenBytes: number
      readonly totalBytes: number
      /** `overlap`: fragments contradict each other and were not put together. */
      readonly reason: 'missing' | 'overlap'
    }
  | {
      /**
       * A packet of TFTP to the client's port from another address or port than the transfer's server: a second answer. Answers to repeated
       * requests from new ports of the server's address, before the client spoke to any, are among `packets` too; then only the first packet of
       * each port is noted here.
       */
      readonly type: 'other-server'
      readonly address: string
      readonly port: number
      readonly kind: PacketKind
      readonly block: number
    }
  | {
      /** The client speaks to another port or address than the server's: usually ERROR 5 to a second answer. */
      readonly type: 'to-other-server'
      readonly address: string
      readonly port: number
      readonly kind: PacketKind
      readonly block: number
    }
)

export type IcmpMeaning =
  | 'port-unreachable'
  | 'host-unreachable'
  | 'net-unreachable'
  | 'prohibited'
  | 'fragmentation-needed'
  | 'fragments-missing' // reassembly time exceeded
  | 'ttl-exceeded'
  | 'other'

export type CapturedOutcome =
  /** The final block was seen, and its ACK. */
  | { readonly type: 'complete'; readonly atMs: number }
  /** The final block was seen, and no ACK of it. `atMs`: the last time it was sent. */
  | { readonly type: 'last-ack-missing'; readonly atMs: number }
  /** An ERROR ended it. */
  | {
      readonly type: 'error'
      readonly from: 'client' | 'server'
      readonly wireCode: number
      readonly message: string
      readonly number: number
      readonly atMs: number
    }
  /** The client only wanted the size: it answered the OACK with an ERROR and took no DATA (EDK2). */
  | { readonly type: 'probe'; readonly wireCode: number; readonly message: string; readonly atMs: number }
  /** The server granted `multicast` (RFC 2090): blocks left for a group, and its clients acknowledge them in turn. `atMs`: its last packet. */
  | { readonly type: 'shared'; readonly atMs: number }
  /** Requests, and no packet of TFTP in answer. `atMs`: the last request. */
  | { readonly type: 'unanswered'; readonly atMs: number }
  /** It stopped in the middle. `atMs`: its last packet. */
  | { readonly type: 'silent'; readonly atMs: number }

/** Where the capture was taken, as far as the frames tell. */
export interface Vantage {
  /** `middle`: at neither end (mirror port, router). `unknown`: too little to tell. */
  readonly at: 'server' | 'client' | 'middle' | 'unknown'
  /** What tells it; the first one decides. */
  readonly because: readonly VantageReason[]
  /** The side whose frames have checksums that its card adds later: the capture was taken on that host. */
  readonly offload: 'client' | 'server' | undefined
}

export type VantageReason =
  /** One side's checksums are not yet computed. */
  | 'checksum-offload'
  /** One side's frames were seen as larger than any network carries. */
  | 'segmentation-offload'
  /** One side's short frames are not yet padded to 60 bytes, the other's are. */
  | 'padding'
  /** The capturing host marked the frames that it sent (Linux "any" interface, pcapng). */
  | 'frame-direction'
  /** Both sides' frames come from addresses of this host alone (loopback): it is at both ends. */
  | 'loopback'
  /** One side answers much faster than the other: the capture was taken at it, or near it. */
  | 'latency'

/** UDP checksums of one direction. */
export interface ChecksumCounts {
  readonly good: number
  /** Wrong, and no offload. */
  readonly bad: number
  /** Only the pseudo header's sum, or wrong throughout on the capturing host: added by the card later. */
  readonly offloaded: number
  /** 0: the sender computes none (IPv4). */
  readonly none: number
  /** Cut or incomplete packets. */
  readonly unverifiable: number
}

/** How the frames were captured; says what `frameBytes` includes. */
export interface CapturedLink {
  /** `ethernet`: 14 bytes of header and at least 46 behind it on the wire, no checksum. */
  readonly type: 'ethernet' | 'cooked' | 'raw' | 'loopback'
  /** VLAN tags, the outer first; 4 bytes of header each. */
  readonly vlans: readonly number[]
}

export interface CapturedTransfer {
  readonly source: 'capture' | 'trace'
  /** From 1, in the order in which they were recognised: a request at once, a transfer without one after some packets. */
  readonly id: number
  /** The first packet, since the epoch. */
  readonly startMs: number
  /** The last packet of its own. */
  readonly endMs: number
  readonly client: CapturedPeer
  readonly server: CapturedPeer
  /**
   * `request`: seen in its request. `port-69`: no request was seen, one side is the port 69. `assumed`: no request was seen, and DATA is taken
   * to come from the server (a read), which may be the other way round.
   */
  readonly rolesFrom: 'request' | 'port-69' | 'assumed'
  /** The direction of DATA: `read` from the server. */
  readonly direction: 'read' | 'write'
  /** Undefined when the capture began later. */
  readonly request: CapturedRequest | undefined
  readonly agreed: CapturedAgreement
  readonly link: CapturedLink | undefined
  readonly packets: CapturedPackets
  readonly blocks: CapturedBlocks
  readonly outcome: CapturedOutcome
  /** Packets of each side, by the capture: 0 tells that only one direction was captured (a mirror port, a filter). */
  readonly fromClient: number
  readonly fromServer: number
  /**
   * Sides whose frames came twice each within microseconds, with nothing in them that tells a second frame from a copy: they count once, as a mirror
   * port shows them. Undefined for none.
   */
  readonly takenTwice: 'client' | 'server' | 'both' | undefined
  /** The capture has only the first fragment of packets that arrived whole, as their ACKs show: a filter of ports left the others out. */
  readonly fragmentsUnseen: boolean
  readonly sideEvents: readonly SideEvent[]
  /** Side events that came when a bound was reached. */
  readonly sideEventsDropped: number
  readonly vantage: Vantage
  readonly checksums: { readonly client: ChecksumCounts; readonly server: ChecksumCounts }
  /** The transfer before it of the same client address and file that was over when this one began: the device tries again. */
  readonly previousAttempt: number | undefined
  /** When the client asked for the same file anew, after its last packet here; undefined when it did not, or nothing is known of it. */
  readonly askedAgainMs: number | undefined
  /** Up to its end each frame of the capture is a request: a filter for port 69 leaves the rest of each transfer out. */
  readonly onlyRequests: boolean
  /**
   * Why nothing more is known of it. `capture-end`: the file ended (`quietMs` after its last packet). `idle`: IDLE_MS passed without a packet.
   * `replaced`: the client used the port for another request. `evicted`: more transfers at a time than are followed.
   */
  readonly followedUntil: 'capture-end' | 'idle' | 'replaced' | 'evicted'
  /** How long the capture, or the transfer's place in it, went on behind its last packet. */
  readonly quietMs: number
}

/** A clock is set back by more than that. Cards with several queues, and files merged from two cards, have frames out of order by less. */
export const CLOCK_BACK_MS = 1
/** A bound of `CapturedRequest.sent`: eleven is the budget of U-Boot. */
export const MAX_REQUESTS = 64
/** A bound of `CapturedRequest.sent`: requests with other options than the first. A client falls back once or twice. */
export const MAX_OTHER_OPTIONS = 8
/** A bound of `BlockRanges.ranges`: enough to name the blocks, more is a number. */
export const MAX_RANGES = 256
/** A bound of `CapturedTransfer.sideEvents`; all transfers of a moment together have a bound too. */
export const MAX_SIDE_EVENTS = 256
/** Blocks that are counted one by one: 8 GB at 512 bytes, in bitmaps that grow with the transfer. */
export const MAX_BLOCKS = 1 << 24

/** What the whole file shows. */
export interface CaptureSummary {
  readonly format: 'pcap' | 'pcapng'
  /** Frames read, and bytes of the file. */
  readonly frames: number
  readonly bytes: number
  /** Times of the first and last frame since the epoch; undefined without frames. */
  readonly firstMs: number | undefined
  readonly lastMs: number | undefined
  /** Set when the file ends inside a block or breaks off: where, and what is wrong there, on one line. Everything before it was read. */
  readonly broken: { readonly atByte: number; readonly reason: string } | undefined
  /** Comments of sections, interfaces and packets in pcapng, at most MAX_COMMENTS; not escaped. */
  readonly comments: readonly { readonly number: number | undefined; readonly text: string }[]
  /** Frames whose packets the capture cut (snap length). */
  readonly cutFrames: number
  /** Frames that the capturing program says it dropped (pcapng statistics); undefined when it does not say. */
  readonly droppedFrames: number | undefined
  /** Frames of link types that are not understood, by type. */
  readonly unknownLinkTypes: ReadonlyMap<number, number>
  /** UDP datagrams, and those that belong to a transfer, side events included. */
  readonly udpDatagrams: number
  readonly tftpDatagrams: number
  readonly transfers: number
  /** Transfers that were let go of because more were alive than are followed at a time. */
  readonly evicted: number
  /** Frames without a time of their own (pcapng's simple packet): they have the time of the frame before. */
  readonly untimedFrames: number
  /** Times that went back by more than a millisecond. */
  readonly clockWentBack: number
  /** Questions for addresses (ARP, neighbour solicitation), by the address asked for; at most MAX_NEIGHBOURS addresses. */
  readonly neighbours: readonly CapturedNeighbour[]
}

export interface CapturedNeighbour {
  readonly address: string
  readonly questions: number
  readonly answers: number
  /** Who asked first. */
  readonly askedBy: string
  /** The number of the first question's frame, or of the first answer's. */
  readonly number: number
}

/** A bound of `CaptureSummary.comments`, and the bytes of each. */
export const MAX_COMMENTS = 100
export const MAX_COMMENT_BYTES = 4096
/** A bound of `CaptureSummary.neighbours`. */
export const MAX_NEIGHBOURS = 256
/** A transfer without a packet for longer is over: the longest waits of clients are half a minute. */
export const IDLE_MS = 120_000
