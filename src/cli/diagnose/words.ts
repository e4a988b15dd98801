/** Words that the text and the page share. */
import type { CauseId, RecognisedServer } from '../../capture/diagnosis/index.ts'
import {
  type BlockRanges,
  type CapturedAgreement,
  type CapturedPackets,
  PACKET_FLAG,
  type PacketKind,
} from '../../capture/index.ts'
import { escapeText } from '../../packet/index.ts'
import { clockText, countText, durationText, rateText, sizeText } from '../render/units.ts'
import { confidenceText } from '../render/sentence.ts'
import type { Judged, TransferFacts } from './judged.ts'

export { confidenceText }
export { sentence } from '../render/sentence.ts'

const KIND: Readonly<Record<PacketKind, string>> = {
  rrq: 'RRQ (read request)',
  wrq: 'WRQ (write request)',
  data: 'DATA',
  ack: 'ACK',
  error: 'ERROR',
  oack: 'OACK (options)',
  other: 'no TFTP packet',
}

/** `DATA 45 again`, `ERROR 8`. */
export function packetText(packets: CapturedPackets, i: number): string {
  const kind = packets.kind(i)
  const number =
    kind === 'data' || kind === 'ack' ? ` ${packets.seq(i)}` : kind === 'error' ? ` ${packets.block(i)}` : ''
  const flags = packets.flags(i)
  const again = (flags & PACKET_FLAG.repeat) === 0 ? '' : ' again'
  const bad = (flags & PACKET_FLAG.badChecksum) === 0 ? '' : ', bad checksum'
  const incomplete = (flags & PACKET_FLAG.incomplete) === 0 ? '' : ', fragments missing'
  return `${KIND[kind]}${number}${again}${bad}${incomplete}`
}

/** As `durationText`, with the microseconds of a fast network. */
export function spanText(ms: number): string {
  if (Math.abs(ms) < 0.9995) return `${Math.round(ms * 1000)} us`
  return ms < 9.995 ? `${ms.toFixed(2)} ms` : durationText(ms)
}

/** When it began, by the clock; a broken capture may have a time that no clock shows. */
export function beginText({ startMs }: TransferFacts): string {
  return Number.isNaN(new Date(startMs).getTime()) ? '--:--:--' : clockText(startMs)
}

/** `192.168.0.1 reads "test.bin" from 192.168.0.66`. */
export function transferTitle({ client, server, direction, request }: TransferFacts): string {
  const [verb, way] = direction === 'read' ? ['reads', 'from'] : ['stores', 'on']
  return `${client.address} ${verb} ${fileText(request?.filename)} ${way} ${server.address}`
}

export function fileText(filename: string | undefined): string {
  return filename === undefined ? 'a file (its request is not in the capture)' : `"${escapeText(filename)}"`
}

/** How far it came: `301 blocks (154 kB) in 10.1 s`. */
export function reachedText({ transfer: { blocks, outcome }, diagnosis: { figures } }: Judged): string {
  if (outcome.type === 'shared') return `the packets of this client span ${spanText(figures.durationMs)}`
  if (outcome.type === 'unanswered' || outcome.type === 'probe' || blocks.sent === 0)
    return `no block in ${spanText(figures.durationMs)}`
  return `${countText(figures.acknowledgedBlocks, 'block')} acknowledged (${sizeText(blocks.bytes)} sent) in ${spanText(figures.durationMs)}`
}

/** `packets 91, 95 and 97`. */
export function packetList(packets: readonly number[]): string {
  if (packets.length === 1) return `packet ${packets[0]}`
  return `packets ${packets.slice(0, -1).join(', ')} and ${packets[packets.length - 1]}`
}

/** Which packets a cause loses: those with blocks, their acknowledgements, or both. */
const LOST: Readonly<Partial<Record<CauseId, 'data' | 'acks' | 'both'>>> = {
  'ack-loss': 'acks',
  'ack-stale': 'acks',
  'tx-hold': 'acks',
  'data-loss': 'data',
  'rx-hold': 'data',
  'rx-one-behind': 'data',
  'rx-ring': 'data',
  'eee-wake': 'data',
  'dead-rx': 'data',
  'fragments-dropped': 'data',
  'bit-errors': 'both',
}

/** In which direction packets are lost or late; empty for a cause that has none. */
export function directionText(cause: CauseId, direction: 'read' | 'write'): string {
  const lost = LOST[cause]
  // Of an upload it is either of the two.
  if (lost === undefined || (cause === 'dead-rx' && direction === 'write')) return ''
  if (lost === 'both') return 'direction: both'
  const toClient = (lost === 'data') === (direction === 'read')
  return toClient ? 'direction: from the server to the device' : 'direction: from the device to the server'
}

/** Blocks that the other side may not have: always said, also when there are none. */
export function holesText({ transfer, diagnosis }: Judged): string {
  const who = transfer.direction === 'read' ? 'device' : 'server'
  return `Blocks that the ${who} may not have: ${missingText({ transfer, diagnosis }, who)}.`
}

function missingText({ transfer, diagnosis }: Judged, who: string): string {
  const { holes, outcome } = diagnosis
  const { blocks } = transfer
  if (holes.count > 0) return `${rangesText(holes.ranges, holes.count)}: ${holes.because}`
  if (outcome === 'complete')
    return blocks.knownFrom > 1
      ? `none from block ${blocks.knownFrom} on; the capture begins behind the others`
      : 'none'
  if (outcome === 'probe') return 'none, as only the size was asked for'
  if (outcome === 'shared') return 'not known, as its blocks went to a group: what it lacks it asks for when it leads'
  if (outcome === 'unanswered' && transfer.onlyRequests) return 'not known, as the capture has requests alone'
  if (transfer.direction === 'read' ? transfer.fromClient === 0 : transfer.fromServer === 0)
    return `not known, as the capture has no packet of the ${who}`
  if (outcome === 'last-ack-missing') return `block ${blocks.highest}, the last one: compare the CRC32 on the ${who}`
  if (blocks.highestAcknowledged === 0) return `all blocks: the ${who} acknowledged none`
  const never = blocks.neverAcknowledged
  const gaps =
    never.count > 0 && transfer.agreed.windowsize === 1 ? `${rangesText(never.ranges, never.count)}, and ` : ''
  return `${gaps}all behind block ${blocks.highestAcknowledged}: the transfer did not end`
}

/** `block 7`, `blocks 7, 9-12 (5 in all)`. */
function rangesText(ranges: BlockRanges['ranges'], count: number): string {
  const shown = ranges.slice(0, MAX_RANGES_SHOWN)
  const list = shown.map(({ first, last }) => (first === last ? String(first) : `${first}-${last}`)).join(', ')
  if (count === 1) return `block ${list}`
  return `blocks ${list}${shown.length < ranges.length ? ', …' : ''} (${count} in all)`
}

/** Enough to see the pattern; --json has more. */
const MAX_RANGES_SHOWN = 40

export function programText({ name, confidence, orElse }: RecognisedServer): string {
  const others = orElse.length === 0 ? '' : `; ${orElse.join(', ')} would have sent the same`
  return `sends as ${name} does, ${confidenceText(confidence)}${others}`
}

/** The figures, each with its name. */
export function figureRows({ transfer, diagnosis }: Judged): [string, string][] {
  const { agreed, blocks, fromClient, fromServer } = transfer
  const { figures } = diagnosis
  const last = blocks.final === undefined ? '' : `; the last one is ${blocks.final}`
  const rows: [string, string][] = [
    ['blocks', `${blocks.sent} sent, ${figures.acknowledgedBlocks} acknowledged${last}; ${agreed.blksize} bytes each`],
    ['time', `${spanText(figures.durationMs)}, ${rateText(figures.rateBytesPerSec)}`],
    [
      'packets',
      `${fromServer} of the server, ${fromClient} of the client; ${countText(figures.retransmissions, 'repeat')} of DATA`,
    ],
    ['window', `${countText(figures.windowBlocks, 'block')} out at once; ${windowText(agreed)}`],
    ['stalls', figures.stalls === 0 ? 'none' : `${figures.stalls}, ${spanText(figures.stalledMs)} in all`],
  ]
  const { outcome } = transfer
  if (outcome.type === 'error')
    rows.unshift([
      'ERROR',
      `${outcome.wireCode} of the ${outcome.from}, "${escapeText(outcome.message)}" (packet ${outcome.number})`,
    ])
  if (figures.medianAckMs !== undefined) rows.push(['ACK after', `${spanText(figures.medianAckMs)} (median)`])
  if (figures.clientTimerPackets > 0) {
    const timer = figures.clientTimerMs === undefined ? '' : `, which runs for ${spanText(figures.clientTimerMs)}`
    rows.push(['own timer', `${countText(figures.clientTimerPackets, 'packet')} sent by the client's timer${timer}`])
  }
  return rows
}

function windowText({ windowsize, windowsizeFrom }: CapturedAgreement): string {
  if (windowsizeFrom === 'inferred') return `${windowsize} negotiated, as the ACKs show: the capture has no whole OACK`
  if (windowsizeFrom === 'unseen') return 'the capture does not show whether one was negotiated'
  return windowsize === 1 ? 'none was negotiated' : `${windowsize} negotiated`
}
