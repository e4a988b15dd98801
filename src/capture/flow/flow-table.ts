/** All flows that are followed, found by the client's address and port, and by its address. Bounded: see `LIMITS`. */
import { addressKey, sameBytes } from '../frame/udp.ts'
import type { Tries } from './attempts.ts'
import type { Flow } from './flow.ts'
import { type Entry, FlowList } from './flow-list.ts'

/**
 * What a flow is at present. `candidate`: no request was seen, and it may be no TFTP at all. `waiting`: no answer yet. `ended`: complete or
 * ended by an ERROR; only repeats are expected.
 */
export type Stage = 'candidate' | 'waiting' | 'active' | 'ended'

/** Flows at a time, by stage. A herd of 5000 clients fits; a flood of made-up requests cannot push out what is answered. */
const LIMITS: Readonly<Record<Stage, number>> = { candidate: 1024, waiting: 8192, active: 8192, ended: 4096 }
/** Flows of one address and port: a client that asks with the same port again and again. */
const MAX_SAME_PORT = 16

/** Flows of one address that are looked at for a question for it: a file may be full of questions. */
const MAX_LOOKED = 256

export interface FollowedFlow extends Entry {
  stage: Stage
  /** It and the one before it, as attempts of a device; undefined without a request. */
  tries: Tries | undefined
  /** The flow of the same address and port before it. */
  older: FollowedFlow | undefined
}

export class FlowTable {
  readonly #lists: Readonly<Record<Stage, FlowList>> = {
    candidate: new FlowList(),
    waiting: new FlowList(),
    active: new FlowList(),
    ended: new FlowList(),
  }
  /** The newest flow of a client's address and port. */
  readonly #byClient = new Map<number, FollowedFlow>()
  readonly #byAddress = new Map<number, Set<FollowedFlow>>()
  readonly #letGo: (entry: FollowedFlow, reason: 'evicted' | 'idle') => void

  /** `letGo` is called for flows that lose their place; it removes them. */
  constructor(letGo: (entry: FollowedFlow, reason: 'evicted' | 'idle') => void) {
    this.#letGo = letGo
  }

  get size(): number {
    const { candidate, waiting, active, ended } = this.#lists
    return candidate.size + waiting.size + active.size + ended.size
  }

  add(flow: Flow, stage: Stage, seconds: number, tries: Tries | undefined): FollowedFlow {
    const older = this.#byClient.get(flow.client.key)
    const entry: FollowedFlow = {
      flow,
      stage,
      tries,
      older,
      lastSeconds: seconds,
      list: undefined,
      previous: undefined,
      next: undefined,
    }
    this.#byClient.set(flow.client.key, entry)
    const address = addressKey(flow.client.address, 0, flow.client.address.length)
    const same = this.#byAddress.get(address)
    if (same === undefined) this.#byAddress.set(address, new Set([entry]))
    else same.add(entry)
    this.#boundSamePort(entry)
    this.touch(entry, stage, seconds)
    return entry
  }

  /** A packet of the flow was captured. */
  touch(entry: FollowedFlow, stage: Stage, seconds: number): void {
    entry.lastSeconds = seconds
    entry.stage = stage
    const list = this.#lists[stage]
    list.touch(entry)
    if (list.size > LIMITS[stage]) this.#letGo(list.first as FollowedFlow, 'evicted')
  }

  /** Lets go of flows that had no packet since the given times. */
  expire(idleSince: number, endedSince: number): void {
    for (const list of [this.#lists.candidate, this.#lists.waiting, this.#lists.active]) {
      while (list.first !== undefined && list.first.lastSeconds < idleSince)
        this.#letGo(list.first as FollowedFlow, 'idle')
    }
    const { ended } = this.#lists
    while (ended.first !== undefined && ended.first.lastSeconds < endedSince)
      this.#letGo(ended.first as FollowedFlow, 'idle')
  }

  remove(entry: FollowedFlow): void {
    entry.list?.remove(entry)
    const { key, address } = entry.flow.client
    let before = this.#byClient.get(key)
    if (before === entry) {
      if (entry.older === undefined) this.#byClient.delete(key)
      else this.#byClient.set(key, entry.older)
    } else {
      while (before !== undefined && before.older !== entry) before = before.older
      if (before !== undefined) before.older = entry.older
    }
    const at = addressKey(address, 0, address.length)
    const same = this.#byAddress.get(at)
    same?.delete(entry)
    if (same?.size === 0) this.#byAddress.delete(at)
  }

  /** The newest flow whose client may have this address and port, by key alone; older ones follow in `older`. */
  newest(clientKey: number): FollowedFlow | undefined {
    return this.#byClient.get(clientKey)
  }

  /** Flows of the clients at an address; of very many the oldest. */
  *ofClient(b: Uint8Array, at: number, addressBytes: number): Generator<FollowedFlow> {
    let looked = 0
    for (const entry of this.#byAddress.get(addressKey(b, at, addressBytes)) ?? []) {
      if (looked++ === MAX_LOOKED) return
      const { address } = entry.flow.client
      if (address.length === addressBytes && sameBytes(address, 0, b, at, addressBytes)) yield entry
    }
  }

  /** All of them, in no order that means anything. */
  all(): FollowedFlow[] {
    return [...this.#byAddress.values()].flatMap((same) => [...same])
  }

  #boundSamePort(newest: FollowedFlow): void {
    let count = 1
    for (let entry = newest.older; entry !== undefined; entry = entry.older) {
      if (++count > MAX_SAME_PORT) return this.#letGo(entry, 'evicted')
    }
  }
}
