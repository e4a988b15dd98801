/** The watchdog of systemd (WatchdogSec=): a sign of life while the server really answers, so that one that hangs is started again. */
import { notifyService } from './notify.ts'

/** `check` resolves with what is wrong. The function that comes back ends it; undefined where no watchdog waits. */
export function startWatchdog(
  check: () => Promise<string | undefined>,
  failed: (reason: string) => void,
  env: NodeJS.ProcessEnv = process.env,
): (() => void) | undefined {
  const everyMs = Number(env.WATCHDOG_USEC) / 1000 / 2
  const isForOther = env.WATCHDOG_PID !== undefined && Number(env.WATCHDOG_PID) !== process.pid
  if (!(everyMs > 0) || isForOther) return undefined
  const timer = setInterval(() => {
    void check().then((wrong) => {
      if (wrong === undefined) notifyService(['WATCHDOG=1'], failed, env)
      else failed(`no sign of life for systemd's watchdog: ${wrong}`)
    })
  }, everyMs)
  timer.unref()
  return () => clearInterval(timer)
}
