import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { cannotWrite, writeNew, writeWhole } from './write-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'foresend-write-file-'))
afterAll(() => rmSync(folder, { recursive: true }))
const path = join(folder, 'a')

test('a file is written, and written over; as a new one only where none is', () => {
  writeNew(path, 'one')
  expect(() => writeNew(path, 'two')).toThrow(`${path} is there already: name another file, or remove it first`)
  expect(readFileSync(path, 'utf8')).toBe('one')
  writeWhole(path, 'two')
  expect(readFileSync(path, 'utf8')).toBe('two')
})

test('what cannot be written says what to do', () => {
  expect(() => writeWhole(join(folder, 'none', 'a'), '')).toThrow(/^cannot write .*: ENOENT: .*; make its folder first/)
  expect(() => writeWhole(folder, '', 'the page')).toThrow(
    /^cannot write the page: EISDIR: .*; it is a folder: name a file$/,
  )
  writeFileSync(path, '')
  expect(() => writeNew(join(path, 'b'), '')).toThrow(/ENOTDIR|ENOENT/)
  const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
  expect(cannotWrite('x', full).message).toBe(
    'cannot write x: ENOSPC: no space left on device, write; the disk is full: make room, or name a file on another one',
  )
})

test.runIf(existsSync('/dev/full'))('a full disk is told, and a device stays', () => {
  expect(() => writeWhole('/dev/full', 'a')).toThrow(/ENOSPC.*make room/)
  expect(statSync('/dev/full').isCharacterDevice()).toBe(true)
})

test('what was begun is removed', () => {
  const begun = join(folder, 'begun')
  const program = `
    const { writeWhole } = await import(${JSON.stringify(new URL('write-file.ts', import.meta.url).href)})
    try { writeWhole(${JSON.stringify(begun)}, 'a'.repeat(1 << 20)) } catch (error) { console.log(error.message) }`
  // A file may have one block of 512 or 1024 bytes: the disk fills up in the middle of it.
  const limited = ['-c', 'ulimit -f 1 && exec "$@"', 'sh', process.execPath, '--input-type=module', '-e', program]
  expect(spawnSync('sh', limited, { encoding: 'utf8' }).stdout).toMatch(/^cannot write .*begun: EFBIG/)
  expect(existsSync(begun)).toBe(false)
})
