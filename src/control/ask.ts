/** Asks a server that runs, through its control socket. */
import { request } from 'node:http'
import { ForesendError } from '../error.ts'
import { controlPath } from './place.ts'

export interface Reply {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
}

/** Why it is not as asked. */
export function detailOf({ status, body }: Reply): string {
  return typeof body.detail === 'string' ? body.detail : `the server answered ${status}`
}

/** A server answers at once, but for a reload of a large folder or a history on a slow disk. */
const ANSWER_WITHIN_MS = 15_000
/** Everything that runs on a large server, and more than that is no answer. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024

/** Undefined when no server runs with this state folder. Rejects with ERR_TFTP_ACCESS when it may not be asked. */
export function askServer(folder: string, method: string, path: string): Promise<Reply | undefined> {
  const socketPath = controlPath(folder)
  return new Promise((resolve, reject) => {
    const failed = (reason: string): void =>
      reject(
        new ForesendError('ERR_TFTP_ACCESS', `cannot ask the server at ${socketPath}: ${reason}`, { fault: 'local' }),
      )
    const asking = request({ socketPath, method, path, agent: false, timeout: ANSWER_WITHIN_MS }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (piece: string) => {
        text += piece
        if (text.length > MAX_ANSWER_BYTES) asking.destroy(new Error('its answer has no end'))
      })
      response.on('end', () => {
        try {
          resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) as Reply['body'] })
        } catch {
          failed('its answer is no JSON; is another program at this path?')
        }
      })
    })
    asking.on('timeout', () => asking.destroy(new Error(`no answer within ${ANSWER_WITHIN_MS / 1000} s; try again`)))
    asking.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR' || error.code === 'ECONNREFUSED') resolve(undefined)
      else if (error.code === 'EACCES') failed('not permitted; run this as the user of the server')
      else failed(error.message)
    })
    asking.end()
  })
}
