/** Names a server by how it repeats blocks. A transfer without a loss shows nothing of that. */
import type { CapturedPackets, CapturedTransfer } from '../../contract.ts'
import type { RecognisedServer } from '../contract.ts'
import { repeatsAtOnce } from '../explain/flood.ts'
import { highest, median } from '../view/median.ts'
import { offeredBy } from '../view/reader.ts'
import { shown, type View } from '../view/view.ts'
import { LEVEL_COST } from '../explain/judge.ts'
import { KNOWN_SERVERS, type KnownServer, timerSpreadMs } from './known.ts'
import { type ServerWait, serverWaits } from './waits.ts'

/** Fewer fitting waits are chance. */
const LEAST_SHARE = 0.5
/** A wait that does not fit may be that of a busy host, and may be of any length. */
const ANY_SPREAD_MS = 4000
const MOST_CONFIDENCE = 0.95

export function recogniseServer(view: View): RecognisedServer | undefined {
  if (view.transfer.direction !== 'read') return undefined
  const waits = serverWaits(view)
  if (waits.length === 0) return undefined
  const scored = KNOWN_SERVERS.filter((server) => mayBe(view, server, waits))
    .map((server) => ({ server, ...fitOf(view, server, waits) }))
    .filter(({ share }) => share >= LEAST_SHARE)
  if (scored.length === 0) return undefined
  scored.sort((a, b) => a.cost - b.cost)
  const { server, share, cost } = scored[0]
  // Another server that fits nearly as well cannot be told apart.
  const names = scored.filter((other) => other.cost - cost <= LEVEL_COST).map((other) => other.server.name)
  const orElse = [...new Set(names)].filter((name) => name !== server.name)
  const typicalMs = Math.round(median(waits.map(({ ms }) => ms)) ?? 0)
  return {
    name: server.name,
    confidence: Math.min(MOST_CONFIDENCE, (share * (1 - 0.5 ** waits.length)) / (1 + orElse.length)),
    evidence: [
      shown(
        view,
        `${server.habit}: ${waits.length} repeats, ${typicalMs} ms after the packet before in the middle`,
        waits.map(({ packet }) => packet),
      ),
    ],
    orElse,
  }
}

/** What it confirmed and what it sent rule some out. */
function mayBe(view: View, server: KnownServer, waits: readonly ServerWait[]): boolean {
  const { request, agreed } = view.transfer
  const asked = new Set(request?.options.map(({ name }) => name.toLowerCase()))
  const confirmsTimeout = agreed.timeoutMs !== undefined
  if (asked.has('timeout') && agreed.oack !== undefined && server.confirmsTimeout !== confirmsTimeout) return false
  const confirmsTsize = agreed.oack?.some(({ name }) => name.toLowerCase() === 'tsize') === true
  if (confirmsTsize && server.neverConfirmsTsize === true) return false
  const confirmsWindow = agreed.windowsize > 1
  if (asked.has('windowsize') && server.confirmsWindow === !confirmsWindow) return false
  if (view.latencies.windowBlocks > agreed.windowsize && server.runsAhead !== true) return false
  if (server.resendsOnRepeat === undefined && resendsOnRepeat(view, server)) return false
  if (server.resendsOnRepeat === 'always' && ignoresRepeats(view)) return false
  if (server.neverRepeatsOack === true && repeatsOack(view)) return false
  if (server.mostTimeouts !== undefined && timeoutsOf(view, waits) > server.mostTimeouts) return false
  const inARow = server.repeatsInARow
  if (inARow !== undefined && (waits.some(({ nth }) => nth >= inARow) || stoppedSooner(view, server, waits, inARow)))
    return false
  if (server.keepsItsTime === true && losesItsTime(view, server)) return false
  const { atOnce, later } = partialAcksOf(view)
  if (server.partialAck === 'later' && atOnce >= LEAST_PARTIAL) return false
  if (server.partialAck === 'at-once' && later >= LEAST_PARTIAL && atOnce === 0) return false
  if (saysSo(view.transfer) && server.saysItGaveUp === undefined) return false
  const { saysItGaveUp } = server
  const says = saysItGaveUp === 'always' || (saysItGaveUp === 'to-clients' && hasAnswered(view))
  return !hasGivenUp(view) || says === (view.transfer.outcome.type === 'error')
}

/** The client said more than its request. */
function hasAnswered({ packets, list }: View): boolean {
  return list.some((i) => packets.fromClient(i) && packets.kind(i) !== 'rrq')
}

/** What the server did when an ACK came that names a block inside the window that it had sent. */
function partialAcksOf({ transfer, packets, list, latencies }: View): { atOnce: number; later: number } {
  const found = { atOnce: 0, later: 0 }
  if (transfer.agreed.windowsize === 1) return found
  const atOnceMs = atOnceOf(packets, list, latencies.medianMs)
  let acked = 0
  let sent = 0
  for (let at = 0; at + 1 < list.length; at++) {
    const i = list[at]
    sent = Math.max(sent, packets.kind(i) === 'data' ? packets.seq(i) : 0)
    if (packets.kind(i) !== 'ack') continue
    const seq = packets.seq(i)
    const isPartial = seq > acked && seq < sent
    acked = Math.max(acked, seq)
    const next = list[at + 1]
    // Whatever else comes at the same time makes the answer doubtful.
    if (!isPartial || packets.fromClient(next)) continue
    const waitedMs = packets.timeMs(next) - packets.timeMs(i)
    if (waitedMs >= LEAST_LATER_MS) found.later++
    else if (waitedMs <= atOnceMs && offeredBy(packets, next) === seq + 1) found.atOnce++
  }
  return found
}

const LEAST_PARTIAL = 2
/** A server that waits until its window is over waits longer. */
const LEAST_LATER_MS = 40

/** Repeated ACKs came between two sends of a block, and the waits are not those that this server makes without them. */
function losesItsTime({ transfer, packets, list }: View, server: KnownServer): boolean {
  // Between the packets of a window more may have happened.
  if (transfer.agreed.windowsize > 1) return false
  const timeoutS = timeoutOf(transfer)
  let seq = -1
  let sentMs = 0
  let nth = 0
  let acked = -1
  let isAsked = false
  let lost = 0
  for (const i of list) {
    const ms = packets.timeMs(i)
    const offered = offeredBy(packets, i)
    if (packets.thinnedBefore(i) > 0) seq = -1
    if (offered !== undefined && offered === seq) {
      if (ms - sentMs < LEAST_LATER_MS) continue
      if (isAsked && !server.fits(ms - sentMs, nth, timeoutS, acked > 0)) lost++
      nth++
      sentMs = ms
      isAsked = false
    } else if (offered !== undefined && offered > seq) {
      ;[seq, sentMs, nth, isAsked] = [offered, ms, 0, false]
    } else if (packets.kind(i) === 'ack') {
      if (packets.seq(i) > acked) seq = -1
      else isAsked = true
      acked = Math.max(acked, packets.seq(i))
    } else if (packets.fromClient(i)) seq = -1
  }
  return lost >= LEAST_LOST
}

const LEAST_LOST = 2

/** It left repeated ACKs alone, more than once; in a window those that came when it had been silent. */
function ignoresRepeats({ transfer, packets, list, latencies }: View): boolean {
  const isWindow = transfer.agreed.windowsize > 1
  const atOnceMs = atOnceOf(packets, list, latencies.medianMs)
  let acked = -1
  let ignored = 0
  let answered = 0
  for (const [at, i] of list.entries()) {
    if (packets.kind(i) !== 'ack') continue
    const seq = packets.seq(i)
    // Behind the final ACK no server has anything to send.
    const isAsking = seq === acked && seq !== transfer.blocks.final && at + 1 < list.length
    if (isAsking && (!isWindow || packets.timeMs(i) - packets.timeMs(list[at - 1]) >= LEAST_LATER_MS)) {
      if (isAnswered(packets, list, at, atOnceMs)) answered++
      else ignored++
    }
    acked = Math.max(acked, seq)
  }
  // In a window its timer may have been due just then.
  return ignored >= LEAST_IGNORED && (isWindow ? ignored > answered : answered === 0)
}

/** The next block left within this time, be there other packets of the client between. */
function isAnswered(packets: CapturedPackets, list: Uint32Array, at: number, atOnceMs: number): boolean {
  const wanted = packets.seq(list[at]) + 1
  for (let next = at + 1; next < list.length; next++) {
    if (packets.timeMs(list[next]) - packets.timeMs(list[at]) > atOnceMs) return false
    if (offeredBy(packets, list[next]) === wanted) return true
  }
  return false
}

/** What the server sends within this time behind an ACK is an answer to it. */
function atOnceOf(packets: CapturedPackets, list: Uint32Array, medianMs = 0): number {
  return Math.max(medianMs * AT_ONCE_SHARE, LATEST_TURNS * turnMs(packets, list))
}

/** How long the server mostly takes from an ACK to the next block. */
function turnMs(packets: CapturedPackets, list: Uint32Array): number {
  const turns: number[] = []
  for (let at = 1; at < list.length; at++) {
    const [before, i] = [list[at - 1], list[at]]
    if (packets.kind(before) === 'ack' && offeredBy(packets, i) === packets.seq(before) + 1)
      turns.push(packets.timeMs(i) - packets.timeMs(before))
  }
  return median(turns) ?? 0
}

const AT_ONCE_SHARE = 0.25
/** A server of a busy host is slower now and then. */
const LATEST_TURNS = 8
const LEAST_IGNORED = 2

/** Its OACK left again although the client had not asked again. */
function repeatsOack({ packets, list }: View): boolean {
  let isSent = false
  for (const i of list) {
    const kind = packets.kind(i)
    if (kind === 'rrq') isSent = false
    if (kind !== 'oack') continue
    if (isSent) return true
    isSent = true
  }
  return false
}

/** What leaves together is one timeout. */
function timeoutsOf({ packets }: View, waits: readonly ServerWait[]): number {
  let timeouts = 0
  let lastMs = -Infinity
  for (const { packet } of waits) {
    const ms = packets.timeMs(packet)
    if (ms - lastMs > TOGETHER_MS) timeouts++
    lastMs = ms
  }
  return timeouts
}

const TOGETHER_MS = 5

/** It left the client alone for longer than it ever waited, and had not repeated its last packet as often as that. */
function stoppedSooner(
  { transfer, packets, list }: View,
  server: KnownServer,
  waits: readonly ServerWait[],
  inARow: number,
): boolean {
  const at = list.findLastIndex((i) => !packets.fromClient(i))
  if (transfer.outcome.type !== 'silent' || at < 0) return false
  const longestMs = highest(waits.map(({ ms }) => ms))
  if (packets.timeMs(list.at(-1)!) + transfer.quietMs - packets.timeMs(list[at]) <= LONGER * longestMs) return false
  const last = offeredBy(packets, list[at])
  if (server.countsFromAck === true) {
    const heard = list.subarray(0, at).findLastIndex((i) => packets.kind(i) === 'ack')
    return list.subarray(heard + 1, at + 1).length <= inARow
  }
  return list.filter((i) => last !== undefined && offeredBy(packets, i) === last).length <= inARow
}

/** Waits may double. */
const LONGER = 2.5

/** It repeated a packet, and ended the transfer with ERROR 0. */
function saysSo({ outcome }: CapturedTransfer): boolean {
  return outcome.type === 'error' && outcome.from === 'server' && outcome.wireCode === 0
}

/** It sent its last block again and again, and stopped. */
function hasGivenUp({ transfer, packets, list }: View): boolean {
  const { outcome } = transfer
  if (outcome.type !== 'silent' && !(outcome.type === 'error' && outcome.from === 'server')) return false
  if (outcome.type === 'silent' && transfer.followedUntil === 'capture-end' && transfer.quietMs < GIVEN_UP_MS)
    return false
  const heard = list.findLastIndex((i) => packets.fromClient(i))
  return list.length - heard > LEAST_UNANSWERED
}

const LEAST_UNANSWERED = 4
/** Nothing from a server for so long. */
const GIVEN_UP_MS = 60_000

/** In lock-step a repeated ACK brought DATA again at once, more than once, although the timer of this server was not due. */
function resendsOnRepeat({ transfer, packets, list, latencies }: View, server: KnownServer): boolean {
  const { agreed } = transfer
  if (agreed.windowsize > 1) return false
  const timeoutS = timeoutOf(transfer)
  const atOnceMs = atOnceOf(packets, list, latencies.medianMs)
  const { waitsMs } = repeatsAtOnce(transfer, list, atOnceMs / AT_ONCE_SHARE)
  const isDue = (ms: number): boolean => NTH.some((nth) => server.fits(ms, nth, timeoutS, true))
  return waitsMs.filter((ms) => !isDue(ms)).length >= LEAST_RESENT
}

/** Repeats of a block by the timer. */
const NTH = [0, 1, 2, 3, 4, 5]
const LEAST_RESENT = 3

const COUNT_COST = Math.LN2

/** The share of the waits that fit, and what it costs that they came within the times of this server. */
function fitOf({ transfer }: View, server: KnownServer, waits: readonly ServerWait[]): { share: number; cost: number } {
  const timeoutS = timeoutOf(transfer)
  let fitting = 0
  let cost = 0
  for (const { ms, nth, nthInAll, isBegun } of waits) {
    const count = (server.countsOn === true ? [nthInAll, nth] : [nth]).find((n) =>
      server.fits(ms, n, timeoutS, isBegun),
    )
    if (count === undefined) {
      cost += Math.log(ANY_SPREAD_MS)
      continue
    }
    fitting++
    cost +=
      Math.log(server.spreadMs?.(ms, count) ?? timerSpreadMs(ms)) +
      (server.countsOn === true && count !== nthInAll ? COUNT_COST : 0)
  }
  return { share: fitting / waits.length, cost }
}

function timeoutOf({ agreed }: CapturedTransfer): number | undefined {
  return agreed.timeoutMs === undefined ? undefined : agreed.timeoutMs / 1000
}
