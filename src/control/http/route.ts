/** What a route of the API is: one row says how it is asked, what it answers and who may ask. The OpenAPI document is made of the same rows. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type * as v from 'valibot'
import type { Door } from '../door.ts'
import type { Access } from './guard.ts'

export interface Call {
  readonly params: Readonly<Record<string, string>>
  /** As the route's schema has it. */
  readonly query: Readonly<Record<string, unknown>>
  readonly incoming: IncomingMessage
  readonly outgoing: ServerResponse
  readonly door: Door
}

export type Reply =
  | { readonly status?: number; readonly json: object }
  | { readonly status?: number; readonly text: string; readonly type: string }
  /** The handler writes to `outgoing` itself. */
  | 'sent'

export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE' | 'PUT'
  /** Of hono: `/api/v1/transfers/:id`. A parameter is one segment, decoded. */
  readonly path: string
  readonly summary: string
  readonly access: Access
  readonly query?: v.ObjectEntries
  /** Of a 200 (`PUT`: 201) in JSON. Without one it answers `type`. */
  readonly answer?: v.GenericSchema
  readonly type?: string
  /** The request's body is the file. */
  readonly takesFile?: true
  handle(call: Call): Reply | Promise<Reply>
}
