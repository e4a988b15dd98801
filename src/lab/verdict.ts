/**
 * What a transfer came to, seen from above: what the device has in memory against how both sides saw the end.
 *
 * The hard rule: a device that takes an image with a missing or wrong byte for whole would boot it. That, and a server that
 * reports success for an image that is not there, is `harmful`. Everything else is an inconvenience.
 */
import type { Outcome } from '../transfer/contract.ts'
import type { ClientResult } from './client/result.ts'
import type { StoredFile } from './node.ts'

export type VerdictKind =
  /** The device has the file, byte for byte; the server says completed, be it with `lastAck: 'missing'`. */
  | 'intact'
  /** The device has the file, the server reports a failure, or has not ended yet. */
  | 'intact-but-server-failed'
  | 'both-know-it-failed'
  /** The server says "probably complete, verify on the device", and the device does not have it all. */
  | 'client-failed-server-unsure'
  /** A lie: the server says completed, and the device does not have it. Of an upload: its last ACK came, and the server does not have it. */
  | 'client-failed-server-thinks-complete'
  /** An upload that its client takes for complete, although no ACK of the final block ever left the server. */
  | 'believed-without-ack'
  /** The device takes an image with unwritten blocks for whole. */
  | 'hole'
  /** The device takes an image of the wrong size or with wrong bytes for whole. */
  | 'wrong-bytes'
  /** The client only asked for the size. */
  | 'probed'
  /** The run was cut off before the device or, when the device failed, before the server had decided. */
  | 'unfinished'

export interface Verdict {
  readonly kind: VerdictKind
  /** True for what must never happen. */
  readonly harmful: boolean
  /** Blocks of the image that were never written (seq, at most 16 of them), when the device takes it for whole. */
  readonly holes: readonly number[]
  /** Position of the first wrong byte, or -1. */
  readonly firstDifference: number
}

const MAX_HOLES_NAMED = 16

/**
 * Judges one transfer. `client` and `server` are undefined while they have not ended; `heard` is false when no request
 * ever reached the server, which then has nothing to be wrong about.
 */
export function judge(
  client: ClientResult | undefined,
  server: Outcome | undefined,
  image: Uint8Array,
  heard = true,
): Verdict {
  if (server?.status === 'probed') return verdict('probed')
  const completed = server?.status === 'completed'
  if (client?.status === 'ok') {
    const holes = holesOf(client, image.length)
    const difference = firstDifference(client, image)
    if (holes.length > 0) return verdict('hole', holes, difference)
    if (difference >= 0) return verdict('wrong-bytes', holes, difference)
    return verdict(completed ? 'intact' : 'intact-but-server-failed')
  }
  if (completed) {
    return verdict(
      server.lastAck === 'missing' ? 'client-failed-server-unsure' : 'client-failed-server-thinks-complete',
    )
  }
  return verdict(client === undefined || (server === undefined && heard) ? 'unfinished' : 'both-know-it-failed')
}

/**
 * Judges one upload: what the server has stored against how both sides saw the end. `stored` is undefined when it has taken no
 * file for whole; `acknowledged` when the ACK of a final block left it.
 */
export function judgeUpload(
  client: Outcome | undefined,
  stored: StoredFile | undefined,
  acknowledged: boolean,
  image: Uint8Array,
): Verdict {
  const completed = client?.status === 'completed'
  if (stored !== undefined) {
    const difference = firstDifferent(stored.bytes, image)
    if (difference >= 0) return verdict('wrong-bytes', [], difference)
    return verdict(completed ? 'intact' : 'intact-but-server-failed')
  }
  if (acknowledged) return verdict('client-failed-server-thinks-complete')
  if (completed) return verdict(client.lastAck === 'missing' ? 'client-failed-server-unsure' : 'believed-without-ack')
  return verdict(client === undefined ? 'unfinished' : 'both-know-it-failed')
}

function firstDifferent(bytes: Uint8Array, image: Uint8Array): number {
  const length = Math.min(bytes.length, image.length)
  const equal = equalBytes(bytes, image, length)
  if (equal < length) return equal
  return bytes.length === image.length ? -1 : length
}

/** How many of the first `length` bytes are the same in both, up to the first that is not. */
function equalBytes(a: Uint8Array, b: Uint8Array, length: number): number {
  let i = 0
  // Sixteen at a time where memory allows it.
  if (a.byteOffset % 4 === 0 && b.byteOffset % 4 === 0) {
    const words = (Math.min(length, a.length, b.length) >>> 4) << 2
    const left = new Int32Array(a.buffer, a.byteOffset, words)
    const right = new Int32Array(b.buffer, b.byteOffset, words)
    while (i < words && differenceAt(left, right, i) === 0) i += 4
    i *= 4
  }
  while (i < length && a[i] === b[i]) i++
  return i
}

/** Not 0 where the four words from `i` on differ. */
function differenceAt(a: Int32Array, b: Int32Array, i: number): number {
  return (a[i]! ^ b[i]!) | (a[i + 1]! ^ b[i + 1]!) | (a[i + 2]! ^ b[i + 2]!) | (a[i + 3]! ^ b[i + 3]!)
}

const HARMFUL: ReadonlySet<VerdictKind> = new Set(['hole', 'wrong-bytes', 'client-failed-server-thinks-complete'])

function verdict(kind: VerdictKind, holes: readonly number[] = [], difference = -1): Verdict {
  return { kind, harmful: HARMFUL.has(kind), holes, firstDifference: difference }
}

function holesOf(client: ClientResult, sizeBytes: number): number[] {
  const holes: number[] = []
  const blocks = Math.ceil(sizeBytes / client.blksize)
  for (let i = 0; i < blocks && holes.length < MAX_HOLES_NAMED; i++) {
    if (client.writtenMap[i] === undefined || client.writtenMap[i] === 0) holes.push(i + 1)
  }
  return holes
}

function firstDifference(client: ClientResult, image: Uint8Array): number {
  const length = Math.min(client.bytes, image.length)
  const equal = equalBytes(client.image, image, length)
  if (equal < length) return equal
  return client.bytes === image.length && client.strayBytes === 0 ? -1 : length
}
