/**
 * One UDP socket for one transfer that we ask for: unconnected until the server has answered from its TID, then connected
 * to it, so that the kernel answers other senders with ICMP and reports ICMP errors.
 */
import { ForesendError } from '../../error.ts'
import type { BlockFramer } from '../driver.ts'

export interface ClientSocketHandlers {
  /** A datagram from the server's address, from `port`: `length` bytes of `buffer` from `offset`. The bytes are valid during the call only. */
  datagram(now: number, buffer: Uint8Array, offset: number, length: number, port: number): void
  unreachable(now: number): void
  /** The deadline is due and every datagram that had arrived has been handled. */
  timer(now: number): void
  /** Everything that the handlers sent has been handed to the kernel. */
  left(): void
  /** No socket can be had at all (ERR_TFTP_BIND). */
  failed(error: ForesendError): void
}

export interface ClientSocketOptions {
  /** The server's numeric address, IPv6 link-local with its zone. */
  readonly address: string
  /** The server's well-known port. */
  readonly port: number
  /** Where to send from; the system chooses by default. */
  readonly localAddress?: string | undefined
}

export interface ClientSocket {
  /** Milliseconds, monotonic, a float. */
  now(): number
  /** To the server's well-known port. `buffer` must not be touched afterwards: the socket may still be opening. */
  request(buffer: Uint8Array): void
  /** From now on everything goes to `port` and comes from there. */
  lock(port: number): void
  sendControl(buffer: Uint8Array, length: number): void
  /** What `framer` throws is thrown on. */
  sendBlocks(framer: BlockFramer, first: number, count: number, maxBytes: number): void
  /** Bytes that may wait to be received, as far as the system grants them. */
  reserve(bytes: number): void
  /** Replaces the time at which `timer` is wanted; Infinity for never. */
  deadline(at: number): void
  /** What went wrong with sending, or which other address answered: for the message when no answer came. '' for neither. */
  seen(): string
  close(): void
}

/** The text of `ClientSocket.seen` from the name of a send error and another sender's address; '' for what did not happen. */
export function seenText(sendFault: string, otherSender: string): string {
  const parts: string[] = []
  if (sendFault !== '') parts.push(`sending failed: ${sendFault}`)
  if (otherSender !== '') parts.push(`${otherSender} answered instead; ask that address`)
  return parts.join('; ')
}

/** No port can be had. `errno`: the system's name for it. */
export function clientBindError(options: ClientSocketOptions, errno: string, cause: unknown): ForesendError {
  const from = options.localAddress ?? 'any address'
  const message = `cannot open a port on ${from} to talk to ${options.address}: ${errno}; check the addresses of this machine and its firewall`
  return new ForesendError('ERR_TFTP_BIND', message, { fault: 'local', cause })
}

export function withoutZone(address: string): string {
  const zone = address.indexOf('%')
  return zone < 0 ? address : address.slice(0, zone)
}
