/**
 * What every model of a receiving device has: ports, a request, a small receive queue that waits while the device is busy,
 * one timer, and an image in memory with a map of what was written. The families in this folder say what the device does
 * with a packet; they are written from the behaviour of the real programs.
 */
import {
  encodeError,
  encodeRequest,
  HEADER_BYTES,
  OPCODE,
  type Option,
  optionNumber,
  parseError,
  parseOack,
  readBlock,
  readOpcode,
  writeAck,
} from '../../packet/index.ts'
import { HeldFrame } from '../frame.ts'
import type { Outlet, ReceivingNode } from '../node.ts'
import type { ClientResult } from './result.ts'

export type { ClientResult } from './result.ts'

export interface ClientConfig {
  /** Size of the image in bytes. The lab knows it; the device learns it only where its protocol says so. */
  readonly sizeBytes: number
  readonly filename?: string
  /** When the device asks for the first time, in virtual milliseconds. Default 0. */
  readonly startMs?: number
  /** How many times it may start, for devices that start again when a transfer failed. Default 1. */
  readonly starts?: number
  /** Between giving up and asking again. */
  readonly restartDelayMs?: number
  /** `slow-flash`: each time this many blocks came it stops to erase and write, and looks at nothing meanwhile. */
  readonly slowFlash?: { readonly everyBlocks: number; readonly pauseMs: number }
  /** Frames that its receive ring holds while it is busy; later ones are lost. */
  readonly rxQueue?: number
}

export const SERVER_PORT = 69
const FIRST_LOCAL_PORT = 2070
const DEFAULT_RESTART_DELAY_MS = 1000
const DEFAULT_BLKSIZE = 512
const MAX_BLKSIZE = 65464
/** Ethernet drivers of bootloaders keep a handful of receive buffers; U-Boot's PKTBUFSRX is 4. */
const DEFAULT_RX_QUEUE = 4

export abstract class Client implements ReceivingNode {
  deadline: number
  /** Distinct blocks that it has stored since it asked. */
  stored = 0
  /** Set when the device is done. */
  result: ClientResult | undefined = undefined
  /** What it asks with. */
  options: readonly Option[]

  /** The transfer identifier of the server is known: packets from other ports do not count. */
  protected locked = false
  protected blksize = DEFAULT_BLKSIZE
  protected timeouts = 0
  protected repeats = 0
  /** While the device prints or writes flash it does not look at its network card. */
  protected busyUntil = 0

  readonly #config: ClientConfig
  #request: Uint8Array
  #freshStart = true
  #outlet: Outlet | undefined
  #phase: 'off' | 'running' | 'restarting' | 'done' = 'off'
  #startsLeft: number
  #localPort = FIRST_LOCAL_PORT
  #serverPort = SERVER_PORT
  #timerAt = Infinity
  #image: Uint8Array
  #writtenMap: Uint8Array = new Uint8Array(0)
  #bytes = 0
  #strayBytes = 0
  #acksSent = 0
  #errorsSent = 0
  #overruns = 0
  #stores = 0
  #requests = 0
  readonly #ack = new Uint8Array(HEADER_BYTES)
  readonly #queue: HeldFrame[] = []
  #queueFirst = 0
  #queueLength = 0

  constructor(config: ClientConfig, options: readonly Option[]) {
    this.#config = config
    this.options = options
    this.#request = this.#encode(options)
    this.#image = new Uint8Array(config.sizeBytes)
    this.#startsLeft = config.starts ?? 1
    this.deadline = config.startMs ?? 0
    for (let i = 0; i < (config.rxQueue ?? DEFAULT_RX_QUEUE); i++) this.#queue.push(new HeldFrame())
  }

  attach(outlet: Outlet): void {
    this.#outlet = outlet
  }

  handleDatagram(now: number, buffer: Uint8Array, offset: number, length: number, from: number, to: number): void {
    if (now < this.busyUntil || this.#queueLength > 0) this.#enqueue(buffer, offset, length, from, to)
    else this.#receive(now, buffer, offset, length, from, to)
    this.#settle()
  }

  handleTimer(now: number): void {
    if (this.#phase === 'off' || (this.#phase === 'restarting' && now >= this.#timerAt)) this.#boot(now)
    while (this.#queueLength > 0 && now >= this.busyUntil) {
      const frame = this.#queue[this.#queueFirst]!
      this.#queueFirst = (this.#queueFirst + 1) % this.#queue.length
      this.#queueLength--
      this.#receive(now, frame.buffer, frame.offset, frame.length, frame.from, frame.to)
    }
    if (this.#phase === 'running' && now >= this.#timerAt && now >= this.busyUntil) {
      this.#timerAt = Infinity
      this.onTimer(now)
    }
    this.#settle()
  }

  /** The device (re)starts a transfer: reset the family's state, then send the request. */
  protected abstract onStart(now: number): void
  /** DATA from a port that may be the server's. `payload` is an offset into `buffer`. */
  protected abstract onData(
    now: number,
    block: number,
    buffer: Uint8Array,
    payload: number,
    length: number,
    from: number,
  ): void
  protected abstract onOack(now: number, options: readonly Option[], from: number): void
  protected abstract onError(now: number, wireCode: number): void
  protected abstract onTimer(now: number): void
  /** A packet after the end. Most devices are gone by then. */
  protected onLate(_now: number, _opcode: number, _block: number): void {}

  protected lock(from: number): void {
    this.locked = true
    this.#serverPort = from
  }

  protected setTimer(at: number): void {
    this.#timerAt = at
  }

  protected sendRequest(now: number): void {
    this.#requests++
    this.#outlet!.send(
      now,
      this.#request,
      0,
      this.#request.length,
      this.#localPort,
      this.locked ? this.#serverPort : SERVER_PORT,
    )
  }

  protected sendAck(now: number, block: number): void {
    this.#acksSent++
    writeAck(this.#ack, 0, block)
    this.#outlet!.send(now, this.#ack, 0, this.#ack.length, this.#localPort, this.#serverPort)
  }

  protected sendError(now: number, wireCode: number, message: string): void {
    this.#errorsSent++
    const packet = encodeError(wireCode, message)
    this.#outlet!.send(now, packet, 0, packet.length, this.#localPort, this.#serverPort)
  }

  /** Writes to memory, in order or not, once or twice, within the file or beyond it: as the device would. */
  protected store(position: number, buffer: Uint8Array, payload: number, length: number): void {
    if (this.#writtenMap.length === 0)
      this.#writtenMap = new Uint8Array(Math.floor(this.#config.sizeBytes / this.blksize) + 1)
    const fits = Math.max(0, Math.min(length, this.#image.length - position))
    if (position >= 0) {
      if (fits > 0) this.#image.set(buffer.subarray(payload, payload + fits), position)
      const index = Math.floor(position / this.blksize)
      if (index < this.#writtenMap.length) {
        if (this.#writtenMap[index] === 0) this.stored++
        if (this.#writtenMap[index]! < 255) this.#writtenMap[index]!++
      }
    }
    this.#stores++
    this.#strayBytes += length - fits
    this.#bytes = Math.max(this.#bytes, position + length)
  }

  /** blksize from an OACK; the default where it says nothing. Undefined when it is larger than what was offered. */
  protected agreedBlksize(answered: readonly Option[]): number | undefined {
    const value = optionNumber(answered, 'blksize', 8, MAX_BLKSIZE)
    if (value === undefined) return DEFAULT_BLKSIZE
    const offered = optionNumber(this.options, 'blksize', 8, MAX_BLKSIZE)
    return offered === undefined || value > offered ? undefined : value
  }

  protected offered(name: string): boolean {
    return this.options.some((option) => option.name === name)
  }

  protected hasUnasked(answered: readonly Option[]): boolean {
    return answered.some((option) => !this.offered(option.name))
  }

  protected finish(now: number, status: ClientResult['status'], reason: string): void {
    this.#phase = 'done'
    this.#timerAt = Infinity
    this.result = {
      status,
      image: this.#image,
      writtenMap: this.#writtenMap,
      bytes: this.#bytes,
      strayBytes: this.#strayBytes,
      timeouts: this.timeouts,
      acksSent: this.#acksSent,
      errorsSent: this.#errorsSent,
      repeats: this.repeats,
      overruns: this.#overruns,
      requests: this.#requests,
      blksize: this.blksize,
      endedAt: now,
      reason,
    }
  }

  /** Starts again from the request, from another port, when it has a start left. */
  protected restart(now: number, reason: string): void {
    if (this.#startsLeft === 0) this.finish(now, 'restarted', reason)
    else {
      this.#phase = 'restarting'
      this.#timerAt = now + (this.#config.restartDelayMs ?? DEFAULT_RESTART_DELAY_MS)
    }
  }

  /** Asks for something else from another port; does not count as a start. */
  protected askAnew(at: number, options: readonly Option[]): void {
    this.options = options
    this.#request = this.#encode(options)
    this.#phase = 'restarting'
    this.#freshStart = false
    this.#timerAt = at
  }

  #encode(options: readonly Option[]): Uint8Array {
    const filename = this.#config.filename ?? 'test.bin'
    return encodeRequest({ opcode: OPCODE.rrq, filename, mode: 'octet', options })
  }

  #boot(now: number): void {
    if (this.#phase === 'restarting') {
      this.#localPort++
      this.#image = new Uint8Array(this.#config.sizeBytes)
    }
    if (this.#freshStart) this.#startsLeft--
    this.#freshStart = true
    this.#phase = 'running'
    this.locked = false
    this.#serverPort = SERVER_PORT
    this.blksize = DEFAULT_BLKSIZE
    this.#writtenMap = new Uint8Array(0)
    this.stored = 0
    this.#bytes = 0
    this.#strayBytes = 0
    this.#timerAt = Infinity
    this.onStart(now)
  }

  #receive(now: number, buffer: Uint8Array, offset: number, length: number, from: number, to: number): void {
    if (to !== this.#localPort || (this.locked && from !== this.#serverPort)) return
    const opcode = readOpcode(buffer, offset, length)
    const block = length >= HEADER_BYTES ? readBlock(buffer, offset) : 0
    if (this.#phase === 'done') return this.onLate(now, opcode, block)
    if (this.#phase !== 'running') return
    if (opcode === OPCODE.data && length >= HEADER_BYTES) {
      const before = this.#stores
      this.onData(now, block, buffer, offset + HEADER_BYTES, length - HEADER_BYTES, from)
      const flash = this.#config.slowFlash
      if (flash !== undefined && this.#stores !== before && this.#stores % flash.everyBlocks === 0) {
        this.busyUntil = now + flash.pauseMs
      }
    } else if (opcode === OPCODE.oack) {
      const oack = parseOack(buffer, offset, length)
      if (oack.ok) this.onOack(now, oack.value, from)
    } else if (opcode === OPCODE.error) {
      const error = parseError(buffer, offset, length)
      if (error.ok) this.onError(now, error.value.wireCode)
    }
  }

  #enqueue(buffer: Uint8Array, offset: number, length: number, from: number, to: number): void {
    if (this.#queueLength === this.#queue.length) {
      this.#overruns++
      return
    }
    this.#queue[(this.#queueFirst + this.#queueLength) % this.#queue.length]!.set(buffer, offset, length, from, to)
    this.#queueLength++
  }

  #settle(): void {
    const timerAt = Math.max(this.#timerAt, this.busyUntil)
    this.deadline = this.#queueLength > 0 ? Math.min(this.busyUntil, timerAt) : timerAt
  }
}
