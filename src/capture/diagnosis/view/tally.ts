/** The incidents of a transfer, counted by what they prove. */
import type { Incident, IncidentKind } from './incident.ts'

export interface Tally {
  readonly total: number
  readonly of: Readonly<Record<IncidentKind, readonly Incident[]>>
  /** Losses whose first repeat was answered at once, and those with a repeat that was not. */
  readonly answered: readonly Incident[]
  readonly silent: readonly Incident[]
  /** The client ignores a repeat of the block that it took last, without an ACK: an unanswered repeat proves that it has the block. */
  readonly ignoresRepeats: boolean
}

export function tallyOf(incidents: readonly Incident[]): Tally {
  const of: Record<IncidentKind, Incident[]> = {
    ack: [],
    data: [],
    either: [],
    stale: [],
    held: [],
    'held-ack': [],
    'held-data': [],
    swapped: [],
    copied: [],
    late: [],
  }
  for (const incident of incidents) of[incident.what].push(incident)
  const answered = of.either.filter(({ unanswered, open }) => unanswered === 0 && !open)
  const silent = of.either.filter(({ unanswered, open }) => unanswered > 0 || open)
  const proofs = of.ack.filter(({ unanswered }) => unanswered > 0).length
  return {
    total: incidents.length,
    of,
    answered,
    silent,
    ignoresRepeats: proofs > 0 && proofs >= of.ack.length / 2 && proofs + silent.length >= answered.length / 4,
  }
}
