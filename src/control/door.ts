/** Where requests of HTTP come in, and what those that come in there may do. */
import type { Token } from './http/token.ts'

export type Door =
  /** A Unix socket: the system lets in its owner alone, and no browser. */
  | { readonly type: 'socket' }
  /** TCP: browsers, which show pages of other sites as well, and other users of this machine. */
  | {
      readonly type: 'tcp'
      readonly scheme: 'http' | 'https'
      /** Whether `host`, a Host header, means this server. `local`: the address that the connection came in at. */
      isOurs(host: string, local: string): boolean
      readonly token: Token
      /** Whether those who look need the token as well. */
      readonly readsNeedToken: boolean
    }
