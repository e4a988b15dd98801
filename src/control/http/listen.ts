/** The API on TCP: for browsers and monitoring, with bounds on what a connection may cost. */
import { once } from 'node:events'
import { createServer, type RequestListener, type Server as HttpServer } from 'node:http'
import { createServer as createTlsServer, type ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import { ForesendError } from '../../error.ts'
import type { Api } from '../api.ts'
import { gateBefore } from './gate.ts'
import { hostCheck } from './hosts.ts'
import { authorityOf, type HttpPlace } from './place.ts'
import type { Token } from './token.ts'

export interface HttpOptions {
  readonly place: HttpPlace
  /** Names beside those of its addresses. */
  readonly names: readonly string[]
  readonly token: Token
  readonly readsNeedToken: boolean
  /** PEM. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined
  readonly bounds?: Bounds
}

export interface HttpListener {
  /** Without the token. */
  readonly url: string
  close(): void
}

/** Pages, scrapers and 500 readers of the stream; more is a mistake, or an attack. */
export const MAX_CONNECTIONS = 512
/** Beyond these a connection waits for its turn, for this long. */
const MAX_WAITING = 2048
const WAIT_MS = 2000
const ASK_WITHIN_MS = 1000
const HEADERS_WITHIN_MS = 10_000
/** Connections are looked at for that this often. */
const LOOK_EVERY_MS = 2000
/** A connection on which nothing moved for this long ends; the stream has a comment twice in it. */
const IDLE_MS = 35_000
const KEEP_ALIVE_MS = 10_000
const MAX_HEADER_BYTES = 16_384
const MAX_HEADERS = 64

export interface Bounds {
  readonly headersWithinMs: number
  readonly lookEveryMs: number
  readonly idleMs: number
}

const BOUNDS: Bounds = { headersWithinMs: HEADERS_WITHIN_MS, lookEveryMs: LOOK_EVERY_MS, idleMs: IDLE_MS }

const SERVER_OPTIONS = {
  // A large file over a slow link takes as long as it takes: what is asked of it is to move on.
  requestTimeout: 0,
  keepAliveTimeout: KEEP_ALIVE_MS,
  maxHeaderSize: MAX_HEADER_BYTES,
  // Of those that wait nothing is read.
  pauseOnConnect: true,
}

/** Rejects with ERR_TFTP_BIND, or ERR_TFTP_USAGE where the certificate is none. */
export async function listenHttp(api: Api, options: HttpOptions): Promise<HttpListener> {
  const { place, names, token, readsNeedToken, tls, bounds = BOUNDS } = options
  const scheme = tls === undefined ? 'http' : 'https'
  const own = {
    ...SERVER_OPTIONS,
    headersTimeout: bounds.headersWithinMs,
    connectionsCheckingInterval: bounds.lookEveryMs,
  }
  let listener: RequestListener = (_, outgoing) => outgoing.destroy()
  const answer: RequestListener = (incoming, outgoing) => listener(incoming, outgoing)
  const http = tls === undefined ? createServer(own, answer) : withTls({ ...own, ...tls }, answer)
  const gate = gateBefore(http, {
    maxServed: MAX_CONNECTIONS,
    maxWaiting: MAX_WAITING,
    waitMs: WAIT_MS,
    askWithinMs: ASK_WITHIN_MS,
  })
  http.maxHeadersCount = MAX_HEADERS
  http.setTimeout(bounds.idleMs)
  http.listen(place.port, place.address)
  try {
    await once(http, 'listening')
  } catch (error) {
    throw cannot(place, error as NodeJS.ErrnoException)
  }
  // A connection that the system could not accept fails for its client.
  http.on('error', () => {})
  const bound = { address: place.address, port: (http.address() as AddressInfo).port }
  const isOurs = hostCheck(scheme, bound, names)
  listener = api.listener({ type: 'tcp', scheme, isOurs, token, readsNeedToken })
  http.unref()
  return {
    url: `${scheme}://${authorityOf({ ...bound, address: reachable(bound.address) })}`,
    close() {
      http.close()
      gate.close()
      http.closeAllConnections()
    },
  }
}

function withTls(options: ServerOptions, answer: RequestListener): HttpServer {
  try {
    return createTlsServer({ ...options, minVersion: 'TLSv1.2' }, answer)
  } catch (error) {
    throw new ForesendError(
      'ERR_TFTP_USAGE',
      `--http-cert and --http-key do not fit: ${(error as Error).message}; they take a certificate and its key, in PEM`,
      { fault: 'local', cause: error },
    )
  }
}

/** For a link on this machine. */
function reachable(address: string): string {
  return address === '0.0.0.0' ? '127.0.0.1' : address === '::' ? '::1' : address
}

function cannot(place: HttpPlace, { code, message }: NodeJS.ErrnoException): ForesendError {
  const where = authorityOf(place)
  const why =
    code === 'EADDRINUSE'
      ? `another program has it; name another port with --http`
      : code === 'EACCES'
        ? `not permitted; take a port above 1023`
        : code === 'EADDRNOTAVAIL'
          ? `this machine has no such address; \`ip addr\` lists its addresses`
          : message
  return new ForesendError('ERR_TFTP_BIND', `no page at ${where}: ${why}`, { fault: 'local' })
}
