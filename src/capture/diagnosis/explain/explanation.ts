/** The likeliest story of a transfer under one fault. */
import type { EventKind, FaultName } from './faults.ts'
import type { Habits } from './habits.ts'
import type { Script } from './script.ts'
import type { StoryEvent } from './branch.ts'

export interface Explanation {
  readonly fault: FaultName
  readonly habits: Habits
  readonly script: Script
  /** Lower is likelier; the share of packets that the fault hit is fitted. */
  readonly cost: number
  readonly events: readonly StoryEvent[]
  /** What other stories of the same packets are worth that put some of the losses into the other direction; losses in the mean of all of them. */
  readonly alsoGain: number
  readonly upLost: number
  readonly downLost: number
  /** Packets of the script that it speaks of. */
  readonly read: number
  /** Those that the fault is known for. */
  readonly own: readonly StoryEvent[]
  /** The losses of this kind are some of those of the other one, and nothing tells which. */
  readonly isEither?: EventKind
}
