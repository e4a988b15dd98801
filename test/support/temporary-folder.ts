/** Where tests keep their files: in memory where that has room, as a disk that other programs keep busy may take seconds to flush a file. */
import { accessSync, constants, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'

const IN_MEMORY = '/dev/shm'
/** Twice what all tests of a run hold at once. */
const NEEDED_BYTES = 4 * 2 ** 30

/** `$TMPDIR` where it is set, as everywhere. */
export function temporaryFolder(): string {
  return process.env['TMPDIR'] ?? (hasRoom(IN_MEMORY) ? IN_MEMORY : tmpdir())
}

function hasRoom(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK)
    const { bavail, bsize } = statfsSync(folder)
    return bavail * bsize >= NEEDED_BYTES
  } catch {
    return false
  }
}
