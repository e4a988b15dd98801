/** Joins the routes: checks each request, finds its route, and answers. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout } from 'node:timers/promises'
import { getRequestListener, type HttpBindings } from '@hono/node-server'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import { type Context, Hono } from 'hono'
import * as v from 'valibot'
import { RateLimiter } from '../../endpoint/rate-limiter.ts'
import type { Door } from '../door.ts'
import type { Health } from '../health.ts'
import type { RequestTime } from '../request-time.ts'
import type { ApiSource } from '../source.ts'
import { Feed } from './feed.ts'
import { hasLargeBody, missingToken, refusalOf, setHeaders } from './guard.ts'
import { nothingThere, Problem, PROBLEM_TYPE, problemOf, sendProblem } from './problem.ts'
import type { Reply, Route } from './route.ts'
import { deviceRoutes } from './routes/devices.ts'
import { fileRoutes } from './routes/files.ts'
import { historyRoutes } from './routes/history.ts'
import { observeRoutes } from './routes/observe.ts'
import { pageRoutes } from './routes/page.ts'
import { serverRoutes } from './routes/server.ts'
import { transferRoutes } from './routes/transfers.ts'
import { WorkThread } from './work-thread.ts'

export interface App {
  answer(door: Door, incoming: IncomingMessage, outgoing: ServerResponse): void
  /** Ends the streams and what works for it. */
  close(): void
}

/** Counts an answer that is an error. */
type Count = (status: number) => void
/** Refused bodies that are answered at once. */
const PROMPT_REFUSALS = { burst: 20, perSecond: 20 }
/** The answer to one more waits this long, and its body waits unread: a client that sends another one after each answer sends few. */
const LATE_REFUSAL_MS = 1000
type Env = { Bindings: HttpBindings & { readonly door: Door } }

export function createApp(source: ApiSource, health: Health, requestTime: RequestTime): App {
  const feed = new Feed(source)
  const refused = new Map<number, number>()
  const work = new WorkThread()
  const routes: Route[] = [
    ...serverRoutes(source, requestTime),
    ...transferRoutes(source, feed, work),
    ...deviceRoutes(source),
    ...historyRoutes(source),
    ...fileRoutes(source, work),
    ...observeRoutes({ source, feed, health, refused, routes: () => routes }),
    ...pageRoutes(feed),
  ]
  const count = (status: number): void => void refused.set(status, (refused.get(status) ?? 0) + 1)
  const prompt = new RateLimiter(PROMPT_REFUSALS)
  const turn = (): Promise<void> | undefined => (prompt.take(performance.now()) ? undefined : later())
  const hono = honoOf(routes, count, turn)
  return {
    answer(door, incoming, outgoing) {
      incoming.on('error', () => {})
      setHeaders(outgoing)
      const refusal = refusalOf(incoming, door)
      if (refusal !== undefined) {
        count(refusal.status)
        const isLarge = hasLargeBody(incoming)
        if (!isLarge) incoming.resume()
        const wait = isLarge ? turn() : undefined
        if (wait === undefined) return sendProblem(outgoing, refusal, isLarge)
        void wait.then(() => sendProblem(outgoing, refusal, isLarge))
        return
      }
      const listener = getRequestListener(
        (request, env) => hono.fetch(request, { ...(env as HttpBindings), door } satisfies Env['Bindings']),
        {
          overrideGlobalObjects: false,
          errorHandler: () => {
            sendProblem(outgoing, new Problem(400, 'ERR_TFTP_USAGE', 'the request has no valid URL'), true)
            return undefined as never
          },
        },
      )
      void listener(incoming, outgoing)
    },
    close() {
      feed.close()
      work.close()
    },
  }
}

function honoOf(routes: readonly Route[], count: Count, turn: () => Promise<void> | undefined): Hono<Env> {
  const hono = new Hono<Env>()
  for (const route of routes) hono.on(route.method, route.path, (context) => answer(route, context, count, turn))
  // After all of them: a path that is there, asked in another way.
  for (const path of new Set(routes.map((route) => route.path))) {
    const methods = routes.filter((route) => route.path === path).map(({ method }) => method)
    const problem = new Problem(405, 'ERR_TFTP_USAGE', `it takes ${methods.join(' or ')} here`)
    hono.all(path, () => problemResponse(problem, { allow: methods.join(', ') }))
  }
  hono.notFound(() =>
    problemResponse(nothingThere('there is nothing under this path; those of the API begin with /api/v1/')),
  )
  hono.onError((error) => problemResponse(problemOf(error)))
  return hono
}

async function answer(
  route: Route,
  context: Context<Env>,
  count: Count,
  turn: () => Promise<void> | undefined,
): Promise<Response> {
  const { incoming, outgoing, door } = context.env
  try {
    const refusal = missingToken(incoming, door, route.access)
    if (refusal !== undefined) throw refusal
    if (route.takesFile !== true && hasLargeBody(incoming))
      throw new Problem(413, 'ERR_TFTP_TOO_LARGE', 'it takes no body here')
    const params = context.req.param() as Record<string, string>
    const reply = await route.handle({ params, query: queryOf(route, context), incoming, outgoing, door })
    return reply === 'sent' ? RESPONSE_ALREADY_SENT : responseOf(reply)
  } catch (error) {
    const problem = problemOf(error)
    count(problem.status)
    // A short body is read to its end, as a connection that is closed over it may take the answer with it.
    if (!hasLargeBody(incoming)) return problemResponse(problem)
    await turn()
    return problemResponse(problem, { connection: 'close' })
  }
}

/** Throws a Problem that names the parameter and nothing that was given. */
function queryOf({ query = {} }: Route, { req }: Context<Env>): Record<string, unknown> {
  const given = new URL(req.url).searchParams
  const read: Record<string, string> = {}
  for (const name of Object.keys(query)) {
    const value = given.get(name)
    if (value !== null) read[name] = value
  }
  const result = v.safeParse(v.object(query), read)
  if (result.success) return result.output
  const key = result.issues[0].path?.[0].key
  const name = typeof key === 'string' ? ` ${key}` : ''
  throw new Problem(
    400,
    'ERR_TFTP_USAGE',
    `the parameter${name} is not as it should be: /api/v1/openapi.json says what it takes`,
  )
}

function responseOf(reply: Exclude<Reply, 'sent'>): Response {
  if ('json' in reply) return jsonResponse(reply.status ?? 200, reply.json, 'application/json')
  return new Response(reply.text, { status: reply.status ?? 200, headers: { 'content-type': reply.type } })
}

function problemResponse(problem: Problem, headers: Record<string, string> = {}): Response {
  return jsonResponse(problem.status, problem.body, PROBLEM_TYPE, headers)
}

function jsonResponse(status: number, body: object, type: string, headers: Record<string, string> = {}): Response {
  return new Response(`${JSON.stringify(body)}\n`, { status, headers: { 'content-type': type, ...headers } })
}

function later(): Promise<void> {
  return setTimeout(LATE_REFUSAL_MS, undefined, { ref: false })
}
