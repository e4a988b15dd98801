/** The folder that an upload goes to, held open so that swapping it for a link changes nothing. */
import {
  closeSync,
  constants,
  fstatSync,
  fsync,
  lstatSync,
  openSync,
  realpathSync,
  statfsSync,
  statSync,
} from 'node:fs'
import { join } from 'node:path'
import { isInside, isMissing, isOpenInside, pathOfDescriptor } from './inside-root.ts'
import { errnoOf, notFound, quoted, refused } from './errors.ts'

export class UploadFolder {
  /** Last segment of the target. */
  readonly leaf: string
  /** Without symbolic links when it was opened. */
  readonly path: string
  #fd: number | undefined
  /** A path through the descriptor: what openat(2) would do. Undefined where there is no such thing. */
  readonly #through: string | undefined

  constructor(path: string, leaf: string, fd: number | undefined) {
    this.path = path
    this.leaf = leaf
    this.#fd = fd
    this.#through = fd !== undefined && pathOfDescriptor(fd) !== undefined ? `/proc/self/fd/${fd}` : undefined
  }

  /** The path to use for `name` in this folder. */
  place(name: string): string {
    return `${this.#through ?? this.path}/${name}`
  }

  /** Throws ERR_TFTP_ACCESS when the folder's path leads elsewhere by now and names go through that path. */
  requireUnmoved(failing: string): void {
    if (this.#through !== undefined || realpathSync.native(this.path) === this.path) return
    throw refused(`${failing}: its folder was replaced meanwhile; try again`)
  }

  /** Bytes that may still be written here; Infinity when the file system does not say. */
  freeBytes(): number {
    const { blocks, bavail, bsize } = statfsSync(this.#through ?? this.path, { bigint: true })
    return blocks === 0n ? Infinity : Number(bavail * bsize)
  }

  /** Makes names in this folder durable. Systems that cannot flush a folder do it on their own. */
  sync(): Promise<void> {
    const fd = this.#fd
    if (fd === undefined) return Promise.resolve()
    return new Promise((resolve, reject) => {
      fsync(fd, (error) => (error === null || CANNOT_FLUSH.has(errnoOf(error)) ? resolve() : reject(error)))
    })
  }

  close(): void {
    if (this.#fd === undefined) return
    closeSync(this.#fd)
    this.#fd = undefined
  }
}

const CANNOT_FLUSH = new Set(['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'EPERM', 'EACCES', 'EBADF', 'EISDIR', 'ENOSYS'])

/**
 * Opens the folder of the target `segments` below `root`. Throws ERR_TFTP_NOT_FOUND when there is none (folders are
 * never created for a peer), ERR_TFTP_ACCESS when it is no folder or lies outside of the root.
 */
export function openUploadFolder(root: string, segments: readonly string[], failing: string): UploadFolder {
  const realRoot = realpathSync.native(root)
  const parents = segments.slice(0, -1)
  const shown = quoted(parents.join('/'))
  let path: string
  try {
    path = realpathSync.native(join(realRoot, ...parents))
  } catch (cause) {
    if (!isMissing(cause)) throw cause
    throw notFound(`${failing}: the folder ${shown} does not exist in ${quoted(root)}; create it there first`, cause)
  }
  if (!isInside(realRoot, path)) throw refused(`${failing}: a symbolic link leads out of ${quoted(root)}`)
  if (!statSync(path).isDirectory()) throw refused(`${failing}: ${shown} is a file, not a folder`)
  const fd = openFolderDescriptor(path)
  try {
    if (fd !== undefined && !isOpenInside(fd, fstatSync(fd, { bigint: true }), realRoot, path)) {
      throw refused(`${failing}: its folder was changed to lead out of ${quoted(root)} meanwhile`)
    }
    const folder = new UploadFolder(path, segments[segments.length - 1], fd)
    folder.requireUnmoved(failing)
    return folder
  } catch (cause) {
    if (fd !== undefined) closeSync(fd)
    throw cause
  }
}

/** Windows cannot open folders, and a drop box (write, no read) does not let us: they are used by their path. */
function openFolderDescriptor(path: string): number | undefined {
  try {
    return openSync(path, constants.O_RDONLY | (constants.O_DIRECTORY ?? 0) | (constants.O_NOFOLLOW ?? 0))
  } catch (cause) {
    if (['EACCES', 'EPERM', 'EISDIR', 'EINVAL'].includes(errnoOf(cause))) return undefined
    throw cause
  }
}

/** What stands at the target; undefined when the name is free. Links are not followed. */
export function targetStat(folder: UploadFolder): ReturnType<typeof lstatSync> {
  return lstatSync(folder.place(folder.leaf), { throwIfNoEntry: false })
}
