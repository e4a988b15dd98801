/** A download into a stream: what was written cannot be taken back, so the error says when it must not be used. */
import type { Writable } from 'node:stream'
import { Digest, type Expected } from './digest.ts'
import type { Output } from './output.ts'
import { localFault } from './local-fault.ts'

const PIECE_BYTES = 64 * 1024
/** A reader that stands still (a pager) stops the transfer at this much memory; the server then waits, and gives up. */
const CONGESTED_BYTES = 32 * 1024 * 1024

export class StreamOutput implements Output {
  readonly digest = new Digest()
  readonly #stream: Writable
  readonly #name: string
  readonly #own: boolean
  /** Replaced with each write: the stream may keep what it was given. */
  #piece = Buffer.allocUnsafe(PIECE_BYTES)
  #filled = 0
  #fault: Error | undefined
  readonly #onError = (error: Error): void => {
    this.#fault = error
  }

  /** `own`: ended with the transfer. */
  constructor(stream: Writable, name: string, own: boolean) {
    this.#stream = stream
    this.#name = name
    this.#own = own
    stream.on('error', this.#onError)
  }

  get congested(): boolean {
    return this.#stream.writableLength > CONGESTED_BYTES
  }

  write(buffer: Uint8Array, offset: number, length: number): void {
    if (this.#fault !== undefined) throw localFault(this.#fault, `cannot write to ${this.#name}`)
    for (let done = 0; done < length; ) {
      const count = Math.min(length - done, PIECE_BYTES - this.#filled)
      this.#piece.set(buffer.subarray(offset + done, offset + done + count), this.#filled)
      this.#filled += count
      done += count
      if (this.#filled === PIECE_BYTES) this.#flush()
    }
  }

  async finish(expected: Expected): Promise<void> {
    this.#flush()
    await this.#drained()
    this.digest.require(expected, `what went to ${this.#name}`, 'do not use it; transfer it again, or check the digest')
    this.#release()
  }

  abort(): void {
    this.#release()
  }

  #flush(): void {
    const content = this.#piece.subarray(0, this.#filled)
    this.digest.update(content)
    if (content.length > 0) this.#stream.write(content)
    this.#piece = Buffer.allocUnsafe(PIECE_BYTES)
    this.#filled = 0
  }

  #drained(): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = (error?: Error | null): void => {
        const fault = error ?? this.#fault
        if (fault === undefined || fault === null) resolve()
        else reject(localFault(fault, `cannot write to ${this.#name}`))
      }
      if (this.#fault !== undefined) done()
      else if (this.#stream.destroyed) done(new Error('it was closed'))
      else if (this.#own) this.#stream.end(done)
      else this.#stream.write('', done)
    })
  }

  #release(): void {
    // The listener stays on a stream of ours: it may still fail while it closes.
    if (this.#own) this.#stream.destroy()
    else this.#stream.off('error', this.#onError)
  }
}
