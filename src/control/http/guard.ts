/** What is checked of every request before anything looks at its path. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Door } from '../door.ts'
import { Problem } from './problem.ts'

/** Requests have no body, but for files. What a careless program sends along is at most this long. */
const MAX_BODY_BYTES = 4096

const CSP = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ')

const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': CSP,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  'cache-control': 'no-store',
}

export function setHeaders(outgoing: ServerResponse): void {
  for (const [name, value] of Object.entries(HEADERS)) outgoing.setHeader(name, value)
}

/** Why the request is not looked at further; undefined where it is. */
export function refusalOf(incoming: IncomingMessage, door: Door): Problem | undefined {
  if (door.type === 'socket') return undefined
  const { host, origin } = incoming.headers
  const isOne = incoming.headersDistinct.host?.length === 1
  if (!isOne || host === undefined || !door.isOurs(host, incoming.socket.localAddress ?? ''))
    return new Problem(
      421,
      'ERR_TFTP_ACCESS',
      'the name in the Host header is none of this server; ask by its address, or start it with --http-name NAME',
    )
  if (!changesState(incoming.method)) return undefined
  const site = incoming.headers['sec-fetch-site']
  const isForeign = origin !== undefined && origin.toLowerCase() !== `${door.scheme}://${host.toLowerCase()}`
  // A proxy that ends TLS makes https of it for the browser.
  const isProxied = origin?.toLowerCase() === `https://${host.toLowerCase()}`
  if ((isForeign && !isProxied) || (site !== undefined && site !== 'same-origin'))
    return new Problem(403, 'ERR_TFTP_ACCESS', 'a page of another site may not change anything here')
  return undefined
}

/** Whether the request has, or announces, a body where none belongs. */
export function hasLargeBody({ headers }: IncomingMessage): boolean {
  const length = headers['content-length']
  return headers['transfer-encoding'] !== undefined || (length !== undefined && Number(length) > MAX_BODY_BYTES)
}

function changesState(method: string | undefined): boolean {
  return method !== 'GET' && method !== 'HEAD'
}

export type Access =
  /** No secrets, and nothing that changes: the files of the page, and whether it serves. */
  | 'open'
  /** What happens here. */
  | 'read'
  /** Changes something. */
  | 'change'

/** Why the request needs a token that it does not have; undefined where it may. */
export function missingToken(incoming: IncomingMessage, door: Door, access: Access): Problem | undefined {
  if (door.type === 'socket' || access === 'open') return undefined
  if (access === 'read' && !door.readsNeedToken) return undefined
  if (door.token.isIn(incoming.headers.authorization)) return undefined
  return new Problem(
    401,
    'ERR_TFTP_ACCESS',
    'it takes the token of this server (Authorization: Bearer TOKEN): it is in the link that `foresend serve` printed',
  )
}
