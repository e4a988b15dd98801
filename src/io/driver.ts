/**
 * What a driver does for an endpoint: sockets, the clock, and turning "send blocks 5 to 8" into datagrams. Drivers know
 * nothing of TFTP beyond the 4-byte DATA header, which `frame` writes for them.
 */
import type { Peer } from '../endpoint/contract.ts'
import type { GroupAddress } from '../transfer/multicast/group-option.ts'
import type { DriverStats } from './driver-stats.ts'

export interface DriverHandlers<Owner> {
  /**
   * Whether a datagram asks for a transfer. Called for a datagram that reached a listening socket from a peer that has a transfer
   * on that very socket: `request` gets it if so, and `datagram` otherwise.
   */
  isRequest(buffer: Uint8Array, offset: number, length: number): boolean
  /** A datagram reached a listening socket. */
  request(now: number, peer: Peer, buffer: Uint8Array, offset: number, length: number): void
  /** A datagram reached the TID of `owner`. */
  datagram(now: number, owner: Owner, buffer: Uint8Array, offset: number, length: number): void
  /**
   * A datagram reached a socket that transfers share and belongs to none of them. Returns what to send back from there, if anything;
   * the memory is not changed before the next call.
   */
  stray(now: number, buffer: Uint8Array, offset: number, length: number): Uint8Array | undefined
  /** ICMP unreachable came back for the TID of `owner`. */
  unreachable(now: number, owner: Owner): void
  /** The kernel could not read what is mapped for `owner`: the file became shorter, or its disk fails. */
  unreadable(now: number, owner: Owner): void
  /** The deadline is due and every datagram that had arrived has been handled. */
  timer(now: number): void
  /** A listening socket broke after it was bound, or one address of a wildcard could not be bound. The rest goes on. */
  listenerFailed(address: string, port: number, cause: Error): void
}

export interface BlockFramer {
  /** Writes block `seq` (header and payload) into `target` from 0 and returns its length in bytes. May throw a ForesendError. */
  frame(seq: number, target: Uint8Array): number
}

/** Payload that lies in memory which the kernel reads by itself, so that nothing is copied on the way. */
export interface Mapped {
  /** Address of the payload of block `seq`, of `maxBytes` less the header; 0 where the block has to be framed. */
  addressOf(seq: number): number
  /** The four bytes before it, as a number. */
  headOf(seq: number): number
}

export interface Tid {
  readonly localPort: number
  sendControl(buffer: Uint8Array, length: number): void
  /**
   * Sends blocks `first` .. `first + count - 1`, each at most `maxBytes` long, from `mapped` where it has them and the driver
   * can. Blocks before one that is framed have left before `framer` is called. What it throws is thrown on.
   */
  sendBlocks(framer: BlockFramer, first: number, count: number, maxBytes: number, mapped?: Mapped): void
  /** Bytes that may wait to be received: more than the system's default for uploads with large windows. */
  reserve(bytes: number): void
  close(): void
}

/** A port for the clients of one group (RFC 2090). */
export interface GroupPort<Owner> {
  /** The port as `peer` sees it: `sendControl` is for it alone, `sendBlocks` for the whole group. */
  tid(peer: Peer, owner: Owner): Tid
  close(): void
}

export interface Bound {
  /** As it was asked for: a wildcard stays one. */
  readonly address: string
  readonly port: number
  /** The addresses bound at the moment. */
  addresses(): string[]
  close(): void
}

export interface Driver<Owner> {
  readonly name: 'dgram' | 'batch'
  readonly stats: Readonly<DriverStats>
  /** Milliseconds, monotonic, a float. */
  now(): number
  /** Binds a listening socket (for a wildcard one per local address, followed as they change); rejects with ERR_TFTP_BIND. `port` 0 takes any. */
  listen(address: string, port: number): Promise<Bound>
  /** Listens on a socket that another program bound; rejects with ERR_TFTP_BIND. It is closed with the driver. */
  adopt(fd: number): Promise<Bound>
  /** Look for addresses that came or went since, at once. */
  rescan(): Promise<void>
  /** A fresh random port on `peer.local` for this peer alone; rejects or throws with ERR_TFTP_BIND when none is left. */
  openTid(peer: Peer, owner: Owner): Promise<Tid> | Tid
  /** A fresh port on `local` whose blocks go to `group`, at most `ttl` networks far; rejects with ERR_TFTP_BIND. IPv4 only. */
  openGroup(group: GroupAddress, local: string, ttl: number): Promise<GroupPort<Owner>>
  /** Answers a peer from the listening socket that it asked. */
  reply(peer: Peer, buffer: Uint8Array, length: number): void
  /** Replaces the time at which `timer` is wanted; Infinity for never. */
  deadline(at: number): void
  close(): void
}
