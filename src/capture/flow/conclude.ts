/** What a followed transfer amounts to: the record that the diagnosis reads. */
import { type Option, optionNumber } from '../../packet/index.ts'
import {
  type CapturedAgreement,
  type CapturedBlocks,
  type CapturedOutcome,
  type CapturedRequest,
  type CapturedTransfer,
  type ChecksumCounts,
  CLOCK_BACK_MS,
  PACKET_FLAG,
} from '../contract.ts'
import { timeMs } from '../read/record.ts'
import { RangeCollector } from './block-tally.ts'
import { DEFAULT_BLKSIZE, type Flow } from './flow.ts'
import type { SideFacts } from './side-facts.ts'
import { twinsAsCopies } from './twins.ts'
import { areFragmentsUnseen } from './unseen-fragments.ts'
import { isOffloaded, vantageOf } from './vantage.ts'
import { windowOfAcks } from './window-of-acks.ts'

const CYCLE = 0x10000
const MAX_TIMEOUT_SECONDS = 255

/** What the capture shows around a transfer. */
export type Surroundings = Pick<
  CapturedTransfer,
  'followedUntil' | 'quietMs' | 'previousAttempt' | 'askedAgainMs' | 'onlyRequests'
>

export function conclude(flow: Flow, around: Surroundings): CapturedTransfer {
  const { clientSide, serverSide } = flow
  flow.log.sort(CLOCK_BACK_MS)
  const setBackMs = flow.log.goOn()
  const takenTwice = twinsAsCopies(flow)
  const rollover = rolloverOf(flow)
  const agreed = agreementOf(flow, rollover)
  const fragmentsUnseen = areFragmentsUnseen(flow, agreed.windowsize)
  if (rollover === 1) renumber(flow)
  const offloaded = { client: isOffloaded(clientSide, serverSide), server: isOffloaded(serverSide, clientSide) }
  clearOffloaded(flow, offloaded.client, offloaded.server)
  flow.close()
  return {
    source: 'capture',
    id: flow.id,
    startMs: timeMs(flow),
    endMs: flow.lastMs + setBackMs,
    client: { address: flow.client.text, port: flow.client.port, mac: clientSide.mac },
    server: { address: flow.server.text, port: flow.server.port, mac: serverSide.mac },
    rolesFrom: flow.rolesFrom,
    direction: flow.direction,
    request: requestOf(flow),
    agreed,
    link: flow.link,
    packets: flow.log,
    blocks: blocksOf(flow, rollover ?? 0),
    outcome: outcomeOf(flow),
    fromClient: clientSide.packets,
    fromServer: serverSide.packets,
    takenTwice,
    fragmentsUnseen,
    sideEvents: flow.sideEvents.toSorted((a, b) => a.number - b.number),
    sideEventsDropped: flow.sideEventsDropped,
    vantage: vantageOf(clientSide, serverSide, flow.isLoopback),
    checksums: {
      client: checksumsOf(clientSide, offloaded.client),
      server: checksumsOf(serverSide, offloaded.server),
    },
    ...around,
    quietMs: Math.max(0, around.quietMs - setBackMs),
  }
}

function requestOf({ request }: Flow): CapturedRequest | undefined {
  if (request === undefined) return undefined
  const { seen, to, sent, twins, count } = request
  const once = sent.filter(({ number }) => !twins.has(number))
  return { ...seen, toAddress: to.text, toPort: to.port, sent: once, count }
}

function agreementOf(flow: Flow, rollover: 0 | 1 | undefined): CapturedAgreement {
  const oack = flow.oack ?? []
  const timeoutSeconds = optionNumber(oack, 'timeout', 1, MAX_TIMEOUT_SECONDS)
  return {
    ...blksizeOf(flow),
    ...windowOf(flow),
    timeoutMs: timeoutSeconds === undefined ? undefined : timeoutSeconds * 1000,
    tsizeBytes: tsizeOf(flow, oack),
    rollover,
    oack: flow.oack,
  }
}

function windowOf(flow: Flow): Pick<CapturedAgreement, 'windowsize' | 'windowsizeFrom'> {
  if (flow.windowsize !== undefined) return { windowsize: flow.windowsize, windowsizeFrom: 'packets' }
  const windowsize = windowOfAcks(flow)
  if (windowsize !== undefined) return { windowsize, windowsizeFrom: 'inferred' }
  // A server that knows no options answers a request with options by DATA 1.
  const isAnswered = flow.request?.seen.isCut === false && flow.oack === undefined && !flow.hasUnseenOptions
  return { windowsize: 1, windowsizeFrom: isAnswered ? 'packets' : 'unseen' }
}

/** Without a block and without an OACK it is RFC 1350's, where a request was seen. */
function blksizeOf({ blksize, blksizeFrom, request }: Flow): Pick<CapturedAgreement, 'blksize' | 'blksizeFrom'> {
  if (blksize === 0 && request !== undefined) return { blksize: DEFAULT_BLKSIZE, blksizeFrom: 'default' }
  return { blksize, blksizeFrom }
}

/** A client that reads asks with 0, one that writes says it. */
function tsizeOf(flow: Flow, oack: readonly Option[]): number | undefined {
  const size = (options: readonly Option[]) => optionNumber(options, 'tsize', 0, Number.MAX_SAFE_INTEGER)
  return size(oack) ?? (flow.direction === 'write' ? size(flow.request?.seen.options ?? []) : undefined)
}

/**
 * What followed block 65535, as agreed, or as the blocks show: block 0 is seen where the count goes on at 0. Undefined while nothing beyond was
 * seen.
 */
function rolloverOf(flow: Flow): 0 | 1 | undefined {
  const agreed = optionNumber(flow.oack ?? [], 'rollover', 0, 1)
  if (agreed !== undefined) return agreed as 0 | 1
  const highest = Math.max(flow.highestIndex ?? 0, flow.highestAckedIndex)
  let around = false
  for (let zero = CYCLE; zero <= highest; zero += CYCLE) {
    if (flow.tally.wasSent(zero) || flow.tally.wasAcked(zero)) return 0
    around ||= wasSeen(flow, zero - 1) && wasSeen(flow, zero + 1)
  }
  return around ? 1 : undefined
}

function wasSeen({ tally }: Flow, index: number): boolean {
  return tally.wasSent(index) || tally.wasAcked(index)
}

/** From an index to the seq, where 65535 is followed by 1: there is no block 0 but the first. */
function seqOf(index: number, rollover: 0 | 1): number {
  return rollover === 0 ? index : index - Math.floor(index / CYCLE)
}

function renumber({ log }: Flow): void {
  for (let i = 0; i < log.length; i++) {
    const index = log.seq(i)
    if (index >= CYCLE) log.setSeq(i, seqOf(index, 1))
  }
}

function blocksOf(flow: Flow, rollover: 0 | 1): CapturedBlocks {
  const { tally, request, firstIndex, firstAckedIndex, highestIndex, highestAckedIndex } = flow
  // What left before a capture that begins late may have been acknowledged before it.
  const knownFrom = request === undefined ? Math.max(firstIndex ?? 0, firstAckedIndex ?? firstIndex ?? 0) : 1
  const neverAcknowledged = new RangeCollector()
  const neverSeen = new RangeCollector()
  const last = highestIndex ?? 0
  for (
    let index = request === undefined ? (firstIndex ?? 1) : 1;
    index <= last && index < tally.uncountedFrom;
    index++
  ) {
    // Behind a rollover to 1 there is no block 0.
    if (rollover === 1 && index % CYCLE === 0) continue
    const seq = seqOf(index, rollover)
    if (!tally.hasPage(index)) {
      const end = Math.min(last, tally.pageEnd(index), tally.uncountedFrom - 1)
      neverSeen.add(seq, seqOf(end, rollover))
      if (index <= highestAckedIndex && end >= knownFrom)
        neverAcknowledged.add(seq, seqOf(Math.min(end, highestAckedIndex), rollover))
      index = end
      continue
    }
    if (!tally.wasSent(index)) neverSeen.add(seq, seq)
    if (index >= knownFrom && index <= highestAckedIndex && !tally.wasAcked(index)) neverAcknowledged.add(seq, seq)
  }
  if (tally.uncountedFrom <= highestAckedIndex)
    neverAcknowledged.add(seqOf(tally.uncountedFrom, rollover), seqOf(highestAckedIndex, rollover))
  return {
    first: seqOf(firstIndex ?? 0, rollover),
    knownFrom: firstIndex === undefined ? 0 : seqOf(knownFrom, rollover),
    highest: seqOf(last, rollover),
    final: hasFinal(flow) ? seqOf(last, rollover) : undefined,
    sent: flow.sent,
    datagrams: flow.dataPackets,
    acknowledged: flow.acked,
    acks: flow.acks,
    highestAcknowledged: seqOf(highestAckedIndex, rollover),
    neverAcknowledged: neverAcknowledged.ranges,
    neverSeen: neverSeen.ranges,
    bytes: flow.bytes,
    bounded: tally.uncountedFrom < Infinity,
  }
}

/** Whether the highest block is the final one: shorter than a block. */
function hasFinal(flow: Flow): boolean {
  return flow.highestIndex !== undefined && flow.highestPayloadBytes < flow.blksize
}

function outcomeOf(flow: Flow): CapturedOutcome {
  const { error, clientSide, serverSide, request } = flow
  if (hasFinal(flow) && flow.highestAckedMs !== undefined) return { type: 'complete', atMs: flow.highestAckedMs }
  if (error !== undefined) {
    const { wireCode, message, number, atMs } = error
    if (isProbe(flow)) return { type: 'probe', wireCode, message, atMs }
    return { type: 'error', from: error.fromClient ? 'client' : 'server', wireCode, message, number, atMs }
  }
  if (isShared(flow)) return { type: 'shared', atMs: flow.lastMs }
  if (hasFinal(flow)) return { type: 'last-ack-missing', atMs: flow.highestSentMs }
  if (request !== undefined && serverSide.packets === 0 && clientSide.packets === request.count)
    return { type: 'unanswered', atMs: request.lastMs }
  return { type: 'silent', atMs: flow.lastMs }
}

/** Its OACK names a group, or made it the leader of one. */
function isShared({ oack }: Flow): boolean {
  return oack?.some(({ name, value }) => name === 'multicast' && value !== '') ?? false
}

/**
 * A size probe (EDK2): it asks with tsize 0, and ends the transfer when the OACK has told the size. An OACK with an option that was not asked for
 * may be refused in the same way; then it is none.
 */
function isProbe({ request, oack, error, acks, direction }: Flow): boolean {
  if (direction !== 'read' || error?.fromClient !== true || acks > 0) return false
  if (!PROBE_CODES.has(error.wireCode)) return false
  const asked = request?.seen.options ?? []
  const wantsSize = asked.some(({ name, value }) => name === 'tsize' && value === '0')
  return wantsSize && oack !== undefined && oack.every(({ name }) => asked.some((option) => option.name === name))
}

/** RFC 2347, and RFC 1350's "see the text". Another code says what is wrong with the file, such as one that is too large. */
const PROBE_CODES: ReadonlySet<number> = new Set([0, 8])

/** Checksums that the card adds are not wrong. */
function clearOffloaded({ log }: Flow, client: boolean, server: boolean): void {
  if (!client && !server) return
  for (let i = 0; i < log.length; i++) {
    if (log.fromClient(i) ? client : server) log.setFlags(i, 0, PACKET_FLAG.badChecksum)
  }
}

function checksumsOf({ good, bad, offloaded, none, unverifiable }: SideFacts, areOffloaded: boolean): ChecksumCounts {
  return areOffloaded
    ? { good, bad: 0, offloaded: offloaded + bad, none, unverifiable }
    : { good, bad, offloaded, none, unverifiable }
}
