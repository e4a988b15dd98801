/** Real folders for tests of content, and a look at the descriptors that are open in them. */
import { mkdtempSync, readdirSync, readlinkSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** A folder that is removed after the test that is running (or about to: `beforeEach`) and its hooks. Its path has no symbolic links in it. */
export function tempFolder(): string {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'foresend-test-')))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
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
