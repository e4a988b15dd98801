/** Stores a file that came over HTTP: as an upload by TFTP is, whole or not at all, under the same limits. */
import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { type ContentSpec, openFolder } from '../../content/index.ts'
import type { Store } from '../../content/contract.ts'
import { pathSegments } from '../../content/names.ts'
import { ForesendError } from '../../error.ts'
import { Problem } from './problem.ts'
import { rootsOf, singleOf } from './files.ts'

/** A body that brings less than this in such a time is given up. */
const LEAST_BYTES = 4096
const LEAST_WITHIN_MS = 15_000
/** At a time; each has a file open. */
const MAX_AT_A_TIME = 8

export interface StoredFile {
  readonly name: string
  readonly sizeBytes: number
  readonly sha256: string
}

export class FileStorer {
  readonly #content: () => ContentSpec
  readonly #stores = new Map<boolean, { readonly key: string; readonly store: Promise<Store> }>()
  #running = 0

  constructor(content: () => ContentSpec) {
    this.#content = content
  }

  /** Rejects with a Problem, or a ForesendError of the content. Then nothing of the file is left. */
  async store(name: string, overwrite: boolean, incoming: IncomingMessage): Promise<StoredFile> {
    const parsed = pathSegments(name)
    if (!parsed.ok) throw new Problem(400, 'ERR_TFTP_ACCESS', parsed.reason)
    if (this.#running >= MAX_AT_A_TIME)
      throw new Problem(503, 'ERR_TFTP_BUSY', 'too many files are being stored; try again in a moment')
    this.#running++
    try {
      return await this.#receive(name, overwrite, incoming)
    } finally {
      this.#running--
    }
  }

  async #receive(name: string, overwrite: boolean, incoming: IncomingMessage): Promise<StoredFile> {
    const store = await this.#open(overwrite)
    const length = incoming.headers['content-length']
    const upload = await store.openWrite({
      filename: name,
      mode: 'octet',
      address: incoming.socket.remoteAddress ?? 'this machine',
      tsizeBytes: length === undefined ? undefined : Number(length),
    })
    const hash = createHash('sha256')
    try {
      const sizeBytes = await readBody(incoming, (piece) => {
        upload.write(piece, 0, piece.length)
        hash.update(piece)
      })
      await upload.finish()
      return { name: upload.name, sizeBytes, sha256: hash.digest('hex') }
    } catch (error) {
      upload.abort()
      throw error
    }
  }

  #open(overwrite: boolean): Promise<Store> {
    const content = this.#content()
    if (content.type === 'file' || singleOf(content) !== undefined)
      throw new Problem(
        409,
        'ERR_TFTP_ACCESS',
        'this server serves one file for every name: there is no folder to store in',
      )
    const key = JSON.stringify(content)
    const open = this.#stores.get(overwrite)
    if (open?.key === key) return open.store
    void open?.store.then((store) => store.close())
    const uploads = { ...content.uploads, policy: overwrite ? ('overwrite' as const) : ('create' as const) }
    // Rules about names are for the names that devices ask for.
    const store = openFolder({ roots: rootsOf(content), writable: true, overwrite, uploads })
    this.#stores.set(overwrite, { key, store })
    store.catch(() => this.#stores.delete(overwrite))
    return store
  }
}

/** Bytes of the body, each piece of which `take` has had. Rejects where it breaks off, or comes too slowly. */
async function readBody(incoming: IncomingMessage, take: (piece: Buffer) => void): Promise<number> {
  let bytes = 0
  let before = 0
  const slow = setInterval(() => {
    if (bytes - before < LEAST_BYTES) incoming.destroy()
    before = bytes
  }, LEAST_WITHIN_MS)
  try {
    for await (const piece of incoming) {
      take(piece as Buffer)
      bytes += (piece as Buffer).length
    }
  } catch (error) {
    if (error instanceof ForesendError) throw error
    throw new Problem(400, 'ERR_TFTP_ABORTED', 'the file did not come whole, or came too slowly; send it again')
  } finally {
    clearInterval(slow)
  }
  return bytes
}
