/**
 * Who is in, and who may come in: caps in all, per address, and on transfers whose peer has not yet proved that it
 * holds its address. A flood of forged requests costs bounded memory and never a running transfer.
 */
import { OPCODE, type Request } from '../packet/index.ts'
import { type Chain, emptyChain, Links } from './chains.ts'
import type { Peer } from './contract.ts'
import { isAbandoned, isHalfOpenUpload } from './duplicates.ts'
import type { Transfer } from './transfer.ts'

/** About 20 MB of bookkeeping; more clients than one machine's ports can serve well. */
export const DEFAULT_MAX_TRANSFERS = 16384
/** A rack of devices behind one NAT fits; one broken host cannot take all places. */
export const DEFAULT_MAX_TRANSFERS_PER_ADDRESS = 512
/** Half-open transfers last seconds: this is a thousand new clients per second, and a quarter of all places. */
export const DEFAULT_MAX_HALF_OPEN = 4096
/** Transfers of one file by one address that are looked at when it asks again: bounds the work per request. */
const MAX_LOOKED_AT = 16

export interface Caps {
  readonly maxTransfers: number
  readonly maxTransfersPerAddress: number
  readonly maxHalfOpen: number
}

/** Transfers of one address, in numbers and slots only, as in all tables here. */
interface Neighbours {
  count: number
  readonly halfOpen: Chain
}

/** The transfer to drop first, `none` when there is room, `full` when nothing may be dropped. */
export type Room<T> = T | 'none' | 'full'

/**
 * Its maps hold slots, not transfers. Where entries come and go all the time V8 leaves old tables of a map behind that point
 * to newer ones, and whatever they hold lives until the next full collection: a minor one would copy every dead transfer.
 */
export class Admission<T extends Transfer> {
  readonly #caps: Caps
  readonly #slots: (T | undefined)[] = []
  readonly #free: number[] = []
  readonly #byPeer = new Map<string, number>()
  readonly #byAddress = new Map<string, Neighbours>()
  readonly #byFile = new Map<string, Chain>()
  readonly #halfOpen = emptyChain()
  readonly #links = new Links()
  readonly #neighbourLinks = new Links()
  readonly #fileLinks = new Links()

  constructor(caps: Caps) {
    this.#caps = caps
  }

  get size(): number {
    return this.#byPeer.size
  }

  get halfOpen(): number {
    return this.#halfOpen.length
  }

  /** No place is left for one that has not answered: one more drops the oldest of them. */
  get isCrowded(): boolean {
    return this.halfOpen >= this.#caps.maxHalfOpen
  }

  /** The address has a transfer. */
  knows(address: string): boolean {
    return this.#byAddress.has(address)
  }

  /** The transfer of this very address and port. */
  find(peer: Peer): T | undefined {
    const slot = this.#byPeer.get(peerKey(peer))
    return slot === undefined ? undefined : this.#slots[slot]
  }

  at(slot: number): T | undefined {
    return this.#slots[slot]
  }

  /** Those that come or go meanwhile may be among them or not. */
  *all(): IterableIterator<T> {
    for (const transfer of this.#slots) if (transfer !== undefined) yield transfer
  }

  /** The transfer of `request`'s file to `peer`'s address that was silent for longest and counts as abandoned. */
  abandoned(peer: Peer, request: Request, now: number): T | undefined {
    let found: T | undefined
    let slot = this.#byFile.get(fileKey(peer, request))?.oldest ?? -1
    for (let left = MAX_LOOKED_AT; slot >= 0 && left > 0; left--, slot = this.#fileLinks.after(slot)) {
      const transfer = this.#slots[slot]
      if (transfer === undefined || !isAbandoned(transfer, now)) continue
      if (found === undefined || transfer.heardAt < found.heardAt) found = transfer
    }
    return found
  }

  /** An upload of `request`'s file by `peer`'s address that nothing has come for yet (rule R1). */
  halfOpenUpload(peer: Peer, request: Request): T | undefined {
    // Most requests are reads.
    if (request.opcode !== OPCODE.wrq) return undefined
    let slot = this.#byFile.get(fileKey(peer, request))?.oldest ?? -1
    for (let left = MAX_LOOKED_AT; slot >= 0 && left > 0; left--, slot = this.#fileLinks.after(slot)) {
      const transfer = this.#slots[slot]
      if (transfer !== undefined && isHalfOpenUpload(transfer)) return transfer
    }
    return undefined
  }

  /** What must go before one more transfer of `peer` may come: the oldest half-open one, or nothing can. */
  room(peer: Peer): Room<T> {
    const { maxTransfers, maxTransfersPerAddress } = this.#caps
    const neighbours = this.#byAddress.get(peer.address)
    if (neighbours !== undefined && neighbours.count >= maxTransfersPerAddress) return this.#oldest(neighbours.halfOpen)
    if (this.size >= maxTransfers || this.isCrowded) return this.#oldest(this.#halfOpen)
    return 'none'
  }

  /** Gives `transfer` a slot. It counts as half-open until `answered`. */
  add(transfer: T): void {
    const slot = this.#free.pop() ?? this.#slots.length
    this.#slots[slot] = transfer
    transfer.slot = slot
    this.#byPeer.set(peerKey(transfer.peer), slot)

    let neighbours = this.#byAddress.get(transfer.peer.address)
    if (neighbours === undefined) {
      neighbours = { count: 0, halfOpen: emptyChain() }
      this.#byAddress.set(transfer.peer.address, neighbours)
    }
    neighbours.count++
    this.#links.append(this.#halfOpen, slot)
    this.#neighbourLinks.append(neighbours.halfOpen, slot)

    const key = fileKey(transfer.peer, transfer.request)
    let sameFile = this.#byFile.get(key)
    if (sameFile === undefined) this.#byFile.set(key, (sameFile = emptyChain()))
    this.#fileLinks.append(sameFile, slot)
  }

  /** The peer answered: its transfer is never dropped for another one from now on. */
  answered(transfer: T): void {
    if (transfer.answered) return
    this.#leaveHalfOpen(transfer)
    transfer.answered = true
  }

  remove(transfer: T): void {
    const { peer, request, slot } = transfer
    if (!transfer.answered) this.#leaveHalfOpen(transfer)
    this.#slots[slot] = undefined
    this.#free.push(slot)
    transfer.slot = -1
    this.#byPeer.delete(peerKey(peer))
    const neighbours = this.#byAddress.get(peer.address)
    if (neighbours !== undefined && --neighbours.count === 0) this.#byAddress.delete(peer.address)
    const key = fileKey(peer, request)
    const sameFile = this.#byFile.get(key)
    if (sameFile === undefined) return
    this.#fileLinks.remove(sameFile, slot)
    if (sameFile.length === 0) this.#byFile.delete(key)
  }

  #leaveHalfOpen(transfer: T): void {
    this.#links.remove(this.#halfOpen, transfer.slot)
    const neighbours = this.#byAddress.get(transfer.peer.address)
    if (neighbours !== undefined) this.#neighbourLinks.remove(neighbours.halfOpen, transfer.slot)
  }

  #oldest(chain: Chain): Room<T> {
    return this.#slots[chain.oldest] ?? 'full'
  }
}

/** Joined, so that it lies in one piece: what a template makes of long parts keeps them all alive. */
function peerKey(peer: Peer): string {
  return [peer.address, peer.port].join(' ')
}

/** As `peerKey`. */
function fileKey(peer: Peer, request: Request): string {
  return [peer.address, request.opcode, request.filename].join(' ')
}
