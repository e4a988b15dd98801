/** A folder that is held open while a file in it is written, so that swapping the folder for a link changes nothing. */
import { closeSync, constants, fsync, openSync, realpathSync, statfsSync } from 'node:fs'
import { errnoOf } from './errors.ts'
import { pathOfDescriptor } from './inside-root.ts'

export class HeldFolder {
  /** Absolute, without symbolic links when it was opened. */
  readonly path: string
  #fd: number | undefined
  /** A path through the descriptor, which is what openat(2) would do. Undefined on systems without /proc/self/fd. */
  readonly #through: string | undefined

  /** `path` is absolute and without symbolic links. Throws system errors. */
  constructor(path: string) {
    this.path = path
    this.#fd = openDescriptor(path)
    const isReachable = this.#fd !== undefined && pathOfDescriptor(this.#fd) !== undefined
    this.#through = isReachable ? `/proc/self/fd/${this.#fd}` : undefined
  }

  /** The open descriptor; undefined where a folder cannot be opened. */
  get fd(): number | undefined {
    return this.#fd
  }

  /** The path to use for `name` in this folder. */
  pathTo(name: string): string {
    return `${this.#through ?? this.path}/${name}`
  }

  /** The same folder, held a second time. Throws system errors. */
  again(): HeldFolder {
    return new HeldFolder(this.#through === undefined ? this.path : `${this.#through}/.`)
  }

  /** False when names go through the folder's path and that leads elsewhere by now. */
  isUnmoved(): boolean {
    return this.#through !== undefined || realpathSync.native(this.path) === this.path
  }

  /** Bytes that may still be written to the file system; Infinity when it does not say. */
  freeBytes(): number {
    const { blocks, bavail, bsize } = statfsSync(this.#through ?? this.path, { bigint: true })
    return blocks === 0n ? Infinity : Number(bavail * bsize)
  }

  /** Makes the names in this folder durable. Systems that cannot flush a folder do it on their own. */
  sync(): Promise<void> {
    const fd = this.#fd
    if (fd === undefined) return Promise.resolve()
    return new Promise((resolve, reject) => {
      fsync(fd, (error) => (error === null || CANNOT_FLUSH.has(errnoOf(error)) ? resolve() : reject(error)))
    })
  }

  /** May be called twice. */
  close(): void {
    if (this.#fd === undefined) return
    closeSync(this.#fd)
    this.#fd = undefined
  }
}

const CANNOT_FLUSH = new Set(['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'EPERM', 'EACCES', 'EBADF', 'EISDIR', 'ENOSYS'])
const CANNOT_OPEN = new Set(['EACCES', 'EPERM', 'EISDIR', 'EINVAL'])

/** Undefined where the folder is used by its path: Windows cannot open folders, and a drop box (write, no read) may not be opened. */
function openDescriptor(path: string): number | undefined {
  try {
    return openSync(path, constants.O_RDONLY | (constants.O_DIRECTORY ?? 0) | (constants.O_NOFOLLOW ?? 0))
  } catch (cause) {
    if (CANNOT_OPEN.has(errnoOf(cause))) return undefined
    throw cause
  }
}
