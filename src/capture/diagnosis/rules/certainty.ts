import type { Incident } from '../view/incident.ts'

/** How sure a number of independent observations makes: 0.6 for one, 0.84 for two, 0.97 at most. */
export function certainty(count: number): number {
  return Math.min(0.97, 1 - 0.4 ** count)
}

export function packetsOf(incidents: readonly Incident[]): number[] {
  return incidents.flatMap(({ packets }) => packets)
}

export function blocksText(incidents: readonly Incident[]): string {
  const named = [...new Set(incidents.map(({ seq }) => seq))]
  const list = named.slice(0, MOST_NAMED).join(', ')
  return `${named.length === 1 ? 'block' : 'blocks'} ${list}${named.length > MOST_NAMED ? ` and ${named.length - MOST_NAMED} more` : ''}`
}

const MOST_NAMED = 5
