/**
 * The owner of an endpoint under fire: content in memory, a clock that only the test moves, and a look at everything that
 * leaves. What must not happen throws.
 */
import { type EventKind, FINAL_EVENTS, type Peer } from '../../src/endpoint/contract.ts'
import { Endpoint, type EndpointConfig, type EndpointSink, type Transfer } from '../../src/endpoint/endpoint.ts'
import { type ErrorCode, ForesendError } from '../../src/error.ts'
import type { Rng } from '../../src/lab/rng.ts'
import { OPCODE, readOpcode } from '../../src/packet/index.ts'
import type { Limits } from '../../src/transfer/negotiate.ts'
import type { Outcome } from '../../src/transfer/contract.ts'
import { anticipation } from '../../src/transfer/policy/anticipation.ts'
import { negotiated } from '../../src/transfer/policy/negotiated.ts'
import { GroupMember } from '../../src/transfer/multicast/member.ts'
import type { MulticastSession } from '../../src/transfer/multicast/session.ts'
import type { Visitor } from './visitor.ts'

/** What the owner keeps of a transfer. */
export interface Line {
  /** Set when an honest client asked. */
  readonly visitor: Visitor | undefined
  /** The last block that was sent (read) or stored (write). */
  reached: number
  /** Datagrams that our own timers sent before the peer had answered. */
  unasked: number
  /** Place in `live`. */
  index: number
}

export type FuzzTransfer = Transfer<Line, Line>

export const CAPS = { maxTransfers: 160, maxTransfersPerAddress: 50, maxHalfOpen: 60 }
const OPEN_TIMEOUT_MS = 5000
/** RFC 1350's blocks are 512 bytes; an ERROR or OACK never needs more than this. */
const MOST_CONTROL_BYTES = 600
/** Rule A5: five repeats and an ERROR to a near peer, three and an ERROR to a far one. */
const MOST_UNASKED = { near: 6, far: 4 }

const WIDE_LIMITS: Limits = { maxBlksize: 65464, maxWindowsize: 65535, maxWindowBytes: 512 * 1024, refuse: new Set() }

export class Owner implements EndpointSink<Line, Line> {
  readonly endpoint: Endpoint<Line, Line>
  now = 0
  deadlineAt = Infinity
  /** Admitted, accepted and not yet closed. */
  readonly live: FuzzTransfer[] = []
  /** Since `begin`: ACK, OACK and ERROR packets, and DATA blocks. */
  controls = 0
  blocks = 0
  /** Events and codes of outcomes so far, by name. */
  readonly told = new Map<string, number>()
  /** Finds the honest client behind a request. */
  visitorOf: (peer: Peer, file: string) => Visitor | undefined = () => undefined
  /** The group that a read joins; none by default. */
  sessionOf: (transfer: FuzzTransfer, sizeBytes: number) => MulticastSession<GroupMember> | undefined = () => undefined
  readonly #rng: Rng
  readonly #later: { at: number; run: () => void }[] = []
  /** What the endpoint has to end and close yet, by the number of its transfer. */
  readonly #owed = new Map<number, 'final' | 'close'>()
  #inTimer = false
  /** What went wrong first: the endpoint catches what a sink throws, and goes on. */
  wrong: Error | undefined

  constructor(rng: Rng, limits: Limits = WIDE_LIMITS) {
    this.#rng = rng
    const config: EndpointConfig<Line, Line> = {
      limits,
      prepare: (_transfer, agreed) => ({
        policy:
          agreed.windowsize > 1 ? negotiated({ windowBlocks: agreed.windowsize }) : anticipation({ windowBlocks: 1 }),
      }),
      writable: true,
      openTimeoutMs: OPEN_TIMEOUT_MS,
      ...CAPS,
    }
    this.endpoint = new Endpoint(config, this)
  }

  /** Forgets what left, before an input. */
  begin(): void {
    this.controls = 0
    this.blocks = 0
  }

  /** When something of ours wants to happen. */
  get nextAt(): number {
    return Math.min(this.#later[0]?.at ?? Infinity, this.deadlineAt)
  }

  /** What is due at `now`: slow disks first, then timers. */
  due(): void {
    if (this.#later.length > 0 && this.#later[0].at <= this.now) {
      this.#later.shift()?.run()
      return
    }
    this.#inTimer = true
    this.endpoint.handleTimer(this.now)
    this.#inTimer = false
  }

  open(transfer: FuzzTransfer): void {
    const visitor = this.visitorOf(transfer.peer, transfer.request.filename)
    const accept = (): void => this.#accept(transfer, visitor)
    if (visitor !== undefined) return accept()
    const luck = this.#rng.float()
    if (luck < 0.75) accept()
    else if (luck < 0.87) this.#after(this.#rng.float() * 200, accept)
    else if (luck < 0.97) this.endpoint.refuse(this.now, transfer, failure('ERR_TFTP_NOT_FOUND', 1))
    // Else a disk that never answers.
  }

  sendBlocks(transfer: FuzzTransfer, first: number, count: number): void {
    const line = lineOf(transfer)
    const { agreed, sizeBytes } = transfer
    const last = Math.floor((sizeBytes ?? 0) / (agreed?.blksize ?? 512)) + 1
    if (first < 1 || count < 1 || first + count - 1 > last)
      throw this.#wrong(`sent ${first}+${count} of ${last} blocks`)
    this.blocks += count
    line.reached = Math.max(line.reached, first + count - 1)
    this.#unasked(transfer, line, count)
    for (let seq = first; seq < first + count; seq++) line.visitor?.block(transfer, seq)
  }

  sendControl(transfer: FuzzTransfer, buffer: Uint8Array, length: number): void {
    const line = lineOf(transfer)
    this.#control(buffer, length)
    this.#unasked(transfer, line, 1)
    line.visitor?.control(transfer, buffer, length)
  }

  reply(peer: Peer, buffer: Uint8Array, length: number): void {
    this.#control(buffer, length)
    if (readOpcode(buffer, 0, length) !== OPCODE.error)
      throw this.#wrong('the listening port sent something else than ERROR')
    if (peer.port === 0) throw this.#wrong('something went to port 0')
  }

  store(transfer: FuzzTransfer, seq: number, buffer: Uint8Array, offset: number, length: number): void {
    const line = lineOf(transfer)
    if (seq !== line.reached + 1) throw this.#wrong(`stored block ${seq} after ${line.reached}`)
    if (length > (transfer.agreed?.blksize ?? 0)) throw this.#wrong(`stored ${length} bytes as one block`)
    line.reached = seq
    line.visitor?.stored(buffer, offset, length)
  }

  finish(transfer: FuzzTransfer): void {
    const broken = lineOf(transfer).visitor === undefined && this.#rng.chance(0.2)
    const stored = (): void =>
      this.endpoint.handleStored(this.now, transfer, broken ? failure('ERR_TFTP_DISK_FULL', 3) : undefined)
    if (this.#rng.chance(0.5)) stored()
    else this.#after(this.#rng.float() * 50, stored)
  }

  event(kind: EventKind, transfer: FuzzTransfer, outcome?: Outcome): void {
    const code = outcome?.error?.code
    const name = code === undefined ? kind : `${kind} ${code}`
    this.told.set(name, (this.told.get(name) ?? 0) + 1)
    if (code === 'ERR_TFTP_INTERNAL') throw this.#wrong(outcome?.error?.message ?? code)
    if (kind === 'requested') this.#owed.set(transfer.id, 'final')
    if (!FINAL_EVENTS.has(kind)) return
    // Requests that are turned away at the door were never admitted.
    if (this.#owed.get(transfer.id) === 'final') this.#owed.set(transfer.id, 'close')
    else if (kind !== 'refused') throw this.#wrong(`${kind} came twice or without a request`)
    const { visitor } = transfer.io ?? {}
    visitor?.served(kind)
    if (kind === 'completed' && visitor?.direction === 'write' && !visitor.identical) {
      throw this.#wrong('an upload was stored wrong')
    }
  }

  close(transfer: FuzzTransfer): void {
    if (this.#owed.get(transfer.id) !== 'close') throw this.#wrong('closed before its end or twice')
    this.#owed.delete(transfer.id)
    if (transfer.machine instanceof GroupMember) transfer.machine.leave(this.now)
    const line = transfer.io
    if (line === undefined) return
    const last = this.live.pop()
    if (last !== undefined && last !== transfer) {
      this.live[line.index] = last
      lineOf(last).index = line.index
    }
  }

  deadline(at: number): void {
    this.deadlineAt = at
  }

  /** Bounds that hold after every input. */
  check(): void {
    if (this.wrong !== undefined) throw this.wrong
    const { size, halfOpen } = this.endpoint
    if (size > CAPS.maxTransfers || halfOpen > CAPS.maxHalfOpen)
      throw this.#wrong(`${size} transfers, ${halfOpen} half open`)
    if (this.#owed.size !== size) throw this.#wrong(`${this.#owed.size} transfers have no end, ${size} hold a place`)
  }

  #accept(transfer: FuzzTransfer, visitor: Visitor | undefined): void {
    if (transfer.closed) return
    const line: Line = { visitor, reached: 0, unasked: 0, index: this.live.length }
    transfer.io = line
    transfer.content = line
    this.live.push(transfer)
    visitor?.accepted(transfer)
    const sizeBytes = visitor?.bytes.length ?? this.#imageBytes()
    if (transfer.direction === 'read') {
      this.endpoint.acceptRead(this.now, transfer, sizeBytes, this.sessionOf(transfer, sizeBytes))
    } else this.endpoint.acceptWrite(this.now, transfer)
  }

  /** Nothing, exact blocks, a few blocks, and what needs a rollover. */
  #imageBytes(): number {
    const luck = this.#rng.int(10)
    if (luck === 0) return 0
    if (luck === 1) return 512 * this.#rng.int(4)
    return luck < 7 ? this.#rng.int(20_000) : 40_000_000 + this.#rng.int(1000)
  }

  #wrong(message: string): Error {
    this.wrong ??= new Error(message)
    return this.wrong
  }

  #control(buffer: Uint8Array, length: number): void {
    this.controls++
    if (length > MOST_CONTROL_BYTES || length > buffer.length) throw this.#wrong(`a control packet of ${length} bytes`)
  }

  #unasked(transfer: FuzzTransfer, line: Line, count: number): void {
    if (!this.#inTimer || transfer.answered) return
    line.unasked += count
    const most = transfer.peer.near ? MOST_UNASKED.near : MOST_UNASKED.far
    if (line.unasked > most) throw this.#wrong(`${line.unasked} packets to a peer that never answered`)
  }

  #after(ms: number, run: () => void): void {
    const at = this.now + ms
    let place = this.#later.length
    while (place > 0 && this.#later[place - 1].at > at) place--
    this.#later.splice(place, 0, { at, run })
  }
}

export function lineOf(transfer: FuzzTransfer): Line {
  if (transfer.io === undefined) throw new Error('output for a transfer that has no line')
  return transfer.io
}

function failure(code: ErrorCode, wireCode: number): ForesendError {
  return new ForesendError(code, 'as the test wants it', { fault: 'local', wireCode })
}
