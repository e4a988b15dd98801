/**
 * Puts fragments of UDP datagrams together, as the receiving host does, in bounded memory. Fragments that contradict each other are refused,
 * as RFC 5722 asks. What is still missing after REASSEMBLY_SECONDS is missing for good.
 */
import { addressKey, sameBytes, UDP_HEADER_BYTES } from './udp.ts'
import type { IpHeader } from './ip-header.ts'

/** Hosts wait 30 s. A path that delivers the rest at all does it within a second, and a transfer must still be followed then. */
const REASSEMBLY_SECONDS = 10
/** Datagrams that are put together at a time, 64 KB each at most. */
const MAX_DATAGRAMS = 256
const MAX_DATAGRAM_BYTES = 65_535
/** Holes in one datagram. Honest fragments come in order, or the last one first. */
const MAX_PIECES = 64
/** A first fragment that comes again after longer is another datagram with the same identification. */
const SAME_DATAGRAM_SECONDS = 0.5

/** A datagram that is being put together. */
export interface Assembly {
  readonly key: string
  /** When the first of its fragments was captured, in seconds. */
  readonly since: number
  /** UDP header and payload, `totalBytes` of them once the last fragment came. */
  bytes: Uint8Array
  totalBytes: number | undefined
  /** What is there, as [from, end) in rising order, never touching each other. */
  pieces: [from: number, end: number][]
  /** Bytes of all frames on the wire. */
  frameBytes: number
  /** False when the capture cut a fragment. */
  captured: boolean
  /** What the owner made of its first fragment. */
  owner: object | undefined
}

export interface FragmentsSink {
  /** `reason`: fragments never came, or contradict each other. Called at most once, and not for one that is whole. */
  broken(assembly: Assembly, reason: 'missing' | 'overlap'): void
}

export class Fragments {
  readonly #sink: FragmentsSink
  /** The oldest first. */
  readonly #assemblies = new Map<string, Assembly>()

  constructor(sink: FragmentsSink) {
    this.#sink = sink
  }

  /** Adds a fragment of UDP, captured at `now` in seconds. Returns its datagram, which is whole when `isWhole` says so; undefined when the fragment is refused. */
  add(b: Uint8Array, ip: IpHeader, now: number, frameBytes: number): Assembly | undefined {
    const from = ip.fragmentOffset
    const end = from + ip.payloadBytes
    // All but the last have a multiple of eight bytes.
    if (end > MAX_DATAGRAM_BYTES || ip.payloadBytes === 0 || (ip.moreFragments && end % 8 !== 0)) return undefined
    const assembly = this.#assemblyFor(b, ip, now)
    if (!this.#isConsistent(assembly, b, ip, end)) {
      this.#remove(assembly, 'overlap')
      return undefined
    }
    if (!isNew(assembly, from, end)) return undefined
    this.#store(assembly, b, ip, end)
    assembly.frameBytes += frameBytes
    if (!ip.moreFragments) assembly.totalBytes = end
    if (isWhole(assembly)) this.#assemblies.delete(assembly.key)
    return assembly
  }

  /** Gives up what has waited too long. */
  expire(nowSeconds: number): void {
    for (const assembly of this.#assemblies.values()) {
      if (nowSeconds - assembly.since < REASSEMBLY_SECONDS) return
      this.#remove(assembly, 'missing')
    }
  }

  /** The capture ended at `nowSeconds`: what began a second before is missing, what began later was perhaps on its way. */
  end(nowSeconds: number): void {
    for (const assembly of this.#assemblies.values()) {
      if (nowSeconds - assembly.since >= 1) this.#remove(assembly, 'missing')
    }
    this.#assemblies.clear()
  }

  get isEmpty(): boolean {
    return this.#assemblies.size === 0
  }

  #assemblyFor(b: Uint8Array, ip: IpHeader, now: number): Assembly {
    const from = addressKey(b, ip.source, ip.addressBytes)
    const to = addressKey(b, ip.destination, ip.addressBytes)
    const key = `${from} ${to} ${ip.fragmentId}`
    const found = this.#assemblies.get(key)
    const isNext = found !== undefined && ip.fragmentOffset === 0 && found.pieces[0]?.[0] === 0
    if (found !== undefined && !(isNext && now - found.since > SAME_DATAGRAM_SECONDS)) return found
    if (found !== undefined) this.#remove(found, 'missing')
    if (this.#assemblies.size === MAX_DATAGRAMS) {
      const [oldest] = this.#assemblies.values()
      this.#remove(oldest, 'missing')
    }
    const assembly: Assembly = {
      key,
      since: now,
      bytes: new Uint8Array(0),
      totalBytes: undefined,
      pieces: [],
      frameBytes: 0,
      captured: true,
      owner: undefined,
    }
    this.#assemblies.set(key, assembly)
    return assembly
  }

  /** Whether the fragment agrees with those that are there. The very same one again (captured twice) does. */
  #isConsistent(assembly: Assembly, b: Uint8Array, ip: IpHeader, end: number): boolean {
    const from = ip.fragmentOffset
    if (assembly.totalBytes !== undefined && end > assembly.totalBytes) return false
    if (!ip.moreFragments && (assembly.pieces.at(-1)?.[1] ?? 0) > end) return false
    for (const [pieceFrom, pieceEnd] of assembly.pieces) {
      if (from >= pieceEnd || end <= pieceFrom) continue
      const isInside = from >= pieceFrom && end <= pieceEnd
      if (!isInside || !sameBytes(b, ip.payload, assembly.bytes, from, ip.capturedBytes)) return false
    }
    return assembly.pieces.length < MAX_PIECES
  }

  #store(assembly: Assembly, b: Uint8Array, ip: IpHeader, end: number): void {
    if (assembly.bytes.length < end) {
      const larger = new Uint8Array(Math.min(MAX_DATAGRAM_BYTES, Math.max(end, 2 * assembly.bytes.length)))
      larger.set(assembly.bytes)
      assembly.bytes = larger
    }
    assembly.bytes.set(b.subarray(ip.payload, ip.payload + ip.capturedBytes), ip.fragmentOffset)
    if (ip.capturedBytes < ip.payloadBytes) assembly.captured = false
    const pieces = [...assembly.pieces, [ip.fragmentOffset, end] as [number, number]].sort((a, c) => a[0] - c[0])
    assembly.pieces = []
    for (const piece of pieces) {
      const last = assembly.pieces.at(-1)
      if (last !== undefined && last[1] === piece[0]) last[1] = piece[1]
      else assembly.pieces.push(piece)
    }
  }

  #remove(assembly: Assembly, reason: 'missing' | 'overlap'): void {
    this.#assemblies.delete(assembly.key)
    this.#sink.broken(assembly, reason)
  }
}

export function isWhole(assembly: Assembly): boolean {
  const [first] = assembly.pieces
  return assembly.pieces.length === 1 && first[0] === 0 && first[1] === assembly.totalBytes
}

/** Bytes of UDP that were seen. */
export function seenBytes(assembly: Assembly): number {
  return assembly.pieces.reduce((sum, [from, end]) => sum + end - from, 0)
}

/** Whether the first fragment is there and has `bytes` behind the UDP header. */
export function hasHead(assembly: Assembly, bytes: number): boolean {
  const [first] = assembly.pieces
  return first !== undefined && first[0] === 0 && first[1] >= UDP_HEADER_BYTES + bytes
}

function isNew(assembly: Assembly, from: number, end: number): boolean {
  return !assembly.pieces.some(([pieceFrom, pieceEnd]) => from >= pieceFrom && end <= pieceEnd)
}
