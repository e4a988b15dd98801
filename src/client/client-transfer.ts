/** One transfer of ours from the request to the end: an Initiator on a ClientSocket, with the local bytes plugged in. */
import { Initiator, type InitiatorConfig, type InitiatorSink, type RequestKind } from '../endpoint/initiator.ts'
import { ForesendError } from '../error.ts'
import { GroupListener } from '../io/client/group-listener.ts'
import { type ClientDriver, openClientSocket } from '../io/client/open.ts'
import type { ClientSocket, ClientSocketHandlers, ClientSocketOptions } from '../io/client/socket.ts'
import type { BlockFramer } from '../io/driver.ts'
import { blockOfSeq, dataText, HEADER_BYTES, packetText } from '../packet/index.ts'
import { COUNTER, type Counters, type NoticeKind, type Outcome } from '../transfer/contract.ts'
import type { GroupAddress } from '../transfer/multicast/group-option.ts'
import type { Agreed } from '../transfer/negotiate.ts'
import type { TransferOptions } from './options.ts'

/** The local end of a transfer: a file, a stream or bytes in memory. What its functions throw ends the transfer with an ERROR. */
export interface LocalEnd {
  /** get: append this payload; that of block `seq`, in any order, where a group shares it. */
  store(buffer: Uint8Array, offset: number, length: number, seq: number): void
  /** get: every byte is here; make it durable. */
  finish(): Promise<void>
  /** get: take no more for now. */
  readonly congested: boolean
  /** The server's answer is understood. Throws a ForesendError when it is not what is wanted. */
  check?(agreed: Agreed): void
  /** put: how to build blocks; called when blksize and rollover are known, or known anew (rule R6). */
  framer(agreed: Agreed): BlockFramer
  /** put: blocks `first` to `last` are about to leave; `final` is among them. */
  before(final: boolean): void
  /** What was sent has left, for put the blocks up to `last`: time for work that would delay an answer. */
  rest(last: number): void
}

/** What came of a transfer that completed. */
export interface Result {
  readonly agreed: Agreed
  readonly ms: number
  readonly counters: Counters
  readonly lastAck: 'missing' | undefined
  /** With `lastAck: 'missing'`: what came instead of the last ACK, for a person. */
  readonly cameInstead: string | undefined
  readonly fallback: string | undefined
}

export interface RunOptions {
  readonly initiator: InitiatorConfig
  readonly socket: ClientSocketOptions
  readonly local: LocalEnd
  readonly driver: ClientDriver | undefined
  readonly signal: TransferOptions['signal']
  readonly onProgress: TransferOptions['onProgress']
  readonly onPacket: TransferOptions['onPacket']
  /** Where a group is listened to, when the server lets this client share one. */
  readonly groupLocal?: string | undefined
}

const PROGRESS_MS = 100
/**
 * After the last ACK of a get: how long its repeats are answered. Servers repeat after a second or less; on a link that
 * lost nothing so far the last ACK is not lost either, and such a link has the shorter of the two.
 */
const DALLY_MS = 1100
const CLEAN_DALLY_MS = 300
/** Receive buffer asked for, in windows. */
const RESERVED_WINDOWS = 4

/** Runs one transfer. Resolves when the transfer is decided; the socket may stay a moment longer for the last ACK. */
export function runTransfer(options: RunOptions): Promise<Result> {
  return new Promise((resolve, reject) => new ClientTransfer(options, resolve, reject).start())
}

class ClientTransfer implements InitiatorSink {
  readonly #options: RunOptions
  readonly #resolve: (result: Result) => void
  readonly #reject: (error: ForesendError) => void
  /** One socket for each kind of request that was made. After the server's answer the other one closes, at once or when DATA 1 is acknowledged (rule R6). */
  readonly #sockets = new Map<RequestKind, ClientSocket>()
  /** The socket of the transfer and of its timer; before an answer the one that sent the last request. */
  #socket: ClientSocket
  readonly #initiator: Initiator
  #group: GroupListener | undefined
  readonly #onAbort = (): void => this.abort(abortReason(this.#options.signal))
  #agreed: Agreed | undefined
  #framer: BlockFramer | undefined
  #lastSeq = 0
  /** The highest block that was sent. */
  #sentSeq = 0
  #outcome: Outcome | undefined
  #settled = false
  #fault: ForesendError | undefined
  /** The time of the last datagram. */
  #inputAt = 0
  #answeredAt = 0
  #progressAt = 0
  #startedAt = 0

  constructor(options: RunOptions, resolve: (result: Result) => void, reject: (error: ForesendError) => void) {
    this.#options = options
    this.#resolve = resolve
    this.#reject = reject
    this.#socket = this.#open(options.initiator.options.length > 0 ? 'options' : 'plain')
    this.#initiator = new Initiator({ dallyMs: DALLY_MS, port: options.socket.port, ...options.initiator }, this)
  }

  start(): void {
    const { signal } = this.#options
    if (signal?.aborted === true) this.#fault = abortReason(signal)
    signal?.addEventListener('abort', this.#onAbort)
    const now = this.#socket.now()
    this.#startedAt = now
    try {
      if (this.#fault === undefined) this.#initiator.start(now)
    } catch (cause) {
      // A name that no request can carry.
      this.#fault = asForesend(cause)
    }
    this.#settle(now)
  }

  abort(error: ForesendError): void {
    this.#fault ??= error
    this.#settle(this.#socket.now())
  }

  // From the sockets.

  #open(kind: RequestKind): ClientSocket {
    const { driver, socket } = this.#options
    const opened = openClientSocket(driver ?? 'auto', socket, this.#handlers(kind))
    this.#sockets.set(kind, opened)
    return opened
  }

  #handlers(kind: RequestKind): ClientSocketHandlers {
    return {
      datagram: (now, buffer, offset, length, port) => this.#datagram(now, kind, buffer, offset, length, port),
      unreachable: (now) => {
        if (this.#agreed !== undefined && this.#sockets.get(kind) !== this.#socket) return
        this.#initiator.handleUnreachable(now)
        this.#settle(now)
      },
      timer: (now) => {
        this.#initiator.handleTimer(now)
        this.#settle(now)
      },
      left: () => this.#left(),
      failed: (error) => this.abort(error),
    }
  }

  #datagram(now: number, kind: RequestKind, buffer: Uint8Array, offset: number, length: number, port: number): void {
    // Not taken is lost, as far as the server can tell: it repeats, and so slows down to the reader's pace.
    if (this.#options.local.congested && !this.#settled) return
    this.#inputAt = now
    this.#show(false, buffer, offset, length)
    this.#initiator.handleDatagram(now, buffer, offset, length, port, kind)
    this.#settle(now)
  }

  #left(): void {
    if (this.#agreed === undefined || this.#outcome !== undefined || this.#fault !== undefined) return
    try {
      this.#options.local.rest(this.#sentSeq)
    } catch (cause) {
      this.abort(asForesend(cause))
    }
  }

  // From the machine.

  request(kind: RequestKind, buffer: Uint8Array): void {
    this.#socket = this.#sockets.get(kind) ?? this.#open(kind)
    this.#show(true, buffer, 0, buffer.length)
    this.#socket.request(buffer)
  }

  lock(kind: RequestKind, port: number): void {
    for (const [other, socket] of this.#sockets) {
      if (other === kind) this.#socket = socket
      else if (port === this.#options.socket.port) socket.deadline(Infinity)
      else socket.close()
    }
    this.#socket.lock(port)
  }

  drop(kind: RequestKind, port: number, farewell: Uint8Array | undefined): void {
    const socket = this.#sockets.get(kind)
    if (farewell !== undefined) {
      socket?.lock(port)
      this.#show(true, farewell, 0, farewell.length)
      socket?.sendControl(farewell, farewell.length)
    }
    socket?.close()
  }

  /** The socket is connected by now, and the kernel refuses the next packet of that port with ICMP. */
  refuse(): void {}

  seen(): string {
    return [...new Set([...this.#sockets.values()].map((socket) => socket.seen()))]
      .filter((text) => text !== '')
      .join('; ')
  }

  agreed(agreed: Agreed): void {
    const { initiator, local } = this.#options
    this.#agreed = agreed
    this.#sentSeq = 0
    this.#answeredAt = this.#inputAt
    try {
      local.check?.(agreed)
    } catch (cause) {
      this.#fault ??= asForesend(cause)
    }
    if (agreed.group !== undefined) this.#listen(agreed.group)
    if (initiator.direction === 'read') {
      this.#socket.reserve(RESERVED_WINDOWS * agreed.windowsize * (agreed.blksize + HEADER_BYTES))
      return
    }
    this.#lastSeq = Math.floor(initiator.sizeBytes / agreed.blksize) + 1
    this.#framer = local.framer(agreed)
  }

  sendControl(buffer: Uint8Array, length: number): void {
    this.#show(true, buffer, 0, length)
    this.#socket.sendControl(buffer, length)
  }

  sendBlocks(first: number, count: number): void {
    const { local } = this.#options
    if (this.#fault !== undefined || this.#framer === undefined || this.#agreed === undefined) return
    const last = first + count - 1
    try {
      local.before(last >= this.#lastSeq)
      this.#socket.sendBlocks(this.#framer, first, count, this.#agreed.blksize + HEADER_BYTES)
      this.#sentSeq = Math.max(this.#sentSeq, last)
      this.#showBlocks(first, last, this.#agreed)
    } catch (cause) {
      this.#fault = asForesend(cause)
    }
  }

  store(seq: number, buffer: Uint8Array, offset: number, length: number): void {
    if (this.#fault !== undefined) return
    try {
      this.#options.local.store(buffer, offset, length, seq)
    } catch (cause) {
      this.#fault = asForesend(cause)
    }
  }

  finish(): void {
    if (this.#fault !== undefined) return
    const stored = (error?: ForesendError): void => {
      const now = this.#socket.now()
      this.#initiator.handleStored(now, error)
      this.#settle(now)
    }
    this.#options.local.finish().then(
      () => stored(),
      (cause: unknown) => stored(asForesend(cause)),
    )
  }

  ended(outcome: Outcome): void {
    this.#outcome = outcome
  }

  notice(_kind: NoticeKind): void {}

  deadline(at: number): void {
    this.#socket.deadline(at)
  }

  /** After every input: what went wrong inside it, what it decided, and whether anything is left to do. */
  #settle(now: number): void {
    if (this.#fault !== undefined && this.#outcome === undefined) this.#initiator.abort(now, this.#fault)
    this.#report(now)
    if (this.#outcome !== undefined && !this.#settled) this.#decide(now, this.#outcome)
    if (this.#initiator.closed) this.#close()
  }

  #close(): void {
    for (const socket of this.#sockets.values()) socket.close()
    this.#group?.close()
  }

  /** Before the first ACK leaves, which brings the first block. */
  #listen(group: GroupAddress): void {
    const { socket, groupLocal } = this.#options
    try {
      this.#group = new GroupListener({ group, server: socket.address, local: groupLocal }, (data, port) => {
        if (!this.#initiator.closed) this.#datagram(this.#socket.now(), 'options', data, 0, data.length, port)
      })
    } catch (cause) {
      this.#fault ??= asForesend(cause)
    }
  }

  #decide(now: number, outcome: Outcome): void {
    this.#settled = true
    this.#options.signal?.removeEventListener('abort', this.#onAbort)
    const agreed = this.#agreed
    if (outcome.status !== 'completed' || agreed === undefined) {
      this.#reject(outcome.error ?? asForesend(new Error('the transfer ended without a reason')))
      return
    }
    const { counters } = this.#initiator
    const clean = counters[COUNTER.retransmitted] === 0 && counters[COUNTER.timeouts] === 0
    // A server of a group asks once more, when the turn of this client comes.
    if (!this.#initiator.closed && clean && agreed.group === undefined) setTimeout(() => this.#close(), CLEAN_DALLY_MS)
    this.#resolve({
      agreed,
      ms: now - this.#answeredAt,
      counters,
      lastAck: outcome.lastAck,
      cameInstead: outcome.cameInstead,
      fallback: this.#initiator.fallback,
    })
  }

  #show(sent: boolean, buffer: Uint8Array, offset: number, length: number): void {
    const { onPacket } = this.#options
    onPacket?.({ ms: this.#socket.now() - this.#startedAt, sent, text: packetText(buffer, offset, length) })
  }

  /** Blocks are described by their numbers: the socket builds them. */
  #showBlocks(first: number, last: number, { blksize, rollover }: Agreed): void {
    const { onPacket, initiator } = this.#options
    if (onPacket === undefined) return
    const ms = this.#socket.now() - this.#startedAt
    for (let seq = first; seq <= last; seq++) {
      const bytes = Math.min(blksize, initiator.sizeBytes - (seq - 1) * blksize)
      onPacket({ ms, sent: true, text: dataText(blockOfSeq(seq, rollover), bytes) })
    }
  }

  #report(now: number): void {
    const { onProgress, initiator } = this.#options
    if (onProgress === undefined || this.#agreed === undefined || this.#settled) return
    const completed = this.#outcome?.status === 'completed'
    if (!completed && (this.#outcome !== undefined || now < this.#progressAt + PROGRESS_MS)) return
    this.#progressAt = now
    const sizeBytes = initiator.direction === 'write' ? initiator.sizeBytes : this.#agreed.tsizeBytes
    onProgress({ bytes: this.#initiator.counters[COUNTER.bytes] ?? 0, sizeBytes, ms: now - this.#answeredAt })
  }
}

function abortReason(signal: AbortSignal | undefined): ForesendError {
  const reason: unknown = signal?.reason
  if (reason instanceof ForesendError) return reason
  return new ForesendError('ERR_TFTP_ABORTED', 'the transfer was cancelled', { fault: 'local', cause: reason })
}

function asForesend(cause: unknown): ForesendError {
  if (cause instanceof ForesendError) return cause
  const detail = cause instanceof Error ? cause.message : String(cause)
  return new ForesendError('ERR_TFTP_INTERNAL', `the transfer failed: ${detail}`, { fault: 'local', cause })
}
