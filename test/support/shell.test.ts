import { readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { runInShell } from './shell.ts'
import { tempFolder } from './temp-folder.ts'

const sh = (script: string, cwd: string, timeoutMs = 10_000) => runInShell('/bin/sh', ['-c', script], cwd, timeoutMs)

describe.skipIf(process.platform === 'win32')('a shell that runs programs', () => {
  test('status and both outputs come back, nothing is left in the folder', async () => {
    const folder = tempFolder()
    expect(await sh('pwd; echo "it\'s $LC_ALL" >&2; exit 3', folder)).toEqual({
      status: 3,
      printed: `${folder}\nit's C\n`,
    })
    expect(readdirSync(folder)).toEqual([])
  })

  test('programs at the same time keep their outputs apart', async () => {
    const folder = tempFolder()
    const all = await Promise.all(Array.from({ length: 20 }, (_, i) => sh(`echo ${i}; exit ${i}`, folder)))
    expect(all).toEqual(Array.from({ length: 20 }, (_, i) => ({ status: i, printed: `${i}\n` })))
  })

  test('a program that does not end is killed', async () => {
    expect(await sh('echo begun; exec sleep 100', tempFolder(), 300)).toEqual({ status: 137, printed: 'begun\n' })
  })
})
