/** Files below one or more folders. */
import { realpathSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { ForesendError } from '../error.ts'
import { WIRE_ERROR } from '../packet/index.ts'
import { type Hooks, isInside, locate, openLocated, requireRegular } from './inside-root.ts'
import type { Image, Mapper, OpenRequest, Store, Upload, WriteRequest } from './contract.ts'
import { fromSystem, notFound, quoted, refused } from './errors.ts'
import { pathSegments } from './names.ts'
import { nearName } from './near-names.ts'
import { isPartName } from './part-names.ts'
import { FoundFiles } from './found-files.ts'
import { sweepLeftovers } from './sweep.ts'
import { FileUpload } from './upload.ts'
import { openUploadFolder } from './upload-folder.ts'
import { failingToSend, type Found, Versions } from './versions.ts'

export interface FolderOptions {
  /** At least one. The first that has something by a name decides; uploads go to the first. */
  readonly roots: readonly string[]
  /** Take uploads. */
  readonly writable: boolean
  /** Let an upload replace a file. */
  readonly overwrite: boolean
  /** Largest upload; no limit but the disk without it. */
  readonly maxUploadBytes?: number | undefined
  /** Puts files into memory for the kernel to send from. */
  readonly mapper?: Mapper | undefined
}

/**
 * Serves the files below `roots`. Names cannot leave a root, symbolic links included (names.ts, inside-root.ts). When uploads
 * are on, what a killed process left of its uploads is removed first. Rejects with ERR_TFTP_NOT_FOUND or
 * ERR_TFTP_ACCESS when a root is no folder that can be read, ERR_TFTP_USAGE when there is none.
 */
export async function openFolder(options: FolderOptions): Promise<Store> {
  if (options.roots.length === 0) {
    throw new ForesendError('ERR_TFTP_USAGE', 'no folder to serve; name one', { fault: 'local' })
  }
  const roots = options.roots.map((root) => resolve(root))
  for (const root of roots) requireFolder(root)
  if (options.writable) await sweepLeftovers(roots[0])
  return new FolderStore({ ...options, roots })
}

function requireFolder(root: string): void {
  const failing = `cannot serve ${quoted(root)}`
  try {
    if (statSync(root).isDirectory()) return
  } catch (cause) {
    throw fromSystem(cause, failing)
  }
  throw notFound(`${failing}: it is not a folder; name a folder, or a regular file to serve it for every name`)
}

/** Public for tests, which swap links through `hooks`. */
export class FolderStore implements Store {
  readonly versions: Versions
  readonly #options: FolderOptions
  readonly #hooks: Hooks
  readonly #found = new FoundFiles()
  readonly #uploads = new Set<FileUpload>()
  #closed = false

  /** `options.roots` are absolute. */
  constructor(options: FolderOptions, hooks: Hooks = {}) {
    this.#options = options
    this.versions = new Versions(options.mapper)
    this.#hooks = hooks
  }

  openRead(request: OpenRequest): Promise<Image> | Image {
    return this.versions.openImage(request, () => this.#find(request))
  }

  openWrite(request: WriteRequest): Promise<Upload> | Upload {
    const failing = `cannot store ${quoted(request.filename)} from ${request.address}`
    try {
      return this.#startUpload(request, failing)
    } catch (cause) {
      return Promise.reject(fromSystem(cause, failing))
    }
  }

  close(): void {
    this.#closed = true
    for (const upload of this.#uploads) upload.abort()
  }

  abandon(): void {
    this.close()
    this.versions.abandon()
  }

  #find(request: OpenRequest): Found {
    const again = this.#closed ? undefined : this.#found.recall(request.filename)
    if (again !== undefined) return again
    const failing = failingToSend(request)
    const segments = this.#segments(request, failing)
    for (const root of this.#options.roots) {
      const located = locate(root, segments, failing)
      if (located === undefined) continue
      const { path, stat } = located
      // Before anything is opened.
      requireRegular(stat, failing)
      const found = { path, name: segments.join('/'), stat, open: () => openLocated(located, failing, this.#hooks) }
      // With several roots a file may appear in one that comes first.
      if (this.#options.roots.length === 1) this.#found.remember(request.filename, join(root, ...segments), found)
      return found
    }
    throw this.#missing(segments, failing)
  }

  #segments(request: OpenRequest, failing: string): readonly string[] {
    if (this.#closed) throw refused(`${failing}: the server is stopping`, 'local')
    const parsed = pathSegments(request.filename)
    if (parsed.ok) return parsed.value
    throw new ForesendError('ERR_TFTP_ACCESS', `${failing}: ${parsed.reason}`, {
      fault: 'peer',
      wireCode: parsed.wireCode,
    })
  }

  #missing(segments: readonly string[], failing: string): ForesendError {
    const { roots } = this.#options
    const where = roots.map(quoted).join(' or ')
    for (const root of roots) {
      const hint = nearPath(root, segments)
      if (hint !== undefined) return notFound(`${failing}: it is not in ${where}; did you mean ${quoted(hint)}?`)
    }
    return notFound(`${failing}: it is not in ${where}; put it there or ask for another name`)
  }

  #startUpload(request: WriteRequest, failing: string): FileUpload {
    const { writable, overwrite, maxUploadBytes, roots } = this.#options
    if (!writable) throw refused(`${failing}: uploads are off; start the server with --writable to take them`, 'local')
    const segments = this.#segments(request, failing)
    if (segments.some(isPartName)) throw refused(`${failing}: names of this form are for unfinished uploads`, 'peer')
    // A file in a lower root would be hidden by the upload: to the peers that is the same as replacing it.
    const hidden = overwrite ? undefined : roots.slice(1).find((root) => locate(root, segments, failing) !== undefined)
    if (hidden !== undefined) {
      const message = `${failing}: it exists already in ${quoted(hidden)}; choose another name or start the server with --overwrite`
      throw new ForesendError('ERR_TFTP_EXISTS', message, { fault: 'content', wireCode: WIRE_ERROR.exists })
    }
    const folder = openUploadFolder(roots[0], segments, failing)
    const upload = new FileUpload(folder, {
      name: segments.join('/'),
      leaf: segments[segments.length - 1],
      netascii: request.mode === 'netascii',
      overwrite,
      maxBytes: maxUploadBytes ?? Infinity,
      tsizeBytes: request.tsizeBytes,
      failing,
      ended: () => this.#uploads.delete(upload),
    })
    this.#uploads.add(upload)
    return upload
  }
}

/** A path below `root` that is near to the one that is missing: its first missing segment replaced. */
function nearPath(root: string, segments: readonly string[]): string | undefined {
  try {
    const realRoot = realpathSync.native(root)
    let folder = realRoot
    for (const [index, segment] of segments.entries()) {
      const last = index === segments.length - 1
      const next = last ? undefined : folderInside(realRoot, join(folder, segment))
      if (next !== undefined) {
        folder = next
        continue
      }
      const near = nearName(folder, segment, last ? 'file' : 'folder')
      return near === undefined
        ? undefined
        : [...segments.slice(0, index), near, ...segments.slice(index + 1)].join('/')
    }
  } catch {
    // A hint is no reason to fail.
  }
  return undefined
}

function folderInside(realRoot: string, path: string): string | undefined {
  try {
    const real = realpathSync.native(path)
    return isInside(realRoot, real) && statSync(real).isDirectory() ? real : undefined
  } catch {
    return undefined
  }
}
