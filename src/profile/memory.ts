/**
 * What was learnt about devices, kept for their next request, as a table that many can write to: two tables that saw the same
 * updates in any order, and any of them twice, hold the same.
 */
import type { LearntDevice } from '../transfer/contract.ts'

/** A data centre's worth; each entry is a few hundred bytes. */
export const MEMORY_DEVICES = 4096

/** What a transfer taught about its device. Plain data that travels between threads and machines. */
export interface DeviceUpdate {
  /** See device-id.ts. */
  readonly device: string
  readonly learnt: LearntDevice
  /** Milliseconds since the epoch when it was learnt. */
  readonly time: number
  /** Transfers of the device up to then, as far as the writer knew. */
  readonly count: number
}

/**
 * The one rule that joins two updates of a device: the later one holds, and at the same time the one that knew of more transfers. That a
 * device counts repeats (rule A13) stays, whichever says it: an image is at stake. Commutative, associative and idempotent.
 */
export function mergeUpdates(a: DeviceUpdate, b: DeviceUpdate): DeviceUpdate {
  const later = isLater(a, b) ? a : b
  const { window } = later.learnt
  const countsRepeats = a.learnt.countsRepeats === true || b.learnt.countsRepeats === true
  return {
    device: later.device,
    learnt: { ...(window === undefined ? {} : { window }), ...(countsRepeats ? { countsRepeats } : {}) },
    time: later.time,
    count: later.count,
  }
}

export class DeviceMemory {
  readonly #limit: number
  /** In the order of last use, the oldest first. */
  readonly #devices = new Map<string, DeviceUpdate>()

  constructor(limit: number = MEMORY_DEVICES) {
    this.#limit = limit
  }

  /** What is known of `device`; undefined for one that was never served. */
  recall(device: string): DeviceUpdate | undefined {
    const known = this.#devices.get(device)
    if (known !== undefined) this.#touch(known)
    return known
  }

  /** As `recall`, for one who looks only: the device does not count as heard from. */
  peek(device: string): DeviceUpdate | undefined {
    return this.#devices.get(device)
  }

  /** Joins `update` to what is known; the device that was not heard from for longest is forgotten when there are too many. */
  merge(update: DeviceUpdate): void {
    const known = this.#devices.get(update.device)
    this.#touch(known === undefined ? update : mergeUpdates(known, update))
    if (this.#devices.size <= this.#limit) return
    for (const oldest of this.#devices.keys()) {
      this.#devices.delete(oldest)
      return
    }
  }

  /** False when nothing was known of it. */
  forget(device: string): boolean {
    return this.#devices.delete(device)
  }

  /** Everything that is known, for a serving instance that begins. */
  all(): DeviceUpdate[] {
    return [...this.#devices.values()]
  }

  #touch(update: DeviceUpdate): void {
    this.#devices.delete(update.device)
    this.#devices.set(update.device, update)
  }
}

/** A total order, so that the same two updates have the same later one wherever they meet. */
function isLater(a: DeviceUpdate, b: DeviceUpdate): boolean {
  if (a.time !== b.time) return a.time > b.time
  if (a.count !== b.count) return a.count > b.count
  const [one, other] = [a.learnt.window, b.learnt.window]
  if (one?.windowBlocks !== other?.windowBlocks) return (one?.windowBlocks ?? 0) > (other?.windowBlocks ?? 0)
  return (one?.gapMs ?? 0) > (other?.gapMs ?? 0)
}
