/**
 * Sequence diagrams of transfers in the lab: a device model and a server model meet in virtual time, everything that
 * goes over the link is written down, and parts of it are drawn in Mermaid's notation.
 */
import { uboot113 } from '../src/lab/client/uboot-classic.ts'
import { runExperiment } from '../src/lab/experiment.ts'
import { FAULTS, type FaultName } from '../src/lab/fault/catalogue.ts'
import { type Client, type Frame, type LabNode, type LinkTap, type Outlet, Rng } from '../src/lab/index.ts'
import { SERVERS, type ServerName } from '../src/lab/server/catalogue.ts'
import { serverNode } from '../src/lab/server/model.ts'
import { OPCODE, readBlock, readOpcode } from '../src/packet/index.ts'

export interface Scene {
  readonly server: ServerName
  readonly fault: FaultName
  readonly seed: number
  readonly sizeBytes: number
}

/** A packet when it was sent, or something that only the device knows. */
export interface Entry {
  readonly ms: number
  readonly kind: 'RRQ' | 'OACK' | 'DATA' | 'ACK' | 'ERROR' | 'ignored' | 'done' | 'gave-up'
  readonly from: 'device' | 'server'
  /** Of DATA and ACK, and of the block that was ignored. */
  readonly block: number
  /** The same was sent before. */
  readonly again: boolean
  /** DATA whose ACK the server has already. */
  readonly acked: boolean
  /** Which of the device's timeouts sent it; 0 for none. */
  timeout: number
  lost: boolean
}

/** Half of 150 us. */
const DELAY_MS = 0.075
const UNTIL_MS = 3_600_000
const MOST_DATAGRAMS = 100_000

/** Runs U-Boot 1.1.3 with the cost of its console against a server, and tells all that happened, in order. */
export function record(scene: Scene): Entry[] {
  const rng = new Rng(scene.seed)
  const client = uboot113({ sizeBytes: scene.sizeBytes })
  const image = new Uint8Array(scene.sizeBytes)
  const { up, down } = FAULTS[scene.fault](rng.fork(scene.fault))
  const log = new Log()
  runExperiment({
    client,
    clientNode: new Watched(client, log),
    server: serverNode(SERVERS[scene.server], { image, rng: rng.fork('server') }),
    image,
    up: { delayMs: DELAY_MS, faults: up, tap: log.tap('device') },
    down: { delayMs: DELAY_MS, faults: down, tap: log.tap('server') },
    limits: { untilMs: UNTIL_MS, maxDatagrams: MOST_DATAGRAMS },
  })
  return log.entries
}

/** Entries `from` to before `to`. */
export interface Part {
  readonly from: number
  readonly to: number
}

/** From the request until that many blocks are acknowledged. */
export function opening(entries: readonly Entry[], blocks: number): Part {
  return { from: 0, to: 1 + entries.findIndex(({ kind, block }) => kind === 'ACK' && block === blocks) }
}

/** The `nth` lost ACK of a block, from the DATA before it until the block after it is acknowledged. Counts from 1. */
export function aroundLoss(entries: readonly Entry[], nth: number): Part {
  const losses = entries.flatMap(({ kind, lost, again }, at) => (kind === 'ACK' && lost && !again ? [at] : []))
  const at = losses[nth - 1]
  const { block } = entries[at]
  const from = entries.findIndex((entry) => entry.kind === 'DATA' && entry.block === block)
  const isAfter = ({ kind, block: n, lost }: Entry): boolean => kind === 'ACK' && n > block + 1 && !lost
  const after = entries.findIndex((entry, index) => index > at && isAfter(entry))
  return { from, to: after + 1 }
}

/** The last entries, from the sending of the last new block on. */
export function ending(entries: readonly Entry[]): Part {
  return { from: entries.findLastIndex(({ kind, again }) => kind === 'DATA' && !again), to: entries.length }
}

/** A Mermaid diagram of the parts, which must be in order; what lies between them is counted in a note. */
export function draw(server: string, entries: readonly Entry[], parts: readonly Part[]): string {
  const lines = ['```mermaid', 'sequenceDiagram', '  participant D as Device', `  participant S as ${server}`]
  let at = 0
  for (const { from, to } of [...parts, { from: entries.length, to: entries.length }]) {
    if (from > at) lines.push(`  Note over D,S: ${leftOut(entries.slice(at, from))}`)
    for (const entry of entries.slice(Math.max(from, at), to)) lines.push(`  ${lineOf(entry)}`)
    at = Math.max(at, to)
  }
  return [...lines, '```', ''].join('\n')
}

function lineOf(entry: Entry): string {
  const { ms, kind, from, block, lost } = entry
  const time = ms < 10_000 ? `${ms.toFixed(1)} ms` : `${(ms / 1000).toFixed(3)} s`
  if (kind === 'ignored') return `Note left of D: DATA ${block} again - prints a line, no answer`
  if (kind === 'gave-up') return `Note left of D: ${time} - 11th timeout, gives up`
  if (kind === 'done') return `Note left of D: ${time} - has the last block`
  const arrow = lost ? '--x' : '->>'
  const way = from === 'device' ? `D${arrow}S` : `S${arrow}D`
  const numbered = kind === 'DATA' || kind === 'ACK'
  const name = kind === 'RRQ' ? 'RRQ test.bin, timeout 1' : numbered ? `${kind} ${block}` : kind
  return `${way}: ${name}${remark(entry)} - ${time}`
}

function remark({ kind, again, acked, timeout, lost }: Entry): string {
  const remarks = [
    ...(kind === 'DATA' && again ? [acked ? 'again, though acknowledged' : 'again'] : []),
    ...(timeout > 0 ? [`its timer, timeout ${timeout} of 10`] : []),
    ...(lost ? ['LOST'] : []),
  ]
  return remarks.length === 0 ? '' : ` (${remarks.join(', ')})`
}

function leftOut(entries: readonly Entry[]): string {
  const blocks = new Set(entries.filter(({ kind }) => kind === 'DATA').map(({ block }) => block)).size
  const lost = entries.filter((entry) => entry.lost).length
  const timeouts = entries.filter(({ timeout }) => timeout > 0).length
  return [
    `${blocks} ${blocks === 1 ? 'block' : 'blocks'} left out`,
    ...(lost > 0 ? [`${lost} lost on the way`] : []),
    ...(timeouts > 0 ? [`the device's timer ran out ${timeouts === 1 ? 'once' : `${timeouts} times`}`] : []),
  ].join(', ')
}

/** Writes down what the two links see. */
class Log {
  readonly entries: Entry[] = []
  readonly #sent = new Set<string>()
  readonly #acked = new Set<number>()

  tap(from: Entry['from']): LinkTap {
    const underWay = new Map<string, Entry[]>()
    return {
      sent: (now, frame) => {
        const { kind, block } = packetOf(frame)
        const key = `${kind} ${block}`
        const before = { again: this.#sent.has(key), acked: kind === 'DATA' && this.#acked.has(block) }
        const entry: Entry = { ms: now, kind, from, block, ...before, timeout: 0, lost: true }
        this.#sent.add(key)
        this.entries.push(entry)
        underWay.set(key, [...(underWay.get(key) ?? []), entry])
      },
      arrived: (_now, frame) => {
        const { kind, block } = packetOf(frame)
        // What is lost never arrives, so of two equal packets it is the later one.
        const entry = underWay.get(`${kind} ${block}`)?.pop()
        if (entry !== undefined) entry.lost = false
        if (kind === 'ACK') this.#acked.add(block)
      },
    }
  }

  note(ms: number, kind: Entry['kind'], block: number): void {
    const known = { again: false, acked: false, timeout: 0, lost: false }
    this.entries.push({ ms, kind, from: 'device', block, ...known })
  }
}

const KINDS: Readonly<Record<number, Entry['kind']>> = {
  [OPCODE.rrq]: 'RRQ',
  [OPCODE.data]: 'DATA',
  [OPCODE.ack]: 'ACK',
  [OPCODE.oack]: 'OACK',
}

function packetOf({ buffer, offset, length }: Frame): { kind: Entry['kind']; block: number } {
  const kind = KINDS[readOpcode(buffer, offset, length)] ?? 'ERROR'
  return { kind, block: kind === 'DATA' || kind === 'ACK' ? readBlock(buffer, offset) : 0 }
}

/** The device as it is, with an eye on its counters: what it ignores, and why it sends, is not on the wire. */
class Watched implements LabNode {
  readonly #client: Client
  readonly #log: Log
  #ended = false

  constructor(client: Client, log: Log) {
    this.#client = client
    this.#log = log
  }

  get deadline(): number {
    return this.#client.deadline
  }

  attach(outlet: Outlet): void {
    this.#client.attach(outlet)
  }

  handleDatagram(now: number, buffer: Uint8Array, offset: number, length: number, from: number, to: number): void {
    this.#watch(now, () => this.#client.handleDatagram(now, buffer, offset, length, from, to))
  }

  handleTimer(now: number): void {
    this.#watch(now, () => this.#client.handleTimer(now))
  }

  #watch(now: number, act: () => void): void {
    const log = this.#log
    const client = this.#client
    const timeouts = client['timeouts']
    const repeats = client['repeats']
    const first = log.entries.length
    act()
    if (client['timeouts'] > timeouts) {
      for (const entry of log.entries.slice(first)) entry.timeout = client['timeouts']
    }
    // It ignores nothing but the block that it acknowledged last.
    if (client['repeats'] > repeats)
      log.note(now, 'ignored', log.entries.findLast(({ kind }) => kind === 'ACK')?.block ?? 0)
    if (client.result === undefined || this.#ended) return
    this.#ended = true
    log.note(now, client.result.status === 'ok' ? 'done' : 'gave-up', 0)
  }
}
