/** Finds and opens files so that nothing outside of a root is reached, also when links are swapped between look-up and open. */
import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readlinkSync,
  realpathSync,
  statSync,
} from 'node:fs'
import { join, sep } from 'node:path'
import { errnoOf, quoted, refused } from './errors.ts'
import { isPartName } from './part-names.ts'

/** What lies at a name below a root. */
export interface Located {
  readonly realRoot: string
  /** Absolute, without symbolic links when it was looked up. */
  readonly path: string
  readonly stat: BigIntStats
}

/** For tests: called between the look-up and the open, which is when an attacker would swap a link. */
export interface Hooks {
  beforeOpen?(path: string): void
}

/**
 * Follows `segments` from `root`, symbolic links included; undefined when nothing is there. Throws ERR_TFTP_ACCESS
 * (message starting with `failing`) when it ends outside of the root, and what the system throws.
 */
export function locate(root: string, segments: readonly string[], failing: string): Located | undefined {
  try {
    // The root is resolved each time: it may be a link that is switched to the next release while we run.
    const realRoot = realpathSync.native(root)
    const path = realpathSync.native(join(realRoot, ...segments))
    if (!isInside(realRoot, path)) throw refused(`${failing}: a symbolic link leads out of ${quoted(root)}`)
    // Also when a link with an innocent name leads to it: an unfinished upload is not a file yet.
    if (path.split(sep).some(isPartName)) return undefined
    return { realRoot, path, stat: lstatSync(path, { bigint: true }) }
  } catch (cause) {
    if (!isMissing(cause)) throw cause
    requireParentsInside(root, segments, failing)
    return undefined
  }
}

/** Refuses a link out of the root also where nothing is at its end: answers must not tell what exists outside. */
function requireParentsInside(root: string, segments: readonly string[], failing: string): void {
  for (let depth = segments.length - 1; depth > 0; depth--) {
    try {
      const realRoot = realpathSync.native(root)
      const path = realpathSync.native(join(realRoot, ...segments.slice(0, depth)))
      if (isInside(realRoot, path)) return
    } catch (cause) {
      if (isMissing(cause)) continue
      throw cause
    }
    throw refused(`${failing}: a symbolic link leads out of ${quoted(root)}`)
  }
}

/**
 * Opens a regular file that `locate` found for reading and returns the descriptor, after looking again what it is and
 * where. The caller knows from `found.stat` that it is no device (opening one can do harm) and no FIFO (it would wait);
 * O_NONBLOCK covers a swap since then.
 */
export function openLocated(found: Located, failing: string, hooks: Hooks): number {
  hooks.beforeOpen?.(found.path)
  const fd = openSync(found.path, constants.O_RDONLY | NONBLOCK | NOFOLLOW)
  try {
    const stat = fstatSync(fd, { bigint: true })
    requireRegular(stat, failing)
    if (!isOpenInside(fd, stat, found.realRoot, found.path)) {
      throw refused(`${failing}: its path was changed to lead out of the served folder while it was opened`)
    }
    return fd
  } catch (cause) {
    closeSync(fd)
    throw cause
  }
}

/** Throws ERR_TFTP_ACCESS, naming what it is instead. */
export function requireRegular(stat: BigIntStats, failing: string): void {
  if (stat.isFile()) return
  const what = stat.isDirectory()
    ? 'a folder'
    : stat.isFIFO()
      ? 'a FIFO'
      : stat.isSocket()
        ? 'a socket'
        : stat.isSymbolicLink()
          ? 'a symbolic link that was changed meanwhile'
          : 'a device'
  throw refused(`${failing}: it is ${what}, and only regular files can be transferred`)
}

/** True when the open descriptor `fd` (of a file or folder) lies below `realRoot` now. `path` is where it was opened. */
export function isOpenInside(fd: number, stat: BigIntStats, realRoot: string, path: string): boolean {
  const actual = pathOfDescriptor(fd)
  if (actual !== undefined) return isInside(realRoot, actual)
  // No /proc: the path must still resolve inside the root, to this very file.
  const again = realpathSync.native(path)
  const there = statSync(again, { bigint: true })
  return isInside(realRoot, again) && there.dev === stat.dev && there.ino === stat.ino
}

/** The folder at `path` without symbolic links; undefined when it lies outside of `realRoot`, or is none. */
export function folderInside(realRoot: string, path: string): string | undefined {
  try {
    const real = realpathSync.native(path)
    return isInside(realRoot, real) && statSync(real).isDirectory() ? real : undefined
  } catch {
    // Missing, or not to be looked at: no folder to go on in.
    return undefined
  }
}

/** The path that the kernel has for the descriptor `fd`; undefined on systems without /proc/self/fd. */
export function pathOfDescriptor(fd: number): string | undefined {
  if (process.platform !== 'linux') return undefined
  try {
    return readlinkSync(`/proc/self/fd/${fd}`)
  } catch {
    return undefined
  }
}

/** True when `path` is `realRoot` or lies below it. Both are absolute and without symbolic links. */
export function isInside(realRoot: string, path: string): boolean {
  return path === realRoot || path.startsWith(realRoot.endsWith(sep) ? realRoot : realRoot + sep)
}

/** True when the system says that nothing has this name. */
export function isMissing(cause: unknown): boolean {
  return MISSING.has(errnoOf(cause))
}

const MISSING = new Set(['ENOENT', 'ENOTDIR', 'ENAMETOOLONG'])
// Windows has neither.
const NONBLOCK = constants.O_NONBLOCK ?? 0
const NOFOLLOW = constants.O_NOFOLLOW ?? 0
