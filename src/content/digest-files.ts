/** The digest files of an upload: made beside the image, and named after it. */
import { createHash, type Hash } from 'node:crypto'
import { unlinkSync } from 'node:fs'
import { AtomicFile, type FileMode } from './atomic-file.ts'
import type { HeldFolder } from './held-folder.ts'
import { isMissing } from './inside-root.ts'
import { DIGESTS, type DigestName } from './upload-rules.ts'

export class DigestFiles {
  readonly #folder: HeldFolder
  readonly #leaf: string
  readonly #hashes: readonly { readonly name: DigestName; readonly hash: Hash }[]
  #files: AtomicFile[] = []

  constructor(folder: HeldFolder, leaf: string, names: readonly DigestName[]) {
    this.#folder = folder
    this.#leaf = leaf
    this.#hashes = names.map((name) => ({ name, hash: createHash(name) }))
  }

  update(content: Uint8Array): void {
    for (const { hash } of this.#hashes) hash.update(content)
  }

  /** All bytes are in: writes the digests under temporary names, so that a full disk is noticed before the image has its name. */
  prepare(mode: FileMode): void {
    for (const { name, hash } of this.#hashes) {
      // A folder of its own: each file closes the one that it was given.
      const file = new AtomicFile(this.#folder.again(), `${this.#leaf}.${name}`, mode)
      this.#files.push(file)
      // The form of GNU coreutils: a name with a backslash would need another one, and has none here.
      file.write(Buffer.from(`${hash.digest('hex')}  ${this.#leaf}\n`))
    }
  }

  /** Removes the digest files of an image that is about to be replaced, or was taken back: they are wrong from then on. Throws system errors. */
  remove(): void {
    for (const { name } of this.#hashes) {
      try {
        unlinkSync(this.#folder.pathTo(`${this.#leaf}.${name}`))
      } catch (cause) {
        if (!isMissing(cause)) throw cause
      }
    }
  }

  /** The image has its name. Rejects with a system error; then no digest file has its name, because the image is taken back. */
  async finish(): Promise<void> {
    try {
      for (const file of this.#files) await file.finish({ replace: true })
    } catch (cause) {
      this.remove()
      throw cause
    }
  }

  abort(reason: Error): void {
    for (const file of this.#files) file.abort(reason)
  }
}

/** The digest that the name `leaf` is kept for; undefined for other names. */
export function digestOf(leaf: string): DigestName | undefined {
  return DIGESTS.find((name) => leaf.toLowerCase().endsWith(`.${name}`))
}
