/** What the server hangs on a transfer: its open image or upload. */
import type { Image, Upload } from '../content/contract.ts'
import { changed, fromSystem, quoted } from '../content/errors.ts'
import type { Transfer } from '../endpoint/endpoint.ts'
import { ForesendError } from '../error.ts'
import type { Frame, Mapped, Tid } from '../io/driver.ts'
import { blockOfSeq, dataHead, HEADER_BYTES, writeDataHeader } from '../packet/index.ts'

export type ServedTransfer = Transfer<Tid, Served>
export type Served = ServedImage | ServedUpload

/** An image being sent. */
export class ServedImage {
  readonly type = 'image'
  readonly image: Image
  /** Made when the transfer's numbers are agreed, at its first block. */
  framing: Framing | undefined

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
 * gets a mixture of two versions (throws ERR_TFTP_CHANGED). Once that was done nothing is sent from the mapping any more:
 * what the kernel would read later is covered by no check.
 */
export function framing(image: Image, blksize: number, rollover: 0 | 1): Framing {
  const { sizeBytes, address } = image
  const finalSeq = Math.floor(sizeBytes / blksize) + 1
  let checked = false
  const frame: Frame = (seq, target) => {
    const position = (seq - 1) * blksize
    const expected = seq === finalSeq ? sizeBytes - position : blksize
    if (seq === finalSeq) {
      image.verify()
      checked = true
    }
    writeDataHeader(target, 0, blockOfSeq(seq, rollover))
    const length = image.read(position, target, HEADER_BYTES, expected)
    if (length !== expected) throw changed(image.name)
    return HEADER_BYTES + length
  }
  if (address === 0) return { frame, mapped: undefined }
  const mapped: Mapped = {
    addressOf: (seq) => (checked || seq >= finalSeq ? 0 : address + (seq - 1) * blksize),
    headOf: (seq) => dataHead(blockOfSeq(seq, rollover)),
  }
  return { frame, mapped }
}

export interface Framing {
  readonly frame: Frame
  readonly mapped: Mapped | undefined
}

/** Why the kernel could not read what is mapped of `image`. */
export function unreadable(image: Image): ForesendError {
  try {
    image.verify()
  } catch (error) {
    if (error instanceof ForesendError) return error
  }
  return fromSystem(Object.assign(new Error('it cannot be read'), { code: 'EIO' }), `cannot send ${quoted(image.name)}`)
}
