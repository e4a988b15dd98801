/** A command of `--hook` that cannot be run is told before anything is served, not with the first transfer. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { tempFolder } from '../support/temp-folder.ts'
import { run } from './cli-run.ts'

/** A script with this first line. */
function script(folder: string, firstLine: string, mode: number): string {
  const path = join(folder, 'hook')
  writeFileSync(path, `${firstLine}\nexit 0\n`)
  chmodSync(path, mode)
  return path
}

describe.skipIf(process.platform === 'win32')('--hook', () => {
  test.each([
    ['that is not there', (folder: string) => join(folder, 'none'), 'there is no such program; check the path'],
    [
      'that no folder of PATH has',
      () => 'no-such-program-anywhere',
      'no folder of PATH has such a program; give its whole path',
    ],
    ['that is a folder', (folder: string) => folder, 'this is no file; name the program itself'],
    [
      'that may not be executed',
      (folder: string) => script(folder, '#!/bin/sh', 0o644),
      'may not execute it; chmod +x',
    ],
    [
      'whose lines end as on Windows',
      (folder: string) => script(folder, '#!/bin/sh\r', 0o755),
      'its first line names "/bin/sh\\r", which is not there (its lines end as on Windows); correct that line',
    ],
  ])('%s', async (_, commandIn, why) => {
    const folder = tempFolder()
    mkdirSync(join(folder, 'served'))
    const command = commandIn(folder)
    const served = await run(['serve', join(folder, 'served'), '--host', '127.0.0.1', '--port', '0', '--hook', command])
    expect(served).toMatchObject({ code: 2, stdout: '' })
    expect(served.stderr).toMatch(/^foresend: --hook [^\n]*\n$/)
    expect(served.stderr).toContain(why)

    const file = join(folder, 'foresend.toml')
    // A name without a folder would be one beside the file.
    if (!command.includes('/')) return
    writeFileSync(file, `path = "served"\nhook = ${JSON.stringify(command)}\n`)
    const checked = await run(['config', 'check', file])
    expect(checked.code).toBe(2)
    expect(checked.stderr).toContain(`${file}: --hook ${command}: `)
    expect(checked.stderr).toContain(why)
  })

  test('with an interpreter that has an argument is good', async () => {
    const folder = tempFolder()
    const command = script(folder, '#! /usr/bin/env  sh', 0o755)
    writeFileSync(join(folder, 'foresend.toml'), `path = "."\nhook = ${JSON.stringify(command)}\n`)
    expect(await run(['config', 'check', join(folder, 'foresend.toml')])).toMatchObject({ code: 0 })
  })
})
