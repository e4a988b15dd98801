/** What the clients of a load run do with what arrives, and what is counted. Time and datagrams come from the loop. */
import { performance } from 'node:perf_hooks'
import { type HostSender, hostAddress } from './hosts.ts'
import type { Native } from '../io/native/linux.ts'
import { Rng } from '../lab/rng.ts'
import {
  encodeError,
  encodeRequest,
  HEADER_BYTES,
  OPCODE,
  type Option,
  readBlock,
  WIRE_ERROR,
  writeAck,
} from '../packet/index.ts'
import { Answers, offered, peerText } from './answers.ts'
import { Clients, PHASE, PORTS } from './clients.ts'
import { Counts } from './counts.ts'
import { Frames } from './frames.ts'
import type { LoadOptions, LoadResult } from './options.ts'
import { type Direction, Reading, type Run } from './read.ts'
import { Writing } from './write.ts'

/** Repeats of one packet before a transfer has failed. */
const MAX_REPEATS = 8
/** A client that vanishes does so within its first blocks, or the file's where it has fewer. */
const VANISH_WITHIN_BLOCKS = 64
const UNKNOWN_TID = encodeError(WIRE_ERROR.unknownTid, 'unknown transfer ID')

export class LoadRun implements Run {
  readonly clients: Clients
  /** Of the batch that is being handled; its owner sets it. */
  now = 0
  readonly #options: LoadOptions
  readonly #native: Native
  readonly #ports: readonly HostSender[]
  readonly #direction: Direction
  readonly #answers: Answers
  readonly #rng: Rng
  readonly #loss: number
  readonly #offered: readonly Option[]
  readonly #request: Uint8Array
  readonly #frames = new Map<number, Frames>()
  #lastFrames: Frames | undefined
  readonly #ack = new Uint8Array(HEADER_BYTES)
  /** The client that a made-up host is; -1 for one that vanished. */
  readonly #clientOf: Int32Array
  readonly #counts: Counts
  #hosts: number
  #started = 0

  constructor(options: LoadOptions, native: Native, ports: readonly HostSender[], maxHosts: number) {
    this.#options = options
    this.#native = native
    this.#ports = ports
    this.#counts = new Counts(options.transfers)
    const count = Math.min(options.clients, options.transfers)
    this.clients = new Clients(count)
    this.#direction = options.direction === 'get' ? new Reading(this) : new Writing(this)
    this.#rng = new Rng(options.seed)
    this.#loss = options.lossPercent / 100
    this.#offered = offered(options)
    this.#answers = new Answers(this.#offered)
    this.#request = this.#requestFor(options.file)
    // The first address of a network belongs to no host.
    const hosts = options.vanishPercent === 0 ? count : Math.min(maxHosts - 1, count + options.transfers)
    this.#clientOf = new Int32Array(hosts + 1).fill(-1)
    this.#hosts = count
    for (let c = 0; c < count; c++) this.#settle(c, c + 1)
    // A client that prepares itself when the first block is there looks to the server like one that pauses.
    this.framesOf(options.blksize)
  }

  get isDone(): boolean {
    return this.#counts.isDone
  }

  /** Something was lost: the server may still wait for a final ACK. */
  get mayDally(): boolean {
    return this.#options.direction === 'get' && (this.#loss > 0 || this.#counts.retransmitted > 0)
  }

  /** Sends the first requests, in batches. */
  start(now: number): void {
    this.now = now
    this.#counts.beganAt = now
    for (let c = 0; c < this.clients.count; c++) this.#next(c)
  }

  /** From the ports. */
  readonly received = (
    host: number,
    port: HostSender,
    from: number,
    buffer: Uint8Array,
    offset: number,
    length: number,
  ): void => {
    if (this.#loss > 0 && this.#rng.chance(this.#loss)) return
    this.#counts.datagramsIn++
    const c = host < this.#clientOf.length ? this.#clientOf[host] : -1
    if (c < 0 || length < HEADER_BYTES || buffer[offset] !== 0) return
    const { clients } = this
    const isOurs = clients.port[c] === port.index
    if (isOurs && clients.phase[c] === PHASE.running && clients.tid[c] === from) this.#packet(c, buffer, offset, length)
    else if (isOurs && clients.phase[c] === PHASE.asking) this.#first(c, from, buffer, offset, length)
    else this.#stray(c, port, from, buffer, offset)
  }

  readonly endOfBatch = (): void => this.#direction.endOfBatch()

  /** Repeats what has been waited for too long. Everything that has arrived was handled before. */
  timer(now: number): void {
    const { clients } = this
    this.now = now
    const since = now - this.#options.timeoutMs
    for (let c = 0; c < clients.count; c++) {
      if (clients.waitsSince[c] > since || clients.phase[c] === PHASE.idle) continue
      clients.waitsSince[c] = now
      if (++clients.repeats[c] > MAX_REPEATS) {
        this.failed(c, this.#silence(c), clients.tid[c] !== 0)
        continue
      }
      this.#counts.retransmitted++
      if (clients.phase[c] === PHASE.asking) this.#ask(c)
      else this.#direction.repeat(c)
    }
  }

  /** Ends what is not done. */
  giveUp(now: number, reason: string): void {
    this.now = now
    const { clients } = this
    this.#started = this.#options.transfers
    for (let c = 0; c < clients.count; c++) if (clients.phase[c] !== PHASE.idle) this.failed(c, reason, true)
    this.#counts.end(now)
  }

  result(cpu: NodeJS.CpuUsage): LoadResult {
    this.#counts.sendErrors = this.#ports.reduce((sum, port) => sum + port.sendErrors, 0)
    return this.#counts.result(cpu, this.#answers)
  }

  // For the direction.

  framesOf(blksize: number): Frames | undefined {
    if (this.#lastFrames?.blksize === blksize) return this.#lastFrames
    const { content } = this.#options
    if (content === undefined) return undefined
    let frames = this.#frames.get(blksize)
    if (frames === undefined) this.#frames.set(blksize, (frames = new Frames(this.#native, content, blksize)))
    this.#lastFrames = frames
    return frames
  }

  control(c: number, packet: Uint8Array, length: number): void {
    const { clients } = this
    this.#send(clients.host[c], clients.port[c], clients.tid[c], packet, length)
  }

  blocks(c: number, frames: Frames, first: number, last: number): void {
    const { clients } = this
    const port = this.#ports[clients.port[c]]
    const send = (from: number, to: number): void => {
      if (to < from) return
      this.#counts.datagramsOut += to - from + 1
      port.sendAll(
        clients.host[c],
        clients.tid[c],
        frames.address + frames.at(from),
        frames.span(from, to),
        frames.stride,
      )
    }
    if (this.#loss === 0) return send(first, last)
    let from = first
    for (let seq = first; seq <= last; seq++) {
      if (!this.#rng.chance(this.#loss)) continue
      send(from, seq - 1)
      from = seq + 1
    }
    send(from, last)
  }

  again(): void {
    this.#counts.retransmitted++
  }

  completed(c: number, bytes: number): void {
    const { clients } = this
    this.#counts.completed++
    this.#counts.bytes += bytes
    const at = c * PORTS + clients.port[c]
    clients.endedTid[at] = clients.tid[c]
    clients.endedBlock[at] = clients.done[c] & 0xffff
    this.#next(c)
  }

  failed(c: number, reason: string, notify: boolean): void {
    this.#direction.forget(c)
    const { host, transfer } = this.clients
    this.#counts.fail(() => `${hostAddress(host[c])}, transfer ${transfer[c]}: ${reason}`)
    if (notify && this.clients.tid[c] !== 0) {
      const packet = encodeError(WIRE_ERROR.undefined, reason)
      this.control(c, packet, packet.length)
    }
    this.#next(c)
  }

  #packet(c: number, buffer: Uint8Array, offset: number, length: number): void {
    const { clients } = this
    const opcode = buffer[offset + 1]
    if (opcode === OPCODE.error) this.failed(c, peerText(buffer, offset, length), false)
    else if (opcode === OPCODE.oack) {
      // Ours to it was lost. A put's own timer does that.
      if (clients.done[c] === 0 && this.#options.direction === 'get') this.#direction.agreed(c)
    } else {
      this.#direction.packet(c, buffer, offset, length)
      if (clients.vanishAt[c] !== 0 && clients.done[c] + 1 >= clients.vanishAt[c]) this.#vanish(c)
    }
  }

  /** The first answer decides the server's port and what was agreed. */
  #first(c: number, from: number, buffer: Uint8Array, offset: number, length: number): void {
    const { clients } = this
    const opcode = buffer[offset + 1]
    const isGet = this.#options.direction === 'get'
    const plain = isGet ? opcode === OPCODE.data : opcode === OPCODE.ack
    // Of the transfer before, whose final ACK was lost: a server that takes the options answers them first.
    const isLate = this.#offered.length > 0 && clients.endedTid[c * PORTS + clients.port[c]] === from
    if (isLate && opcode === OPCODE.data) return this.#stray(c, this.#ports[clients.port[c]], from, buffer, offset)
    if (opcode === OPCODE.error) return this.failed(c, peerText(buffer, offset, length), false)
    if (opcode !== OPCODE.oack && !(plain && readBlock(buffer, offset) === (isGet ? 1 : 0))) return
    clients.tid[c] = from
    const fault = this.#answers.read(opcode === OPCODE.oack, buffer, offset, length)
    if (fault !== undefined) return this.failed(c, fault, true)
    clients.blksize[c] = this.#answers.blksize
    clients.windowsize[c] = this.#answers.windowsize
    clients.phase[c] = PHASE.running
    clients.progressed(c, this.now)
    if (this.#willVanish(c)) return this.#vanish(c)
    if (opcode === OPCODE.data) this.#direction.packet(c, buffer, offset, length)
    else this.#direction.agreed(c)
  }

  /** Late, repeated, or of a second transfer that a repeated request began. */
  #stray(c: number, port: HostSender, from: number, buffer: Uint8Array, offset: number): void {
    const { clients } = this
    const opcode = buffer[offset + 1]
    const at = c * PORTS + port.index
    if (clients.endedTid[at] === from) {
      if (opcode !== OPCODE.data || clients.endedBlock[at] !== readBlock(buffer, offset)) return
      this.#counts.retransmitted++
      writeAck(this.#ack, 0, clients.endedBlock[at])
      this.#send(clients.host[c], port.index, from, this.#ack, HEADER_BYTES)
    } else if (opcode !== OPCODE.error && clients.port[c] === port.index && clients.phase[c] === PHASE.running) {
      // RFC 1350 §4.
      this.#send(clients.host[c], port.index, from, UNKNOWN_TID, UNKNOWN_TID.length)
    }
  }

  #willVanish(c: number): boolean {
    const { vanishPercent } = this.#options
    if (vanishPercent === 0 || !this.#rng.chance(vanishPercent / 100)) return false
    const lastSeq = this.framesOf(this.clients.blksize[c])?.lastSeq ?? VANISH_WITHIN_BLOCKS
    this.clients.vanishAt[c] = 1 + this.#rng.int(Math.min(VANISH_WITHIN_BLOCKS, lastSeq))
    return this.clients.vanishAt[c] === 1
  }

  /** A client goes away in the middle of its transfer. The next one is another host: the server still talks to this one. */
  #vanish(c: number): void {
    this.#direction.endOfBatch()
    if (this.clients.phase[c] !== PHASE.running || this.clients.vanishAt[c] === 0) return
    this.#counts.vanished++
    this.#clientOf[this.clients.host[c]] = -1
    this.#hosts = this.#hosts + 1 < this.#clientOf.length ? this.#hosts + 1 : 1
    while (this.#clientOf[this.#hosts] >= 0) this.#hosts = (this.#hosts % (this.#clientOf.length - 1)) + 1
    this.#settle(c, this.#hosts)
    this.#next(c)
  }

  #settle(c: number, host: number): void {
    this.clients.host[c] = host
    this.#clientOf[host] = c
  }

  #next(c: number): void {
    const { clients } = this
    if (clients.phase[c] !== PHASE.idle) this.#ports[clients.port[c]].live--
    clients.phase[c] = PHASE.idle
    clients.tid[c] = 0
    if (this.isDone) this.#counts.endedAt = performance.now()
    if (this.#started >= this.#options.transfers) return
    clients.port[c] = (clients.port[c] + 1) % PORTS
    this.#ports[clients.port[c]].live++
    clients.begin(c, this.#started++)
    clients.waitsSince[c] = this.now
    this.#ask(c)
  }

  #ask(c: number): void {
    const { clients } = this
    const { direction, transfers, file, port } = this.#options
    const isNumbered = direction === 'put' && transfers > 1
    const packet = isNumbered ? this.#requestFor(`${file}-${clients.transfer[c]}`) : this.#request
    this.#send(clients.host[c], clients.port[c], port, packet, packet.length)
  }

  #send(host: number, port: number, to: number, packet: Uint8Array, length: number): void {
    if (this.#loss > 0 && this.#rng.chance(this.#loss)) return
    this.#counts.datagramsOut++
    this.#ports[port].send(host, to, packet, length)
  }

  #requestFor(filename: string): Uint8Array {
    const opcode = this.#options.direction === 'get' ? OPCODE.rrq : OPCODE.wrq
    return encodeRequest({ opcode, filename, mode: 'octet', options: this.#offered })
  }

  #silence(c: number): string {
    const { clients } = this
    const what = clients.phase[c] === PHASE.asking ? 'no answer' : `silence after block ${clients.done[c]}`
    return `${what}, asked ${MAX_REPEATS + 1} times`
  }
}
