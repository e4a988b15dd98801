/** A server that another program starts on the first request (inetd, socket activation) ends when there is nothing to do. */
import type { Server } from '../../server/contract.ts'

/** How often it is looked, at most. */
const LOOK_MS = 1000

/** Calls `idle` once when no request came and no transfer ran for `seconds`. The function returned ends the watch. */
export function watchIdle(server: Server, seconds: number, idle: () => void): () => void {
  const idleMs = seconds * 1000
  let busyAt = performance.now()
  let requests = -1
  const timer = setInterval(
    () => {
      const now = performance.now()
      const { requests: arrived, ignored } = server.stats().network
      // What is no request may be a check of its own health.
      const seen = arrived - ignored
      if (seen !== requests || server.transfers().length > 0) busyAt = now
      requests = seen
      if (now - busyAt < idleMs) return
      clearInterval(timer)
      idle()
    },
    Math.min(LOOK_MS, idleMs / 2),
  )
  timer.unref()
  return () => clearInterval(timer)
}
