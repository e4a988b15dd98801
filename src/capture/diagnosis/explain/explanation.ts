/** The likeliest story of a transfer under one fault. */
import type { FaultName } from './faults.ts'
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
  /** Packets of the script that it speaks of. */
  readonly read: number
  /** Those that the fault is known for. */
  readonly own: readonly StoryEvent[]
}
