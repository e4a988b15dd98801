/** curl 7.88: acknowledges the last block again, ignores all others, and repeats its last ACK every six seconds. */
import type { Client, ClientConfig } from './client.ts'
import { LockstepClient } from './lockstep.ts'

export interface CurlConfig extends ClientConfig {
  readonly blksize?: number
  readonly timeoutMs?: number
}

/** Five minutes of patience in waits of six seconds. */
const RETRIES = 50

export function curlClient(config: CurlConfig): Client {
  const timeoutMs = config.timeoutMs ?? 6000
  return new LockstepClient(config, {
    options: [
      { name: 'tsize', value: '0' },
      { name: 'blksize', value: String(config.blksize ?? 512) },
      { name: 'timeout', value: String(Math.floor(timeoutMs / 1000)) },
    ],
    requestEveryMs: timeoutMs,
    requests: RETRIES + 1,
    timeoutMs,
    retries: RETRIES,
    onExpiry: 'acknowledge',
    needsOack: false,
    ahead: 'ignore',
    repeat: 'acknowledge',
    older: 'ignore',
    unasked: 'ignore',
    dallyMs: 0,
    late: 'silent',
  })
}
