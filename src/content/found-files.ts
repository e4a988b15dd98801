/**
 * Where names led to, so that a room full of clients which ask for one file costs one look each instead of a walk. What is
 * found at a name is served again without the walk only if it is the very file, in the very state, that the walk found: its
 * device, inode, size and both times are compared.
 */
import { type BigIntStats, statSync } from 'node:fs'
import type { Found } from './versions.ts'

/** Names that are asked for at the same time; the one that was not for longest goes. */
const MAX_PLACES = 256

interface FoundFile {
  /** The path as it was asked for, links not resolved. */
  readonly asked: string
  readonly found: Found
}

export class FoundFiles {
  private readonly files = new Map<string, FoundFile>()

  /** What `name` led to, if it still does. */
  recall(name: string): Found | undefined {
    const place = this.files.get(name)
    if (place === undefined) return undefined
    const { asked, found } = place
    if (isSame(asked, found.stat)) return found
    this.files.delete(name)
    return undefined
  }

  /** `asked` is the path of `name`, links not resolved. */
  remember(name: string, asked: string, found: Found): void {
    this.files.delete(name)
    this.files.set(name, { asked, found })
    if (this.files.size <= MAX_PLACES) return
    for (const oldest of this.files.keys()) {
      this.files.delete(oldest)
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
