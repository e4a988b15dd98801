/** `--record` or `--state` below /proc kept a core busy for ever: Node's recursive mkdir repeats itself where a folder takes none. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { makeFolder } from '../../src/make-folder.ts'

const folder = mkdtempSync(join(tmpdir(), 'foresend-make-folder-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** A process of its own, as nothing in this one could end it. */
const SCRIPT = `
  const { makeFolder } = await import(process.argv[1])
  try { makeFolder('/proc/foresend/a') } catch (error) { console.log(error.code) }
`

test.runIf(process.platform === 'linux')('a folder that takes none is an error', () => {
  const module = new URL('../../src/make-folder.ts', import.meta.url).href
  const run = spawnSync(process.execPath, ['--input-type=module', '-e', SCRIPT, module], { timeout: 20_000 })
  expect(String(run.stdout)).toBe('ENOENT\n')
})

test('folders that are missing are made, with the mode', () => {
  const path = join(folder, 'a', 'b', 'c')
  makeFolder(path, 0o700)
  makeFolder(path, 0o755)
  if (process.platform !== 'win32') {
    expect(statSync(path).mode & 0o777).toBe(0o700)
    expect(statSync(join(folder, 'a')).mode & 0o777).toBe(0o700)
  }
})

test('a file in the place of the folder, or above it, is an error', () => {
  const file = join(folder, 'file')
  writeFileSync(file, '')
  expect(() => makeFolder(file)).toThrow('EEXIST')
  expect(() => makeFolder(join(file, 'below'))).toThrow(/ENOTDIR|ENOENT/)
})
