/**
 * A file being received. Its bytes go to a temporary file beside the target; `finish` flushes them to the disk and only
 * then gives the file its name, in one step: whatever kills this process, a name never shows a part of a file.
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
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { ForesendError } from '../error.ts'
import { NetasciiDecoder, WIRE_ERROR } from '../packet/index.ts'
import type { Upload } from './contract.ts'
import { errnoOf, fromSystem, refused } from './errors.ts'
import { WriteBuffer } from './write-buffer.ts'
import { partName } from './part-names.ts'
import { targetStat, type UploadFolder } from './upload-folder.ts'

export interface UploadOptions {
  readonly name: string
  readonly netascii: boolean
  readonly overwrite: boolean
  /** Of the file as it is stored. */
  readonly maxBytes: number
  readonly tsizeBytes: number | undefined
  /** First half of every message: `cannot store "x" from 10.0.0.1`. */
  readonly failing: string
  /** Called once, when nothing of the upload is left to abort. */
  ended(): void
}

/** Targets that are being received, by all stores of this process: a second upload must not race the first. */
const running = new Set<string>()
/** Only for its user until it is complete. */
const PART_MODE = 0o600
const FILE_MODE = 0o644

export class FileUpload implements Upload {
  readonly name: string
  readonly #folder: UploadFolder
  readonly #options: UploadOptions
  readonly #target: string
  readonly #part: string
  readonly #decoder: NetasciiDecoder | undefined
  readonly #gather: WriteBuffer
  /** What the umask (or an access list of the folder) leaves of FILE_MODE. */
  readonly #mode: number
  #fd: number | undefined
  #storedBytes = 0
  #checksum = 0
  #state: 'open' | 'finishing' | 'ended' = 'open'
  #failure: ForesendError | undefined

  /**
   * Takes over `folder`, also when it throws. Throws ERR_TFTP_EXISTS, ERR_TFTP_BUSY, ERR_TFTP_TOO_LARGE,
   * ERR_TFTP_DISK_FULL, ERR_TFTP_ACCESS, and what the system throws.
   */
  constructor(folder: UploadFolder, options: UploadOptions) {
    this.#folder = folder
    this.#options = options
    this.name = options.name
    this.#target = join(folder.path, folder.leaf)
    this.#part = partName(folder.leaf)
    this.#decoder = options.netascii ? new NetasciiDecoder() : undefined
    try {
      requireFreeTarget(folder, options)
      requireRoom(folder, options)
      if (running.has(this.#target)) {
        throw new ForesendError('ERR_TFTP_BUSY', `${options.failing}: another upload to this name is running; wait`, {
          fault: 'peer',
          wireCode: WIRE_ERROR.access,
        })
      }
      const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0)
      this.#fd = openSync(folder.place(this.#part), flags, FILE_MODE)
      this.#mode = hide(this.#fd)
    } catch (cause) {
      if (this.#fd !== undefined) {
        closeSync(this.#fd)
        unlinkSync(folder.place(this.#part))
      }
      folder.close()
      throw cause
    }
    this.#gather = new WriteBuffer()
    running.add(this.#target)
  }

  get crc32(): number {
    return this.#gather.filled === 0 ? this.#checksum : crc32(this.#gather.content(), this.#checksum)
  }

  write(buffer: Uint8Array, offset: number, length: number): void {
    this.#requireOpen()
    try {
      for (let done = 0; done < length; ) done += this.#append(buffer, offset + done, length - done)
      if (this.#storedBytes > this.#options.maxBytes) throw tooLarge(this.#options)
    } catch (cause) {
      throw this.#fail(cause)
    }
  }

  async finish(): Promise<void> {
    this.#requireOpen()
    this.#state = 'finishing'
    try {
      if (this.#decoder !== undefined) {
        const bytes = this.#decoder.end(this.#gather.room(1, this.#flush), this.#gather.filled)
        this.#gather.filled += bytes
        this.#storedBytes += bytes
      }
      if (this.#storedBytes > this.#options.maxBytes) throw tooLarge(this.#options)
      this.#flush()
      this.#gather.free()
      await this.#makeDurable()
      this.#requireNotAborted()
      this.#giveName()
      await this.#nameDurable()
      this.#end()
    } catch (cause) {
      throw this.#fail(cause)
    }
  }

  abort(): void {
    if (this.#state === 'ended') return
    this.#failure ??= new ForesendError('ERR_TFTP_ABORTED', `${this.#options.failing}: the upload was ended`, {
      fault: 'local',
      wireCode: WIRE_ERROR.undefined,
    })
    // A flush in another thread uses the descriptor: `finish` cleans up when it comes back.
    if (this.#state === 'open') this.#remove()
  }

  /** Takes in some of the bytes and returns how many. */
  #append(buffer: Uint8Array, offset: number, length: number): number {
    const gather = this.#gather
    const decoder = this.#decoder
    // A decoder may hold back a byte and write it with these.
    const spare = decoder === undefined ? 0 : 1
    const target = gather.room(1 + spare, this.#flush)
    const taken = Math.min(length, target.length - gather.filled - spare)
    const before = gather.filled
    if (decoder === undefined) {
      target.set(buffer.subarray(offset, offset + taken), before)
      gather.filled += taken
    } else {
      gather.filled += decoder.decode(buffer, offset, taken, target, before)
    }
    this.#storedBytes += gather.filled - before
    return taken
  }

  readonly #flush = (): void => {
    const content = this.#gather.content()
    if (this.#fd === undefined || content.length === 0) return
    for (let done = 0; done < content.length; ) done += writeSync(this.#fd, content, done, content.length - done)
    this.#checksum = crc32(content, this.#checksum)
    this.#gather.filled = 0
  }

  async #makeDurable(): Promise<void> {
    const fd = this.#fd as number
    setMode(fd, this.#mode)
    await new Promise<void>((resolve, reject) => {
      fsync(fd, (error) => (error === null ? resolve() : reject(error)))
    })
    // Here and not in a `finally`: some systems report a failed write at close only.
    this.#fd = undefined
    closeSync(fd)
  }

  /** Gives the complete file its name; from here on it is the file. */
  #giveName(): void {
    const folder = this.#folder
    const options = this.#options
    folder.requireUnmoved(options.failing)
    requireFreeTarget(folder, options)
    const part = folder.place(this.#part)
    const target = folder.place(folder.leaf)
    if (options.overwrite) {
      renameSync(part, target)
      return
    }
    try {
      // Unlike a rename it never replaces anything, whoever was faster.
      linkSync(part, target)
    } catch (cause) {
      if (!NO_LINKS.has(errnoOf(cause))) throw cause
      // FAT and some network shares: the look a moment ago must do.
      renameSync(part, target)
      return
    }
    unlinkSync(part)
  }

  async #nameDurable(): Promise<void> {
    try {
      await this.#folder.sync()
    } catch (cause) {
      // An upload that is reported as failed must not be there; what it replaced is gone either way.
      if (!this.#options.overwrite) unlinkSync(this.#folder.place(this.#folder.leaf))
      throw cause
    }
  }

  #requireOpen(): void {
    if (this.#failure !== undefined) throw this.#failure
    if (this.#state !== 'open') {
      const message = `${this.#options.failing}: it was written to after its end; this is a fault in the program, please report it`
      throw new ForesendError('ERR_TFTP_INTERNAL', message, { fault: 'local', wireCode: WIRE_ERROR.undefined })
    }
  }

  #requireNotAborted(): void {
    if (this.#failure !== undefined) throw this.#failure
  }

  /** Removes everything and returns the error that all later calls throw as well. */
  #fail(cause: unknown): ForesendError {
    this.#failure ??= fromSystem(cause, this.#options.failing)
    this.#remove()
    return this.#failure
  }

  #remove(): void {
    if (this.#state === 'ended') return
    try {
      unlinkSync(this.#folder.place(this.#part))
    } catch {
      // It has its name already, or its folder is gone with it. A leftover is swept at the next start.
    }
    this.#end()
  }

  #end(): void {
    this.#state = 'ended'
    if (this.#fd !== undefined) closeSync(this.#fd)
    this.#fd = undefined
    this.#folder.close()
    this.#gather.free()
    running.delete(this.#target)
    this.#options.ended()
  }
}

const MODE_FIXED = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL'])
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EISDIR'])

/** Closes the empty file to all but its user and returns the mode that it was created with. */
function hide(fd: number): number {
  // Asking for the umask itself would clear it for a moment, for all threads.
  const mode = fstatSync(fd).mode & 0o777
  setMode(fd, PART_MODE)
  return mode
}

function setMode(fd: number, mode: number): void {
  try {
    fchmodSync(fd, mode)
  } catch (cause) {
    // FAT and network shares have modes of their own.
    if (!MODE_FIXED.has(errnoOf(cause))) throw cause
  }
}

function requireFreeTarget(folder: UploadFolder, { overwrite, failing }: UploadOptions): void {
  const stat = targetStat(folder)
  if (stat === undefined) return
  if (stat.isDirectory()) throw refused(`${failing}: a folder has this name; choose another`)
  if (!stat.isFile()) throw refused(`${failing}: what has this name is no regular file and is not replaced`)
  if (overwrite) return
  const message = `${failing}: it exists already; choose another name or start the server with --overwrite`
  throw new ForesendError('ERR_TFTP_EXISTS', message, { fault: 'content', wireCode: WIRE_ERROR.exists })
}

/** Refuses early what cannot fit by the client's own word; what it said is used for nothing else. */
function requireRoom(folder: UploadFolder, options: UploadOptions): void {
  const { tsizeBytes, maxBytes, failing } = options
  if (tsizeBytes === undefined) return
  if (tsizeBytes > maxBytes) throw tooLarge(options)
  const freeBytes = folder.freeBytes()
  if (tsizeBytes <= freeBytes) return
  const message = `${failing}: it has ${tsizeBytes} bytes and the disk has ${freeBytes} left; make room there and try again`
  throw new ForesendError('ERR_TFTP_DISK_FULL', message, { fault: 'local', wireCode: WIRE_ERROR.diskFull })
}

function tooLarge({ maxBytes, failing }: UploadOptions): ForesendError {
  const message = `${failing}: it is larger than the ${maxBytes} bytes that an upload may have`
  return new ForesendError('ERR_TFTP_TOO_LARGE', message, { fault: 'peer', wireCode: WIRE_ERROR.diskFull })
}
