/** An honest client among the noise: our own, with a file to load or to store, over a link of half a millisecond. */
import type { EventKind, Peer } from '../../src/endpoint/contract.ts'
import { Initiator, type InitiatorSink, type RequestKind } from '../../src/endpoint/initiator.ts'
import { ForesendError } from '../../src/error.ts'
import { Rng } from '../../src/lab/rng.ts'
import { blockOfSeq, HEADER_BYTES, type Option, writeDataHeader } from '../../src/packet/index.ts'
import type { Outcome } from '../../src/transfer/contract.ts'
import type { Agreed } from '../../src/transfer/negotiate.ts'
import type { FuzzTransfer, Owner } from './owner.ts'

const DELAY_MS = 0.5
const LEAVE_MS = 200
const LEAST_BYTES = 20
const MOST_BYTES = 100_000
/** Every file is a stretch of it: no two blocks are alike. */
const POOL = new Rng(0, 'files').fill(new Uint8Array(2 * MOST_BYTES))
/** What a transfer of the server answers from; which one does not matter. */
const FIRST_TID = 5000

const OFFERS: readonly (readonly Option[])[] = [
  [],
  [{ name: 'blksize', value: '1428' }],
  [
    { name: 'tsize', value: '0' },
    { name: 'blksize', value: '64' },
  ],
  [{ name: 'windowsize', value: '8' }],
  [
    { name: 'blksize', value: '100' },
    { name: 'windowsize', value: '3' },
    { name: 'timeoutms', value: '300' },
  ],
]

interface Flight {
  readonly at: number
  readonly run: () => void
}

export class Visitor implements InitiatorSink {
  readonly peer: Peer
  readonly direction: 'read' | 'write'
  readonly filename: string
  /** The file as it is. */
  readonly bytes: Uint8Array
  /** The other end's last words; undefined while it runs. */
  servedAs: EventKind | undefined
  outcome: Outcome | undefined
  /** The transfer at the server that answers it; fuzz finds it there. */
  transfer: FuzzTransfer | undefined
  readonly #plainPort: number
  readonly #owner: Owner
  readonly #initiator: Initiator
  readonly #flights: Flight[] = []
  readonly #arrived: Uint8Array
  #arrivedBytes = 0
  /** More came than the file has. */
  #tooMuch = false
  #agreed: Agreed | undefined
  #tid = 0
  #deadlineAt = Infinity
  #leaveAt = Infinity

  constructor(owner: Owner, rng: Rng, number: number) {
    this.#owner = owner
    // Some share their address with the noise.
    const address = number % 4 === 0 ? '10.0.0.1' : `10.0.1.${number % 200}`
    this.peer = { address, port: 10_000 + (number % 20_000), local: '', near: true }
    this.direction = rng.chance(0.5) ? 'read' : 'write'
    this.filename = `honest-${number}`
    const sizeBytes = Math.floor(rng.logUniform(LEAST_BYTES, MOST_BYTES)) - LEAST_BYTES
    const position = rng.int(POOL.length - sizeBytes)
    this.bytes = POOL.subarray(position, position + sizeBytes)
    this.#arrived = new Uint8Array(this.bytes.length)
    const options = OFFERS[rng.int(OFFERS.length)]
    this.#plainPort = options.length === 0 ? this.peer.port : this.peer.port + 20_000
    this.#initiator = new Initiator(
      {
        direction: this.direction,
        filename: this.filename,
        mode: 'octet',
        options,
        sizeBytes: this.bytes.length,
        near: true,
        requestMs: 500,
        retries: 4,
        waitMs: 0,
        label: this.filename,
        giveUpMs: 2000,
        dallyMs: 300,
      },
      this,
    )
  }

  start(): void {
    this.#initiator.start(this.#owner.now)
  }

  /** Both requests of this client, with options and without, come from ports of its own. */
  sentFrom(port: number): boolean {
    return port === this.peer.port || port === this.#plainPort
  }

  get closed(): boolean {
    return this.#initiator.closed
  }

  get nextAt(): number {
    return Math.min(this.#flights[0]?.at ?? Infinity, this.#deadlineAt, this.#leaveAt)
  }

  /** What is due at the owner's `now`: packets on their way first, then the client's timer. */
  due(): void {
    if (this.#flights.length > 0 && this.#flights[0].at <= this.#owner.now) this.#flights.shift()?.run()
    else if (this.#leaveAt <= this.#owner.now) this.#leave()
    else this.#initiator.handleTimer(this.#owner.now)
  }

  /** Whether what arrived, here or at the server, is the file. */
  get identical(): boolean {
    return !this.#tooMuch && this.#arrivedBytes === this.bytes.length && Buffer.compare(this.bytes, this.#arrived) === 0
  }

  // What the server's end does for this client.

  accepted(transfer: FuzzTransfer): void {
    this.transfer = transfer
    this.#leaveAt = Infinity
    if (this.direction === 'write') this.#forget()
  }

  served(kind: EventKind): void {
    this.servedAs = kind
    if (kind !== 'completed') this.#leaveAt = this.#owner.now + LEAVE_MS
  }

  /** A write: bytes that the server stores. */
  stored(buffer: Uint8Array, offset: number, length: number): void {
    this.#take(buffer, offset, length)
  }

  block(transfer: FuzzTransfer, seq: number): void {
    const blksize = transfer.agreed?.blksize ?? 512
    const payload = this.bytes.subarray((seq - 1) * blksize, seq * blksize)
    const packet = new Uint8Array(HEADER_BYTES + payload.length)
    writeDataHeader(packet, 0, blockOfSeq(seq, transfer.agreed?.rollover ?? 0))
    packet.set(payload, HEADER_BYTES)
    this.#toClient(transfer, packet)
  }

  control(transfer: FuzzTransfer, buffer: Uint8Array, length: number): void {
    this.#toClient(transfer, buffer.slice(0, length))
  }

  // What the client does.

  request(kind: RequestKind, buffer: Uint8Array): void {
    const peer = kind === 'plain' ? { ...this.peer, port: this.#plainPort } : this.peer
    this.#fly(() => {
      this.#owner.begin()
      this.#owner.endpoint.handleRequest(this.#owner.now, peer, buffer, 0, buffer.length)
    })
  }

  lock(_kind: RequestKind, port: number): void {
    this.#tid = port
  }

  refuse(port: number, buffer: Uint8Array): void {
    this.#toServer(port, buffer)
  }

  drop(): void {}

  agreed(agreed: Agreed): void {
    this.#agreed = agreed
    if (this.direction === 'read') this.#forget()
  }

  seen(): string {
    return ''
  }

  sendControl(buffer: Uint8Array, length: number): void {
    this.#toServer(this.#tid, buffer.slice(0, length))
  }

  sendBlocks(first: number, count: number): void {
    const { blksize, rollover } = this.#agreed ?? { blksize: 512, rollover: 0 as const }
    for (let seq = first; seq < first + count; seq++) {
      const payload = this.bytes.subarray((seq - 1) * blksize, seq * blksize)
      const packet = new Uint8Array(HEADER_BYTES + payload.length)
      writeDataHeader(packet, 0, blockOfSeq(seq, rollover))
      packet.set(payload, HEADER_BYTES)
      this.#toServer(this.#tid, packet)
    }
  }

  /** A read: bytes that arrived in order at the client. */
  store(_seq: number, buffer: Uint8Array, offset: number, length: number): void {
    this.#take(buffer, offset, length)
  }

  finish(): void {
    this.#initiator.handleStored(this.#owner.now)
  }

  ended(outcome: Outcome): void {
    this.outcome = outcome
    // Rule A4: without the last ACK nobody was promised anything.
    if (outcome.status !== 'completed' || outcome.lastAck !== undefined) return
    const stored = this.direction === 'read' || this.servedAs === 'completed'
    if (!stored || !this.identical) throw new Error(`an honest client's ${this.direction} was not what it was told`)
  }

  notice(): void {}

  deadline(at: number): void {
    this.#deadlineAt = at
  }

  #take(buffer: Uint8Array, offset: number, length: number): void {
    this.#tooMuch ||= this.#arrivedBytes + length > this.bytes.length
    if (!this.#tooMuch) this.#arrived.set(buffer.subarray(offset, offset + length), this.#arrivedBytes)
    this.#arrivedBytes += length
  }

  /** The server is gone; it would take the client half a minute to be sure of that. */
  #leave(): void {
    this.#leaveAt = Infinity
    const error = new ForesendError('ERR_TFTP_ABORTED', 'the test has seen enough', { fault: 'local' })
    this.#initiator.abort(this.#owner.now, error)
  }

  #forget(): void {
    this.#arrivedBytes = 0
    this.#tooMuch = false
  }

  #toClient(transfer: FuzzTransfer, packet: Uint8Array): void {
    const port = FIRST_TID + transfer.id
    const kind = transfer.peer.port === this.#plainPort ? 'plain' : 'options'
    this.#fly(() => this.#initiator.handleDatagram(this.#owner.now, packet, 0, packet.length, port, kind))
  }

  #toServer(port: number, packet: Uint8Array): void {
    const { transfer } = this
    if (transfer === undefined || FIRST_TID + transfer.id !== port) return
    this.#fly(() => {
      this.#owner.begin()
      if (!transfer.closed) this.#owner.endpoint.handleDatagram(this.#owner.now, transfer, packet, 0, packet.length)
    })
  }

  #fly(run: () => void): void {
    this.#flights.push({ at: this.#owner.now + DELAY_MS, run })
  }
}
