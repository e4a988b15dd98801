/** How a device is treated: by what its request tells, by what was learnt of it before, and by what the user chose. */
import { DeviceMemory } from '../profile/memory.ts'
import { takesWhateverComes } from '../profile/request-shape.ts'
import type { WindowPolicy } from '../transfer/contract.ts'
import type { Agreed } from '../transfer/negotiate.ts'
import type { KnownDevice } from '../transfer/contract.ts'
import { Sender } from '../transfer/sender.ts'
import type { ServedTransfer } from './content.ts'
import { choosePolicy, type PolicyOptions } from '../transfer/policy/choose.ts'

export class Treatment {
  readonly #options: PolicyOptions
  readonly #memory: DeviceMemory

  constructor(options: PolicyOptions, memory: DeviceMemory = new DeviceMemory()) {
    this.#options = options
    this.#memory = memory
  }

  policyFor(transfer: ServedTransfer, agreed: Agreed): WindowPolicy {
    return choosePolicy(this.#options, agreed, this.deviceFor(transfer))
  }

  deviceFor(transfer: ServedTransfer): KnownDevice {
    const learnt = this.#memory.recall(transfer.peer.address, transfer.request)
    return {
      known: learnt !== undefined,
      patient: takesWhateverComes(transfer.request) || learnt?.countsRepeats === true,
      ...(learnt?.window === undefined ? {} : { window: learnt.window }),
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
}
