/** Makes folders as `mkdir -p` does, and always comes to an end. */
import { mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Makes `path` and the folders above it that are missing, with `mode` less the umask. One that is there stays as it is. Throws what the
 * system says: ENOENT too, where a folder is there and takes none (/proc). Node's own recursive mkdir asks again for ever in that case.
 */
export function makeFolder(path: string, mode?: number): void {
  try {
    makeOne(path, mode)
  } catch (error) {
    const above = dirname(path)
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || above === path) throw error
    if (!isFolder(above)) makeFolder(above, mode)
    makeOne(path, mode)
  }
}

function makeOne(path: string, mode: number | undefined): void {
  try {
    mkdirSync(path, mode === undefined ? {} : { mode })
  } catch (error) {
    // A folder that is there answers EEXIST, or EROFS on a disk that is mounted for reading.
    if (!isFolder(path)) throw error
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}
