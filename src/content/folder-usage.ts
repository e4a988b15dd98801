/** How many bytes the files below a folder have, for a quota. */
import type { Dirent } from 'node:fs'
import { lstat, opendir } from 'node:fs/promises'
import { join } from 'node:path'
import { ForesendError } from '../error.ts'
import { WIRE_ERROR } from '../packet/index.ts'
import { isMissing } from './inside-root.ts'

/** A folder of uploads with more files than this wants another tool; to count them would hold up every upload. */
const ENTRIES_MAX = 100_000

/** Links are not followed; unfinished uploads count with what they have. Rejects with ERR_TFTP_CONTENT when there are too many files. */
export async function usedBytes(root: string, failing: string): Promise<number> {
  const folders = [root]
  let entries = 0
  let bytes = 0
  for (let path = folders.pop(); path !== undefined; path = folders.pop()) {
    for await (const entry of await entriesOf(path, root)) {
      entries++
      if (entries > ENTRIES_MAX) throw uncountable(failing)
      if (entry.isDirectory()) folders.push(join(path, entry.name))
      else if (entry.isFile()) bytes += await sizeOf(join(path, entry.name))
    }
  }
  return bytes
}

async function entriesOf(path: string, root: string): Promise<AsyncIterable<Dirent> | readonly Dirent[]> {
  try {
    return await opendir(path)
  } catch (cause) {
    // Gone meanwhile.
    if (path !== root && isMissing(cause)) return []
    throw cause
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await lstat(path)).size
  } catch (cause) {
    // Gone meanwhile.
    if (isMissing(cause)) return 0
    throw cause
  }
}

function uncountable(failing: string): ForesendError {
  const message = `${failing}: the folder has more than ${ENTRIES_MAX} files, too many for a quota; use a quota of the file system`
  return new ForesendError('ERR_TFTP_CONTENT', message, { fault: 'local', wireCode: WIRE_ERROR.undefined })
}
