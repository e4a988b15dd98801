/**
 * Signals as requests: SIGINT and SIGTERM ask to stop, SIGHUP to read the settings again. Where there are none to read, SIGHUP is what a
 * terminal says that was closed, and asks to stop as well: what a transfer has begun is removed.
 */

/** A Ctrl-C reaches a program once from the terminal and again from npm or the launcher: within this time it is one. */
const SAME_SIGNAL_MS = 300

export interface StopRequests {
  /** Asks to stop as a signal would. */
  request(): void
  /** Hears the requests from now on; the function returned ends that. */
  watch(stop: (count: number) => void, reload?: () => void): () => void
}

/** Listens on `source` (the process). Signals that no part of the program watches end it, as Node does by default. */
export function watchSignals(source: NodeJS.EventEmitter, now: () => number = () => performance.now()): StopRequests {
  let stop: ((count: number) => void) | undefined
  let count = 0
  let lastAt = -Infinity
  const request = (): void => {
    const at = now()
    if (at - lastAt < SAME_SIGNAL_MS) return
    lastAt = at
    count += 1
    stop?.(count)
  }
  return {
    request,
    watch(onStop, onReload) {
      const reload = (): void => onReload?.()
      stop = onStop
      source.on('SIGINT', request).on('SIGTERM', request)
      const hangUp = onReload === undefined ? request : reload
      source.on('SIGHUP', hangUp)
      return () => {
        stop = undefined
        source.off('SIGINT', request).off('SIGTERM', request).off('SIGHUP', hangUp)
      }
    },
  }
}

/** Under the launcher (an old Node that started this one) the program ends with it: no server stays behind on its port. */
export function watchLauncher(): void {
  if (process.channel === undefined || process.channel === null) return
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'))
  process.channel.unref()
}
