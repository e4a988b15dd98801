/**
 * What was learnt about devices, kept for their next request. A device is its address and the shape of its request: boards
 * that boot one after the other from the same bootloader address are one device, a PXE ROM and the system it loads are two.
 */
import type { Request } from '../packet/index.ts'
import type { LearntDevice } from '../transfer/contract.ts'

/** A data centre's worth; each entry is a few hundred bytes. */
export const MEMORY_DEVICES = 4096

export class DeviceMemory {
  readonly #limit: number
  /** In the order of last use, the oldest first. */
  readonly #devices = new Map<string, LearntDevice>()

  constructor(limit: number = MEMORY_DEVICES) {
    this.#limit = limit
  }

  /** What is known of the device that sent this request from `address`; undefined for one that was never served. */
  recall(address: string, request: Request): LearntDevice | undefined {
    const key = keyOf(address, request)
    const learnt = this.#devices.get(key)
    if (learnt === undefined) return undefined
    this.#devices.delete(key)
    this.#devices.set(key, learnt)
    return learnt
  }

  /** Replaces what was known; the device that was not heard of for longest is forgotten when there are too many. */
  remember(address: string, request: Request, learnt: LearntDevice): void {
    const key = keyOf(address, request)
    this.#devices.delete(key)
    this.#devices.set(key, learnt)
    if (this.#devices.size <= this.#limit) return
    for (const oldest of this.#devices.keys()) {
      this.#devices.delete(oldest)
      return
    }
  }
}

/**
 * The options with their order and values, which bootloaders differ in; not the file's name, which changes from image to
 * image, and not the size, which is the file's.
 */
export function fingerprint(request: Request): string {
  const options = request.options.map(({ name, value }) => (name === 'tsize' ? name : `${name}=${value}`))
  return `${request.opcode} ${request.mode} ${options.join(' ')}`
}

function keyOf(address: string, request: Request): string {
  return `${address} ${fingerprint(request)}`
}
