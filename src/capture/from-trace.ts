/**
 * A transfer of our own server as the diagnosis reads it: made of its compact trace (transfer/trace.ts) and what its machine counted, so that
 * the rules that judge a capture judge it too. What only frames have (lengths, checksums, ARP) is not there.
 *
 * The trace is a ring: of a long transfer only the end is left. The request is always shown, and `thinnedBefore` says how much is missing behind it.
 */
import { type Option, OPCODE, seqNear } from '../packet/index.ts'
import { DEFAULT_BLKSIZE } from '../transfer/negotiate.ts'
import { readTrace, type TraceEntry } from '../transfer/trace.ts'
import type {
  CapturedBlocks,
  CapturedOutcome,
  CapturedPackets,
  CapturedRequest,
  CapturedTransfer,
  PacketKind,
  RequestSent,
  SideEvent,
} from './contract.ts'
import { MAX_REQUESTS, PACKET_FLAG } from './contract.ts'

/** All of a transfer that is not in its trace: plain data that crosses threads. */
export interface TracedTransfer {
  readonly id: number
  /** When it was asked for, in milliseconds since the epoch. */
  readonly startMs: number
  readonly client: TracedPeer
  readonly server: TracedPeer
  readonly direction: 'read' | 'write'
  readonly filename: string
  readonly mode: string
  readonly options: readonly Option[]
  /** What was agreed; undefined before the file was open. */
  readonly agreed: TracedAgreement | undefined
  readonly sizeBytes: number | undefined
  readonly end: TracedEnd
  readonly counted: TracedCounts
}

export interface TracedPeer {
  readonly address: string
  readonly port: number
}

export interface TracedAgreement {
  readonly blksize: number
  readonly windowsize: number
  /** Where the server confirmed the option. */
  readonly timeoutMs: number | undefined
  readonly rollover: 0 | 1
  readonly oack: readonly Option[]
}

/**
 * How it ended. `silent`: the peer said nothing more, or it still runs. `refused`: an ERROR of the peer. `gone`: ICMP says that the peer's port is
 * closed.
 */
export type TracedEnd =
  | { readonly type: 'complete' | 'last-ack-missing' | 'silent' | 'gone' }
  | { readonly type: 'refused' | 'probe'; readonly wireCode: number; readonly message: string }

/** By the indices of COUNTER. */
export interface TracedCounts {
  readonly blocks: number
  readonly bytes: number
  readonly datagrams: number
  readonly acks: number
}

/** A window may have 65,535 blocks, and two entries stand for all of them: this many packets are looked at. */
const MAX_PACKETS = 1 << 16
const NO_CHECKSUMS = { good: 0, bad: 0, offloaded: 0, none: 0, unverifiable: 0 }

/** `words` as `Traces.copy` returns them. */
export function transferFromTrace(traced: TracedTransfer, words: Uint32Array): CapturedTransfer {
  const { client, server, direction, agreed } = traced
  const packets = packetsOf(traced, readTrace(words))
  let fromClient = 0
  for (let i = 0; i < packets.length; i++) if (packets.fromClient(i)) fromClient++
  const endMs = packets.length === 0 ? 0 : packets.timeMs(packets.length - 1)
  const last = packets.number(packets.length - 1)
  const blocks = blocksOf(traced, packets)
  return {
    source: 'trace',
    id: traced.id,
    startMs: traced.startMs,
    endMs,
    client: { ...client, mac: undefined },
    server: { ...server, mac: undefined },
    rolesFrom: 'request',
    direction,
    request: requestOf(traced, packets),
    agreed: {
      blksize: agreed?.blksize ?? DEFAULT_BLKSIZE,
      blksizeFrom: agreed?.oack.some(({ name }) => name === 'blksize') === true ? 'oack' : 'default',
      windowsize: agreed?.windowsize ?? 1,
      windowsizeFrom: 'packets',
      timeoutMs: agreed?.timeoutMs,
      tsizeBytes: traced.sizeBytes,
      rollover: agreed?.rollover,
      oack: agreed?.oack.length === 0 ? undefined : agreed?.oack,
    },
    link: undefined,
    packets,
    blocks,
    outcome: outcomeOf(traced, endMs, last),
    fromClient,
    fromServer: packets.length - fromClient,
    sideEvents: traced.end.type === 'gone' ? [goneEvent(traced, endMs, last)] : [],
    sideEventsDropped: 0,
    vantage: { at: 'server', because: [], offload: undefined },
    checksums: { client: NO_CHECKSUMS, server: NO_CHECKSUMS },
    previousAttempt: undefined,
    askedAgainMs: undefined,
    followedUntil: 'idle',
    takenTwice: undefined,
    onlyRequests: false,
    fragmentsUnseen: false,
    quietMs: 0,
  }
}

/** The packets of a trace. */
class TracePackets implements CapturedPackets {
  seen = 0
  readonly #numbers: number[] = []
  readonly #times: number[] = []
  readonly #fromClient: boolean[] = []
  readonly #kinds: PacketKind[] = []
  readonly #blocks: number[] = []
  readonly #seqs: number[] = []
  readonly #payloads: number[] = []
  readonly #flags: number[] = []
  /** Left out behind the first packet. */
  #missing = 0

  get length(): number {
    return this.#numbers.length
  }

  add(
    entry: TraceEntry,
    number: number,
    kind: PacketKind,
    block: number,
    seq: number,
    payloadBytes: number,
    repeat: boolean,
  ): void {
    this.seen++
    this.#numbers.push(number)
    this.#times.push(entry.ms)
    this.#fromClient.push(!entry.sent)
    this.#kinds.push(kind)
    this.#blocks.push(block)
    this.#seqs.push(seq)
    this.#payloads.push(payloadBytes)
    this.#flags.push(repeat ? PACKET_FLAG.repeat : 0)
  }

  leftOut(count: number): void {
    this.seen += count
    this.#missing += count
  }

  number(i: number): number {
    return this.#numbers[i]
  }

  timeMs(i: number): number {
    return this.#times[i]
  }

  fromClient(i: number): boolean {
    return this.#fromClient[i]
  }

  kind(i: number): PacketKind {
    return this.#kinds[i]
  }

  block(i: number): number {
    return this.#blocks[i]
  }

  seq(i: number): number {
    return this.#seqs[i]
  }

  payloadBytes(i: number): number {
    return this.#payloads[i]
  }

  flags(i: number): number {
    return this.#flags[i]
  }

  payloadSum(): number {
    return 0
  }

  frameBytes(): number {
    return 0
  }

  thinnedBefore(i: number): number {
    return i === 1 ? this.#missing : 0
  }
}

/** Numbers what the trace has as a capture does, and expands runs of blocks. */
function packetsOf(traced: TracedTransfer, entries: readonly TraceEntry[]): TracePackets {
  const packets = new TracePackets()
  const { direction, agreed } = traced
  const request: TraceEntry = {
    ms: 0,
    sent: false,
    kind: 'request',
    number: direction === 'read' ? OPCODE.rrq : OPCODE.wrq,
  }
  const isWhole = entries.length > 0 && entries[0].kind === 'request' && entries[0].ms === 0
  const kept = newestOf(isWhole ? entries.slice(1) : entries)
  packets.add(request, 0, direction === 'read' ? 'rrq' : 'wrq', 0, 0, 0, false)
  if (!isWhole || kept.length < entries.length - 1) {
    const { datagrams, acks } = traced.counted
    packets.leftOut(Math.max(1, datagrams + acks - kept.reduce((sum, { count }) => sum + count, 0)))
  }
  const reader = new EntryReader(traced, agreed?.rollover ?? 0, firstSeqOf(traced, kept))
  for (const { entry, count, number } of kept) reader.read(packets, entry, count, number)
  return packets
}

/** An entry, how many packets it stands for, and its place in the trace from 1. */
interface Kept {
  readonly entry: TraceEntry
  readonly count: number
  readonly number: number
}

/** The newest entries that stand for MAX_PACKETS packets at most. */
function newestOf(entries: readonly TraceEntry[]): Kept[] {
  const kept: Kept[] = []
  let packets = 0
  for (let at = entries.length - 1; at >= 0; at--) {
    const entry = entries[at]
    const before = entries[at - 1]
    // Where the run's first block is gone nothing says how long the run is.
    const count = entry.kind === 'through' ? (before?.kind === 'data' ? entry.number - before.number : 0) : 1
    packets += count
    if (packets > MAX_PACKETS) break
    kept.push({ entry, count, number: at + 1 })
  }
  return kept.reverse()
}

/** The block that stands first in what was kept: where 16 bits are counted from. */
function firstSeqOf({ counted, agreed }: TracedTransfer, kept: readonly Kept[]): number {
  const sent = kept.find(({ entry }) => entry.sent && entry.kind === 'data')
  if (sent !== undefined) return sent.entry.number
  // A receiver has no seq in its trace. What it counted is where it stands now.
  const confirmed = Math.floor(counted.bytes / (agreed?.blksize ?? DEFAULT_BLKSIZE))
  return Math.max(1, confirmed - kept.length)
}

class EntryReader {
  readonly #traced: TracedTransfer
  readonly #rollover: 0 | 1
  readonly #sent = new Set<number>()
  readonly #acked = new Set<number>()
  #highest: number

  constructor(traced: TracedTransfer, rollover: 0 | 1, first: number) {
    this.#traced = traced
    this.#rollover = rollover
    this.#highest = first
  }

  read(packets: TracePackets, entry: TraceEntry, count: number, number: number): void {
    const { direction } = this.#traced
    switch (entry.kind) {
      case 'data':
        return this.#data(packets, entry, entry.sent ? entry.number : this.#near(entry.number), number)
      case 'through':
        for (let seq = entry.number - count + 1; seq <= entry.number; seq++) this.#data(packets, entry, seq, number)
        return
      case 'ack': {
        const seq = entry.number === 0 && !this.#sent.has(1) ? 0 : this.#near(entry.number)
        const isRepeat = this.#acked.has(seq)
        this.#acked.add(seq)
        return packets.add(entry, number, 'ack', entry.number, seq, 0, isRepeat)
      }
      case 'request':
        return packets.add(entry, number, direction === 'read' ? 'rrq' : 'wrq', 0, 0, 0, true)
      case 'error':
        return packets.add(entry, number, 'error', entry.number, 0, 0, false)
      case 'oack':
        return packets.add(entry, number, 'oack', 0, 0, 0, false)
      case 'other':
        return packets.add(entry, number, 'other', 0, 0, 0, false)
    }
  }

  #data(packets: TracePackets, entry: TraceEntry, seq: number, number: number): void {
    const isRepeat = this.#sent.has(seq)
    this.#sent.add(seq)
    this.#highest = Math.max(this.#highest, seq)
    packets.add(entry, number, 'data', seq & 0xffff, seq, payloadBytes(this.#traced, seq), isRepeat)
  }

  #near(block: number): number {
    return seqNear(block, this.#highest, this.#rollover)
  }
}

function payloadBytes({ agreed, sizeBytes }: TracedTransfer, seq: number): number {
  const blksize = agreed?.blksize ?? DEFAULT_BLKSIZE
  return sizeBytes === undefined ? blksize : Math.max(0, Math.min(blksize, sizeBytes - (seq - 1) * blksize))
}

function requestOf(
  { direction, filename, mode, options, server }: TracedTransfer,
  packets: CapturedPackets,
): CapturedRequest {
  const kind = direction === 'read' ? 'rrq' : 'wrq'
  const sent: RequestSent[] = []
  let count = 0
  for (let i = 0; i < packets.length; i++) {
    if (packets.kind(i) !== kind) continue
    count++
    if (sent.length < MAX_REQUESTS)
      sent.push({ number: packets.number(i), timeMs: packets.timeMs(i), options: undefined })
  }
  const { address, port } = server
  return {
    kind,
    filename,
    mode,
    options,
    malformed: undefined,
    isCut: false,
    toAddress: address,
    toPort: port,
    sent,
    count,
  }
}

/** Our own machine knows which blocks are confirmed, whatever the trace still shows: none is in doubt. */
function blocksOf(traced: TracedTransfer, packets: CapturedPackets): CapturedBlocks {
  const { counted, agreed, sizeBytes, end } = traced
  const blksize = agreed?.blksize ?? DEFAULT_BLKSIZE
  const last = sizeBytes === undefined ? undefined : Math.floor(sizeBytes / blksize) + 1
  let highest = 0
  let named = 0
  for (let i = 0; i < packets.length; i++) {
    if (packets.kind(i) === 'data') highest = Math.max(highest, packets.seq(i))
    if (packets.kind(i) === 'ack') named = Math.max(named, packets.seq(i))
  }
  const confirmed = end.type === 'complete' && last !== undefined ? last : Math.floor(counted.bytes / blksize)
  const none = { count: 0, ranges: [] }
  return {
    first: highest === 0 ? 0 : 1,
    knownFrom: highest === 0 ? 0 : 1,
    highest: Math.max(highest, confirmed),
    final: last !== undefined && highest === last ? last : undefined,
    sent: counted.blocks,
    datagrams: counted.datagrams,
    // A window is acknowledged as a whole: its ACK names one block.
    acknowledged: (agreed?.windowsize ?? 1) > 1 ? Math.min(confirmed, counted.acks) : confirmed,
    acks: counted.acks,
    highestAcknowledged: Math.max(named, confirmed),
    neverAcknowledged: none,
    neverSeen: none,
    bytes: counted.bytes,
    bounded: false,
  }
}

function outcomeOf({ end }: TracedTransfer, atMs: number, number: number): CapturedOutcome {
  switch (end.type) {
    case 'complete':
    case 'last-ack-missing':
    case 'silent':
      return { type: end.type, atMs }
    case 'gone':
      return { type: 'silent', atMs }
    case 'probe':
      return { type: 'probe', wireCode: end.wireCode, message: end.message, atMs }
    case 'refused':
      return { type: 'error', from: 'client', wireCode: end.wireCode, message: end.message, number, atMs }
  }
}

function goneEvent({ client }: TracedTransfer, timeMs: number, number: number): SideEvent {
  return {
    type: 'icmp',
    number,
    timeMs,
    meaning: 'port-unreachable',
    icmpType: 3,
    icmpCode: 3,
    from: client.address,
    about: 'client',
    mtuBytes: undefined,
  }
}
