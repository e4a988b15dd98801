/** What programs watch: the live stream, metrics, health, and the document that describes the API. */
import * as v from 'valibot'
import type { ApiSource } from '../../source.ts'
import type { Feed } from '../feed.ts'
import type { Metrics } from '../metrics.ts'
import type { Health } from '../../health.ts'
import { Problem } from '../problem.ts'
import type { Reply, Route } from '../route.ts'

const STREAM = 'text/event-stream'
const PLAIN = 'text/plain; charset=utf-8'

export interface Observed {
  readonly source: ApiSource
  readonly feed: Feed
  readonly health: Health
  /** Answers that were errors, by status. */
  readonly refused: ReadonlyMap<number, number>
  readonly routes: () => readonly Route[]
}

export function observeRoutes({ source, feed, health, refused, routes }: Observed): Route[] {
  // Most servers are asked for no metrics, and loading what makes them takes a while.
  let metrics: Promise<Metrics> | undefined
  const healthReply = async (): Promise<Reply> => {
    const wrong = await health.check()
    return wrong === undefined ? { text: 'ok\n', type: PLAIN } : { status: 503, text: `${wrong}\n`, type: PLAIN }
  }
  return [
    {
      method: 'GET',
      path: '/api/v1/events',
      summary: 'server-sent events: a snapshot, then what changes, ten times a second at most (Last-Event-ID resumes)',
      access: 'read',
      type: STREAM,
      handle: ({ incoming, outgoing }) => {
        if (feed.isFull) throw new Problem(503, 'ERR_TFTP_BUSY', 'too many read the stream already; close some pages')
        // Without chunks, so that all readers share the bytes of a frame: the end of the connection ends it.
        outgoing.useChunkedEncodingByDefault = false
        outgoing.writeHead(200, { 'content-type': STREAM, 'x-accel-buffering': 'no', connection: 'close' })
        if (incoming.method === 'HEAD') {
          outgoing.end()
        } else {
          outgoing.flushHeaders()
          feed.add(outgoing, idIn(incoming.headers['last-event-id']))
        }
        return 'sent'
      },
    },
    {
      method: 'GET',
      path: '/metrics',
      summary: 'metrics for Prometheus',
      access: 'read',
      type: PLAIN,
      handle: async () => {
        metrics ??= import('../metrics.ts').then(({ Metrics }) => new Metrics(source, feed, refused))
        const asked = await metrics
        return { text: await asked.text(), type: asked.type }
      },
    },
    {
      method: 'GET',
      path: '/healthz',
      summary: 'whether it serves: its TFTP port answers, and its files are there (503 where not)',
      access: 'open',
      type: PLAIN,
      handle: healthReply,
    },
    {
      method: 'GET',
      path: '/readyz',
      summary: 'the same; while it starts or stops nothing listens here',
      access: 'open',
      type: PLAIN,
      handle: healthReply,
    },
    {
      method: 'GET',
      path: '/api/v1/openapi.json',
      summary: 'this document',
      access: 'read',
      answer: v.looseObject({ openapi: v.string() }),
      handle: async () => ({ json: (await import('../openapi.ts')).documentOf(routes(), source.about.version) }),
    },
  ]
}

/** Undefined where it is no id of ours. */
function idIn(header: string | string[] | undefined): number | undefined {
  return typeof header === 'string' && /^\d{1,15}$/.test(header) ? Number(header) : undefined
}
