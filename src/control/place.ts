/** Where a server that runs is asked: a Unix socket in its state folder, a named pipe on Windows. */
import { createHash } from 'node:crypto'
import { join, resolve } from 'node:path'

export const SOCKET_NAME = 'control.sock'
/** Beside `control.sock`: a path that long has no room in the system's address (unix(7)). */
export const MAX_SOCKET_PATH_BYTES = 103

export function controlPath(folder: string, platform: NodeJS.Platform = process.platform): string {
  if (platform !== 'win32') return join(folder, SOCKET_NAME)
  return `\\\\.\\pipe\\foresend-${createHash('sha256').update(resolve(folder)).digest('hex').slice(0, 16)}`
}
