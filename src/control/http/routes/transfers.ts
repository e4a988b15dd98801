/** Transfers: those that run, and one of them or of the history with its packets and its diagnosis. */
import * as v from 'valibot'
import type { ApiSource } from '../../source.ts'
import { diagnosisOf } from '../diagnosis.ts'
import type { Feed } from '../feed.ts'
import { endedTransfer, nameOf, readHistory } from '../history.ts'
import { nothingThere } from '../problem.ts'
import type { Route } from '../route.ts'
import { jsonOf } from '../../../history/json.ts'
import { DIAGNOSIS, HISTORY_ROW, TRACE, TRANSFER_VIEW } from '../schemas.ts'
import type { WorkThread } from '../work-thread.ts'
import type { TraceEntry } from '../../../transfer/trace.ts'

const NO_TRANSFER = 'there is no such transfer: it ended longer ago, or never ran'

export function transferRoutes(source: ApiSource, feed: Feed, work: WorkThread): Route[] {
  const { server } = source
  return [
    {
      method: 'GET',
      path: '/api/v1/transfers',
      summary: 'every transfer that runs now, the oldest first',
      access: 'read',
      answer: v.object({ transfers: v.array(TRANSFER_VIEW) }),
      handle: () => ({ json: { transfers: feed.views() } }),
    },
    {
      method: 'GET',
      path: '/api/v1/transfers/:id',
      summary: 'one transfer that runs, or ended (h17: row 17 of the history)',
      access: 'read',
      answer: v.union([v.object({ transfer: TRANSFER_VIEW }), v.object({ ended: HISTORY_ROW })]),
      handle: ({ params }) => {
        const name = nameOf(params.id)
        const running = 'run' in name ? server.transfers().find(({ id }) => id === name.run) : undefined
        if (running !== undefined) return { json: { transfer: feed.view(running) } }
        const ended = endedTransfer(source, name)
        if (ended === undefined) throw nothingThere(NO_TRANSFER)
        return { json: { ended: jsonOf(ended) } }
      },
    },
    {
      method: 'GET',
      path: '/api/v1/transfers/:id/trace',
      summary: 'its last packets, the oldest first',
      access: 'read',
      answer: v.object({ trace: v.array(TRACE) }),
      handle: async ({ params }) => {
        const name = nameOf(params.id)
        const trace = ('run' in name ? await server.trace(name.run) : undefined) ?? endedTrace(source, params.id)
        if (trace === undefined) throw nothingThere(`${NO_TRANSFER}, or its packets were not kept`)
        return { json: { trace } }
      },
    },
    {
      method: 'GET',
      path: '/api/v1/diagnosis/:transfer',
      summary: 'why it stalls, stalled or failed, by its packets',
      access: 'read',
      answer: DIAGNOSIS,
      handle: async ({ params }) => ({ json: await diagnosisOf(source, work, params.transfer) }),
    },
    {
      method: 'POST',
      path: '/api/v1/transfers/:id/abort',
      summary: 'end a transfer: its device gets an ERROR',
      access: 'change',
      answer: v.object({ aborted: v.number() }),
      handle: ({ params }) => {
        const name = nameOf(params.id)
        if (!('run' in name) || !server.abort(name.run)) throw nothingThere('no such transfer runs')
        return { json: { aborted: name.run } }
      },
    },
  ]
}

function endedTrace(source: ApiSource, id: string): TraceEntry[] | undefined {
  const ended = endedTransfer(source, nameOf(id))
  return ended?.hasTrace === true ? readHistory(source, (reader) => reader.trace(ended.id)) : undefined
}
