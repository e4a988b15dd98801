/**
 * A file being received. Its bytes are decoded where they are netascii, counted and gathered; `AtomicFile` gives the complete
 * file its name.
 */
import { lstatSync, type Stats } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { ForesendError } from '../error.ts'
import { NetasciiDecoder, WIRE_ERROR } from '../packet/index.ts'
import { AtomicFile, type FileMode } from './atomic-file.ts'
import type { Upload } from './contract.ts'
import { DigestFiles } from './digest-files.ts'
import { fromSystem, notFound, refused } from './errors.ts'
import type { HeldFolder } from './held-folder.ts'
import { KeptVersion } from './kept-version.ts'
import { requireUnmoved } from './upload-folder.ts'
import { diskFull, type DigestName, type SizeLimit, tooLarge, type UploadPolicy } from './upload-rules.ts'
import { WriteBuffer } from './write-buffer.ts'

export interface UploadOptions {
  readonly name: string
  /** Last segment of `name`: the file's name in its folder. */
  readonly leaf: string
  readonly netascii: boolean
  readonly policy: UploadPolicy
  /** Only what everybody may write is replaced. */
  readonly publicOnly: boolean
  /** Permissions, to the letter; those of the replaced file without it. */
  readonly mode: number | undefined
  /** Bound on the size of the file as it is stored. */
  readonly limit: SizeLimit
  /** Bytes that stay free on the disk. */
  readonly minFreeBytes: number
  readonly digests: readonly DigestName[]
  /** Called when all bytes are written, before the file has its name: rejects when it does not fit after all. */
  readonly checkQuota?: (() => Promise<void>) | undefined
  /** The size that the client announced. */
  readonly tsizeBytes: number | undefined
  /** First half of every message: `cannot store "x" from 10.0.0.1`. */
  readonly failing: string
  /** Called once, when nothing of the upload is left to abort. */
  ended(): void
}

/** Paths that are being received, by all stores of this thread: a second upload must not race the first. */
const running = new Set<string>()
const FILE_MODE = 0o644

export class FileUpload implements Upload {
  readonly name: string
  readonly #folder: HeldFolder
  readonly #options: UploadOptions
  readonly #target: string
  readonly #file: AtomicFile
  readonly #decoder: NetasciiDecoder | undefined
  readonly #digests: DigestFiles
  readonly #buffer = new WriteBuffer()
  #storedBytes = 0
  #checksum = 0
  #state: 'open' | 'finishing' | 'ended' = 'open'
  #failure: ForesendError | undefined

  /**
   * Takes over `folder`, also when it throws. Throws ERR_TFTP_EXISTS, ERR_TFTP_BUSY, ERR_TFTP_TOO_LARGE,
   * ERR_TFTP_DISK_FULL, ERR_TFTP_ACCESS, and what the system throws.
   */
  constructor(folder: HeldFolder, options: UploadOptions) {
    this.#folder = folder
    this.#options = options
    this.name = options.name
    this.#target = join(folder.path, options.leaf)
    this.#decoder = options.netascii ? new NetasciiDecoder() : undefined
    this.#digests = new DigestFiles(folder, options.leaf, options.digests)
    try {
      const replaced = requireFreeTarget(folder, options)
      requireRoom(folder, options)
      if (running.has(this.#target)) {
        throw new ForesendError('ERR_TFTP_BUSY', `${options.failing}: another upload to this name is running; wait`, {
          fault: 'peer',
          wireCode: WIRE_ERROR.access,
        })
      }
      this.#file = new AtomicFile(folder, options.leaf, modeFor(options.mode, replaced))
    } catch (cause) {
      folder.close()
      throw cause
    }
    running.add(this.#target)
  }

  get crc32(): number {
    return this.#buffer.filled === 0 ? this.#checksum : crc32(this.#buffer.content(), this.#checksum)
  }

  write(buffer: Uint8Array, offset: number, length: number): void {
    this.#requireOpen()
    try {
      for (let done = 0; done < length; ) done += this.#append(buffer, offset + done, length - done)
      this.#requireAllowedSize()
    } catch (cause) {
      throw this.#fail(cause)
    }
  }

  async finish(): Promise<void> {
    this.#requireOpen()
    this.#state = 'finishing'
    const { policy, leaf, failing, mode } = this.#options
    let kept = undefined as KeptVersion | undefined
    try {
      if (this.#decoder !== undefined) {
        const bytes = this.#decoder.end(this.#buffer.room(1, this.#flush), this.#buffer.filled)
        this.#buffer.filled += bytes
        this.#storedBytes += bytes
      }
      this.#requireAllowedSize()
      this.#flush()
      this.#buffer.free()
      if (this.#options.checkQuota !== undefined) await this.#checkQuota(this.#options.checkQuota)
      this.#digests.prepare(modeFor(mode, undefined))
      const check = (): void => {
        requireUnmoved(this.#folder, failing)
        requireFreeTarget(this.#folder, this.#options)
        if (policy === 'versions') kept = new KeptVersion(this.#folder, leaf)
        this.#digests.remove()
      }
      await this.#file.finish({ replace: policy !== 'create', check, beside: () => this.#finishDigests() })
      kept?.close()
      this.#end()
    } catch (cause) {
      kept?.undo()
      throw this.#fail(cause)
    }
  }

  async #finishDigests(): Promise<void> {
    try {
      await this.#digests.finish()
    } catch (cause) {
      throw fromSystem(cause, `${this.#options.failing}: its digest files cannot be written`)
    }
  }

  abort(): void {
    if (this.#state === 'ended') return
    this.#failure ??= new ForesendError('ERR_TFTP_ABORTED', `${this.#options.failing}: the upload was ended`, {
      fault: 'local',
      wireCode: WIRE_ERROR.undefined,
    })
    this.#file.abort(this.#failure)
    if (this.#state === 'open') this.#end()
  }

  /** Takes in some of the bytes and returns how many. */
  #append(buffer: Uint8Array, offset: number, length: number): number {
    const gathered = this.#buffer
    const decoder = this.#decoder
    // A decoder may hold back a byte and write it with these.
    const spare = decoder === undefined ? 0 : 1
    const target = gathered.room(1 + spare, this.#flush)
    const taken = Math.min(length, target.length - gathered.filled - spare)
    const before = gathered.filled
    if (decoder === undefined) {
      target.set(buffer.subarray(offset, offset + taken), before)
      gathered.filled += taken
    } else {
      gathered.filled += decoder.decode(buffer, offset, taken, target, before)
    }
    this.#storedBytes += gathered.filled - before
    return taken
  }

  readonly #flush = (): void => {
    const content = this.#buffer.content()
    this.#requireFreeSpace(content.length)
    this.#file.write(content)
    this.#digests.update(content)
    this.#checksum = crc32(content, this.#checksum)
    this.#buffer.filled = 0
  }

  #requireAllowedSize(): void {
    const { limit, failing } = this.#options
    if (this.#storedBytes > limit.bytes) throw tooLarge(failing, limit)
  }

  async #checkQuota(check: () => Promise<void>): Promise<void> {
    await check()
    // It may have been ended meanwhile.
    if (this.#failure !== undefined) throw this.#failure
  }

  /** Asked once for each piece that is written, and only where some is to stay free. */
  #requireFreeSpace(bytes: number): void {
    const { minFreeBytes, failing } = this.#options
    if (minFreeBytes === 0 || this.#folder.freeBytes() - bytes >= minFreeBytes) return
    throw diskFull(failing, `less than ${minFreeBytes} bytes would stay free on the disk`)
  }

  #requireOpen(): void {
    if (this.#failure !== undefined) throw this.#failure
    if (this.#state !== 'open') {
      const message = `${this.#options.failing}: it was written to after its end; this is a fault in the program, please report it`
      throw new ForesendError('ERR_TFTP_INTERNAL', message, { fault: 'local', wireCode: WIRE_ERROR.undefined })
    }
  }

  /** Removes everything and returns the error that all later calls throw as well. */
  #fail(cause: unknown): ForesendError {
    this.#failure ??= fromSystem(cause, this.#options.failing)
    this.#file.abort(this.#failure)
    this.#digests.abort(this.#failure)
    this.#end()
    return this.#failure
  }

  #end(): void {
    if (this.#state === 'ended') return
    this.#state = 'ended'
    this.#buffer.free()
    running.delete(this.#target)
    this.#options.ended()
  }
}

/** What the upload will replace. Throws when its name is not free for it. */
function requireFreeTarget(
  folder: HeldFolder,
  { leaf, policy, publicOnly, failing }: UploadOptions,
): Stats | undefined {
  // Links are not followed.
  const stat = lstatSync(folder.pathTo(leaf), { throwIfNoEntry: false })
  if (stat === undefined) {
    if (policy !== 'existing') return undefined
    throw notFound(
      `${failing}: only files that are there may be replaced; make it first, or start the server with --uploads overwrite`,
    )
  }
  if (stat.isDirectory()) throw refused(`${failing}: a folder has this name; choose another`)
  if (!stat.isFile()) throw refused(`${failing}: what has this name is no regular file and is not replaced`)
  if (policy === 'create') {
    const message = `${failing}: it exists already; choose another name or start the server with --overwrite`
    throw new ForesendError('ERR_TFTP_EXISTS', message, { fault: 'content', wireCode: WIRE_ERROR.exists })
  }
  if (publicOnly && (stat.mode & 0o002) === 0) {
    throw refused(
      `${failing}: not everybody may write to it; change its permissions (chmod o+w) or leave --public-only out`,
    )
  }
  return stat
}

function modeFor(mode: number | undefined, replaced: Stats | undefined): FileMode {
  if (mode !== undefined) return { exactly: mode }
  return replaced === undefined ? { atMost: FILE_MODE } : { exactly: replaced.mode & 0o777 }
}

/** Refuses an upload whose announced size cannot fit. The announced size is used for nothing else. */
function requireRoom(folder: HeldFolder, { tsizeBytes, limit, minFreeBytes, failing }: UploadOptions): void {
  if (tsizeBytes === undefined) return
  if (tsizeBytes > limit.bytes) throw tooLarge(failing, limit)
  const freeBytes = folder.freeBytes()
  if (tsizeBytes <= freeBytes - minFreeBytes) return
  const kept = minFreeBytes === 0 ? '' : `, of which ${minFreeBytes} stay free`
  throw diskFull(failing, `it has ${tsizeBytes} bytes and the disk has ${freeBytes} left${kept}`)
}
