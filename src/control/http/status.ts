/** What the server is doing, all in all. */
import type { Bound, ServerStats } from '../../server/contract.ts'
import type { About, ApiSource } from '../source.ts'

export interface Status extends ServerStats, About {
  readonly listening: Bound
  /** Whether files may be stored through the API. */
  readonly writable: boolean
  readonly http: {
    /** Whether those who look over TCP need the token. */
    readonly tokenNeeded: boolean
  }
}

export function statusOf({ server, about, isWritable, readsNeedToken }: ApiSource): Status {
  return {
    ...about,
    listening: server.bound,
    writable: isWritable,
    http: { tokenNeeded: readsNeedToken },
    ...server.stats(),
  }
}
