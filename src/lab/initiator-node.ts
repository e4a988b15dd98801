/**
 * Foresend's client in the world: the real Initiator, asking with what `get` and `put` offer by default. Only what an
 * owner adds is made here: the two local ports, memory in place of a file, and the words for how it ended.
 */
import { Initiator, type InitiatorSink, type RequestKind } from '../endpoint/initiator.ts'
import { blockOfSeq, HEADER_BYTES, type Option } from '../packet/index.ts'
import { frameBlock } from './frame-block.ts'
import { COUNTER, type Counters, type Outcome } from '../transfer/contract.ts'
import { type Agreed, DEFAULT_BLKSIZE } from '../transfer/negotiate.ts'
import type { ClientResult } from './client/result.ts'
import { LabUpload } from './lab-upload.ts'
import type { Outlet, ReceivingNode, UploadingNode } from './node.ts'

export interface InitiatorNodeConfig {
  readonly direction: 'read' | 'write'
  /** `write`: the local file. */
  readonly image?: Uint8Array
  /** `read`: size of the file that the server has, for the map of what was written. The client does not look at it. */
  readonly sizeBytes?: number
  readonly filename?: string
  readonly startMs?: number
  readonly blksize?: number
  readonly windowsize?: number
  /** `--wait`: milliseconds to keep asking a device that is not there yet. Default 0. */
  readonly waitMs?: number
}

/** What fits a frame of Ethernet, and the window that `get` and `put` ask for. */
export const CLIENT_BLKSIZE = 1468
export const CLIENT_WINDOWSIZE = 16

const REQUEST_MS = 1000
const RETRIES = 5
/** As client/client-transfer.ts has it. */
const DALLY_MS = 1100
/** As in the endpoint: rounding may make a deadline come a hair before the time that the machine compares with. */
const MIN_REST_MS = 0.01
const SERVER_PORT = 69
const PORTS: Readonly<Record<RequestKind, number>> = { options: 2070, plain: 2071 }
const DEFAULT_FILENAME = 'test.bin'

export class InitiatorNode implements ReceivingNode, UploadingNode {
  result: ClientResult | undefined = undefined
  outcome: Outcome | undefined = undefined
  endedAt: number | undefined = undefined
  dataSent = 0
  says = 'still at it'
  /** What it asks with. */
  readonly options: readonly Option[]
  readonly #config: InitiatorNodeConfig
  readonly #initiator: Initiator
  readonly #open = new Map<number, RequestKind>()
  #isStarted = false
  #machineAt: number
  #now = 0
  #outlet: Outlet | undefined
  /** Where the client sends from, and to, once a server has answered. */
  #port = 0
  #serverPort = SERVER_PORT
  #agreed: Agreed | undefined
  #frame: Uint8Array = new Uint8Array(0)
  #file = new LabUpload(false)
  #acksSent = 0

  constructor(config: InitiatorNodeConfig) {
    this.#config = config
    this.#machineAt = config.startMs ?? 0
    const { direction, image, blksize = CLIENT_BLKSIZE, windowsize = CLIENT_WINDOWSIZE } = config
    const filename = config.filename ?? DEFAULT_FILENAME
    const sizeBytes = direction === 'write' ? (image?.length ?? 0) : 0
    this.options = clientOptions(blksize, windowsize, sizeBytes)
    this.#initiator = new Initiator(
      {
        direction,
        filename,
        mode: 'octet',
        options: this.options,
        sizeBytes,
        near: true,
        requestMs: REQUEST_MS,
        retries: RETRIES,
        waitMs: config.waitMs ?? 0,
        label: `"${filename}" ${direction === 'read' ? 'from' : 'to'} 10.0.0.2:${SERVER_PORT}`,
        dallyMs: DALLY_MS,
      },
      this.#sink(),
    )
  }

  get deadline(): number {
    return this.#machineAt
  }

  get stored(): number {
    return this.counters[COUNTER.blocks]
  }

  get blksize(): number {
    return this.#agreed?.blksize ?? DEFAULT_BLKSIZE
  }

  get counters(): Counters {
    return this.#initiator.counters
  }

  /** Its own timer ran out this often. */
  get timeouts(): number {
    return this.counters[COUNTER.timeouts]
  }

  attach(outlet: Outlet): void {
    this.#outlet = outlet
  }

  handleDatagram(now: number, buffer: Uint8Array, offset: number, length: number, from: number, to: number): void {
    this.#now = now
    const kind = this.#open.get(to)
    // A socket that a server has answered is connected: the kernel drops what comes from another port.
    if (kind === undefined || (this.#port !== 0 && from !== this.#serverPort)) return
    this.#initiator.handleDatagram(now, buffer, offset, length, from, kind)
    this.#settle()
  }

  handleTimer(now: number): void {
    this.#now = now
    if (!this.#isStarted) {
      this.#isStarted = true
      this.#initiator.start(now)
    } else {
      this.#initiator.handleTimer(now)
      this.#machineAt = Math.max(this.#machineAt, now + MIN_REST_MS)
    }
    this.#settle()
  }

  #sink(): InitiatorSink {
    return {
      request: (kind, buffer) => {
        this.#open.set(PORTS[kind], kind)
        this.#outlet!.send(this.#now, buffer, 0, buffer.length, PORTS[kind], SERVER_PORT)
      },
      lock: (kind, port) => {
        // A server with one port may have one transfer only: the other port stays until `drop`.
        if (port !== SERVER_PORT) for (const [open, other] of this.#open) if (other !== kind) this.#open.delete(open)
        this.#port = PORTS[kind]
        this.#serverPort = port
      },
      drop: (kind, port, farewell) => {
        if (farewell !== undefined) this.#outlet!.send(this.#now, farewell, 0, farewell.length, PORTS[kind], port)
        this.#open.delete(PORTS[kind])
      },
      // The socket is connected by then: nothing of another port reaches the machine.
      refuse: () => {},
      agreed: (agreed) => {
        this.#agreed = agreed
        this.#frame = new Uint8Array(HEADER_BYTES + agreed.blksize)
      },
      seen: () => '',
      sendBlocks: (first, count) => this.#sendBlocks(first, count),
      sendControl: (buffer, length) => {
        this.#acksSent++
        this.#outlet!.send(this.#now, buffer, 0, length, this.#port, this.#serverPort)
      },
      store: (_seq, buffer, offset, length) => this.#file.append(buffer, offset, length),
      finish: () => this.#initiator.handleStored(this.#now),
      deadline: (at) => {
        this.#machineAt = at
      },
      ended: (outcome) => {
        this.outcome = outcome
        this.endedAt = this.#now
        this.says = outcome.error?.message ?? (outcome.lastAck === 'missing' ? 'probably complete' : outcome.status)
      },
      notice: () => {},
    }
  }

  #sendBlocks(first: number, count: number): void {
    const { blksize, rollover } = this.#agreed!
    const image = this.#config.image!
    for (let seq = first; seq < first + count; seq++) {
      const length = frameBlock(image, seq, blksize, blockOfSeq(seq, rollover), this.#frame)
      this.dataSent++
      this.#outlet!.send(this.#now, this.#frame, 0, length, this.#port, this.#serverPort)
    }
  }

  /** A `get` that has decided has a file, or none. */
  #settle(): void {
    if (this.#config.direction !== 'read' || this.outcome === undefined || this.result !== undefined) return
    const { sizeBytes = 0 } = this.#config
    const file = this.#file.finish(this.#now).bytes
    const image = new Uint8Array(sizeBytes)
    image.set(file.subarray(0, sizeBytes))
    const { blksize } = this
    const blocks = this.counters[COUNTER.blocks]
    this.result = {
      status: this.outcome.status === 'completed' ? 'ok' : 'failed',
      image,
      writtenMap: new Uint8Array(Math.floor(sizeBytes / blksize) + 1).fill(1, 0, blocks),
      bytes: file.length,
      strayBytes: Math.max(0, file.length - sizeBytes),
      timeouts: this.timeouts,
      acksSent: this.#acksSent,
      errorsSent: 0,
      repeats: this.counters[COUNTER.retransmitted],
      overruns: 0,
      requests: this.#initiator.requests,
      blksize,
      endedAt: this.#now,
      reason: this.says,
    }
  }
}

/** As client/options.ts has it: what is RFC 1350's own is not offered, and without any other option no size either. */
function clientOptions(blksize: number, windowsize: number, sizeBytes: number): Option[] {
  const options: Option[] = []
  if (blksize !== DEFAULT_BLKSIZE) options.push({ name: 'blksize', value: String(blksize) })
  if (windowsize !== 1) options.push({ name: 'windowsize', value: String(windowsize) })
  return options.length === 0 ? [] : [{ name: 'tsize', value: String(sizeBytes) }, ...options]
}
