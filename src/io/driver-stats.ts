/** Counts of what went wrong with single datagrams; none of it ends a transfer. */
import { getSystemErrorName } from 'node:util'
import { errnoOf } from './bind-error.ts'

export interface DriverStats {
  /** Datagrams that reached a handler. */
  arrivals: number
  /** Datagrams that the system did not take, by the name of its error: EPERM from a firewall, ENETUNREACH, ENOBUFS, … */
  readonly sendErrors: Record<string, number>
  receiveErrors: number
  /** Dropped because too many were queued for one peer already. */
  dropped: number
}

export function newStats(): DriverStats {
  return { arrivals: 0, sendErrors: {}, receiveErrors: 0, dropped: 0 }
}

/** `error`: what Node threw or reported, or the number that a system call returned. */
export function countSendError(stats: DriverStats, error: unknown): void {
  const name = typeof error === 'number' ? getSystemErrorName(-Math.abs(error)) : errnoOf(error) || 'UNKNOWN'
  stats.sendErrors[name] = (stats.sendErrors[name] ?? 0) + 1
}

/** A sum, for a driver that is made of two. */
export function sumStats(a: DriverStats, b: DriverStats): DriverStats {
  const sendErrors = { ...a.sendErrors }
  for (const [name, count] of Object.entries(b.sendErrors)) sendErrors[name] = (sendErrors[name] ?? 0) + count
  return {
    arrivals: a.arrivals + b.arrivals,
    sendErrors,
    receiveErrors: a.receiveErrors + b.receiveErrors,
    dropped: a.dropped + b.dropped,
  }
}
