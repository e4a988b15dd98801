/** What the server hangs on a transfer: its open image or upload. */
import type { Image, Upload } from '../content/contract.ts'
import { changed } from '../content/errors.ts'
import type { Transfer } from '../endpoint/endpoint.ts'
import type { Frame, Tid } from '../io/driver.ts'
import { blockOfSeq, HEADER_BYTES, writeDataHeader } from '../packet/index.ts'

export type ServedTransfer = Transfer<Tid, Served>
export type Served = ServedImage | ServedUpload

/** An image being sent. */
export class ServedImage {
  readonly type = 'image'
  readonly image: Image
  /** Made when the transfer's numbers are agreed, at its first block. */
  frame: Frame | undefined

  constructor(image: Image) {
    this.image = image
  }

  /** For the event that says `completed`. */
  crc32(): Promise<number | undefined> {
    return this.image.crc32()
  }

  close(): void {
    this.image.close()
  }
}

/** A file being received. */
export class ServedUpload {
  readonly type = 'upload'
  readonly upload: Upload
  /** The flush began: from now on it ends by itself, in the file's final name or not at all. */
  finishing = false

  constructor(upload: Upload) {
    this.upload = upload
  }

  async crc32(): Promise<number> {
    return this.upload.crc32
  }

  close(): void {
    if (!this.finishing) this.upload.abort()
  }
}

/**
 * Builds DATA from `image`. Before the final block the image is checked to be the one that was opened, so that no device
 * gets a mixture of two versions (throws ERR_TFTP_CHANGED).
 */
export function framing(image: Image, blksize: number, rollover: 0 | 1): Frame {
  const { sizeBytes } = image
  const finalSeq = Math.floor(sizeBytes / blksize) + 1
  return (seq, target) => {
    const position = (seq - 1) * blksize
    const expected = seq === finalSeq ? sizeBytes - position : blksize
    if (seq === finalSeq) image.verify()
    writeDataHeader(target, 0, blockOfSeq(seq, rollover))
    const length = image.read(position, target, HEADER_BYTES, expected)
    if (length !== expected) throw changed(image.name)
    return HEADER_BYTES + length
  }
}
