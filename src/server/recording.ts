/** Which packets of which transfers are recorded, and what the files are called. */
import { FINAL_EVENTS, type EventKind, type Peer } from '../endpoint/contract.ts'
import { clientOf } from '../endpoint/endpoint.ts'
import type { RecordedTransfer } from '../io/recorder-file.ts'
import type { TransferLog } from '../io/recorder-log.ts'
import type { Recorder } from '../io/recorder.ts'
import { escapeText } from '../packet/index.ts'
import { DEFAULT_BLKSIZE } from '../transfer/negotiate.ts'
import type { ServedTransfer } from './content.ts'
import { isTrouble } from './evidence.ts'

/** Of the name that was asked for, in the name of a recording. */
const MAX_NAME_CHARS = 60

interface Running {
  readonly log: TransferLog
  readonly requestedAt: number
  /** A file is made of it, and this is what became of it. */
  outcome: EventKind | undefined
}

export interface RecordingOptions {
  readonly recorder: Recorder
  /** Only transfers that failed, stalled or repeated much. */
  readonly failedOnly: boolean
  /** The port that is listened on. */
  readonly port: () => number
}

export class Recording {
  readonly #options: RecordingOptions
  readonly #running = new Map<ServedTransfer, Running>()
  /** The same by the peer: a request that comes again finds its transfer by that. */
  readonly #byClient = new Map<string, Running>()
  /** The request that is being handled. */
  #asked: Uint8Array | undefined

  constructor(options: RecordingOptions) {
    this.#options = options
  }

  /** Before the endpoint gets a request. */
  asks(buffer: Uint8Array, offset: number, length: number): void {
    this.#asked = buffer.subarray(offset, offset + length)
  }

  /** After that: unless it began a transfer, it belongs to one that runs. */
  asked(now: number, peer: Peer): void {
    const request = this.#asked
    this.#asked = undefined
    if (request === undefined) return
    const running = this.#byClient.get(clientOf(peer))
    running?.log.received(now - running.requestedAt, request, 0, request.length)
  }

  received(now: number, transfer: ServedTransfer, buffer: Uint8Array, offset: number, length: number): void {
    this.#running.get(transfer)?.log.received(now - transfer.requestedAt, buffer, offset, length)
  }

  sentBlocks(now: number, transfer: ServedTransfer, first: number, count: number): void {
    this.#running.get(transfer)?.log.sentBlocks(now - transfer.requestedAt, first, count)
  }

  sent(now: number, transfer: ServedTransfer, buffer: Uint8Array, length: number): void {
    this.#running.get(transfer)?.log.sent(now - transfer.requestedAt, buffer, length)
  }

  event(kind: EventKind, transfer: ServedTransfer): void {
    if (kind === 'requested') return this.#begin(transfer)
    const running = FINAL_EVENTS.has(kind) && !transfer.isUnheard ? this.#running.get(transfer) : undefined
    if (running !== undefined && (!this.#options.failedOnly || isTrouble(kind, transfer))) running.outcome = kind
  }

  /** `transfer` still has what its owner hung on it. `time`: milliseconds since the epoch. */
  close(now: number, time: number, transfer: ServedTransfer): void {
    const running = this.#running.get(transfer)
    if (running === undefined) return
    this.#running.delete(transfer)
    const client = clientOf(transfer.peer)
    if (this.#byClient.get(client) === running) this.#byClient.delete(client)
    const { outcome, log } = running
    const describe = outcome === undefined ? undefined : () => this.#describe(now, time, transfer, outcome)
    this.#options.recorder.end(now, log, describe)
  }

  #begin(transfer: ServedTransfer): void {
    const log = this.#options.recorder.begin()
    const running = { log, requestedAt: transfer.requestedAt, outcome: undefined }
    this.#running.set(transfer, running)
    this.#byClient.set(clientOf(transfer.peer), running)
    const request = this.#asked
    this.#asked = undefined
    if (request !== undefined) log.received(0, request, 0, request.length)
  }

  #describe(now: number, time: number, transfer: ServedTransfer, outcome: EventKind): RecordedTransfer {
    const { id, peer, request, direction, agreed, io, sizeBytes } = transfer
    const startMs = time - (now - transfer.requestedAt)
    const requestPort = this.#options.port()
    const verb = direction === 'read' ? 'reads' : 'stores'
    const shared = agreed?.group === undefined ? '' : ' with other clients of its group'
    return {
      startMs,
      peer: peer.address,
      peerPort: peer.port,
      local: peer.local,
      requestPort,
      localPort: io?.localPort ?? requestPort,
      group: agreed?.group,
      blksize: agreed?.blksize ?? DEFAULT_BLKSIZE,
      rollover: agreed?.rollover ?? 0,
      sizeBytes: direction === 'read' ? sizeBytes : undefined,
      name: `${stamp(startMs)}-${plain(peer.address)}-${plain(request.filename)}-${outcome}-${id}.pcapng`,
      comment: `foresend serve: ${clientOf(peer)} ${verb} ${escapeText(request.filename)}${shared}, ${outcome}; the bytes of the file are left out`,
    }
  }
}

/** `20261127T223501.123Z`: files sort by it. */
function stamp(ms: number): string {
  return new Date(ms).toISOString().replace(/[-:]/g, '')
}

/** What every file system takes. */
function plain(text: string): string {
  return text.replace(/[^\w.-]+/g, '_').slice(-MAX_NAME_CHARS)
}
