/**
 * What a running server answers to programs, as HTTP says it: the method and path of a question to a status and a plain object. It knows no
 * socket. Every answer is JSON; one that is an error follows RFC 9457 (problem details), and its `code` is that of ForesendError.
 */
import { ForesendError } from '../error.ts'
import type { Server } from '../server/contract.ts'

export interface ApiServer extends Pick<Server, 'bound' | 'transfers' | 'stats' | 'abort' | 'forget'> {
  /** As SIGHUP does. */
  reload(): Promise<void>
}

/** Of the program that serves. */
export interface About {
  readonly version: string
  readonly pid: number
}

export interface Answer {
  readonly status: number
  readonly body: object
}

type Handler = (server: ApiServer, argument: string, about: About) => Answer | Promise<Answer>

interface Route {
  readonly method: string
  /** Its only group is the argument. */
  readonly path: RegExp
  readonly handle: Handler
}

const ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: /^\/api\/v1\/status$/,
    handle: (server, _, about) => ok({ ...about, listening: server.bound, ...server.stats() }),
  },
  { method: 'GET', path: /^\/api\/v1\/transfers$/, handle: (server) => ok({ transfers: server.transfers() }) },
  { method: 'GET', path: /^\/api\/v1\/stats$/, handle: (server) => ok(server.stats()) },
  { method: 'POST', path: /^\/api\/v1\/transfers\/(\d{1,15})\/abort$/, handle: abort },
  { method: 'DELETE', path: /^\/api\/v1\/devices\/([^/]+)\/memory$/, handle: forget },
  {
    method: 'POST',
    path: /^\/api\/v1\/reload$/,
    handle: async (server) => {
      await server.reload()
      return ok({ reloaded: true })
    },
  },
]

export async function answer(server: ApiServer, about: About, method: string, path: string): Promise<Answer> {
  const matching = ROUTES.filter((route) => route.path.test(path))
  const route = matching.find((one) => one.method === method)
  if (route === undefined) {
    if (matching.length === 0)
      return problem(404, 'ERR_TFTP_NOT_FOUND', 'there is nothing under this path; the paths begin with /api/v1/')
    return problem(405, 'ERR_TFTP_USAGE', `it takes ${matching.map((one) => one.method).join(' or ')} here`)
  }
  try {
    return await route.handle(server, decodeURIComponent(route.path.exec(path)?.[1] ?? ''), about)
  } catch (error) {
    if (error instanceof ForesendError)
      return problem(error.code === 'ERR_TFTP_ACCESS' ? 503 : 409, error.code, error.message)
    if (error instanceof URIError) return problem(400, 'ERR_TFTP_USAGE', 'the path is not encoded as a URL is')
    return problem(500, 'ERR_TFTP_INTERNAL', error instanceof Error ? error.message : String(error))
  }
}

function abort(server: ApiServer, id: string): Answer {
  if (server.abort(Number(id))) return ok({ aborted: Number(id) })
  return problem(404, 'ERR_TFTP_NOT_FOUND', `no transfer ${id} runs`)
}

async function forget(server: ApiServer, device: string): Promise<Answer> {
  const forgotten = await server.forget(device)
  if (forgotten.length > 0) return ok({ forgotten })
  return problem(404, 'ERR_TFTP_NOT_FOUND', `nothing was learnt of a device ${JSON.stringify(device)}`)
}

function ok(body: object): Answer {
  return { status: 200, body }
}

function problem(status: number, code: string, detail: string): Answer {
  return { status, body: { type: 'about:blank', status, code, detail } }
}
