/**
 * GRUB 2.06: asks every 400 ms until an OACK comes (it cannot do without one), never repeats an ACK of its own accord,
 * acknowledges every block that it has already, ignores blocks ahead, and gives up after half a minute without any.
 */
import type { Client, ClientConfig } from './client.ts'
import { LockstepClient } from './lockstep.ts'

export interface GrubConfig extends ClientConfig {
  readonly blksize?: number
}

/** GRUB_NET_TRIES waits of 400 ms, each 20 ms longer than the one before. */
const PATIENCE_MS = 31_600

export function grubClient(config: GrubConfig): Client {
  return new LockstepClient(
    { ...config, filename: config.filename ?? '/test.bin' },
    {
      options: [
        { name: 'blksize', value: String(config.blksize ?? 1024) },
        { name: 'tsize', value: '0' },
      ],
      requestEveryMs: 400,
      requests: 40,
      timeoutMs: PATIENCE_MS,
      retries: 0,
      onExpiry: 'wait',
      needsOack: true,
      ahead: 'ignore',
      repeat: 'acknowledge',
      older: 'acknowledge',
      unasked: 'ignore',
      dallyMs: 0,
      late: 'silent',
    },
  )
}
