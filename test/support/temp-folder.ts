/** Real folders for tests of content, and a look at the descriptors that are open in them. */
import { mkdtempSync, readdirSync, readlinkSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

const PREFIX = 'foresend-test-'
let swept = false

/**
 * A folder that is removed after the test that is running (or about to: `beforeEach`) and its hooks; one that is made
 * outside of tests (`beforeAll`) by the next run. Its path has no symbolic links in it.
 */
export function tempFolder(): string {
  const parent = realpathSync(tmpdir())
  if (!swept) removeLeftovers(parent)
  swept = true
  const path = mkdtempSync(join(parent, `${PREFIX}${process.pid}-`))
  try {
    onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  } catch {
    // Not inside a test. Runners are killed when they are done, so nothing here could remove it at the end.
  }
  return path
}

/** Descriptors of this process that are open below `folder`; undefined where they cannot be counted. */
export function openDescriptors(folder: string): number | undefined {
  if (process.platform !== 'linux') return undefined
  return readdirSync('/proc/self/fd').filter((fd) => targetOf(fd).startsWith(folder)).length
}

function targetOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`)
  } catch {
    return ''
  }
}

/** Folders of runs that are over, however they ended. */
function removeLeftovers(parent: string): void {
  for (const name of readdirSync(parent)) {
    const pid = name.startsWith(PREFIX) ? Number.parseInt(name.slice(PREFIX.length), 10) : Number.NaN
    if (!Number.isNaN(pid) && !isAlive(pid)) rmSync(join(parent, name), { recursive: true, force: true })
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
