/** Late ACKs whose delays are equal to a hair, at blocks without a rhythm: the client's own timer repeated an ACK that was lost. */
import type { Incident } from './incident.ts'
import type { Pauses } from './pauses.ts'

const LEAST = 2
/** Flash takes more or less time; a timer does not. */
const SPREAD = 0.01

export function lateByTimer(incidents: readonly Incident[], { everyBlocks }: Pauses): Incident[] {
  const waits = incidents.filter(({ what }) => what === 'late').map(({ fromMs, toMs }) => toMs - fromMs)
  const longest = Math.max(...waits)
  const isTimer = everyBlocks === undefined && waits.length >= LEAST && longest - Math.min(...waits) <= SPREAD * longest
  return incidents.map((incident) => (isTimer && incident.what === 'late' ? { ...incident, what: 'ack' } : incident))
}
