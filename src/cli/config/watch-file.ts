/** Tells when a file has other content: editors write it anew, rename another one over it, or swap a link. */
import { readFileSync, watch } from 'node:fs'
import { dirname } from 'node:path'

/** A file that is written in several steps is read when it has been quiet for this long. */
const QUIET_MS = 100

/** Calls `changed` after each change of its content until the function returned is called. `lost`: changes cannot be seen any more. */
export function watchFile(file: string, changed: () => void, lost: (reason: string) => void): () => void {
  let text = contentOf(file)
  let timer: NodeJS.Timeout | undefined
  const look = (): void => {
    const now = contentOf(file)
    // A file that is gone for a moment is being replaced.
    if (now === undefined || now === text) return
    text = now
    changed()
  }
  try {
    // The folder: whatever replaces the file is a change of that.
    const watcher = watch(dirname(file), { persistent: false }, () => {
      clearTimeout(timer)
      timer = setTimeout(look, QUIET_MS).unref()
    })
    watcher.on('error', (error) => lost(error.message))
    return () => {
      clearTimeout(timer)
      watcher.close()
    }
  } catch (error) {
    lost((error as Error).message)
    return () => {}
  }
}

function contentOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'latin1')
  } catch {
    return undefined
  }
}
