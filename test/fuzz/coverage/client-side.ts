/** One input against a transfer of ours: answers of a server, of several ports, time, and a disk that fails. */
import { Initiator, type InitiatorSink, type RequestKind } from '../../../src/endpoint/initiator.ts'
import { ForesendError } from '../../../src/error.ts'
import type { Option } from '../../../src/packet/index.ts'
import type { Outcome } from '../../../src/transfer/contract.ts'
import type { Agreed } from '../../../src/transfer/negotiate.ts'
import type { Bytes } from './bytes.ts'
import { Longest } from './longest.ts'
import { ack, data, oack, options } from './words.ts'

const PORTS = [3000, 3000, 3000, 3001]
const KINDS: readonly RequestKind[] = ['options', 'options', 'plain']
const TIMES_MS = [0.05, 1, 50, 300, 1100, 4100, 31_000]
const MOST_STEPS = 32
const MOST_CONTROL_BYTES = 600
const AFTERMATH_MS = 3_600_000

/** Returns the time of the longest step. */
export function playClient(bytes: Bytes): number {
  const longest = new Longest()
  const direction = bytes.below(3) === 0 ? 'write' : 'read'
  const flags = bytes.u8()
  const offered = options(bytes)
  const multicast = direction === 'read' && (flags & 1) !== 0
  if (multicast) offered.push({ name: 'multicast', value: '' })
  const sink = new Sink(direction, bytes.pick([0, 1, 511, 512, 5000, 70_000]))
  const initiator = new Initiator(
    {
      direction,
      filename: 'image',
      mode: (flags & 2) === 0 ? 'octet' : 'netascii',
      options: unique(offered),
      multicast,
      sizeBytes: direction === 'write' ? sink.sizeBytes : 0,
      near: (flags & 4) === 0,
      requestMs: 1000,
      retries: 3,
      waitMs: (flags & 8) === 0 ? 0 : 2000,
      label: 'image',
    },
    sink,
  )
  initiator.start(sink.now)
  for (let step = 0; step < MOST_STEPS && !bytes.isEmpty; step++)
    longest.time(() => one(initiator, sink, unique(offered), bytes))
  pass(initiator, sink, AFTERMATH_MS)
  if (sink.outcome === undefined && !sink.isStoring) throw new Error('it never ended')
  return longest.ms
}

function one(initiator: Initiator, sink: Sink, offered: readonly Option[], bytes: Bytes): void {
  const take = (packet: Uint8Array): void => {
    sink.now += 0.05
    initiator.handleDatagram(sink.now, packet, 0, packet.length, bytes.pick(PORTS), bytes.pick(KINDS))
  }
  switch (bytes.below(9)) {
    case 0:
      return take(bytes.packet())
    case 1:
      return take(oack(bytes, offered))
    case 2:
      return take(ack(bytes.u8()))
    case 3:
      return take(data(bytes.u8(), bytes.pick([sink.blksize, sink.blksize, 0, 1, sink.blksize + 1])))
    case 4:
      return pass(initiator, sink, bytes.pick(TIMES_MS))
    case 5:
      return initiator.handleUnreachable(sink.now)
    case 6:
      if (!sink.isStoring) return
      sink.isStoring = false
      return initiator.handleStored(sink.now, bytes.below(3) === 0 ? fault() : undefined)
    case 7:
      return bytes.below(4) === 0 ? initiator.abort(sink.now, fault()) : undefined
    default:
      // What it waits for.
      for (let left = 1 + bytes.below(8); left > 0 && !initiator.closed; left--) {
        take(sink.isWriter ? ack(sink.reached) : data(sink.reached + 1, bytes.pick([sink.blksize, sink.blksize, 7])))
      }
  }
}

function pass(initiator: Initiator, sink: Sink, ms: number): void {
  const until = sink.now + ms
  while (sink.deadlineAt <= until) {
    sink.now = Math.max(sink.now, sink.deadlineAt)
    initiator.handleTimer(sink.now)
  }
  sink.now = until
}

class Sink implements InitiatorSink {
  now = 0
  deadlineAt = Infinity
  outcome: Outcome | undefined
  isStoring = false
  /** The last block sent, or the highest stored. */
  reached = 0
  readonly isWriter: boolean
  readonly sizeBytes: number
  readonly #stored = new Set<number>()
  #agreed: Agreed | undefined

  constructor(direction: 'read' | 'write', sizeBytes: number) {
    this.isWriter = direction === 'write'
    this.sizeBytes = sizeBytes
  }

  get blksize(): number {
    return this.#agreed?.blksize ?? 512
  }

  agreed(agreed: Agreed): void {
    this.#agreed = agreed
  }

  store(seq: number, buffer: Uint8Array, offset: number, length: number): void {
    if (this.#stored.has(seq)) throw new Error(`block ${seq} was stored twice`)
    if (this.#agreed?.group === undefined && seq !== this.reached + 1)
      throw new Error(`stored ${seq} after ${this.reached}`)
    if (length > this.blksize || offset + length > buffer.length) throw new Error(`stored ${length} bytes as one block`)
    this.#stored.add(seq)
    this.reached = Math.max(this.reached, seq)
  }

  finish(): void {
    if (this.isStoring) throw new Error('finished twice')
    if (this.#stored.size !== this.reached)
      throw new Error(`finished with ${this.#stored.size} of ${this.reached} blocks`)
    this.isStoring = true
  }

  sendBlocks(first: number, count: number): void {
    const last = Math.floor(this.sizeBytes / this.blksize) + 1
    if (first < 1 || count < 1 || first + count - 1 > last) throw new Error(`sent ${first}+${count} of ${last} blocks`)
    this.reached = Math.max(this.reached, first + count - 1)
  }

  sendControl(buffer: Uint8Array, length: number): void {
    if (length > MOST_CONTROL_BYTES || length > buffer.length) throw new Error(`a control packet of ${length} bytes`)
  }

  ended(outcome: Outcome): void {
    if (this.outcome !== undefined) throw new Error('ended twice')
    if (outcome.error?.code === 'ERR_TFTP_INTERNAL') throw outcome.error
    this.outcome = outcome
  }

  deadline(at: number): void {
    this.deadlineAt = at
  }

  request(): void {}
  lock(): void {}
  drop(): void {}
  refuse(): void {}
  notice(): void {}
  seen(): string {
    return ''
  }
}

/** The first of a name counts. */
function unique(all: readonly Option[]): Option[] {
  return all.filter(({ name }, i) => all.findIndex((other) => other.name === name) === i && name !== 'other')
}

function fault(): ForesendError {
  return new ForesendError('ERR_TFTP_DISK_FULL', 'as the test wants it', { fault: 'local', wireCode: 3 })
}
