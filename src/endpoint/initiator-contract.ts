/** What a transfer that we ask for is made with, and what it wants done. */
import type { Option } from '../packet/index.ts'
import type { ReceiverSink, SenderSink } from '../transfer/contract.ts'
import type { Agreed } from '../transfer/negotiate.ts'

export interface InitiatorConfig {
  readonly direction: 'read' | 'write'
  readonly filename: string
  readonly mode: 'octet' | 'netascii'
  /** What to offer, in this order; dropped when the server refuses them. */
  readonly options: readonly Option[]
  /** WRQ: bytes as they will be sent. */
  readonly sizeBytes: number
  readonly near: boolean
  /** Milliseconds before the first repeat of the request; doubles up to 4 s, or stays when longer. */
  readonly requestMs: number
  /** How often the request is repeated. */
  readonly retries: number
  /** Keep asking for so many milliseconds, several times a second, whatever ICMP says: the device may be booting. 0: off. */
  readonly waitMs: number
  /** "file from 10.0.0.1:69", escaped, for messages. */
  readonly label: string
  /** Milliseconds without progress before a read gives up; by default rule A14's. */
  readonly giveUpMs?: number
  /** Milliseconds to stay after the last ACK of a read. */
  readonly dallyMs?: number
}

export interface InitiatorSink extends SenderSink, ReceiverSink {
  /** Send the request to the server's well-known port. The buffer is not reused. */
  request(buffer: Uint8Array): void
  /** The server's TID is `port`: `sendControl` and `sendBlocks` go there from now on. */
  lock(port: number): void
  /** Answer another port of the server with ERROR 5, where the socket still can. */
  refuse(port: number, buffer: Uint8Array): void
  /** Go on from a new local port, not yet locked: the request follows. */
  reopen(): void
  /** The answer was understood; blocks follow. Called before the first `store` or `sendBlocks`. */
  agreed(agreed: Agreed): void
  /** What was noticed while nobody answered, for the message; '' for nothing. */
  seen(): string
}
