import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { failToFlush } from '../../test/support/broken-disk.ts'
import { openDescriptors, tempFolder } from '../../test/support/temp-folder.ts'
import { openOutput } from './files.ts'
import type { Output } from './output.ts'

const onUnix = process.platform !== 'win32'
let folder: string

beforeEach(() => {
  folder = tempFolder()
})

afterEach(() => {
  expect(openDescriptors(folder) ?? 0).toBe(0)
})

function fetched(path: string, bytes = 'new'): Output {
  const output = openOutput(path, false)
  output.write(Buffer.from(bytes), 0, bytes.length)
  return output
}

describe('a download into a file', () => {
  test('whose folder cannot be flushed fails, and the file that was there before is back', async () => {
    const path = join(folder, 'out')
    failToFlush('folders')
    await expect(fetched(path).finish({})).rejects.toMatchObject({ code: 'ERR_TFTP_CONTENT' })
    expect(readdirSync(folder)).toEqual([])
    writeFileSync(path, 'old')
    await expect(fetched(path).finish({})).rejects.toMatchObject({ code: 'ERR_TFTP_CONTENT' })
    expect(readFileSync(path, 'utf8')).toBe('old')
    expect(readdirSync(folder)).toEqual(['out'])
  })

  test('that is ended while it is flushed leaves nothing', async () => {
    const output = fetched(join(folder, 'out'))
    const finished = output.finish({})
    output.abort()
    // The flush runs in another thread: a descriptor closed under it could be another file by then.
    if (process.platform === 'linux') expect(openDescriptors(folder)).toBe(2)
    await expect(finished).rejects.toMatchObject({ name: 'ForesendError' })
    expect(readdirSync(folder)).toEqual([])
  })

  test('that does not have its digest leaves what was there before', async () => {
    const path = join(folder, 'out')
    writeFileSync(path, 'old')
    await expect(fetched(path).finish({ sizeBytes: 4 })).rejects.toMatchObject({ code: 'ERR_TFTP_CHECKSUM' })
    expect(readFileSync(path, 'utf8')).toBe('old')
    expect(readdirSync(folder)).toEqual(['out'])
  })

  test.runIf(onUnix)(
    'is readable by its owner alone until it is complete, then has the mode of the replaced file',
    async () => {
      const path = join(folder, 'out')
      writeFileSync(path, 'old', { mode: 0o640 })
      const output = fetched(path)
      for (const name of readdirSync(folder).filter((each) => each !== 'out')) {
        expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600)
      }
      await output.finish({})
      expect(statSync(path).mode & 0o777).toBe(0o640)
    },
  )

  test.runIf(onUnix)('through a linked folder goes where the link leads', async () => {
    mkdirSync(join(folder, 'real'))
    symlinkSync('real', join(folder, 'link'))
    await fetched(join(folder, 'link', 'out')).finish({})
    expect(readFileSync(join(folder, 'real', 'out'), 'utf8')).toBe('new')
  })

  test('of a name that only a folder can have is refused before anything is fetched', () => {
    expect(() => openOutput(`${join(folder, 'out')}/`, false)).toThrow(
      expect.objectContaining({ code: 'ERR_TFTP_USAGE' }),
    )
    expect(readdirSync(folder)).toEqual([])
  })
})
