/** What ended. */
import * as v from 'valibot'
import type { ApiSource } from '../../source.ts'
import { type HistoryFilter, historyPage } from '../history.ts'
import type { Route } from '../route.ts'
import { HISTORY_ROW, limitOf, TEXT } from '../schemas.ts'

const OUTCOMES = ['completed', 'failed', 'refused', 'superseded', 'probed', 'trouble'] as const

export function historyRoutes(source: ApiSource): Route[] {
  return [
    {
      method: 'GET',
      path: '/api/v1/history',
      summary: 'transfers that ended, the newest first; `trouble` are those that did not complete for sure',
      access: 'read',
      query: {
        device: v.optional(TEXT),
        file: v.optional(TEXT),
        outcome: v.optional(v.picklist(OUTCOMES)),
        direction: v.optional(v.picklist(['read', 'write'])),
        before: v.optional(v.pipe(v.string(), v.regex(/^\d{1,15}-\d{1,15}$/))),
        limit: limitOf(500),
      },
      answer: v.object({ transfers: v.array(HISTORY_ROW), next: v.nullable(v.string()) }),
      handle: async ({ query }) => ({
        json: await historyPage(
          source,
          query as HistoryFilter,
          query.limit as number,
          query.before as string | undefined,
        ),
      }),
    },
  ]
}
