/** Removes the temporary files that a killed process left behind. */
import { type Dirent, lstatSync, unlinkSync } from 'node:fs'
import { opendir } from 'node:fs/promises'
import { join } from 'node:path'
import { ownerOfPart } from './part-names.ts'

/** The start of the server must not wait for a walk through a large archive. */
const ENTRIES_MAX = 20_000
const DEPTH_MAX = 16
/** A running upload never pauses for this long. */
const OLD_MS = 10 * 60_000
/** After this the process id in a temporary name may belong to another process. */
const ANCIENT_MS = 24 * 60 * 60_000

/**
 * Removes unfinished uploads below `root` whose process is gone, or that were not written to for a day. Never follows
 * links, looks at 20,000 entries at most, and skips what it may not read or remove. Returns how many it removed.
 */
export async function sweepLeftovers(root: string, nowMs: number = Date.now()): Promise<number> {
  const folders = [{ path: root, depth: 0 }]
  let seen = 0
  let removed = 0
  for (let folder = folders.shift(); folder !== undefined; folder = folders.shift()) {
    const { path, depth } = folder
    for (const entry of await readEntries(path, ENTRIES_MAX - seen)) {
      seen++
      if (entry.isDirectory() && depth < DEPTH_MAX) folders.push({ path: join(path, entry.name), depth: depth + 1 })
      else if (entry.isFile() && removeLeftover(join(path, entry.name), entry.name, nowMs)) removed++
    }
    if (seen >= ENTRIES_MAX) break
  }
  return removed
}

async function readEntries(path: string, limit: number): Promise<Dirent[]> {
  const entries: Dirent[] = []
  try {
    for await (const entry of await opendir(path)) {
      entries.push(entry)
      if (entries.length >= limit) break
    }
  } catch {
    // No permission, or gone meanwhile.
  }
  return entries
}

function removeLeftover(path: string, name: string, nowMs: number): boolean {
  const owner = ownerOfPart(name)
  if (owner === undefined || owner.own) return false
  try {
    const ageMs = nowMs - lstatSync(path).mtimeMs
    if (ageMs < OLD_MS) return false
    // Our own id in another run's name: the same number in a container that was restarted.
    const gone = owner.pid === process.pid || !isAlive(owner.pid)
    if (!gone && ageMs < ANCIENT_MS) return false
    unlinkSync(path)
    return true
  } catch {
    return false
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}
