/**
 * Foresend's server in the world: the real Endpoint with the limits of `serve`, and devices served by what was learnt of
 * them. Only what an owner adds is made here: ports, one image under any name, and memory in place of a disk.
 */
import type { EventKind, Peer } from '../endpoint/contract.ts'
import { Endpoint, type EndpointSink, type Transfer } from '../endpoint/endpoint.ts'
import { SERVE_CAPS, SERVE_LIMITS } from '../endpoint/limits.ts'
import { ForesendError } from '../error.ts'
import { blockOfSeq, HEADER_BYTES, WIRE_ERROR } from '../packet/index.ts'
import { frameBlock } from './frame-block.ts'
import { deviceId } from '../profile/device-id.ts'
import { Devices } from '../profile/devices.ts'
import type { DeviceMemory } from '../profile/memory.ts'
import { type Counters, type LearntDevice, newCounters, type NoticeKind, type Outcome } from '../transfer/contract.ts'
import type { PolicyOptions } from '../transfer/policy/choose.ts'
import { Sender } from '../transfer/sender.ts'
import { LabUpload } from './lab-upload.ts'
import type { Outlet, Service, ServingNode, StoredFile, StoringNode } from './node.ts'

export interface EndpointNodeConfig {
  /** Sent for any name that is asked for. */
  readonly image: Uint8Array
  /** The flags of `serve` that say how blocks are sent. */
  readonly policy: PolicyOptions
  /** The peer is on the local network (rules A5, A6). Default true. */
  readonly near?: boolean
  /** What was learnt of devices before; what this node learns goes there too. */
  readonly memory?: DeviceMemory
  /** What is presumed of a device that the memory does not know. */
  readonly presumed?: LearntDevice
  /** `serve --writable`. Default false. */
  readonly writable?: boolean
  /** Milliseconds from the last byte of an upload until it is on disk. Default 0. */
  readonly flushMs?: number
  readonly notice?: (now: number, kind: NoticeKind, seq: number) => void
  /** Sees every event with the transfer, and its trace as `Traces.copy` returns it. */
  readonly watch?: (now: number, kind: EventKind, transfer: Transfer, traceOf: () => Uint32Array) => void
}

const SERVER_PORT = 69
const FIRST_TID = 40_000
const TIDS = 20_000
/** By which devices are known here: a network of one. */
const DEVICE_ADDRESS = '10.0.0.1'
const NO_COUNTERS = newCounters()
const NOTICES: ReadonlySet<string> = new Set<NoticeKind>(['started', 'stalled', 'recovered', 'window-changed'])

type LabTransfer = Transfer<number, LabContent>
/** What a transfer sends, or where it goes. `device` is what its device is known by. */
type LabContent = { readonly type: 'image'; device?: string } | LabUpload

export class EndpointNode implements ServingNode, StoringNode {
  /** Transfers that were begun, refused ones among them. */
  started = 0
  /** DATA datagrams sent. */
  dataSent = 0
  /** What the latest transfer that ended taught of its device; undefined before, and for an upload. */
  learnt: LearntDevice | undefined = undefined
  service: Service | undefined = undefined
  /** The ACK of the final block of an upload left. */
  acknowledged = false
  /** The last upload that was complete and on disk. */
  stored: StoredFile | undefined = undefined
  readonly #config: EndpointNodeConfig
  readonly #endpoint: Endpoint<number, LabContent>
  readonly #devices: Devices
  readonly #byTid = new Map<number, LabTransfer>()
  readonly #flushing: { readonly at: number; readonly transfer: LabTransfer; readonly upload: LabUpload }[] = []
  #running: LabTransfer | undefined
  #counters: Counters = NO_COUNTERS
  #latest: { readonly outcome: Outcome; readonly heardAt: number } | undefined
  #endpointAt = Infinity
  #now = 0
  #outlet: Outlet | undefined
  #frame: Uint8Array = new Uint8Array(0)
  #defect: Error | undefined

  constructor(config: EndpointNodeConfig) {
    this.#config = config
    const { memory, policy } = config
    const known = memory?.all() ?? []
    // Each boot begins at 0; what it learns is later than what was known before.
    const beganAt = known.reduce((latest, { time }) => Math.max(latest, time), 0) + 1
    this.#devices = new Devices(
      policy,
      () => undefined,
      () => beganAt + this.#now,
      (update) => memory?.merge(update),
    )
    for (const update of known) this.#devices.merge(update)
    this.#endpoint = new Endpoint(
      {
        limits: SERVE_LIMITS,
        ...SERVE_CAPS,
        writable: config.writable ?? false,
        prepare: (transfer, agreed) => {
          const prepared = this.#devices.prepare(transfer, agreed)
          this.service = { windowed: agreed.windowNegotiated, patient: prepared.device?.patient === true }
          return prepared
        },
      },
      this.#sink(),
    )
  }

  get outcome(): Outcome | undefined {
    return this.#latest?.outcome
  }

  /** How the latest transfer that ended did so, in words. */
  get says(): string {
    if (this.outcome === undefined) return this.started > 0 ? 'still at it' : 'no request came'
    return this.outcome.error?.message ?? this.outcome.status
  }

  /** Counters of the latest transfer, by COUNTER. */
  get counters(): Counters {
    return this.#running?.machine?.counters ?? this.#counters
  }

  get deadline(): number {
    let at = this.#endpointAt
    for (const flush of this.#flushing) at = Math.min(at, flush.at)
    return at
  }

  attach(outlet: Outlet): void {
    this.#outlet = outlet
  }

  handleDatagram(now: number, buffer: Uint8Array, offset: number, length: number, from: number, to: number): void {
    this.#now = now
    const transfer = this.#byTid.get(to)
    if (to === SERVER_PORT) this.#endpoint.handleRequest(now, this.#peerAt(from), buffer, offset, length)
    else if (transfer?.peer.port === from) this.#endpoint.handleDatagram(now, transfer, buffer, offset, length)
    else {
      const answer = this.#endpoint.handleStray(now, buffer, offset, length)
      if (answer !== undefined) this.#outlet!.send(now, answer, 0, answer.length, to, from)
    }
    this.#throwDefect()
  }

  handleTimer(now: number): void {
    this.#now = now
    for (let i = this.#flushing.length - 1; i >= 0; i--) {
      const { at, transfer, upload } = this.#flushing[i]
      if (at > now) continue
      this.#flushing.splice(i, 1)
      this.#flushed(transfer, upload)
    }
    if (this.#endpointAt <= now) this.#endpoint.handleTimer(now)
    this.#throwDefect()
  }

  /** What the endpoint says comes here. */
  #sink(): EndpointSink<number, LabContent> {
    return {
      open: (transfer) => this.#open(transfer),
      sendBlocks: (transfer, first, count) => this.#sendBlocks(transfer, first, count),
      sendControl: (transfer, buffer, length) => this.#send(transfer, buffer, length),
      reply: (peer, buffer, length) => this.#outlet!.send(this.#now, buffer, 0, length, SERVER_PORT, peer.port),
      store: ({ content }, _seq, buffer, offset, length) => {
        if (content?.type === 'upload') content.append(buffer, offset, length)
      },
      finish: (transfer) => this.#finish(transfer),
      event: (kind, transfer, outcome) => this.#event(kind, transfer, outcome),
      close: (transfer) => this.#close(transfer),
      deadline: (at) => {
        this.#endpointAt = at
      },
    }
  }

  #open(transfer: LabTransfer): void {
    const tid = FIRST_TID + (this.started++ % TIDS)
    transfer.io = tid
    this.#byTid.set(tid, transfer)
    this.#running = transfer
    if (transfer.direction === 'write') return this.#openUpload(transfer)
    const { image, presumed } = this.#config
    if (presumed !== undefined) {
      const device = deviceId(transfer.peer.address, undefined, transfer.request)
      this.#devices.merge({ device, learnt: presumed, time: 0, count: 0 })
    }
    transfer.content = { type: 'image', device: '' }
    this.#endpoint.acceptRead(this.#now, transfer, image.length)
  }

  #sendBlocks(transfer: LabTransfer, first: number, count: number): void {
    const { image } = this.#config
    const { blksize, rollover } = transfer.agreed!
    if (this.#frame.length < HEADER_BYTES + blksize) this.#frame = new Uint8Array(HEADER_BYTES + blksize)
    for (let seq = first; seq < first + count; seq++) {
      const length = frameBlock(image, seq, blksize, blockOfSeq(seq, rollover), this.#frame)
      this.dataSent++
      this.#send(transfer, this.#frame, length)
    }
  }

  #finish(transfer: LabTransfer): void {
    const { content } = transfer
    if (content?.type !== 'upload') return
    const { flushMs = 0 } = this.#config
    if (flushMs === 0) this.#flushed(transfer, content)
    else this.#flushing.push({ at: this.#now + flushMs, transfer, upload: content })
  }

  #event(kind: EventKind, transfer: LabTransfer, outcome?: Outcome): void {
    if (NOTICES.has(kind)) this.#config.notice?.(this.#now, kind as NoticeKind, 0)
    this.#config.watch?.(this.#now, kind, transfer, () => this.#endpoint.traceOf(transfer))
    if (outcome === undefined) return
    if (transfer.direction === 'write' && outcome.status === 'completed') this.acknowledged = true
    if (outcome.error?.code === 'ERR_TFTP_INTERNAL') this.#defect ??= outcome.error
    // Where several run beside each other, the one whose peer spoke last is the one that counts.
    if (this.#latest !== undefined && transfer.heardAt < this.#latest.heardAt) return
    this.#latest = { outcome, heardAt: transfer.heardAt }
  }

  #close(transfer: LabTransfer): void {
    this.#devices.ended(transfer)
    this.learnt = transfer.machine instanceof Sender ? transfer.machine.learnt() : undefined
    if (this.#running === transfer) {
      // The endpoint may use a record of its own again.
      this.#counters = [...(transfer.machine?.counters ?? NO_COUNTERS)]
      this.#running = undefined
    }
    if (transfer.io !== undefined) this.#byTid.delete(transfer.io)
    transfer.io = undefined
    transfer.content = undefined
  }

  /** As `serve --writable` without `--overwrite`: a file that is there stays, and one upload to a name runs at a time. */
  #openUpload(transfer: LabTransfer): void {
    const others = [...this.#byTid.values()].filter((other) => other !== transfer && other.content?.type === 'upload')
    if (this.stored !== undefined) {
      const message = `${transfer.label}: the file exists; start the server with --overwrite to replace it`
      const error = new ForesendError('ERR_TFTP_EXISTS', message, { fault: 'peer', wireCode: WIRE_ERROR.exists })
      return this.#endpoint.refuse(this.#now, transfer, error)
    }
    if (others.length > 0 || this.#flushing.length > 0) {
      const message = `${transfer.label}: another upload to this name is running; wait for its end`
      const error = new ForesendError('ERR_TFTP_BUSY', message, { fault: 'peer', wireCode: WIRE_ERROR.access })
      return this.#endpoint.refuse(this.#now, transfer, error)
    }
    transfer.content = new LabUpload(transfer.request.mode === 'netascii')
    this.#endpoint.acceptWrite(this.#now, transfer)
  }

  #flushed(transfer: LabTransfer, upload: LabUpload): void {
    this.stored = upload.finish(this.#now)
    // One that was let go meanwhile has lost its content, and its record may serve another transfer.
    if (transfer.content === upload) this.#endpoint.handleStored(this.#now, transfer)
  }

  #peerAt(port: number): Peer {
    return { address: DEVICE_ADDRESS, port, local: '', near: this.#config.near ?? true }
  }

  #send(transfer: LabTransfer, buffer: Uint8Array, length: number): void {
    if (transfer.io !== undefined) this.#outlet!.send(this.#now, buffer, 0, length, transfer.io, transfer.peer.port)
  }

  /** The endpoint turns a defect into a transfer that failed. Here it is a bug, and ends the run. */
  #throwDefect(): void {
    if (this.#defect !== undefined) throw this.#defect
  }
}
