/** `foresend config …`, within this process. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { command } from '../../../test/support/command.ts'
import { tempFolder } from '../../../test/support/temp-folder.ts'

function fileWith(text: string): string {
  const folder = tempFolder()
  mkdirSync(join(folder, 'one'))
  const file = join(folder, 'foresend.toml')
  writeFileSync(file, text)
  return file
}

test('init writes a file once', async () => {
  const file = join(tempFolder(), 'fresh.toml')
  expect(await command('config', 'init', file)).toMatchObject({ code: 0, stderr: '' })
  expect((await command('config', 'init', file)).stderr).toMatch(/^foresend: .*is there already[^\n]*\n$/)
  expect(await command('config', 'init', join(file, 'below'))).toMatchObject({ code: 2 })
  const printed = await command('config', 'init', '-')
  expect(printed.stdout).toContain('\n#window = "auto"\n')
})

test('check takes what can be served', async () => {
  const file = fileWith('path = "one"\nmax-transfers = 7\n')
  expect(await command('config', 'check', file)).toEqual({ code: 0, stdout: `${file}: good\n`, stderr: '' })
})

test('check names every mistake of every file, each on a line', async () => {
  const mistakes = fileWith('windwo = 2\nport = "69"\n')
  const gone = fileWith('path = "nowhere"\n')
  const { code, stdout, stderr } = await command('config', 'check', mistakes, gone)
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  const lines = stderr.split('\n')
  expect(lines).toHaveLength(4)
  expect(lines[0]).toBe(`foresend: ${mistakes}:1: windwo: unknown key; did you mean window?`)
  expect(lines[1]).toBe(`foresend: ${mistakes}:2: port: it takes a number, without quotes`)
  expect(lines[2]).toMatch(/there is no folder or file .*nowhere/)
})

test('show prints what is set', async () => {
  const file = fileWith('max-transfers = 7\npath = "one"\n')
  const { code, stdout } = await command('config', 'show', file)
  expect(code).toBe(0)
  expect(stdout).toMatch(/^path = ".*one"\nmax-transfers = 7\n# left at their defaults: host, port, .*\n$/)
})

test('a file that is not there', async () => {
  const { code, stderr } = await command('config', 'show', '/nowhere/foresend.toml')
  expect(code).toBe(2)
  expect(stderr).toMatch(/^foresend: cannot read the configuration \/nowhere\/foresend\.toml: .*config init[^\n]*\n$/)
})
