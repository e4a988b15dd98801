/** Finds a similar file name for the log ("did you mean"). An ERROR packet never carries one. */
import { type Dirent, opendirSync } from 'node:fs'
import { isPartName } from './part-names.ts'

/** A request for a missing file must stay cheap, whatever the folder holds. */
const ENTRIES_MAX = 512
/** Characters that may differ at one position of two near names. */
const DIFFERENCE_MAX = 2
/** Shortest name that counts as near because the other one contains it: shorter ones are part of too many names. */
const PART_MIN = 4

/** The entry of `folder` nearest to `wanted`; undefined when none is near or the folder cannot be read. */
export function nearName(folder: string, wanted: string, kind: 'file' | 'folder'): string | undefined {
  let best: string | undefined
  let bestDistance = Infinity
  for (const name of entryNames(folder, wanted, kind)) {
    const distance = nameDistance(wanted, name)
    if (distance < bestDistance) {
      best = name
      bestDistance = distance
    }
  }
  return best
}

/** 0: other case only. 1 and 2: characters that differ at one position. 3: one contains the other. Infinity: not near. */
export function nameDistance(a: string, b: string): number {
  const x = a.toLowerCase()
  const y = b.toLowerCase()
  if (x === y) return 0
  const shorter = Math.min(x.length, y.length)
  let head = 0
  while (head < shorter && x[head] === y[head]) head++
  let tail = 0
  while (tail < shorter - head && x[x.length - 1 - tail] === y[y.length - 1 - tail]) tail++
  const difference = Math.max(x.length, y.length) - head - tail
  // A name that differs everywhere is not near, however short.
  if (difference <= DIFFERENCE_MAX && difference * 2 <= shorter) return difference
  if (shorter >= PART_MIN && (x.includes(y) || y.includes(x))) return DIFFERENCE_MAX + 1
  return Infinity
}

function entryNames(path: string, wanted: string, kind: 'file' | 'folder'): string[] {
  const names: string[] = []
  try {
    const folder = opendirSync(path, { bufferSize: ENTRIES_MAX })
    try {
      for (let count = 0; count < ENTRIES_MAX; count++) {
        const entry = folder.readSync()
        if (entry === null) break
        if (entry.name !== wanted && fits(entry, kind) && !isPartName(entry.name)) names.push(entry.name)
      }
    } finally {
      folder.closeSync()
    }
  } catch {
    // A hint is no reason to fail.
  }
  return names
}

function fits(entry: Dirent, kind: 'file' | 'folder'): boolean {
  return entry.isSymbolicLink() || (kind === 'file' ? entry.isFile() : entry.isDirectory())
}
