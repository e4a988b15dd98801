/**
 * The files that requested names led to: many clients that ask for one file cost one `stat` each instead of a walk along the path.
 * A kept file is served only while the name still leads to it unchanged: device, inode, size and both times are compared.
 */
import { type BigIntStats, statSync } from 'node:fs'
import type { Found } from './versions.ts'

/** Names that are kept. The least recently remembered one goes. */
const MAX_FILES = 256

export class FoundFiles {
  readonly #files = new Map<string, Found>()

  /** What `path` led to, if it still does. It is the path as it was asked for, links not resolved. */
  recall(path: string): Found | undefined {
    const found = this.#files.get(path)
    if (found === undefined) return undefined
    if (isSame(path, found.stat)) return found
    this.#files.delete(path)
    return undefined
  }

  remember(path: string, found: Found): void {
    this.#files.delete(path)
    this.#files.set(path, found)
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
