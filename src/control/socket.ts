/** The control socket: the API for programs of this machine's user, in the state folder of the server. */
import { once } from 'node:events'
import { chmodSync, rmSync } from 'node:fs'
import { createServer, type Server as HttpServer } from 'node:http'
import { connect } from 'node:net'
import { ForesendError } from '../error.ts'
import type { Api } from './api.ts'
import { controlPath, MAX_SOCKET_PATH_BYTES } from './place.ts'

export interface ControlSocket {
  close(): void
}

/** What may ask is what may read the state folder: its owner. */
const SOCKET_MODE = 0o600
/** Commands of one user; more is a mistake. */
const MAX_CONNECTIONS = 64
/** A question is a line and a few headers. */
const QUESTION_WITHIN_MS = 5000

/** Rejects with ERR_TFTP_BIND when the socket cannot be had: serving goes on without it. */
export async function openControlSocket(folder: string, api: Api): Promise<ControlSocket> {
  const path = controlPath(folder)
  const isFile = !path.startsWith('\\\\')
  if (isFile && Buffer.byteLength(path) > MAX_SOCKET_PATH_BYTES)
    throw cannot(path, 'the path is too long for a socket; name a shorter folder with --state')
  const http = createServer(api.listener({ type: 'socket' }))
  http.maxConnections = MAX_CONNECTIONS
  http.headersTimeout = QUESTION_WITHIN_MS
  // A file that is stored takes as long as it takes.
  http.requestTimeout = 0
  try {
    await listen(http, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw cannot(path, (error as Error).message)
    if (await isAlive(path)) throw cannot(path, 'another server has it; give this one a folder of its own with --state')
    // It is left from a server that was killed.
    rmSync(path, { force: true })
    await listen(http, path).catch((again: Error) => {
      throw cannot(path, again.message)
    })
  }
  if (isFile) chmodSync(path, SOCKET_MODE)
  // A connection that the system could not accept fails for its client; serving goes on.
  http.on('error', () => {})
  http.unref()
  return {
    close() {
      http.close()
      http.closeAllConnections()
    },
  }
}

async function listen(http: HttpServer, path: string): Promise<void> {
  http.listen(path)
  await once(http, 'listening')
}

function isAlive(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}

function cannot(path: string, reason: string): ForesendError {
  return new ForesendError('ERR_TFTP_BIND', `no control socket at ${path}: ${reason}`, { fault: 'local' })
}
