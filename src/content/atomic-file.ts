/**
 * A file that gets its name complete and on disk, or not at all. Its bytes go to a temporary file in the same folder; `finish`
 * flushes that, gives it the name in one step and flushes the folder. A process that is killed at any moment leaves at most
 * the temporary file, which the sweep at the next start of a server removes (sweep.ts).
 */
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsync,
  linkSync,
  openSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { errnoOf } from './errors.ts'
import type { HeldFolder } from './held-folder.ts'
import { partName } from './part-names.ts'

/** Permissions of the file under its name. Until then only its owner may read it. */
export type FileMode =
  /** As for any new file: the umask or an access list of the folder takes away from it. */
  | { readonly atMost: number }
  /** As the file has that is replaced. */
  | { readonly exactly: number }

export interface Naming {
  /** Replace a regular file of this name. Otherwise `finish` rejects with EEXIST when the name is taken. */
  readonly replace: boolean
  /** Called when the bytes are on disk, right before the name is given. What it throws ends the file. */
  readonly check?: () => void
  /** Called when the file is durable under its name, to finish what belongs beside it. Where it rejects the name is taken away again. */
  readonly beside?: () => Promise<void>
}

/** Permissions of the temporary file. */
const PART_MODE = 0o600

export class AtomicFile {
  readonly #folder: HeldFolder
  readonly #leaf: string
  readonly #part: string
  readonly #mode: number
  #fd: number | undefined
  #state: 'writing' | 'finishing' | 'ended' = 'writing'
  #abortReason: Error | undefined
  /** Takes the name away again; set once it is given. */
  #takeNameBack: (() => void) | undefined

  /** Creates the temporary file for `leaf` in `folder`, which is closed at the end, also when this throws. Throws system errors. */
  constructor(folder: HeldFolder, leaf: string, mode: FileMode) {
    this.#folder = folder
    this.#leaf = leaf
    this.#part = partName(leaf)
    try {
      const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0)
      this.#fd = openSync(folder.pathTo(this.#part), flags, 'atMost' in mode ? mode.atMost : PART_MODE)
      // To ask for the umask would clear it for a moment, for all threads: the new file shows what it leaves.
      this.#mode = 'exactly' in mode ? mode.exactly : fstatSync(this.#fd).mode & 0o777
      setMode(this.#fd, PART_MODE)
    } catch (cause) {
      if (this.#fd !== undefined) this.#remove()
      else folder.close()
      throw cause
    }
  }

  /** True after `finish` or `abort`: nothing is open and no temporary file is left. */
  get isEnded(): boolean {
    return this.#state === 'ended'
  }

  /** Appends `content`. Throws system errors; the file is then still to be aborted. */
  write(content: Uint8Array): void {
    const fd = this.#writableFd()
    for (let done = 0; done < content.length; ) done += writeSync(fd, content, done, content.length - done)
  }

  /**
   * Makes the file durable under its name. Rejects with a system error, what `check` or `beside` throws, or the reason of an abort; then
   * neither the file nor a temporary file is left and a replaced file is back. One exception: when the folder cannot be flushed or `beside`
   * rejects, and the file system could not keep the replaced file (no hard links), the new file stays, because removing it would leave
   * neither.
   */
  async finish({ replace, check, beside }: Naming): Promise<void> {
    const fd = this.#writableFd()
    this.#state = 'finishing'
    try {
      await this.#flush(fd)
      if (this.#abortReason !== undefined) throw this.#abortReason
      check?.()
      const kept = this.#giveName(replace)
      await this.#folder.sync()
      await beside?.()
      if (kept !== undefined) unlinkQuietly(kept)
      this.#end()
    } catch (cause) {
      this.#takeNameBack?.()
      this.#remove()
      throw cause
    }
  }

  /** Removes what was written. Changes nothing after `finish`, nor during it once the file has its name. */
  abort(reason: Error): void {
    this.#abortReason ??= reason
    // During `finish` a flush in another thread uses the descriptor: `finish` cleans up when the flush is done.
    if (this.#state === 'writing') this.#remove()
  }

  #writableFd(): number {
    if (this.#state === 'writing' && this.#fd !== undefined) return this.#fd
    throw this.#abortReason ?? new Error('the file was used after its end')
  }

  async #flush(fd: number): Promise<void> {
    setMode(fd, this.#mode)
    await new Promise<void>((resolve, reject) => {
      fsync(fd, (error) => (error === null ? resolve() : reject(error)))
    })
    // Not in a `finally`: some file systems report a failed write only here, and then the file must not get its name.
    this.#fd = undefined
    closeSync(fd)
  }

  /** Returns the path under which the replaced file is kept until the folder is flushed; undefined when none is kept. */
  #giveName(replace: boolean): string | undefined {
    const part = this.#folder.pathTo(this.#part)
    const target = this.#folder.pathTo(this.#leaf)
    if (replace) return this.#replace(part, target)
    try {
      // Unlike a rename a link never replaces a file that appeared meanwhile.
      linkSync(part, target)
    } catch (cause) {
      if (!NO_LINKS.has(errnoOf(cause))) throw cause
      // FAT and some network shares have no links: `check` looked at the name a moment ago.
      renameSync(part, target)
    }
    this.#takeNameBack = () => unlinkQuietly(target)
    unlinkQuietly(part)
    return undefined
  }

  #replace(part: string, target: string): string | undefined {
    const kept = this.#folder.pathTo(partName(this.#leaf))
    const state = keep(target, kept)
    try {
      renameSync(part, target)
    } catch (cause) {
      if (state === 'kept') unlinkQuietly(kept)
      throw cause
    }
    if (state === 'free') this.#takeNameBack = () => unlinkQuietly(target)
    if (state !== 'kept') return undefined
    this.#takeNameBack = () => renameQuietly(kept, target)
    return kept
  }

  #remove(): void {
    unlinkQuietly(this.#folder.pathTo(this.#part))
    this.#end()
  }

  #end(): void {
    this.#state = 'ended'
    const fd = this.#fd
    this.#fd = undefined
    if (fd !== undefined) closeSync(fd)
    this.#folder.close()
  }
}

const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EISDIR'])
const MODE_FIXED = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL'])

/** Gives the file at `target` a second name, so that it can come back. `free`: there is none. */
function keep(target: string, kept: string): 'kept' | 'free' | 'impossible' {
  try {
    linkSync(target, kept)
    return 'kept'
  } catch (cause) {
    return errnoOf(cause) === 'ENOENT' ? 'free' : 'impossible'
  }
}

function setMode(fd: number, mode: number): void {
  try {
    fchmodSync(fd, mode)
  } catch (cause) {
    // FAT and network shares have modes of their own.
    if (!MODE_FIXED.has(errnoOf(cause))) throw cause
  }
}

function unlinkQuietly(path: string): void {
  try {
    unlinkSync(path)
  } catch {
    // It has its name already, or its folder is gone with it. A temporary file that is left is swept later.
  }
}

function renameQuietly(from: string, to: string): void {
  try {
    renameSync(from, to)
  } catch {
    // The folder cannot be written to any more: the error that led here says why.
  }
}
