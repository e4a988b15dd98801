/** Serves one file for every name, for devices in recovery mode that ask for a name that cannot be known in advance. */
import { type BigIntStats, closeSync, constants, fstatSync, openSync, statSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { requireRegular } from './inside-root.ts'
import type { Image, Mapper, OpenRequest, Store, Upload, WriteRequest } from './contract.ts'
import { fromSystem, quoted, refused } from './errors.ts'
import { failingToSend, type Found, Versions } from './versions.ts'

/**
 * Serves the file at `path` (links are followed: the user chose it) whatever name is asked for, and takes no uploads.
 * It is looked up again for each request, so an image that was built anew is served anew. Rejects with
 * ERR_TFTP_NOT_FOUND, ERR_TFTP_ACCESS (also when it is no regular file) or ERR_TFTP_CONTENT.
 */
export async function openSingleFile(path: string, mapper?: Mapper): Promise<Store> {
  const absolute = resolve(path)
  const failing = `cannot serve ${quoted(path)}`
  try {
    const stat = statSync(absolute, { bigint: true })
    requireRegular(stat, failing)
    closeSync(openRegular(absolute, failing))
    return new SingleFileStore(absolute, mapper)
  } catch (cause) {
    throw fromSystem(cause, failing)
  }
}

class SingleFileStore implements Store {
  readonly #path: string
  readonly #versions: Versions
  #closed = false

  constructor(path: string, mapper: Mapper | undefined) {
    this.#path = path
    this.#versions = new Versions(mapper)
  }

  openRead(request: OpenRequest): Promise<Image> | Image {
    return this.#versions.openImage(request, () => this.#find(request))
  }

  openWrite(request: WriteRequest): Promise<Upload> {
    const reason = 'only one file is served here; serve a folder with --writable to take uploads'
    return Promise.reject(
      refused(`cannot store ${quoted(request.filename)} from ${request.address}: ${reason}`, 'local'),
    )
  }

  close(): void {
    this.#closed = true
  }

  abandon(): void {
    this.#versions.abandon()
  }

  #find(request: OpenRequest): Found {
    const path = this.#path
    // What the peer asked for is not what is missing: the message names the file that is served.
    const failing = `${failingToSend(request)}: ${quoted(path)} is served for every name`
    if (this.#closed) throw refused(`${failingToSend(request)}: the server is stopping`, 'local')
    let stat: BigIntStats
    try {
      stat = statSync(path, { bigint: true })
    } catch (cause) {
      throw fromSystem(cause, failing)
    }
    requireRegular(stat, failing)
    return { path, name: basename(path), stat, open: () => openRegular(path, failing) }
  }
}

function openRegular(path: string, failing: string): number {
  // Without O_NONBLOCK a FIFO that took the file's place would stop the server.
  const fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  try {
    requireRegular(fstatSync(fd, { bigint: true }), failing)
    return fd
  } catch (cause) {
    closeSync(fd)
    throw cause
  }
}
