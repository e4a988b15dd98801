/** Finds what is there under a name that differs in case alone: Windows and some bootloaders do not tell cases apart. */
import { opendirSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { folderInside } from './inside-root.ts'
import { isPartName } from './part-names.ts'

/** A request for a missing file must stay cheap, whatever the folder holds. */
const ENTRIES_MAX = 20_000

/**
 * `segments` with the case that they have on disk below `root`, as far as something fits; the rest stays as it is. The name as it is asked
 * for goes first, then the first in the order of the alphabet. A link that leads outside is not followed: the look-up that comes next
 * refuses it, whatever is behind it.
 */
export function inCaseOnDisk(root: string, segments: readonly string[]): readonly string[] {
  let realRoot: string
  try {
    realRoot = realpathSync.native(root)
  } catch {
    // The look-up that comes next says what is wrong with the root.
    return segments
  }
  const found: string[] = []
  let folder: string | undefined = realRoot
  for (const segment of segments) {
    const name: string | undefined = folder === undefined ? undefined : entryLike(folder, segment)
    if (folder === undefined || name === undefined) break
    found.push(name)
    folder = folderInside(realRoot, join(folder, name))
  }
  return [...found, ...segments.slice(found.length)]
}

function entryLike(path: string, wanted: string): string | undefined {
  const folded = wanted.toLowerCase()
  let best: string | undefined
  try {
    const folder = opendirSync(path, { bufferSize: 512 })
    try {
      for (let count = 0; count < ENTRIES_MAX; count++) {
        const name = folder.readSync()?.name
        if (name === undefined) break
        if (name === wanted) return name
        if (name.toLowerCase() === folded && !isPartName(name) && (best === undefined || name < best)) best = name
      }
    } finally {
      folder.closeSync()
    }
  } catch {
    // No folder, or not readable: nothing is found there.
  }
  return best
}
