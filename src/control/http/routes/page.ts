/** The files of the page, as the build left them: those below `/assets` have their content's digest in their names. */
import { readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, constants } from 'node:zlib'
import { PACKAGE_ROOT } from '../../../own-files.ts'
import type { Feed } from '../feed.ts'
import { missingToken } from '../guard.ts'
import { type Snapshot, withSnapshot } from '../page-document.ts'
import { nothingThere } from '../problem.ts'
import type { Call, Reply, Route } from '../route.ts'

const FOLDER = fileURLToPath(new URL('ui/dist', PACKAGE_ROOT))
/** Of eleven; it takes a tenth of a millisecond. */
const QUICK = 4
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

export function pageRoutes(feed: Feed, folder = FOLDER): Route[] {
  const documents = new Documents(join(folder, 'index.html'))
  return [
    {
      method: 'GET',
      path: '/',
      summary: 'the page',
      access: 'open',
      type: 'text/html',
      handle: async (call) => {
        const html = await documents.html()
        if (html === undefined)
          return {
            text: 'This build has no page (ui/dist): `npm run build:ui` makes it. The API is below /api/v1/.\n',
            type: 'text/plain; charset=utf-8',
          }
        // Who may not read gets the document alone: the token is in the fragment of its address, which no request has.
        const mayRead = missingToken(call.incoming, call.door, 'read') === undefined
        if (!mayRead || feed.isFull) return send(call, documents.path, 'no-cache')
        return answer(call, documents.with(html, feed.snapshot()), '.html', 'no-store')
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

interface Forms {
  readonly plain: Buffer
  readonly brotli: Buffer | undefined
}

/** Documents with a snapshot: one for each frame of the stream, however often it is asked for. */
class Documents {
  readonly path: string
  #snapshot: Snapshot | undefined
  #forms: Forms | undefined

  constructor(path: string) {
    this.path = path
  }

  /** Undefined where there is no page. */
  async html(): Promise<string | undefined> {
    return (await contentOf(this.path))?.toString()
  }

  with(html: string, snapshot: Snapshot): Forms {
    if (this.#forms === undefined || this.#snapshot !== snapshot) {
      const plain = Buffer.from(withSnapshot(html, snapshot))
      const params = { [constants.BROTLI_PARAM_QUALITY]: QUICK, [constants.BROTLI_PARAM_SIZE_HINT]: plain.length }
      this.#forms = { plain, brotli: brotliCompressSync(plain, { params }) }
      this.#snapshot = snapshot
    }
    return this.#forms
  }
}

/** The compressed form that lies beside the file, where the browser takes it. */
async function send(call: Call, path: string, cache: string): Promise<Reply> {
  const plain = await contentOf(path)
  if (plain === undefined) throw noFile()
  return answer(call, { plain, brotli: await contentOf(`${path}.br`) }, extname(path), cache)
}

function answer({ incoming, outgoing }: Call, { plain, brotli }: Forms, type: string, cache: string): Reply {
  const takesBrotli = /\bbr\b/.test(String(incoming.headers['accept-encoding'] ?? ''))
  const compressed = takesBrotli ? brotli : undefined
  const content = compressed ?? plain
  outgoing.writeHead(200, {
    'content-type': TYPES[type],
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
