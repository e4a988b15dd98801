/** How a device is served: by what its request tells, by what was learnt of it before, and by what the user chose. */
import type { Prepared } from '../endpoint/endpoint.ts'
import type { Peer } from '../endpoint/contract.ts'
import type { Request } from '../packet/index.ts'
import type { LearntDevice, Machine, Outcome } from '../transfer/contract.ts'
import type { Agreed } from '../transfer/negotiate.ts'
import { choosePolicy, type PolicyOptions } from '../transfer/policy/choose.ts'
import { Sender } from '../transfer/sender.ts'
import { deviceId } from './device-id.ts'
import { DeviceMemory, type DeviceUpdate } from './memory.ts'
import { mayTakeWhateverComes, takesWhateverComes } from './request-shape.ts'

/** An update that brings nothing new is sent again after this long, so that the device does not become the oldest entry and go. */
const TELL_AGAIN_MS = 60_000

/** A transfer as far as its device is known by it and learnt from it. */
export interface DeviceTransfer {
  readonly peer: Peer
  readonly request: Request
  readonly machine: Machine | undefined
  readonly outcome: Outcome | undefined
  /** What its owner hangs on it. An image keeps the name of the device from the request to the end. */
  readonly content: { readonly type: string; device?: string } | undefined
}

/** The MAC address behind an IPv4 address, where the system shows it. `now` in milliseconds since the epoch. */
export type MacOf = (now: number, address: string) => string | undefined

export class Devices {
  /** What new transfers follow. */
  policy: PolicyOptions
  readonly #memory = new DeviceMemory()
  readonly #macOf: MacOf
  readonly #now: () => number
  readonly #learnt: (update: DeviceUpdate) => void

  /** `now`: milliseconds since the epoch. `learnt` gets what transfers taught, unless that was known already. */
  constructor(policy: PolicyOptions, macOf: MacOf, now: () => number, learnt: (update: DeviceUpdate) => void) {
    this.policy = policy
    this.#macOf = macOf
    this.#now = now
    this.#learnt = learnt
  }

  /** What another instance learnt, or what was known before this one began. */
  merge(update: DeviceUpdate): void {
    this.#memory.merge(update)
  }

  /** Its next transfer begins as that of a new device. What a transfer that runs now teaches counts again. */
  forget(device: string): void {
    this.#memory.forget(device)
  }

  /** Policy of a transfer that begins, and what is known of its device. `policy` where the transfer does not follow that of all. */
  prepare(transfer: DeviceTransfer, agreed: Agreed, policy: PolicyOptions = this.policy): Prepared {
    const { content } = transfer
    const id = this.#idOf(transfer)
    if (content?.type === 'image') content.device = id
    const learnt = this.#memory.recall(id)?.learnt
    const patient = takesWhateverComes(transfer.request) || learnt?.countsRepeats === true
    const device = {
      known: learnt !== undefined,
      patient,
      mayCountRepeats: !patient && mayTakeWhateverComes(transfer.request),
      ...(learnt?.window === undefined ? {} : { window: learnt.window }),
    }
    return { policy: choosePolicy(policy, agreed, device), device }
  }

  /** The transfer is over: what it taught is kept for the device's next request. */
  ended(transfer: DeviceTransfer): void {
    const { machine, outcome, content } = transfer
    if (!(machine instanceof Sender)) return
    const learnt = machine.learnt()
    // A transfer that failed teaches one thing only: that the device counts repeats.
    if (outcome?.status !== 'completed' && learnt.countsRepeats !== true) return
    const prepared = (content?.type === 'image' ? content.device : undefined) ?? ''
    const device = prepared === '' ? this.#idOf(transfer) : prepared
    const known = this.#memory.peek(device)
    const time = this.#now()
    if (known !== undefined && isSame(known.learnt, learnt) && time - known.time < TELL_AGAIN_MS) return
    const update = { device, learnt, time, count: (known?.count ?? 0) + 1 }
    this.#memory.merge(update)
    this.#learnt(update)
  }

  #idOf({ peer, request }: DeviceTransfer): string {
    return deviceId(peer.address, peer.near ? this.#macOf(this.#now(), peer.address) : undefined, request)
  }
}

function isSame(a: LearntDevice, b: LearntDevice): boolean {
  return (
    a.countsRepeats === b.countsRepeats &&
    a.window?.windowBlocks === b.window?.windowBlocks &&
    a.window?.gapMs === b.window?.gapMs
  )
}
