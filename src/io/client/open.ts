/** Which socket a client gets. */
import { BatchClientSocket } from './batch.ts'
import { clientLoop } from './batch-loop.ts'
import { DgramClientSocket } from './dgram.ts'
import type { ClientSocket, ClientSocketHandlers, ClientSocketOptions } from './socket.ts'

/** `auto` is `batch` where that can be had, without a word where it cannot. */
export type ClientDriver = 'auto' | 'dgram' | 'batch'

export function openClientSocket(
  driver: ClientDriver,
  options: ClientSocketOptions,
  handlers: ClientSocketHandlers,
): ClientSocket {
  const loop = driver === 'dgram' ? undefined : clientLoop()
  if (loop === undefined) return new DgramClientSocket(options, handlers)
  return new BatchClientSocket(loop, options, handlers)
}
