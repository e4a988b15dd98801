/**
 * The live stream: what runs and what changes, in frames of at most ten a second. A frame is made once, whatever reads it, and none is made
 * while nothing reads. All readers share the bytes of it, so 500 that do not read cost no more memory than one.
 */
import type { ServerResponse } from 'node:http'
import { FINAL_EVENTS } from '../../endpoint/contract.ts'
import { isTransferEvent, type ServerEvent, type TransferSnapshot } from '../../server/contract.ts'
import type { ApiSource } from '../source.ts'
import type { Snapshot } from './page-document.ts'
import { statusOf } from './status.ts'
import { type StallFinding, type TransferView, viewOf } from './view.ts'

const FRAME_EVERY_MS = 100
/** Making frames takes this share of a core at most: with thousands of transfers they come less often. */
const MAX_SHARE = 0.05
/** A reader that was cut off resumes out of the last frames: that many, and no more bytes. */
const RING_FRAMES = 4096
const RING_BYTES = 8 * 1024 * 1024
/** More than this waits for a reader: it loses frames until it has read. */
const MAX_WAITING_BYTES = 256 * 1024
/** Proxies and browsers close what is silent for longer. */
const COMMENT_EVERY_MS = 15_000
const COMMENT = Buffer.from(':\n\n')
/** Frames are still made this long after the last reader left, so that one that was cut off resumes. */
const LINGER_MS = 10_000
/** Events of one frame. Those beyond are in the history, and in the totals. */
const MAX_EVENTS = 1000
/** Of all readers together; each has a connection. */
const MAX_READERS = 500

interface Frame {
  readonly id: number
  readonly bytes: Buffer
}

interface SnapshotFrame extends Frame, Snapshot {}

interface Reader {
  readonly outgoing: ServerResponse
  /** Frames that it lost since the last that it got. */
  lost: number
}

export class Feed {
  readonly #source: ApiSource
  readonly #readers = new Set<Reader>()
  /** The newest last. */
  readonly #ring: Frame[] = []
  #ringBytes = 0
  /** Ids go up by one for each frame, and begin where no earlier start of a server has been: frames are ten a second at most. */
  #id = Math.floor(Date.now() / FRAME_EVERY_MS)
  #known = new Map<number, TransferSnapshot>()
  readonly #findings = new Map<number, StallFinding>()
  #ended: ServerEvent[] = []
  #notices: ServerEvent[] = []
  #stats = ''
  #snapshot: SnapshotFrame | undefined
  #leave: (() => void) | undefined
  #timer: NodeJS.Timeout | undefined
  #comment: NodeJS.Timeout | undefined
  #linger: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(source: ApiSource) {
    this.#source = source
  }

  get readers(): number {
    return this.#readers.size
  }

  get isFull(): boolean {
    return this.#readers.size >= MAX_READERS
  }

  /** Frames that were made since the start. */
  made = 0

  view(transfer: TransferSnapshot): TransferView {
    return viewOf(transfer, this.#findings.get(transfer.id))
  }

  views(): TransferView[] {
    return this.#source.server.transfers().map((transfer) => this.view(transfer))
  }

  /** What a reader would begin with. One that opens the stream behind it within `LINGER_MS` misses nothing. */
  snapshot(): Snapshot {
    this.#run()
    if (this.#readers.size === 0) this.#linger = setTimeout(() => this.#halt(), LINGER_MS).unref()
    return (this.#snapshot ??= this.#makeSnapshot())
  }

  /** Writes to `outgoing`, whose header is out, until it closes. `after` is the last frame that it has. */
  add(outgoing: ServerResponse, after: number | undefined): void {
    const reader: Reader = { outgoing, lost: 0 }
    this.#run()
    const missed = after === undefined ? undefined : this.#framesAfter(after)
    if (missed === undefined) this.#writeSnapshot(reader)
    else for (const { bytes } of missed) outgoing.write(bytes)
    this.#readers.add(reader)
    outgoing.on('error', () => {})
    outgoing.on('close', () => {
      this.#readers.delete(reader)
      if (this.#readers.size === 0 && !this.#isClosed) {
        this.#linger = setTimeout(() => this.#halt(), LINGER_MS).unref()
      }
    })
  }

  close(): void {
    this.#isClosed = true
    this.#halt()
    for (const { outgoing } of this.#readers) outgoing.end()
  }

  #run(): void {
    clearTimeout(this.#linger)
    if (this.#leave !== undefined) return
    this.#leave = this.#source.server.subscribe((event) => this.#take(event), 'info')
    this.#known = new Map(this.#source.server.transfers().map((transfer) => [transfer.id, transfer]))
    this.#stats = JSON.stringify(this.#source.server.stats())
    this.#schedule(FRAME_EVERY_MS)
    this.#comment = setInterval(() => this.#writeComment(), COMMENT_EVERY_MS).unref()
  }

  #halt(): void {
    this.#leave?.()
    this.#leave = undefined
    // What happens from now on is in no frame: a reader that has the last one cannot resume.
    this.#id++
    clearTimeout(this.#timer)
    clearTimeout(this.#linger)
    clearInterval(this.#comment)
    this.#known.clear()
    this.#findings.clear()
    this.#ended = []
    this.#notices = []
    this.#snapshot = undefined
    this.#ring.length = 0
    this.#ringBytes = 0
  }

  #schedule(ms: number): void {
    this.#timer = setTimeout(() => {
      const beganAt = performance.now()
      this.#frame()
      const tookMs = performance.now() - beganAt
      this.#schedule(Math.max(FRAME_EVERY_MS, tookMs / MAX_SHARE))
    }, ms).unref()
  }

  #take(event: ServerEvent): void {
    if (event.event === 'notice') {
      if (this.#notices.length < MAX_EVENTS) this.#notices.push(event)
    } else if (isTransferEvent(event)) {
      if (FINAL_EVENTS.has(event.event)) {
        this.#findings.delete(event.id)
        if (this.#ended.length < MAX_EVENTS) this.#ended.push(event)
      } else if (event.explanation !== undefined) {
        this.#findings.set(event.id, { explanation: event.explanation })
      }
    }
  }

  /** What changed since the last frame, to all readers. */
  #frame(): void {
    // It tells the time, which goes on where nothing else changes.
    this.#snapshot = undefined
    const { server } = this.#source
    const transfers = server.transfers()
    const changed: TransferView[] = []
    const known = new Map<number, TransferSnapshot>()
    for (const transfer of transfers) {
      known.set(transfer.id, transfer)
      const before = this.#known.get(transfer.id)
      if (before === undefined || differs(before, transfer)) changed.push(this.view(transfer))
    }
    const gone: number[] = []
    for (const id of this.#known.keys()) if (!known.has(id)) gone.push(id)
    this.#known = known
    const stats = JSON.stringify(server.stats())
    const [ended, notices] = [this.#ended, this.#notices]
    const isSame = stats === this.#stats && changed.length + gone.length + ended.length + notices.length === 0
    if (isSame) return
    this.#stats = stats
    this.#ended = []
    this.#notices = []
    const id = ++this.#id
    const rest = JSON.stringify({ changed, gone, ended, notices }).slice(1)
    const bytes = Buffer.from(`event: changes\nid: ${id}\ndata: {"time":${Date.now()},"stats":${stats},${rest}\n\n`)
    this.made++
    this.#keep({ id, bytes })
    this.#write(bytes)
  }

  #write(bytes: Buffer): void {
    for (const reader of this.#readers) {
      const { outgoing } = reader
      if (outgoing.writableLength > MAX_WAITING_BYTES) {
        reader.lost++
        continue
      }
      if (reader.lost === 0) {
        outgoing.write(bytes)
        continue
      }
      outgoing.write(`event: lost\ndata: {"frames":${reader.lost}}\n\n`)
      reader.lost = 0
      this.#writeSnapshot(reader)
    }
  }

  /** A reader that is behind has more to read than this. */
  #writeComment(): void {
    for (const { outgoing } of this.#readers) if (outgoing.writableLength === 0) outgoing.write(COMMENT)
  }

  #writeSnapshot({ outgoing }: Reader): void {
    // It stands for the last frame: the next one tells what changed since.
    this.#snapshot ??= this.#makeSnapshot()
    outgoing.write(this.#snapshot.bytes)
  }

  #makeSnapshot(): SnapshotFrame {
    const status = { ...statusOf(this.#source), ...(JSON.parse(this.#stats) as object) }
    const transfers = [...this.#known.values()].map((transfer) => this.view(transfer))
    const data = JSON.stringify({ time: Date.now(), status, transfers })
    return { id: this.#id, data, bytes: Buffer.from(`event: snapshot\nid: ${this.#id}\ndata: ${data}\n\n`) }
  }

  #keep(frame: Frame): void {
    this.#ring.push(frame)
    this.#ringBytes += frame.bytes.length
    while (this.#ring.length > RING_FRAMES || this.#ringBytes > RING_BYTES) {
      this.#ringBytes -= this.#ring.shift()?.bytes.length ?? 0
    }
  }

  /** The frames behind `id`; undefined when one of them is not there any more, or it never was. */
  #framesAfter(id: number): readonly Frame[] | undefined {
    if (id === this.#id) return []
    const first = this.#ring[0]
    if (first === undefined || id < first.id - 1 || id > this.#id) return undefined
    return this.#ring.slice(id - first.id + 1)
  }
}

/** Whether a reader would see something else. */
function differs(a: TransferSnapshot, b: TransferSnapshot): boolean {
  return (
    a.bytes !== b.bytes ||
    a.state !== b.state ||
    a.datagrams !== b.datagrams ||
    a.retransmitted !== b.retransmitted ||
    a.stalls !== b.stalls ||
    a.window !== b.window ||
    a.rateBytesPerSec !== b.rateBytesPerSec ||
    a.served !== b.served ||
    a.sizeBytes !== b.sizeBytes ||
    a.blksize !== b.blksize
  )
}
