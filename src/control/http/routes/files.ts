/** Files that are served, and storing one. */
import * as v from 'valibot'
import type { ApiSource } from '../../source.ts'
import { Files } from '../files.ts'
import { Problem, problemOf } from '../problem.ts'
import type { Route } from '../route.ts'
import { FILE, FILE_DIGESTS, limitOf, STORED_FILE, TEXT } from '../schemas.ts'
import { FileStorer } from '../store-file.ts'
import type { WorkThread } from '../work-thread.ts'

/** What is refused is the name, or what it leads to: nothing is wrong with the server. */
const STATUS = { ERR_TFTP_ACCESS: 403 } as const

export function fileRoutes(source: ApiSource, work: WorkThread): Route[] {
  const files = new Files(() => source.content(), work)
  const storer = new FileStorer(() => source.content())
  return [
    {
      method: 'GET',
      path: '/api/v1/files',
      summary: 'files that are served, by name',
      access: 'read',
      query: { search: v.optional(TEXT), after: v.optional(TEXT), limit: limitOf(500) },
      answer: v.object({ files: v.array(FILE), next: v.nullable(v.string()) }),
      handle: async ({ query }) => {
        const { search, after, limit } = query as { search?: string; after?: string; limit: number }
        return { json: await files.page(search, after, limit) }
      },
    },
    {
      method: 'GET',
      path: '/api/v1/files/:name/digests',
      summary: 'digests of a file, to compare with those on the device',
      access: 'read',
      answer: FILE_DIGESTS,
      handle: async ({ params }) => {
        try {
          return { json: await files.digests(params.name) }
        } catch (error) {
          throw problemOf(error, STATUS)
        }
      },
    },
    {
      method: 'PUT',
      path: '/api/v1/files/:name',
      summary: 'store a file (with --http-writable); one that is there stays, without ?overwrite',
      access: 'change',
      query: { overwrite: v.optional(v.picklist(['', 'true', '1'])) },
      answer: STORED_FILE,
      takesFile: true,
      handle: async ({ params, query, incoming }) => {
        if (!source.isWritable)
          throw new Problem(
            403,
            'ERR_TFTP_ACCESS',
            'files cannot be stored here: start the server with --http-writable',
          )
        try {
          const stored = await storer.store(params.name, query.overwrite !== undefined, incoming)
          files.changed()
          return { status: 201, json: stored }
        } catch (error) {
          throw problemOf(error, STATUS)
        }
      },
    },
  ]
}
