/** Finds what is there under a name that differs in case alone: Windows and some bootloaders do not tell cases apart. */
import { opendirSync } from 'node:fs'
import { join } from 'node:path'
import { isPartName } from './part-names.ts'

/** A request for a missing file must stay cheap, whatever the folder holds. */
const ENTRIES_MAX = 20_000

/**
 * `segments` with the case that they have on disk below `root`; undefined when nothing fits. The name as it is asked for goes first, then
 * the first in the order of the alphabet. Whether the path stays inside is for the look-up that follows.
 */
export function inCaseOnDisk(root: string, segments: readonly string[]): readonly string[] | undefined {
  let folder = root
  const found: string[] = []
  for (const segment of segments) {
    const name = entryLike(folder, segment)
    if (name === undefined) return undefined
    found.push(name)
    folder = join(folder, name)
  }
  return found
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
