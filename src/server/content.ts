/** What the server hangs on a transfer: its open image or upload. */
import type { Image, Upload } from '../content/contract.ts'
import { changed, fromSystem, quoted } from '../content/errors.ts'
import type { Transfer } from '../endpoint/endpoint.ts'
import type { Agreed } from '../transfer/negotiate.ts'
import { ForesendError } from '../error.ts'
import type { Service } from './rules.ts'
import type { StoreUse } from './store-use.ts'
import type { BlockFramer, Mapped, Tid } from '../io/driver.ts'
import { blockOfSeq, dataHead, HEADER_BYTES, writeDataHeader } from '../packet/index.ts'

export type ServedTransfer = Transfer<Tid, Served>
export type Served = ServedImage | ServedUpload

/**
 * An image being sent, which makes DATA of it. Before the final block the image is checked to be the one that was opened, so
 * that no device gets a mixture of two versions (throws ERR_TFTP_CHANGED). Once that was done nothing is sent from the mapping
 * any more: what the kernel would read later is covered by no check.
 */
export class ServedImage implements BlockFramer, Mapped {
  readonly type = 'image'
  /** Bytes of a whole block, its header included; 0 until `agree`. */
  maxBytes = 0
  /** What the client is known by (device-id.ts); empty until the transfer is prepared. */
  device = ''
  /** How rules want it served; undefined where nothing judged it. */
  service: Service | undefined
  /** All but the final block of the transfer can be sent from memory. */
  isMapped = false
  #blksize = 0
  #finalSeq = 0
  #rollover: 0 | 1 = 0
  #checked = false
  /** Clients end at any block, so each is covered by a check of its own. */
  #isShared = false
  /** Of the mapping. */
  #address = 0
  readonly image: Image
  /** The path below the root, or the name of the single file. */
  readonly name: string
  readonly #use: StoreUse | undefined
  #isOpen = true

  /** `use`: of the store that `image` comes from; given back with it. */
  constructor(image: Image, use?: StoreUse) {
    this.image = image
    this.#use = use?.retain()
    this.name = image.name
  }

  /** The transfer's numbers, before its first block. */
  agree({ blksize, rollover, group }: Pick<Agreed, 'blksize' | 'rollover' | 'group'>): void {
    this.#isShared = group !== undefined
    this.#address = this.#isShared ? 0 : this.image.address
    this.isMapped = this.#address !== 0
    this.#blksize = blksize
    this.#rollover = rollover
    this.#finalSeq = Math.floor(this.image.sizeBytes / blksize) + 1
    this.maxBytes = HEADER_BYTES + blksize
  }

  addressOf(seq: number): number {
    return this.#checked || seq >= this.#finalSeq ? 0 : this.#address + (seq - 1) * this.#blksize
  }

  headOf(seq: number): number {
    return dataHead(blockOfSeq(seq, this.#rollover))
  }

  /** See `BlockFramer`. */
  frame(seq: number, target: Uint8Array): number {
    const { image } = this
    const position = (seq - 1) * this.#blksize
    const expected = seq === this.#finalSeq ? image.sizeBytes - position : this.#blksize
    if (seq === this.#finalSeq) {
      image.verify()
      this.#checked = true
    }
    writeDataHeader(target, 0, blockOfSeq(seq, this.#rollover))
    const length = image.read(position, target, HEADER_BYTES, expected)
    if (length !== expected) throw changed(image.name)
    // After the read, and before it leaves: the client that lacks only this block takes it for the last.
    if (this.#isShared) image.verify()
    return HEADER_BYTES + length
  }

  /** For the event that says `completed`. */
  crc32(): Promise<number | undefined> {
    return this.image.crc32()
  }

  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.image.close()
    this.#use?.release()
  }
}

/** A file being received. */
export class ServedUpload {
  readonly type = 'upload'
  readonly upload: Upload
  /** The path below the root. */
  readonly name: string
  /** As of an image. */
  service: Service | undefined
  /** The flush began: from now on it ends by itself, in the file's final name or not at all. */
  finishing = false

  readonly #use: StoreUse | undefined
  #isOpen = true

  /** `use`: of the store that `upload` goes to; given back with it. */
  constructor(upload: Upload, use?: StoreUse) {
    this.upload = upload
    this.#use = use?.retain()
    this.name = upload.name
  }

  async crc32(): Promise<number> {
    return this.upload.crc32
  }

  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    if (!this.finishing) this.upload.abort()
    this.#use?.release()
  }
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
