/**
 * Where bytes come from and go to. Everything that is served is an image: a size known before the OACK, and bytes
 * that can be read at any position without waiting for a network.
 */
import type { Mode } from '../packet/index.ts'

/** One version of one file, open for reading. Shared by all transfers of it; `close` counts users down. */
export interface Image {
  /** For messages: the path below the root, or the name of the single file. */
  readonly name: string
  readonly sizeBytes: number
  /**
   * Copies up to `length` bytes from `position` to `target` at `targetOffset`; synchronous, usually from a cache shared
   * by all readers. Returns the bytes copied, which is less than asked only at the end of the image.
   * Throws ForesendError ERR_TFTP_CHANGED when the file became shorter, ERR_TFTP_CONTENT when it cannot be read.
   */
  read(position: number, target: Uint8Array, targetOffset: number, length: number): number
  /**
   * Address of the whole image in memory, for the kernel to send from until `close`; 0 when it is not mapped. JavaScript must not
   * read there: a file that has become shorter would end the process.
   */
  readonly address: number
  /** Throws ERR_TFTP_CHANGED unless inode, size, mtime and ctime are those of the open. Called before the final block. */
  verify(): void
  /**
   * CRC-32 (IEEE, as U-Boot's `crc32`) of the whole file, computed once per version; of the file on disk, also when it is
   * sent as netascii. Undefined when it is too large to be worth it, cannot be read or has changed; never rejects, and
   * may be awaited after `close`.
   */
  crc32(): Promise<number | undefined>
  /**
   * Of what it is an image: the same object for all images that are byte for byte the same, until a file changes. Left out where that is not
   * known.
   */
  readonly version?: object
  /** May be called twice. */
  close(): void
}

/** A file being received. Nothing has its final name before `finish`; `abort` leaves nothing. */
export interface Upload {
  readonly name: string
  /** Appends `length` bytes of `buffer` from `offset`. Throws ERR_TFTP_DISK_FULL, ERR_TFTP_TOO_LARGE, ERR_TFTP_CONTENT. */
  write(buffer: Uint8Array, offset: number, length: number): void
  /**
   * Flush to disk, rename into place, flush the folder, and the same for digest files. Rejects with a ForesendError; then nothing is left and
   * a replaced file is back, as far as the file system can keep one (atomic-file.ts).
   */
  finish(): Promise<void>
  /** Releases everything and removes what was written. Changes nothing after `finish`, nor during it once the file has its name. */
  abort(): void
  /** CRC-32 of the bytes stored so far (after netascii). */
  readonly crc32: number
}

/** Maps files into memory without reading them (mmap). */
export interface Mapper {
  /** The address of the first `bytes` of a file; 0 or less when it cannot be mapped. */
  map(fd: number, bytes: number): number
  unmap(address: number, bytes: number): void
}

export interface OpenRequest {
  /** As it stands in the request; any bytes. */
  readonly filename: string
  readonly mode: Mode
  /** The peer's address, for messages and rules per client. */
  readonly address: string
}

export interface WriteRequest extends OpenRequest {
  /** The client's tsize, when it gave one: refuse early what cannot fit. Never used to allocate. */
  readonly tsizeBytes?: number | undefined
}

/** Both reject with a ForesendError whose wireCode goes to the peer; they never throw at the call. */
export interface Store {
  /** May take a moment: a file that was written a few milliseconds ago is held until its timestamps can tell versions apart. */
  openRead(request: OpenRequest): Promise<Image> | Image
  openWrite(request: WriteRequest): Promise<Upload> | Upload
  /** No new opens; running uploads are aborted, open images stay until their users close them. */
  close(): void
  /** The thread is about to crash: what the system keeps for the process goes back at once. Nothing may be used afterwards. */
  abandon(): void
}
