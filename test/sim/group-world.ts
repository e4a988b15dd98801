/**
 * One file to several clients of ours at once, in virtual time: the real endpoint and the real initiators, and links that lose by seed. A
 * block that leaves for the group reaches each client that has joined, or is lost on its way to that one alone.
 */
import type { EventKind, Peer } from '../../src/endpoint/contract.ts'
import { Endpoint, type EndpointSink, type Transfer } from '../../src/endpoint/endpoint.ts'
import { Initiator, type InitiatorSink, type RequestKind } from '../../src/endpoint/initiator.ts'
import { Rng } from '../../src/lab/rng.ts'
import { HEADER_BYTES, type Option, writeDataHeader } from '../../src/packet/index.ts'
import type { Outcome } from '../../src/transfer/contract.ts'
import { GroupMember } from '../../src/transfer/multicast/member.ts'
import { MulticastSession } from '../../src/transfer/multicast/session.ts'
import type { Agreed } from '../../src/transfer/negotiate.ts'
import { strict } from '../../src/transfer/policy/strict.ts'

export interface GroupClient {
  /** When it asks, in milliseconds; 0 by default. */
  readonly joinMs?: number
  /** It is switched off then. */
  readonly diesMs?: number
  /** Share of datagrams that are lost, each way. */
  readonly loss?: number
  /** Share of the group's blocks that do not reach it, beyond `loss`. */
  readonly deafness?: number
  /** Where it stands behind a router with others; an address of its own by default. */
  readonly address?: string
}

export interface GroupSpec {
  readonly sizeBytes: number
  readonly seed: number
  readonly clients: readonly GroupClient[]
  readonly switches?: boolean
  readonly options?: readonly Option[]
}

/** How it ended for one client. */
export interface GroupResult {
  /** As its own program says. */
  readonly client: Outcome | undefined
  /** As the server says: its last event, with the outcome. */
  readonly server: { readonly kind: EventKind; readonly outcome: Outcome | undefined } | undefined
  /** What it stored is the file. */
  readonly isWhole: boolean
}

export interface GroupRun {
  readonly results: readonly GroupResult[]
  /** Blocks that left, each counted once, however many clients it was for. */
  readonly blocksSent: number
  /** Transfers that the endpoint still holds when nothing is due any more. */
  readonly held: number
  readonly ms: number
}

const GROUP = { address: '239.255.0.1', port: 1758 }
const DELAY_MS = 0.2
const MOST_EVENTS = 2_000_000

export function runGroup(spec: GroupSpec): GroupRun {
  return new World(spec).run()
}

class World implements EndpointSink {
  now = 0
  readonly spec: GroupSpec
  readonly image: Uint8Array
  readonly rng: Rng
  readonly #queue: { at: number; run: () => void }[] = []
  readonly #endpoint: Endpoint
  readonly #clients: Client[]
  #session: MulticastSession<GroupMember> | undefined
  #deadline = Infinity
  #blocksSent = 0

  constructor(spec: GroupSpec) {
    this.spec = spec
    this.rng = new Rng(spec.seed, 'group')
    this.image = this.rng.fill(new Uint8Array(spec.sizeBytes))
    this.#endpoint = new Endpoint(
      {
        limits: { maxBlksize: 65464, maxWindowsize: 64, maxWindowBytes: 1 << 20, refuse: new Set() },
        writable: false,
        prepare: () => ({ policy: strict(1000) }),
      },
      this,
    )
    this.#clients = spec.clients.map((client, index) => new Client(this, client, index))
  }

  run(): GroupRun {
    for (const client of this.#clients) this.after(client.spec.joinMs ?? 0, () => client.start())
    for (let events = 0; events < MOST_EVENTS; events++) {
      const clientAt = Math.min(...this.#clients.map(({ deadlineAt }) => deadlineAt))
      const at = Math.min(this.#queue[0]?.at ?? Infinity, this.#deadline, clientAt)
      if (at === Infinity) break
      this.now = Math.max(this.now, at)
      // What has arrived is handled before any timer.
      if (this.#queue.length > 0 && this.#queue[0].at <= at) this.#queue.shift()?.run()
      else if (this.#deadline <= at) this.#endpoint.handleTimer(this.now)
      else this.#clients.find(({ deadlineAt }) => deadlineAt <= at)?.due()
    }
    return {
      results: this.#clients.map((client) => client.result()),
      blocksSent: this.#blocksSent,
      held: this.#endpoint.size,
      ms: this.now,
    }
  }

  after(ms: number, run: () => void): void {
    const at = this.now + ms
    let place = this.#queue.length
    while (place > 0 && this.#queue[place - 1].at > at) place--
    this.#queue.splice(place, 0, { at, run })
  }

  request(peer: Peer, packet: Uint8Array): void {
    this.#endpoint.handleRequest(this.now, peer, packet, 0, packet.length)
  }

  /** From a client to its transfer. */
  datagram(transfer: Transfer, packet: Uint8Array): void {
    this.#endpoint.handleDatagram(this.now, transfer, packet, 0, packet.length)
  }

  // What the endpoint says.

  open(transfer: Transfer): void {
    const client = this.#clientOf(transfer)
    client.transfer = transfer
    transfer.io = client
    if (this.#session === undefined || this.#session.size === 0) {
      this.#session = new MulticastSession<GroupMember>(GROUP, this.spec.switches)
    }
    this.#endpoint.acceptRead(this.now, transfer, this.image.length, this.#session)
  }

  sendBlocks(transfer: Transfer, first: number, count: number): void {
    const blksize = transfer.agreed?.blksize ?? 512
    for (let seq = first; seq < first + count; seq++) {
      this.#blocksSent++
      const payload = this.image.subarray((seq - 1) * blksize, seq * blksize)
      const packet = new Uint8Array(HEADER_BYTES + payload.length)
      writeDataHeader(packet, 0, seq)
      packet.set(payload, HEADER_BYTES)
      for (const client of this.#clients) client.hear(packet)
    }
  }

  sendControl(transfer: Transfer, buffer: Uint8Array, length: number): void {
    this.#clientOf(transfer).receive(buffer.slice(0, length))
  }

  event(kind: EventKind, transfer: Transfer, outcome?: Outcome): void {
    this.#clientOf(transfer).told = { kind, outcome }
  }

  close(transfer: Transfer): void {
    if (transfer.machine instanceof GroupMember) transfer.machine.leave(this.now)
  }

  deadline(at: number): void {
    this.#deadline = at
  }

  reply(): void {}
  store(): void {}
  finish(): void {}

  #clientOf({ peer }: Transfer): Client {
    return this.#clients[peer.port - 2000]
  }
}

class Client implements InitiatorSink {
  readonly spec: GroupClient
  deadlineAt = Infinity
  transfer: Transfer | undefined
  told: GroupResult['server']
  readonly #world: World
  readonly #peer: Peer
  readonly #initiator: Initiator
  readonly #rng: Rng
  readonly #bytes: Uint8Array
  readonly #stored = new Set<number>()
  #agreed: Agreed | undefined
  #outcome: Outcome | undefined

  constructor(world: World, spec: GroupClient, index: number) {
    this.spec = spec
    this.#world = world
    this.#rng = world.rng.fork(`client ${index}`)
    this.#peer = { address: spec.address ?? `10.0.0.${index + 1}`, port: 2000 + index, local: '', near: true }
    this.#bytes = new Uint8Array(world.image.length)
    this.#initiator = new Initiator(
      {
        direction: 'read',
        filename: 'image',
        mode: 'octet',
        options: world.spec.options ?? [
          { name: 'tsize', value: '0' },
          { name: 'multicast', value: '' },
        ],
        multicast: true,
        sizeBytes: 0,
        near: true,
        requestMs: 1000,
        retries: 5,
        waitMs: 0,
        label: '"image" from 10.0.0.254:69',
      },
      this,
    )
  }

  start(): void {
    this.#initiator.start(this.#world.now)
  }

  due(): void {
    if (this.#isOff) this.deadlineAt = Infinity
    else this.#initiator.handleTimer(this.#world.now)
  }

  /** A packet to it alone. */
  receive(packet: Uint8Array): void {
    if (this.#isLost()) return
    this.#world.after(DELAY_MS, () => this.#take(packet))
  }

  /** A block of the group. */
  hear(packet: Uint8Array): void {
    if (this.#agreed?.group === undefined || this.#rng.chance(this.spec.deafness ?? 0)) return
    this.receive(packet)
  }

  result(): GroupResult {
    const isWhole = this.#bytes.every((byte, i) => byte === this.#world.image[i])
    return { client: this.#outcome, server: this.told, isWhole: isWhole && this.#stored.size > 0 }
  }

  // What the initiator says.

  request(_kind: RequestKind, packet: Uint8Array): void {
    if (!this.#isLost()) this.#world.after(DELAY_MS, () => this.#world.request(this.#peer, packet))
  }

  sendControl(buffer: Uint8Array, length: number): void {
    const packet = buffer.slice(0, length)
    const { transfer } = this
    if (transfer === undefined || this.#isLost()) return
    this.#world.after(DELAY_MS, () => this.#world.datagram(transfer, packet))
  }

  agreed(agreed: Agreed): void {
    this.#agreed = agreed
  }

  store(seq: number, buffer: Uint8Array, offset: number, length: number): void {
    if (this.#stored.has(seq)) throw new Error(`block ${seq} was stored twice`)
    this.#stored.add(seq)
    this.#bytes.set(buffer.subarray(offset, offset + length), (seq - 1) * (this.#agreed?.blksize ?? 512))
  }

  finish(): void {
    this.#world.after(1, () => this.#initiator.handleStored(this.#world.now))
  }

  ended(outcome: Outcome): void {
    this.#outcome = outcome
  }

  deadline(at: number): void {
    this.deadlineAt = at
  }

  lock(): void {}
  drop(): void {}
  refuse(): void {}
  notice(): void {}
  sendBlocks(): void {}
  seen(): string {
    return ''
  }

  #take(packet: Uint8Array): void {
    if (!this.#isOff) this.#initiator.handleDatagram(this.#world.now, packet, 0, packet.length, 3000, 'options')
  }

  get #isOff(): boolean {
    return this.#world.now >= (this.spec.diesMs ?? Infinity)
  }

  #isLost(): boolean {
    return this.#isOff || this.#rng.chance(this.spec.loss ?? 0)
  }
}
