/**
 * The real endpoint with its real machines under a stream of packets that nobody should send, by seed and in virtual time,
 * while honest clients load and store files. Throws an error that names seed and packet when
 *
 * - an input throws, or a machine breaks,
 * - a packet is answered by more than one packet (a window and the end of a stall excepted), or by a large control packet,
 * - a peer that never answered hears more than rule A5 allows,
 * - more transfers are held than the caps say, or one is never ended, never closed, or twice,
 * - blocks beyond the file are sent, or stored out of order,
 * - an honest client ends with a file that is not the file and was told that it is.
 */
import type { Peer } from '../../src/endpoint/contract.ts'
import { fuzzDatagram } from '../../src/lab/fuzz.ts'
import { Rng } from '../../src/lab/rng.ts'
import { HEADER_BYTES, OPCODE, readBlock, readOpcode } from '../../src/packet/index.ts'
import { COUNTER } from '../../src/transfer/contract.ts'
import { RUN_AHEAD } from '../../src/transfer/window.ts'
import { type FuzzTransfer, lineOf, Owner } from './owner.ts'
import { plausible, proceed } from './plausible.ts'
import { Visitor } from './visitor.ts'

export interface FuzzOptions {
  readonly seed: number
  readonly packets: number
  /** Called before the heap is measured. */
  readonly collectGarbage?: () => void
  /** Called now and then with the packets so far. */
  readonly onProgress?: (packets: number) => void
}

export interface FuzzReport {
  readonly packets: number
  /** DATA, ACK, OACK and ERROR that left in answer to them; what honest clients got is not counted. */
  readonly answers: number
  /** The most transfers held at a time. */
  readonly mostTransfers: number
  /** The furthest block of any transfer. */
  readonly furthestBlock: number
  /** Honest transfers whose file arrived whole, and others. */
  readonly whole: number
  readonly failed: number
  /** Virtual time. */
  readonly ms: number
  /** Bytes of heap half-way and at the end, both after a collection. */
  readonly heapBytes: readonly [half: number, end: number]
  /** Events with their codes, by how often they came. */
  readonly events: ReadonlyMap<string, number>
}

const STEP_MS = 0.5
const VISITORS = 8
const LAST_VISITORS = 40
/** Long enough for every patience that a machine has: options ask for timeouts of up to 255 s, six of them (A14). */
const AFTERMATH_MS = 3_600_000
const PROGRESS_EVERY = 100_000
/** Undefined stands for any. */
const PORTS = [0, 1, 0xffff, undefined]
/** The first is a router with several devices behind it, honest ones among them. */
const ADDRESSES = ['10.0.0.1', '10.0.0.1', '10.0.0.2', '192.168.1.9', 'fe80::1%eth0', '203.0.113.7', '2001:db8::7']

export function fuzzEndpoint(options: FuzzOptions): FuzzReport {
  return new Fuzz(options).run()
}

class Fuzz {
  readonly #options: FuzzOptions
  readonly #rng: Rng
  readonly #owner: Owner
  readonly #visitors: Visitor[] = []
  #visitorCount = 0
  /** A transfer that is helped on, so that some come far. */
  #favourite: FuzzTransfer | undefined
  #packets = 0
  #answers = 0
  #mostTransfers = 0
  #furthestBlock = 0
  #whole = 0
  #failed = 0

  constructor(options: FuzzOptions) {
    this.#options = options
    this.#rng = new Rng(options.seed, 'endpoint-fuzz')
    this.#owner = new Owner(this.#rng.fork('owner'))
    this.#owner.visitorOf = (peer, file) =>
      this.#visitors.find((one) => one.sentFrom(peer.port) && one.filename === file)
  }

  run(): FuzzReport {
    try {
      const halfBytes = this.#fire(Math.floor(this.#options.packets / 2))
      const endBytes = this.#fire(this.#options.packets)
      this.#peace()
      return {
        packets: this.#packets,
        answers: this.#answers,
        mostTransfers: this.#mostTransfers,
        furthestBlock: this.#furthestBlock,
        whole: this.#whole,
        failed: this.#failed,
        ms: this.#owner.now,
        heapBytes: [halfBytes, endBytes],
        events: this.#owner.told,
      }
    } catch (cause) {
      const where = `seed ${this.#options.seed}, packet ${this.#packets}, ${this.#owner.now} ms`
      const first = this.#owner.wrong ?? (cause as Error)
      throw new Error(`${where}: ${first.message}`, { cause: first })
    }
  }

  /** Packets until there were `upTo` of them; the heap after that. */
  #fire(upTo: number): number {
    while (this.#packets < upTo) {
      while (this.#visitors.length < VISITORS) this.#invite()
      this.#passTo(this.#owner.now + this.#rng.float() * 2 * STEP_MS)
      this.#packets++
      this.#one()
      this.#owner.check()
      this.#mostTransfers = Math.max(this.#mostTransfers, this.#owner.endpoint.size)
      if (this.#packets % PROGRESS_EVERY === 0) this.#options.onProgress?.(this.#packets)
    }
    this.#options.collectGarbage?.()
    return process.memoryUsage().heapUsed
  }

  #one(): void {
    const luck = this.#rng.float()
    if (luck < 0.35) this.#knock(fuzzDatagram(this.#rng))
    else if (luck < 0.38) this.#stray()
    else if (luck < 0.385) this.#unreachable()
    else if (luck < 0.65) this.#help()
    else this.#disturb()
  }

  #knock(packet: Uint8Array): void {
    const { endpoint, now } = this.#owner
    this.#fuzzed(packet, undefined, () => endpoint.handleRequest(now, this.#anyPeer(), packet, 0, packet.length))
    const opcode = readOpcode(packet, 0, packet.length)
    const late = opcode >= OPCODE.data && opcode <= OPCODE.oack
    if (late && this.#owner.controls > 0) throw new Error(`opcode ${opcode} at the listening port was answered`)
  }

  #stray(): void {
    const { endpoint, now } = this.#owner
    const packet = fuzzDatagram(this.#rng)
    const answer = endpoint.handleStray(now, packet, 0, packet.length)
    const opcode = readOpcode(packet, 0, packet.length)
    if (answer !== undefined && opcode !== OPCODE.data && opcode !== OPCODE.ack) {
      throw new Error(`opcode ${opcode} of no transfer was answered`)
    }
  }

  #unreachable(): void {
    const transfer = this.#anyTransfer()
    const { endpoint, now } = this.#owner
    if (transfer !== undefined) this.#fuzzed(NOTHING, transfer, () => endpoint.handleUnreachable(now, transfer))
  }

  /** The favourite gets what it waits for, and so comes to the ends of files and across rollovers. */
  #help(): void {
    if (this.#favourite === undefined || this.#favourite.closed) this.#favourite = this.#anyTransfer()
    const favourite = this.#favourite
    if (favourite === undefined || lineOf(favourite).visitor !== undefined) {
      this.#favourite = undefined
      return
    }
    this.#datagram(favourite, proceed(favourite, this.#rng))
  }

  /** Something else for a transfer that runs: plausible, or anything at all. */
  #disturb(): void {
    const honest = this.#visitors[this.#rng.int(this.#visitors.length)].transfer
    const transfer = honest !== undefined && !honest.closed && this.#rng.chance(0.6) ? honest : this.#anyTransfer()
    if (transfer === undefined || (transfer === this.#favourite && this.#rng.chance(0.9))) return
    this.#datagram(transfer, this.#rng.chance(0.7) ? plausible(transfer, this.#rng) : fuzzDatagram(this.#rng))
  }

  #datagram(transfer: FuzzTransfer, packet: Uint8Array): void {
    const { endpoint, now } = this.#owner
    if (isForgery(transfer, packet)) return
    this.#fuzzed(packet, transfer, () => endpoint.handleDatagram(now, transfer, packet, 0, packet.length))
  }

  /** One input, and what may follow from it. */
  #fuzzed(packet: Uint8Array, transfer: FuzzTransfer | undefined, act: () => void): void {
    const owner = this.#owner
    owner.begin()
    act()
    const answers = owner.controls + owner.blocks
    this.#answers += answers
    const most = transfer === undefined ? 1 : mostAnswers(transfer)
    if (answers > most || owner.controls > 1) {
      const what = `${owner.controls} control packets and ${owner.blocks} blocks`
      throw new Error(`${what} in answer to ${Buffer.from(packet.subarray(0, 64)).toString('hex')}`)
    }
    const isError = readOpcode(packet, 0, packet.length) === OPCODE.error
    if (isError && owner.controls > 0) throw new Error('an ERROR was answered')
    if (transfer?.io !== undefined) this.#furthestBlock = Math.max(this.#furthestBlock, transfer.io.reached)
  }

  #anyPeer(): Peer {
    const address = ADDRESSES[this.#rng.int(ADDRESSES.length)]
    const near = !address.startsWith('20')
    const luck = this.#rng.int(10)
    const honest = this.#visitors[this.#rng.int(this.#visitors.length)]
    if (luck === 0) return honest.peer
    if (luck === 1)
      return { address, port: PORTS[this.#rng.int(PORTS.length)] ?? this.#rng.int(0x10000), local: '', near }
    // A flood from forged addresses.
    if (luck < 5) return { address: `10.99.${this.#rng.int(0x1000000)}`, port: 2000, local: '', near: true }
    return { address, port: 2000 + this.#rng.int(40), local: '', near }
  }

  #anyTransfer(): FuzzTransfer | undefined {
    const { live } = this.#owner
    return live[this.#rng.int(live.length)]
  }

  #invite(): void {
    const visitor = new Visitor(this.#owner, this.#rng.fork(`visitor ${this.#visitorCount}`), this.#visitorCount++)
    this.#visitors.push(visitor)
    visitor.start()
  }

  /** Lets time pass: packets of honest clients, slow disks, timers. */
  #passTo(at: number): void {
    const owner = this.#owner
    for (;;) {
      let next: Owner | Visitor = owner
      for (const visitor of this.#visitors) if (visitor.nextAt <= next.nextAt) next = visitor
      if (!(next.nextAt <= at)) break
      owner.now = Math.max(owner.now, next.nextAt)
      next.due()
      this.#leave()
    }
    owner.now = at
  }

  #leave(): void {
    for (let i = this.#visitors.length - 1; i >= 0; i--) {
      const visitor = this.#visitors[i]
      if (!visitor.closed) continue
      if (visitor.outcome?.status === 'completed' && visitor.identical) this.#whole++
      else this.#failed++
      this.#visitors.splice(i, 1)
    }
  }

  /** The noise ends: everything comes to its end, and honest clients are served as if nothing had been. */
  #peace(): void {
    const owner = this.#owner
    this.#passTo(owner.now + AFTERMATH_MS)
    if (owner.endpoint.size > 0 || owner.endpoint.halfOpen > 0)
      throw new Error(`${owner.endpoint.size} transfers are stuck`)
    if (owner.live.length > 0 || owner.deadlineAt !== Infinity) throw new Error('something waits for ever')
    if (this.#visitors.length > 0) throw new Error('an honest client waits for ever')
    const before = this.#failed
    for (let i = 0; i < LAST_VISITORS; i++) {
      this.#invite()
      this.#passTo(owner.now + 60_000)
    }
    if (this.#failed > before) throw new Error(`${this.#failed - before} honest clients failed in peace`)
  }
}

/** Blocks that one packet may set free. */
function mostAnswers(transfer: FuzzTransfer): number {
  const { agreed, machine } = transfer
  // A window, and the two blocks of a repeat that asks for news (N4).
  if (agreed !== undefined && agreed.windowsize > 1) return agreed.windowsize + 2
  // The end of a stall repeats what ran ahead in it (A1, A7), and goes on.
  const stalled = machine !== undefined && transfer.answered && machine.counters[COUNTER.timeouts] > 0
  return stalled ? RUN_AHEAD + 1 : 1
}

const NOTHING = new Uint8Array(0)

/** The very block that an honest upload comes to next: TFTP has nothing to tell such a forgery from the true one. */
function isForgery(transfer: FuzzTransfer, packet: Uint8Array): boolean {
  const line = lineOf(transfer)
  if (line.visitor === undefined || transfer.direction === 'read' || packet.length < HEADER_BYTES) return false
  const isNext = readBlock(packet, 0) === ((line.reached + 1) & 0xffff)
  return isNext && readOpcode(packet, 0, packet.length) === OPCODE.data
}
