/** A client after RFC 1350 to the letter, as BSD's and tftp-hpa's: acknowledges repeats, answers its own timer, dallies. */
import type { Option } from '../../packet/index.ts'
import type { Client, ClientConfig } from './client.ts'
import { LockstepClient } from './lockstep.ts'

export interface StrictConfig extends ClientConfig {
  readonly blksize?: number
  readonly timeoutMs?: number
  readonly retries?: number
  readonly dallyMs?: number
}

export function strictClient(config: StrictConfig): Client {
  const options: Option[] = config.blksize === undefined ? [] : [{ name: 'blksize', value: String(config.blksize) }]
  const timeoutMs = config.timeoutMs ?? 5000
  const retries = config.retries ?? 5
  return new LockstepClient(config, {
    options,
    requestEveryMs: timeoutMs,
    requests: retries + 1,
    timeoutMs,
    retries,
    onExpiry: 'acknowledge',
    needsOack: false,
    ahead: 'ignore',
    repeat: 'acknowledge',
    older: 'ignore',
    unasked: 'error-8',
    dallyMs: config.dallyMs ?? 0,
    late: 'silent',
  })
}
