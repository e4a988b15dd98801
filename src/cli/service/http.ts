/** The page, the API and the metrics of `serve --http`: what its settings ask for, and where it listens. */
import { readFileSync } from 'node:fs'
import type { Api } from '../../control/api.ts'
import type { HttpListener } from '../../control/http/listen.ts'
import { type HttpPlace, isLoopback, placeOf } from '../../control/http/place.ts'
import { keptToken, newToken, readToken, type Token } from '../../control/http/token.ts'
import type { OwnSettings } from '../config/serve-settings.ts'
import { messageOf, usageError } from '../exit.ts'

export interface HttpPlan {
  readonly place: HttpPlace
  readonly names: readonly string[]
  readonly readsNeedToken: boolean
  readonly tls: { readonly cert: string; readonly key: string } | undefined
  /** Of --http-token-file. */
  readonly token: Token | undefined
}

/** Reads the files that the settings name, before root is given up. Undefined without --http. Throws ERR_TFTP_USAGE. */
export function planHttp(own: OwnSettings): HttpPlan | undefined {
  const { http, 'http-cert': cert, 'http-key': key, 'http-token-file': tokenFile } = own
  if (http === undefined) {
    const alone = (
      ['http-name', 'http-open', 'http-writable', 'http-token-file', 'http-cert', 'http-key'] as const
    ).find((name) => own[name] !== undefined)
    if (alone !== undefined)
      throw usageError(`--${alone} has no effect without --http: name a port with it, or leave it out`)
    return undefined
  }
  if ((cert === undefined) !== (key === undefined))
    throw usageError('--http-cert and --http-key belong together: name both, or neither')
  const place = placeOf(http) as HttpPlace
  return {
    place,
    names: own['http-name'] ?? [],
    readsNeedToken: !isLoopback(place.address) && own['http-open'] !== true,
    tls: cert === undefined || key === undefined ? undefined : { cert: textOf('cert', cert), key: textOf('key', key) },
    token: tokenFile === undefined ? undefined : readToken(tokenFile),
  }
}

/** Listens as planned. `stateFolder` keeps the token; undefined where nothing is kept. Rejects with ERR_TFTP_BIND or ERR_TFTP_USAGE. */
export async function openHttp(
  api: Api,
  plan: HttpPlan,
  stateFolder: string | undefined,
): Promise<{ readonly listener: HttpListener; readonly made: Token | undefined }> {
  const { listenHttp } = await import('../../control/http/listen.ts')
  const token = plan.token ?? tokenIn(stateFolder)
  const listener = await listenHttp(api, { ...plan, token })
  return { listener, made: plan.token === undefined ? token : undefined }
}

/** The line with the link. The token stands behind `#`, which no browser sends on: it reaches no log and no other site. */
export function watchLine(url: string, token: Token | undefined): string {
  return `Watch it at:        ${url}/${token === undefined ? '' : `#t=${token.text}`}`
}

function tokenIn(folder: string | undefined): Token {
  if (folder === undefined) return newToken()
  try {
    return keptToken(folder)
  } catch {
    // The history reports what is wrong with the folder; this start has a token of its own.
    return newToken()
  }
}

function textOf(what: 'cert' | 'key', path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw usageError(`cannot read --http-${what} ${path}: ${messageOf(error)}; name a file in PEM`)
  }
}
