/** Follows what a server that runs does, through its control socket. */
import { request } from 'node:http'
import { ForesendError } from '../error.ts'
import { controlPath } from './place.ts'

/** A snapshot of all is the longest; more is no event. */
const MAX_EVENT_CHARS = 64 * 1024 * 1024

export interface FollowedEvent {
  readonly event: string
  readonly data: Readonly<Record<string, unknown>>
}

/**
 * Calls `take` with each event of the live stream until `signal` aborts. Resolves with false where no server runs with this state folder, and
 * with true when the stream has ended. Rejects with ERR_TFTP_ACCESS when the server may not be asked, or does not have the stream.
 */
export function followServer(
  folder: string,
  take: (event: FollowedEvent) => void,
  signal: AbortSignal,
): Promise<boolean> {
  const socketPath = controlPath(folder)
  return new Promise((resolve, reject) => {
    const failed = (reason: string): void =>
      reject(
        new ForesendError('ERR_TFTP_ACCESS', `cannot follow the server at ${socketPath}: ${reason}`, {
          fault: 'local',
        }),
      )
    const asking = request({ socketPath, path: '/api/v1/events', agent: false, signal }, (response) => {
      if (response.statusCode !== 200) {
        response.resume()
        return failed(`it answered ${response.statusCode ?? 0}; is it an older version?`)
      }
      let text = ''
      response.setEncoding('utf8').on('data', (piece: string) => {
        text += piece
        if (text.length > MAX_EVENT_CHARS) asking.destroy()
        const parts = text.split('\n\n')
        text = parts.pop() ?? ''
        for (const part of parts) {
          const event = eventOf(part)
          if (event !== undefined) take(event)
        }
      })
      response.on('error', () => {}).on('close', () => resolve(true))
    })
    asking.on('error', (error: NodeJS.ErrnoException) => {
      if (signal.aborted) resolve(true)
      else if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') resolve(false)
      else if (error.code === 'EACCES') failed('not permitted; run this as the user of the server')
      else failed(error.message)
    })
    asking.end()
  })
}

/** Undefined for a comment, and for what no version of this program sends. */
function eventOf(part: string): FollowedEvent | undefined {
  const event = /^event: (.*)$/m.exec(part)?.[1]
  const data = /^data: (.*)$/m.exec(part)?.[1]
  if (event === undefined || data === undefined) return undefined
  try {
    return { event, data: JSON.parse(data) as FollowedEvent['data'] }
  } catch {
    return undefined
  }
}
