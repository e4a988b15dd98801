import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { openContent } from '../../src/content/index.ts'
import { tempFolder } from '../support/temp-folder.ts'

const descriptors = (): number => readdirSync('/proc/self/fd').length

/** A worker that crashes while a checksum reads a file: the checksum held the version, and its mapping stayed with the process. */
test('what a checksum in progress holds goes back when its thread is about to crash', async () => {
  const folder = tempFolder()
  writeFileSync(join(folder, 'image'), Buffer.alloc(20_000_000))
  await delay(50)
  const mapped = new Set<number>()
  const mapper = {
    map: () => {
      mapped.add(4096)
      return 4096
    },
    unmap: (address: number) => void mapped.delete(address),
  }
  const store = await openContent({ type: 'folders', roots: [folder] }, { writable: false, overwrite: false, mapper })
  const before = descriptors()
  const image = await store.openRead({ filename: 'image', mode: 'octet', address: '10.0.0.1' })
  expect(image.address).toBe(4096)
  const checksum = image.crc32()
  image.close()
  expect([mapped.size, descriptors()]).toEqual([1, before + 1])
  store.abandon()
  expect([mapped.size, descriptors()]).toEqual([0, before])
  expect(await checksum).toBeUndefined()
})
