/**
 * The files that requested names led to: many clients that ask for one file cost one `stat` each instead of a walk along the path.
 * A kept file is served only while the name still leads to it unchanged: device, inode, size and both times are compared.
 */
import { type BigIntStats, statSync } from 'node:fs'
import type { Found } from './versions.ts'

/** Names that are kept. The least recently remembered one goes. */
const MAX_FILES = 256

interface FoundFile {
  /** The path as it was asked for, links not resolved. */
  readonly asked: string
  readonly found: Found
}

export class FoundFiles {
  readonly #files = new Map<string, FoundFile>()

  /** What `name` led to, if it still does. */
  recall(name: string): Found | undefined {
    const file = this.#files.get(name)
    if (file === undefined) return undefined
    const { asked, found } = file
    if (isSame(asked, found.stat)) return found
    this.#files.delete(name)
    return undefined
  }

  /** `asked` is the path of `name`, links not resolved. */
  remember(name: string, asked: string, found: Found): void {
    this.#files.delete(name)
    this.#files.set(name, { asked, found })
    if (this.#files.size <= MAX_FILES) return
    for (const oldest of this.#files.keys()) {
      this.#files.delete(oldest)
      return
    }
  }
}

function isSame(path: string, { dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): boolean {
  try {
    const now = statSync(path, { bigint: true, throwIfNoEntry: false })
    if (now === undefined || now.ino !== ino || now.dev !== dev) return false
    return now.size === size && now.mtimeNs === mtimeNs && now.ctimeNs === ctimeNs
  } catch {
    return false
  }
}
