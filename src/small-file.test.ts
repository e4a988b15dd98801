import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { readSmallFile } from './small-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'foresend-small-file-'))
afterAll(() => rmSync(folder, { recursive: true }))

test.each([0, 1, 65_536, 65_537, 200_000])('a file of %i bytes', (size) => {
  const bytes = Buffer.alloc(size, 'abc')
  writeFileSync(join(folder, 'a'), bytes)
  expect(readSmallFile(join(folder, 'a')).equals(bytes)).toBe(true)
  expect(readSmallFile(join(folder, 'a'), size).equals(bytes)).toBe(true)
  if (size > 0) expect(() => readSmallFile(join(folder, 'a'), size - 1)).toThrow('EFBIG')
})

test('what cannot be read says why', () => {
  expect(() => readSmallFile(join(folder, 'nope'))).toThrow('ENOENT')
  expect(() => readSmallFile(folder)).toThrow('EISDIR')
})

test.runIf(process.platform === 'linux')('a device without an end has one', () => {
  expect(() => readSmallFile('/dev/zero')).toThrow('EFBIG')
})
