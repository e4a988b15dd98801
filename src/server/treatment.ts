/** How a device is treated: by what its request tells, by what was learnt of it before, and by what the user chose. */
import { DeviceMemory } from '../profile/memory.ts'
import { takesWhateverComes } from '../profile/request-shape.ts'
import type { Request } from '../packet/index.ts'
import type { WindowPolicy } from '../transfer/contract.ts'
import type { Agreed } from '../transfer/negotiate.ts'
import type { KnownDevice, LearntDevice } from '../transfer/contract.ts'
import { Sender } from '../transfer/sender.ts'
import type { ServedTransfer } from './content.ts'
import { choosePolicy, type PolicyOptions } from '../transfer/policy/choose.ts'

/** What a transfer taught about its device: plain data, for other threads. */
export interface Lesson {
  readonly address: string
  readonly request: Request
  readonly learnt: LearntDevice
}

export class Treatment {
  readonly #options: PolicyOptions
  readonly #memory: DeviceMemory
  readonly #onLesson: ((lesson: Lesson) => void) | undefined

  /** `onLesson` hears what the transfers here taught, unless it is only that a device is healthy. */
  constructor(options: PolicyOptions, onLesson?: (lesson: Lesson) => void, memory: DeviceMemory = new DeviceMemory()) {
    this.#options = options
    this.#memory = memory
    this.#onLesson = onLesson
  }

  learn({ address, request, learnt }: Lesson): void {
    this.#memory.remember(address, request, learnt)
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
      const lesson = { address: peer.address, request, learnt }
      const isNews = Object.keys(learnt).length > 0
      this.learn(lesson)
      if (isNews) this.#onLesson?.(lesson)
    }
  }
}
