import { execFileSync } from 'node:child_process'
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { openDescriptors, tempFolder } from '../../test/support/temp-folder.ts'
import type { Store } from './contract.ts'
import { openSingleFile } from './single-file.ts'

let folder: string
let path: string

beforeEach(() => {
  folder = tempFolder()
  path = join(folder, 'factory.bin')
  writeFileSync(path, 'first')
})

async function fetch(store: Store, filename: string): Promise<string> {
  const image = await store.openRead({ filename, mode: 'octet', address: '10.0.0.1' })
  const target = Buffer.alloc(image.sizeBytes)
  image.read(0, target, 0, target.length)
  image.verify()
  image.close()
  return target.toString('latin1')
}

test('is served for every name, also for those that a folder would refuse', async () => {
  const store = await openSingleFile(path)
  for (const name of ['ArcherC2V1_tp_recovery.bin', '/a/b', '../../etc/passwd', 'C:\\x', '']) {
    expect(await fetch(store, name)).toBe('first')
  }
  expect(openDescriptors(folder) ?? 0).toBe(0)
})

test('is served anew when it was built anew', async () => {
  const store = await openSingleFile(path)
  expect(await fetch(store, 'x')).toBe('first')
  writeFileSync(join(folder, 'new'), 'second')
  renameSync(join(folder, 'new'), path)
  expect(await fetch(store, 'x')).toBe('second')
})

test('a link to it is followed: the user chose it', async () => {
  symlinkSync(path, join(folder, 'link'))
  expect(await fetch(await openSingleFile(join(folder, 'link')), 'x')).toBe('first')
})

test('uploads are refused', async () => {
  const store = await openSingleFile(path)
  await expect(store.openWrite({ filename: 'x', mode: 'octet', address: '10.0.0.1' })).rejects.toMatchObject({
    code: 'ERR_TFTP_ACCESS',
    wireCode: 2,
  })
})

test('when it is gone the message names it, and it is served again when it is back', async () => {
  const store = await openSingleFile(path)
  rmSync(path)
  await expect(store.openRead({ filename: 'asked.bin', mode: 'octet', address: '10.0.0.1' })).rejects.toMatchObject({
    code: 'ERR_TFTP_NOT_FOUND',
    wireCode: 1,
    message: expect.stringMatching(/asked.bin.*factory.bin/),
  })
  writeFileSync(path, 'again')
  expect(await fetch(store, 'x')).toBe('again')
})

test('when a folder or FIFO takes its place that is refused, at once', async () => {
  const store = await openSingleFile(path)
  rmSync(path)
  mkdirSync(path)
  await expect(store.openRead({ filename: 'x', mode: 'octet', address: '10.0.0.1' })).rejects.toThrow(/it is a folder/)
  if (process.platform === 'win32') return
  rmSync(path, { recursive: true })
  execFileSync('mkfifo', [path])
  await expect(store.openRead({ filename: 'x', mode: 'octet', address: '10.0.0.1' })).rejects.toThrow(/it is a FIFO/)
})

test('a store that was closed', async () => {
  const store = await openSingleFile(path)
  store.close()
  await expect(store.openRead({ filename: 'x', mode: 'octet', address: '10.0.0.1' })).rejects.toMatchObject({
    code: 'ERR_TFTP_ACCESS',
  })
})

test('what cannot be served is refused at the start', async () => {
  await expect(openSingleFile(join(folder, 'missing'))).rejects.toMatchObject({ code: 'ERR_TFTP_NOT_FOUND' })
  await expect(openSingleFile(folder)).rejects.toMatchObject({ code: 'ERR_TFTP_ACCESS' })
})
