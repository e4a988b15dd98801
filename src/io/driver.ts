/**
 * What a driver does for an endpoint: sockets, the clock, and turning "send blocks 5 to 8" into datagrams. Drivers know
 * nothing of TFTP beyond the 4-byte DATA header, which `frame` writes for them.
 */
import type { Peer } from '../endpoint/contract.ts'

export interface DriverHandlers<Owner> {
  /** A datagram reached a listening socket. */
  request(now: number, peer: Peer, buffer: Uint8Array, offset: number, length: number): void
  /** A datagram reached the TID of `owner`. */
  datagram(now: number, owner: Owner, buffer: Uint8Array, offset: number, length: number): void
  /** ICMP unreachable came back for the TID of `owner`. */
  unreachable(now: number, owner: Owner): void
  /** The deadline is due and every datagram that had arrived has been handled. */
  timer(now: number): void
  /** A listening socket broke after it was bound. */
  listenerFailed(address: string, port: number, cause: Error): void
}

/** Writes block `seq` (header and payload) into `target` from 0 and returns its length in bytes. May throw a ForesendError. */
export type Frame = (seq: number, target: Uint8Array) => number

export interface Tid {
  readonly localPort: number
  sendControl(buffer: Uint8Array, length: number): void
  /** Sends blocks `first` .. `first + count - 1`, each at most `maxBytes` long. What `frame` throws is thrown on. */
  sendBlocks(frame: Frame, first: number, count: number, maxBytes: number): void
  close(): void
}

export interface Bound {
  readonly address: string
  readonly port: number
  close(): void
}

export interface Driver<Owner> {
  readonly name: 'dgram' | 'batch'
  /** Milliseconds, monotonic, a float. */
  now(): number
  /** Binds a listening socket; rejects with ERR_TFTP_BIND. `port` 0 takes any. */
  listen(address: string, port: number): Promise<Bound>
  /** A fresh random port on `peer.local`, connected to the peer; rejects with ERR_TFTP_BIND when none is left. */
  openTid(peer: Peer, owner: Owner): Promise<Tid>
  /** Answers a peer from the listening socket that it asked. */
  reply(peer: Peer, buffer: Uint8Array, length: number): void
  /** Replaces the time at which `timer` is wanted; Infinity for never. */
  deadline(at: number): void
  close(): void
}
