/**
 * All that a capture file shows of TFTP: push the file's bytes in, and transfers come out, each when it is over. Memory is bounded whatever
 * the file holds.
 *
 *     bytes > CaptureReader > frames > FrameDecoder > datagrams > FlowTracker > CapturedTransfer
 */
import { formatAddress } from './address.ts'
import {
  type CapturedNeighbour,
  type CapturedTransfer,
  type CaptureSummary,
  CLOCK_BACK_MS,
  MAX_COMMENTS,
  MAX_NEIGHBOURS,
} from './contract.ts'
import { FlowTracker } from './flow/flow-tracker.ts'
import type { FragmentedPacket } from './flow/flow.ts'
import { type DecodedSink, FrameDecoder } from './frame/decoder.ts'
import type { NeighbourMessage } from './frame/neighbour.ts'
import { CaptureReader } from './read/capture-reader.ts'
import { type CapturedRecord, timeMs } from './read/record.ts'

/** Numbers of link types have 16 bits, and a file may use them all. */
const MAX_LINK_TYPES = 64

export class CaptureTransfers {
  readonly #reader: CaptureReader
  readonly #tracker: FlowTracker
  readonly #decoder: FrameDecoder
  readonly #comments: { number: number | undefined; text: string }[] = []
  readonly #neighbours = new Map<string, { -readonly [K in keyof CapturedNeighbour]: CapturedNeighbour[K] }>()
  readonly #unknownLinkTypes = new Map<number, number>()
  #frames = 0
  #firstMs: number | undefined
  #lastMs: number | undefined
  #lastSeconds = 0
  #latestSeconds = 0
  #cutFrames = 0
  #untimedFrames = 0
  #udpDatagrams = 0
  #clockWentBack = 0

  /** `name` of the file stands in messages. Transfers come in the order in which they end. */
  constructor(name: string, onTransfer: (transfer: CapturedTransfer) => void) {
    this.#tracker = new FlowTracker(onTransfer)
    this.#tracker.onlyRequests = true
    this.#decoder = new FrameDecoder(this.#decoded())
    this.#reader = new CaptureReader(name, {
      record: (record) => this.#record(record),
      comment: (number, text) => {
        if (this.#comments.length < MAX_COMMENTS) this.#comments.push({ number, text })
      },
    })
  }

  /** The next bytes of the file; they are not kept. Throws ERR_TFTP_CAPTURE when it is no capture. */
  push(bytes: Uint8Array): void {
    this.#reader.push(bytes)
  }

  /** The file is over: the transfers that still ran are handed on. `broken`: why its bytes end early, when that is known from outside. */
  end(broken?: string): CaptureSummary {
    const read = this.#reader.end()
    // The program went on to look for so long, and nothing came.
    if (read.endSeconds !== undefined && read.endSeconds > this.#latestSeconds) {
      this.#latestSeconds = read.endSeconds
      this.#tracker.advance(read.endSeconds)
    }
    this.#decoder.end(this.#latestSeconds)
    this.#tracker.end()
    return {
      format: read.format,
      frames: this.#frames,
      bytes: read.bytes,
      firstMs: this.#firstMs,
      lastMs: this.#lastMs,
      broken: broken === undefined ? read.broken : { atByte: read.bytes, reason: broken },
      comments: this.#comments,
      cutFrames: this.#cutFrames,
      droppedFrames: read.droppedFrames,
      unknownLinkTypes: this.#unknownLinkTypes,
      udpDatagrams: this.#udpDatagrams,
      tftpDatagrams: this.#tracker.tftpDatagrams,
      transfers: this.#tracker.transfers,
      evicted: this.#tracker.evicted,
      untimedFrames: this.#untimedFrames,
      clockWentBack: this.#clockWentBack,
      neighbours: [...this.#neighbours.values()],
    }
  }

  #record(record: CapturedRecord): void {
    this.#frames++
    const seconds = record.seconds + record.nanos / 1e9
    if (record.timed) {
      this.#lastMs = timeMs(record)
      this.#firstMs ??= this.#lastMs
      if (seconds < this.#lastSeconds - CLOCK_BACK_MS / 1000) this.#clockWentBack++
      this.#lastSeconds = seconds
      this.#latestSeconds = Math.max(this.#latestSeconds, seconds)
    } else this.#untimedFrames++
    if (record.length < record.originalBytes) this.#cutFrames++
    this.#tracker.advance(seconds)
    const { requests } = this.#tracker
    this.#decoder.record(record)
    if (this.#tracker.requests === requests) this.#tracker.onlyRequests = false
  }

  #decoded(): DecodedSink {
    return {
      datagram: (d) => {
        this.#udpDatagrams++
        return this.#tracker.datagram(d)
      },
      completed: (owner, d) => this.#tracker.completed(owner as FragmentedPacket, d),
      incomplete: (owner, assembly, reason) => this.#tracker.incomplete(owner as FragmentedPacket, assembly, reason),
      icmp: (record, from, error) => this.#tracker.icmp(record, from, error),
      neighbour: (record, message) => {
        this.#neighbour(record, message)
        this.#tracker.neighbour(record, message)
      },
      unknownLink: (linkType) => {
        const count = this.#unknownLinkTypes.get(linkType)
        if (count !== undefined || this.#unknownLinkTypes.size < MAX_LINK_TYPES)
          this.#unknownLinkTypes.set(linkType, (count ?? 0) + 1)
      },
    }
  }

  #neighbour(record: CapturedRecord, { isQuestion, target, by, addressBytes }: NeighbourMessage): void {
    const address = formatAddress(record.buffer, target, addressBytes)
    let seen = this.#neighbours.get(address)
    if (seen === undefined) {
      if (this.#neighbours.size === MAX_NEIGHBOURS) return
      const askedBy = formatAddress(record.buffer, by, addressBytes)
      seen = { address, questions: 0, answers: 0, askedBy, number: record.number }
      this.#neighbours.set(address, seen)
    }
    if (isQuestion) seen.questions++
    else seen.answers++
  }
}
