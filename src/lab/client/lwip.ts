/**
 * lwIP's client, and U-Boot built on lwIP. It repeats nothing, not even its request: the server's timer alone repairs a
 * loss, and ten silent seconds end it. A block that it does not expect gets ERROR 5, after which it goes on.
 */
import type { Client, ClientConfig } from './client.ts'
import { LockstepClient } from './lockstep.ts'

export interface LwipConfig extends ClientConfig {
  /** 0 asks for nothing. Default 1468. */
  readonly blksize?: number
  readonly timeoutMs?: number
}

export function lwipClient(config: LwipConfig): Client {
  const timeoutMs = config.timeoutMs ?? 10_000
  const blksize = config.blksize ?? 1468
  return new LockstepClient(config, {
    options: [{ name: 'tsize', value: '0' }, ...(blksize === 0 ? [] : [{ name: 'blksize', value: String(blksize) }])],
    requestEveryMs: timeoutMs,
    requests: 1,
    timeoutMs,
    retries: 0,
    onExpiry: 'wait',
    needsOack: false,
    ahead: 'error-5',
    repeat: 'acknowledge',
    older: 'error-5',
    unasked: 'ignore',
    dallyMs: 0,
    late: 'error-2',
  })
}
