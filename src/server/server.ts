/** Starts a server: instances in workers of their own where the batch driver can run, else one in this thread. */
import { availableParallelism } from 'node:os'
import type { History } from '../history/contract.ts'
import { parseConfig } from './config.ts'
import type { EventLevel, Server, ServerConfig, ServerConfigInput, ServerEvent } from './contract.ts'
import { SHARED, startControl } from './control.ts'
import { nativeFor } from './drivers.ts'
import { openLocalLink, openWorkerLink } from './link.ts'

export type { Server, ServerConfig, ServerConfigInput, ServerEvent } from './contract.ts'

/** More serve no further: the kernel's own work for each packet runs on the other cores. */
const MAX_AUTO_WORKERS = 8

/**
 * Resolves when it listens; the first event is `listening`. `listener` gets every event from the first one on, down to `level`. The server
 * begins with what `history` knows of devices, and tells it of each transfer that ends, whatever the level.
 * `beforeRequests` runs once the sockets are bound; requests wait for it. Rejects with a ForesendError: ERR_TFTP_NOT_FOUND (content), ERR_TFTP_BIND (address or port), ERR_TFTP_USAGE.
 */
export async function startServer(
  input: ServerConfigInput,
  listener?: (event: ServerEvent) => void,
  level: EventLevel = 'debug',
  history?: History,
  beforeRequests?: () => void,
): Promise<Server> {
  const config = parseConfig(input)
  // A worker that crashed could not have them again.
  const native = config.sockets === undefined ? nativeFor(config) : undefined
  if (native === undefined || typeof native === 'string') {
    const members = { count: 1, open: openLocalLink }
    return startControl(config, members, listener, native === undefined ? [] : [native], level, history, beforeRequests)
  }
  const members = { count: workerCount(config), open: openWorkerLink }
  return startControl(config, members, listener, [], level, history, beforeRequests)
}

/** Half the cores, the other half for the kernel. One where a limit is for all transfers together. */
export function workerCount(config: ServerConfig, cores: number = availableParallelism()): number {
  const { workers, portRange, multicast } = config
  // Instances know nothing of each other's groups, and clients of one file would be spread over them.
  if (multicast !== undefined) return 1
  if (workers !== 'auto') return workers
  if (portRange !== undefined || SHARED.some((key) => config[key] !== undefined)) return 1
  return Math.max(1, Math.min(MAX_AUTO_WORKERS, Math.floor(cores / 2)))
}
