/** What systemd wants to know of a service of Type=notify (sd_notify(3)). */
import { execFile } from 'node:child_process'

/**
 * Sends `states` such as `READY=1`. Node has no datagram sockets of AF_UNIX, so systemd-notify does it: the unit needs NotifyAccess=all.
 * Without NOTIFY_SOCKET nothing waits for it. `failed` gets the reason when it could not be sent.
 */
export function notifyService(
  states: readonly string[],
  failed: (reason: string) => void,
  env: NodeJS.ProcessEnv = process.env,
): void {
  if ((env.NOTIFY_SOCKET ?? '') === '') return
  execFile('systemd-notify', [...states], { env, timeout: 5000 }, (error) => {
    if (error !== null)
      failed(`cannot send to systemd ${states.join(' ')}: ${error.message.replace(/\s+/g, ' ').trim()}`)
  })
}
