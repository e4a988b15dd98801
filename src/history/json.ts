/** What is kept as plain objects for programs: the form of `foresend history --json`, and of the API. */
import type { StoredDevice, StoredTransfer } from './reader.ts'

/** Times as ISO 8601, and what is unknown left out. */
export function jsonOf(stored: StoredTransfer | StoredDevice): object {
  return Object.fromEntries(
    Object.entries(stored).flatMap(([key, value]) => {
      if (value === undefined) return []
      if (key.endsWith('Ms') && key !== 'ms') return [[key.slice(0, -2), new Date(value as number).toISOString()]]
      return [[key, value]]
    }),
  )
}
