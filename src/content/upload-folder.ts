/** Finds the folder that an upload goes to, or that is listed, inside the root, and holds it open. */
import { fstatSync, realpathSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { notFound, quoted, refused } from './errors.ts'
import { HeldFolder } from './held-folder.ts'
import { isInside, isMissing, isOpenInside } from './inside-root.ts'

/**
 * Opens the folder of the target `segments` below `root`. Throws ERR_TFTP_NOT_FOUND when there is none (folders are
 * never created for a peer), ERR_TFTP_ACCESS when it is no folder or lies outside of the root.
 */
export function openUploadFolder(root: string, segments: readonly string[], failing: string): HeldFolder {
  const realRoot = realpathSync.native(root)
  const parents = segments.slice(0, -1)
  const shown = quoted(parents.join('/'))
  let path: string
  try {
    path = realpathSync.native(join(realRoot, ...parents))
  } catch (cause) {
    if (!isMissing(cause)) throw cause
    throw notFound(`${failing}: the folder ${shown} does not exist in ${quoted(root)}; create it there first`, cause)
  }
  if (!isInside(realRoot, path)) throw refused(`${failing}: a symbolic link leads out of ${quoted(root)}`)
  if (!statSync(path).isDirectory()) throw refused(`${failing}: ${shown} is a file, not a folder`)
  return holdInside(realRoot, path, failing)
}

/** Opens the folder `path`, and looks again whether it lies below `realRoot`. Both are absolute and without symbolic links. */
export function holdInside(realRoot: string, path: string, failing: string): HeldFolder {
  const folder = new HeldFolder(path)
  try {
    const { fd } = folder
    if (fd !== undefined && !isOpenInside(fd, fstatSync(fd, { bigint: true }), realRoot, path)) {
      throw refused(`${failing}: its folder was changed to lead out of ${quoted(realRoot)} meanwhile`)
    }
    requireUnmoved(folder, failing)
    return folder
  } catch (cause) {
    folder.close()
    throw cause
  }
}

/** Throws ERR_TFTP_ACCESS when names in `folder` go through its path and that leads elsewhere by now. */
export function requireUnmoved(folder: HeldFolder, failing: string): void {
  if (!folder.isUnmoved()) throw refused(`${failing}: its folder was replaced meanwhile; try again`)
}
