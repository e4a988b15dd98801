/** Files below one or more folders. */
import { realpathSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { ForesendError } from '../error.ts'
import { WIRE_ERROR } from '../packet/index.ts'
import { inCaseOnDisk } from './any-case.ts'
import { type ClientRootRules, ClientRoots, type MacOf } from './client-roots.ts'
import { folderInside, type Hooks, locate, type Located, openLocated, requireRegular } from './inside-root.ts'
import type { Image, Mapper, OpenRequest, Store, Upload, WriteRequest } from './contract.ts'
import { digestOf } from './digest-files.ts'
import { fromSystem, notFound, quoted, refused } from './errors.ts'
import { usedBytes } from './folder-usage.ts'
import { listingOf } from './listing.ts'
import { MemoryImage } from './memory-image.ts'
import { NameResolver, type NameRules, type ResolvedName } from './name-rules.ts'
import { pathSegments } from './names.ts'
import { nearName } from './near-names.ts'
import { isPartName } from './part-names.ts'
import { FoundFiles } from './found-files.ts'
import { sweepLeftovers } from './sweep.ts'
import { fromBytes } from './remap/bytes.ts'
import { FileUpload } from './upload.ts'
import { holdInside, openUploadFolder } from './upload-folder.ts'
import { type SizeLimit, sizeLimit, tooLarge, type UploadPolicy, type UploadRules } from './upload-rules.ts'
import { failingToSend, type Found, Versions } from './versions.ts'

export interface FolderOptions {
  /** At least one. The first that has something by a name decides; uploads go to the first. */
  readonly roots: readonly string[]
  /** Take uploads. */
  readonly writable: boolean
  /** Let an upload replace a file. */
  readonly overwrite: boolean
  /** Says more of uploads; its policy wins over the two above. */
  readonly uploads?: UploadRules | undefined
  readonly names?: NameRules | undefined
  readonly clients?: ClientRootRules | undefined
  /** The last part of a name that stands for a list of the files in its folder. */
  readonly listing?: string | undefined
  /** Only files that everybody may read are sent, and only those that everybody may write are replaced, as in tftp-hpa. */
  readonly publicOnly?: boolean | undefined
  /** Puts files into memory for the kernel to send from. */
  readonly mapper?: Mapper | undefined
  readonly macOf?: MacOf | undefined
}

/**
 * Serves the files below `roots`. Names cannot leave a root, symbolic links included (names.ts, inside-root.ts). When uploads
 * are on, what a killed process left of its uploads is removed first. Rejects with ERR_TFTP_NOT_FOUND or
 * ERR_TFTP_ACCESS when a root is no folder that can be read, ERR_TFTP_USAGE when there is none or a rule has a mistake.
 */
export async function openFolder(options: FolderOptions): Promise<Store> {
  if (options.roots.length === 0) {
    throw new ForesendError('ERR_TFTP_USAGE', 'no folder to serve; name one', { fault: 'local' })
  }
  const roots = options.roots.map((root) => resolve(root))
  const uploads = { ...options.uploads, ...rootOf(options.uploads?.root) }
  const clientRoots = (options.clients?.clientRoots ?? []).map(({ client, root }) => ({ client, root: resolve(root) }))
  const clients = { ...options.clients, clientRoots }
  for (const root of [...roots, ...clientRoots.map(({ root: own }) => own)]) requireFolder(root)
  if (uploads.root !== undefined) requireFolder(uploads.root)
  const store = new FolderStore({ ...options, roots, uploads, clients })
  const stored = uploads.root === undefined ? [roots[0], ...clientRoots.map(({ root }) => root)] : [uploads.root]
  for (const root of store.policy === 'none' ? [] : stored) await sweepLeftovers(root)
  return store
}

function rootOf(root: string | undefined): UploadRules {
  return root === undefined ? {} : { root: resolve(root) }
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
  readonly policy: UploadPolicy
  readonly #options: FolderOptions
  readonly #names: NameResolver
  readonly #clients: ClientRoots
  readonly #hooks: Hooks
  readonly #found = new FoundFiles()
  readonly #uploads = new Set<FileUpload>()
  #closed = false

  /** Paths in `options` are absolute. Throws ERR_TFTP_USAGE when a rule has a mistake. */
  constructor(options: FolderOptions, hooks: Hooks = {}) {
    this.#options = options
    this.policy = options.uploads?.policy ?? (!options.writable ? 'none' : options.overwrite ? 'overwrite' : 'create')
    this.#names = new NameResolver(options.names ?? {})
    this.#clients = new ClientRoots(options.clients ?? {}, options.macOf ?? (() => undefined))
    this.versions = new Versions(options.mapper)
    this.#hooks = hooks
  }

  openRead(request: OpenRequest): Promise<Image> | Image {
    const failing = failingToSend(request)
    return this.#withName(request, 'read', failing, (name) => {
      const listing = this.#listing(request, name, failing)
      return listing ?? this.versions.openImage(request, () => this.#find(request, name, failing))
    })
  }

  openWrite(request: WriteRequest): Promise<Upload> | Upload {
    const failing = `cannot store ${quoted(request.filename)} from ${request.address}`
    return this.#withName(request, 'write', failing, (name) => this.#startUpload(request, name, failing))
  }

  close(): void {
    this.#closed = true
    this.#names.close()
    for (const upload of this.#uploads) upload.abort()
  }

  abandon(): void {
    this.close()
    this.versions.abandon()
  }

  /** Opens what the name in `request` means. Never throws. */
  #withName<T>(
    request: OpenRequest,
    direction: 'read' | 'write',
    failing: string,
    open: (name: ResolvedName) => Promise<T> | T,
  ): Promise<T> | T {
    try {
      this.#requireOpen(failing)
      if (direction === 'write') requireUploads(this.policy, failing)
      const asked = { filename: request.filename, address: request.address, direction, failing }
      const name = this.#names.resolve(asked, (mapped) => this.#couldBe(mapped, request.address, direction))
      const opened = name instanceof Promise ? name.then(open) : open(name)
      if (!(opened instanceof Promise)) return opened
      return opened.catch((cause: unknown) => {
        throw fromSystem(cause, failing)
      })
    } catch (cause) {
      return Promise.reject(fromSystem(cause, failing))
    }
  }

  #requireOpen(failing: string): void {
    if (this.#closed) throw refused(`${failing}: the server is stopping`, 'local')
  }

  #rootsFor(address: string): readonly string[] {
    const { roots } = this.#options
    return this.#clients.isPlain ? roots : this.#clients.for(address, roots)
  }

  #uploadRootFor(address: string): string {
    return this.#options.uploads?.root ?? this.#rootsFor(address)[0]
  }

  /** For rules that ask whether a name could be transferred. */
  #couldBe(name: string, address: string, direction: 'read' | 'write'): boolean {
    const parsed = pathSegments(fromBytes(name))
    if (!parsed.ok) return false
    try {
      if (direction === 'read') return this.#rootsFor(address).some((root) => isRegular(root, parsed.value))
      const root = this.#uploadRootFor(address)
      const isThere = locate(root, parsed.value, '') !== undefined
      if (isThere) return this.policy !== 'create' && isRegular(root, parsed.value)
      return this.policy !== 'existing' && locate(root, parsed.value.slice(0, -1), '')?.stat.isDirectory() === true
    } catch {
      return false
    }
  }

  #find(request: OpenRequest, name: ResolvedName, failing: string): Found {
    this.#requireOpen(failing)
    const roots = this.#rootsFor(request.address)
    const found = this.#lookUp(roots, name, failing)
    if (found !== undefined) return found
    const asked = { filename: request.filename, address: request.address, direction: 'read' as const, failing }
    const fallback = this.#names.fallback(asked, name)
    const instead = fallback === undefined ? undefined : this.#lookUp(roots, fallback, failing)
    if (instead !== undefined) return instead
    throw missing(roots, fallback ?? name, failing)
  }

  /** What is at `name`; undefined when nothing is. */
  #lookUp(roots: readonly string[], { segments, note }: ResolvedName, failing: string): Found | undefined {
    const only = roots.length === 1 ? join(roots[0], ...segments) : undefined
    // With several roots a file may appear in one that comes first.
    const again = only === undefined ? undefined : this.#found.recall(only)
    if (again !== undefined) return again
    const [located, actual] = this.#locate(roots, segments, `${failing}${note}`)
    if (located === undefined) return undefined
    const { path, stat } = located
    // Before anything is opened.
    requireRegular(stat, failing)
    if (this.#options.publicOnly === true && (stat.mode & 0o004n) === 0n) {
      throw refused(
        `${failing}: not everybody may read it; change its permissions (chmod o+r) or leave --public-only out`,
      )
    }
    const found = { path, name: actual.join('/'), stat, open: () => openLocated(located, failing, this.#hooks) }
    // What differs in case is looked up each time: the name itself may appear.
    if (only !== undefined && actual === segments) this.#found.remember(only, found)
    return found
  }

  #locate(
    roots: readonly string[],
    segments: readonly string[],
    failing: string,
  ): readonly [Located | undefined, readonly string[]] {
    for (const root of roots) {
      const located = locate(root, segments, failing)
      if (located !== undefined) return [located, segments]
    }
    for (const root of this.#names.anyCase ? roots : []) {
      const actual = inCaseOnDisk(root, segments)
      const located = locate(root, actual, failing)
      if (located !== undefined) return [located, actual]
    }
    return [undefined, segments]
  }

  /** The files of a folder as text, when the name asks for that. */
  #listing(request: OpenRequest, { segments }: ResolvedName, failing: string): Image | undefined {
    const { listing } = this.#options
    if (listing === undefined || segments[segments.length - 1] !== listing) return undefined
    const folder = segments.slice(0, -1)
    for (const root of this.#rootsFor(request.address)) {
      const located = locate(root, folder, failing)
      if (located?.stat.isDirectory() !== true) continue
      const held = holdInside(located.realRoot, located.path, failing)
      try {
        return new MemoryImage(segments.join('/'), listingOf(held), request.mode === 'netascii' ? 'netascii' : 'octet')
      } finally {
        held.close()
      }
    }
    return undefined
  }

  #startUpload(
    request: WriteRequest,
    { segments, note }: ResolvedName,
    failing: string,
  ): FileUpload | Promise<FileUpload> {
    const shown = `${failing}${note}`
    const rules = this.#options.uploads ?? {}
    const root = this.#uploadRootFor(request.address)
    // An upload means the file or folder that is there in whatever case.
    const actual = this.#names.anyCase ? inCaseOnDisk(root, segments) : segments
    this.#requireName(actual, shown)
    this.#requireNotHidden(request.address, root, actual, shown)
    const { quotaBytes } = rules
    if (quotaBytes === undefined) return this.#upload(request, root, actual, shown, sizeLimit(rules, undefined))
    const replaced = this.policy === 'versions' ? undefined : locate(root, actual, shown)?.stat
    const replacedBytes = replaced?.isFile() === true ? Number(replaced.size) : 0
    return usedBytes(root, shown).then((used) => {
      const limit = sizeLimit(rules, quotaBytes - used + replacedBytes)
      return this.#upload(request, root, actual, shown, limit, async () => {
        // Others were stored meanwhile. By now this upload counts as well.
        const more = (await usedBytes(root, shown)) - replacedBytes - quotaBytes
        if (more > 0)
          throw tooLarge(shown, {
            bytes: 0,
            reason: `it would exceed the quota of ${quotaBytes} bytes by ${more}; make room there and try again`,
          })
      })
    })
  }

  #upload(
    request: WriteRequest,
    root: string,
    segments: readonly string[],
    failing: string,
    limit: SizeLimit,
    checkQuota?: () => Promise<void>,
  ): FileUpload {
    this.#requireOpen(failing)
    const { uploads = {}, publicOnly = false } = this.#options
    const upload = new FileUpload(openUploadFolder(root, segments, failing), {
      name: segments.join('/'),
      leaf: segments[segments.length - 1],
      netascii: request.mode === 'netascii',
      policy: this.policy,
      publicOnly,
      mode: uploads.mode,
      limit,
      minFreeBytes: uploads.minFreeBytes ?? 0,
      digests: uploads.digests ?? [],
      checkQuota,
      tsizeBytes: request.tsizeBytes,
      failing,
      ended: () => this.#uploads.delete(upload),
    })
    this.#uploads.add(upload)
    return upload
  }

  /** Some names are not for peers to give. */
  #requireName(segments: readonly string[], failing: string): void {
    if (segments.some(isPartName)) throw refused(`${failing}: names of this form are for unfinished uploads`, 'peer')
    const leaf = segments[segments.length - 1]
    const digest = digestOf(leaf)
    if (digest !== undefined && this.#options.uploads?.digests?.includes(digest) === true) {
      throw refused(`${failing}: files .${digest} are written by the server itself`, 'peer')
    }
    if (leaf === this.#options.listing) throw refused(`${failing}: this name stands for the list of files`, 'peer')
  }

  /** A file in a lower root would be hidden by the upload: to the peers that is the same as replacing it. */
  #requireNotHidden(address: string, uploadRoot: string, segments: readonly string[], failing: string): void {
    if (this.policy !== 'create') return
    const roots = this.#rootsFor(address)
    if (!roots.includes(uploadRoot)) return
    const hidden = roots
      .slice(roots.indexOf(uploadRoot) + 1)
      .find((root) => locate(root, segments, failing) !== undefined)
    if (hidden === undefined) return
    const message = `${failing}: it exists already in ${quoted(hidden)}; choose another name or start the server with --overwrite`
    throw new ForesendError('ERR_TFTP_EXISTS', message, { fault: 'content', wireCode: WIRE_ERROR.exists })
  }
}

function requireUploads(policy: UploadPolicy, failing: string): void {
  if (policy === 'none') {
    throw refused(`${failing}: uploads are off; start the server with --writable to take them`, 'local')
  }
}

/** True when a regular file is there. Throws what the system throws. */
function isRegular(root: string, segments: readonly string[]): boolean {
  return locate(root, segments, '')?.stat.isFile() === true
}

function missing(roots: readonly string[], { segments, note }: ResolvedName, failing: string): ForesendError {
  const where = roots.map(quoted).join(' or ')
  for (const root of roots) {
    const hint = nearPath(root, segments)
    if (hint !== undefined) return notFound(`${failing}${note}: it is not in ${where}; did you mean ${quoted(hint)}?`)
  }
  return notFound(`${failing}${note}: it is not in ${where}; put it there or ask for another name`)
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
