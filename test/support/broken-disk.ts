/** Makes calls of `node:fs` fail for one test, as a disk does. */
import fs, { fstatSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { onTestFinished } from 'vitest'

/** Replaces members of `node:fs` until the end of the test that is running. */
export function replaceInFs(replaced: Partial<Record<keyof typeof fs, unknown>>): void {
  const original = Object.fromEntries(Object.keys(replaced).map((name) => [name, fs[name as keyof typeof fs]]))
  Object.assign(fs, replaced)
  syncBuiltinESMExports()
  onTestFinished(() => {
    Object.assign(fs, original)
    syncBuiltinESMExports()
  })
}

/** `fsync` fails with EIO on folders, or on files. */
export function failToFlush(what: 'folders' | 'files'): void {
  const { fsync } = fs
  replaceInFs({
    fsync: (fd: number, done: (error: Error | null) => void) => {
      if (fstatSync(fd).isDirectory() === (what === 'folders')) process.nextTick(done, systemError('EIO'))
      else fsync(fd, done)
    },
  })
}

/** Hard links fail, as on FAT. */
export function withoutLinks(): void {
  replaceInFs({
    linkSync: () => {
      throw systemError('EPERM')
    },
  })
}

export function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: made by a test`), { code })
}
