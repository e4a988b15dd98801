/** Where the bytes of a download go. */
import type { Digest, Expected } from './digest.ts'

export interface Output {
  readonly digest: Digest
  /** More is waiting to be taken than should be: let the server wait. */
  readonly congested: boolean
  /** Throws a ForesendError. */
  write(buffer: Uint8Array, offset: number, length: number): void
  /** The other side is at work: time for what can wait. Throws a ForesendError. */
  rest?(): void
  /** Checks the digest, makes it durable and gives it its name. Rejects with a ForesendError, and nothing is left. */
  finish(expected: Expected): Promise<void>
  /** Leaves nothing behind; harmless after `finish`. */
  abort(): void
}
