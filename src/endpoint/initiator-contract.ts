/** The contract between an Initiator and its owner: the configuration of a transfer that we ask for, and the outputs of it. */
import type { Option } from '../packet/index.ts'
import type { ReceiverSink, SenderSink } from '../transfer/contract.ts'
import type { Agreed } from '../transfer/negotiate.ts'

/** The two requests that may be made for one file: with the configured options, and without any. */
export type RequestKind = 'options' | 'plain'

export interface InitiatorConfig {
  readonly direction: 'read' | 'write'
  readonly filename: string
  readonly mode: 'octet' | 'netascii'
  /** What to offer, in this order; dropped when the server refuses them. */
  readonly options: readonly Option[]
  /** The server's port that is asked; 69 by default. */
  readonly port?: number
  /** Bytes that a write will send; 0 for a read. */
  readonly sizeBytes: number
  readonly near: boolean
  /** Milliseconds before the first repeat of the request; doubles up to 4 s, or stays when longer. */
  readonly requestMs: number
  /** How often the request is repeated. */
  readonly retries: number
  /** Milliseconds to keep asking, several times a second, whatever ICMP says: the device may be booting. 0: off. */
  readonly waitMs: number
  /** "file from 10.0.0.1:69", escaped, for messages. */
  readonly label: string
  /** Milliseconds without progress before a read gives up; by default those of rule A14. */
  readonly giveUpMs?: number
  /** A read asks to share its blocks with others (RFC 2090): `options` has `multicast`, and `store` may come in any order. */
  readonly multicast?: boolean
  /** Milliseconds to stay after the last ACK of a read. */
  readonly dallyMs?: number
}

export interface InitiatorSink extends SenderSink, ReceiverSink {
  /** Send a request to the server's well-known port from the local port of its kind, which opens with the first one. The buffer is not reused. */
  request(kind: RequestKind, buffer: Uint8Array): void
  /**
   * The server answered a request of `kind` from its TID `port`: `sendControl` and `sendBlocks` go there from now on, and the local port of the
   * other kind closes. Where `port` is the one that was asked it stays open until `drop`, because the server may have one transfer only; then
   * `lock` may come once more, with the other kind, and `agreed` behind it (rule R6).
   */
  lock(kind: RequestKind, port: number): void
  /** Requests of `kind` are given up. Their local port closes; before that `farewell`, if there is one, leaves for the server's `port`. */
  drop(kind: RequestKind, port: number, farewell: Uint8Array | undefined): void
  /** Answer another port of the server with ERROR 5, where the socket still can. */
  refuse(port: number, buffer: Uint8Array): void
  /**
   * The answer was understood; blocks follow. Called before the first `store` or `sendBlocks`. With `agreed.group` they come to that group
   * from the port of `lock`, and are handed in as any other datagram.
   */
  agreed(agreed: Agreed): void
  /** What the sockets noticed while no answer came, for the message; '' for nothing. */
  seen(): string
}
