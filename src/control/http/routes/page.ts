/** The files of the page, as the build left them: those below `/assets` have their content's digest in their names. */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PACKAGE_ROOT } from '../../../own-files.ts'
import { nothingThere } from '../problem.ts'
import type { Call, Reply, Route } from '../route.ts'

const FOLDER = fileURLToPath(new URL('ui/dist', PACKAGE_ROOT))
const FOREVER = 'public, max-age=31536000, immutable'
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.json': 'application/json',
}
/** What a build makes; no separator, so no other folder. */
const NAME = /^[\w.-]{1,128}$/

export function pageRoutes(folder = FOLDER): Route[] {
  return [
    {
      method: 'GET',
      path: '/',
      summary: 'the page',
      access: 'open',
      type: 'text/html',
      handle: async (call) =>
        existsSync(join(folder, 'index.html'))
          ? send(call, join(folder, 'index.html'), 'no-cache')
          : {
              text: 'This build has no page (ui/dist): `npm run build:ui` makes it. The API is below /api/v1/.\n',
              type: 'text/plain; charset=utf-8',
            },
    },
    {
      method: 'GET',
      path: '/assets/:name',
      summary: 'a file of the page',
      access: 'open',
      type: 'text/javascript',
      handle: (call) => fileOf(call, join(folder, 'assets'), FOREVER),
    },
    {
      method: 'GET',
      path: '/favicon.svg',
      summary: 'the icon of the page',
      access: 'open',
      type: 'image/svg+xml',
      handle: (call) => send(call, join(folder, 'favicon.svg'), 'no-cache'),
    },
  ]
}

function fileOf(call: Call, folder: string, cache: string): Promise<Reply> {
  const { name } = call.params
  if (!NAME.test(name) || name.startsWith('.') || TYPES[extname(name)] === undefined) throw noFile()
  return send(call, join(folder, name), cache)
}

/** The compressed form that lies beside the file, where the browser takes it. */
async function send({ incoming, outgoing }: Call, path: string, cache: string): Promise<Reply> {
  const takesBrotli = /\bbr\b/.test(String(incoming.headers['accept-encoding'] ?? ''))
  const compressed = takesBrotli ? await contentOf(`${path}.br`) : undefined
  const content = compressed ?? (await contentOf(path))
  if (content === undefined) throw noFile()
  outgoing.writeHead(200, {
    'content-type': TYPES[extname(path)],
    'content-length': content.length,
    'cache-control': cache,
    vary: 'accept-encoding',
    ...(compressed === undefined ? {} : { 'content-encoding': 'br' }),
  })
  outgoing.end(incoming.method === 'HEAD' ? undefined : content)
  return 'sent'
}

/** Undefined where there is none. */
async function contentOf(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path)
  } catch {
    return undefined
  }
}

function noFile(): Error {
  return nothingThere('the page has no such file; open / again')
}
