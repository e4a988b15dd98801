/** How a device is treated: by what its request tells, by what was learnt of it before, and by what the user chose. */
import { DeviceMemory } from '../profile/memory.ts'
import { takesWhateverComes } from '../profile/request-shape.ts'
import type { LearntDevice, WindowPolicy } from '../transfer/contract.ts'
import type { Agreed } from '../transfer/negotiate.ts'
import { type KnownDevice, Sender } from '../transfer/sender.ts'
import type { ServedTransfer } from './content.ts'
import { type PolicyOptions, policyFor } from './policy.ts'

export class Treatment {
  readonly #options: PolicyOptions
  readonly #memory: DeviceMemory

  constructor(options: PolicyOptions, memory: DeviceMemory = new DeviceMemory()) {
    this.#options = options
    this.#memory = memory
  }

  policyFor(transfer: ServedTransfer, agreed: Agreed): WindowPolicy {
    return policyFor(this.#options, agreed, this.#learnt(transfer), this.deviceFor(transfer))
  }

  deviceFor(transfer: ServedTransfer): KnownDevice {
    const learnt = this.#learnt(transfer)
    return {
      known: learnt !== undefined,
      patient: takesWhateverComes(transfer.request) || learnt?.countsRepeats === true,
    }
  }

  /** The transfer is decided: what it taught is kept for the device's next request. */
  ended(transfer: ServedTransfer): void {
    const { machine, outcome, peer, request } = transfer
    if (!(machine instanceof Sender)) return
    const learnt = machine.learnt()
    // A transfer that failed teaches one thing only: that the device counts repeats.
    if (outcome?.status === 'completed' || learnt.countsRepeats === true) {
      this.#memory.remember(peer.address, request, learnt)
    }
  }

  #learnt(transfer: ServedTransfer): LearntDevice | undefined {
    return this.#memory.recall(transfer.peer.address, transfer.request)
  }
}
