/** Blocks that come in any order, handed on in order. Those that come early wait in a file that has no name. */
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { localFault } from './local-fault.ts'

/** Takes the bytes of a file from the first on. */
export type Take = (buffer: Uint8Array, offset: number, length: number) => void

export class BlockOrder {
  readonly #blksize: number
  readonly #take: Take
  #next = 1
  /** Bytes of blocks that wait, by their number. */
  readonly #waiting = new Map<number, number>()
  readonly #block: Uint8Array
  #fd = -1
  #folder = ''

  constructor(blksize: number, take: Take) {
    this.#blksize = blksize
    this.#take = take
    this.#block = new Uint8Array(blksize)
  }

  /** Block `seq` is here, for the first time. Throws a ForesendError where it cannot be kept. */
  put(seq: number, buffer: Uint8Array, offset: number, length: number): void {
    if (seq !== this.#next) return this.#keep(seq, buffer, offset, length)
    this.#take(buffer, offset, length)
    this.#next++
    for (let bytes = this.#waiting.get(this.#next); bytes !== undefined; bytes = this.#waiting.get(this.#next)) {
      this.#waiting.delete(this.#next)
      this.#read(this.#next++, bytes)
    }
  }

  /** Lets go of the file. */
  close(): void {
    if (this.#fd >= 0) closeSync(this.#fd)
    this.#fd = -1
    // Systems that cannot remove an open file have it until now.
    if (this.#folder !== '') rmSync(this.#folder, { recursive: true, force: true })
    this.#folder = ''
  }

  #keep(seq: number, buffer: Uint8Array, offset: number, length: number): void {
    try {
      if (this.#fd < 0) this.#open()
      writeSync(this.#fd, buffer, offset, length, (seq - 1) * this.#blksize)
    } catch (cause) {
      throw localFault(cause, 'cannot keep blocks that came early')
    }
    this.#waiting.set(seq, length)
  }

  #read(seq: number, bytes: number): void {
    let done = 0
    try {
      while (done < bytes) {
        const read = readSync(this.#fd, this.#block, done, bytes - done, (seq - 1) * this.#blksize + done)
        if (read === 0) throw new Error('the file with them became shorter')
        done += read
      }
    } catch (cause) {
      throw localFault(cause, 'cannot read blocks that came early')
    }
    this.#take(this.#block, 0, bytes)
  }

  #open(): void {
    this.#folder = mkdtempSync(join(tmpdir(), 'foresend-'))
    this.#fd = openSync(join(this.#folder, 'blocks'), 'wx+', 0o600)
    try {
      rmSync(this.#folder, { recursive: true })
      this.#folder = ''
    } catch {
      // `close` removes it.
    }
  }
}
