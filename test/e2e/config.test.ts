/** Configuration files of whole commands: read, followed when they change, and left alone when they are broken. */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { tempFolder } from '../support/temp-folder.ts'
import { run, start } from './cli-run.ts'
import { RawClient } from './raw-client.ts'

/** A file below a folder of its own, beside the folders `one` and `two` that it can name. */
function configured(lines: string): { file: string; folder: string } {
  const folder = tempFolder()
  for (const [name, text] of [
    ['one', 'first'],
    ['two', 'second'],
  ] as const) {
    mkdirSync(join(folder, name))
    writeFileSync(join(folder, name, 'a'), text)
  }
  const file = join(folder, 'foresend.toml')
  writeFileSync(file, lines)
  return { file, folder }
}

const BASE = 'host = "127.0.0.1"\nport = 0\nlog-format = "json"\nhistory = false\n'
const LISTENS = /"event":"listening".*"port":(\d+)/

describe('foresend serve --config', () => {
  test('follows the file; a broken one changes nothing and is told with its line', async () => {
    const { file } = configured(`${BASE}path = "one"\n`)
    const server = start(['serve', '--config', file])
    const [, port] = await server.seen(LISTENS)
    const client = await RawClient.open(Number(port))
    const fetched = (): Promise<unknown> => client.get('a')
    try {
      expect(await fetched()).toEqual(Buffer.from('first'))

      writeFileSync(file, `${BASE}path = "two"\n`)
      await server.seen(/RELOADED.*foresend\.toml/)
      expect(await fetched()).toEqual(Buffer.from('second'))

      // Another file is renamed over it, as editors do.
      writeFileSync(`${file}.new`, `${BASE}\npath = "one"\nwindwo = 2\n`)
      renameSync(`${file}.new`, file)
      await server.seen(
        /RELOAD_FAILED.*foresend\.toml:7: windwo: unknown key; did you mean window\?; the server goes on/,
      )
      writeFileSync(file, `${BASE}path = "gone"\n`)
      await server.seen(/RELOAD_FAILED.*no folder or file.*gone.*the server goes on/)
      writeFileSync(file, `${BASE}path = "one"\nlog-level = "debug"\n`)
      await server.seen(/RELOAD_FAILED.*--log-level cannot change while the server runs/)
      writeFileSync(file, `${BASE}path = "one"\ndriver = "dgram"\n`)
      await server.seen(/RELOAD_FAILED.*--driver cannot change while the server runs/)
      expect(await fetched()).toEqual(Buffer.from('second'))

      writeFileSync(file, `${BASE}path = "one"\n`)
      await server.seen(/RELOADED[^]*RELOADED/)
      expect(await fetched()).toEqual(Buffer.from('first'))
    } finally {
      client.close()
      server.child.kill('SIGTERM')
    }
    expect((await server.ended).code).toBe(0)
  })

  test('a flag wins over the file', async () => {
    const { file, folder } = configured(`${BASE}path = "one"\nallow = "203.0.113.0/24"\n`)
    const server = start(['serve', join(folder, 'two'), '--config', file])
    const [, port] = await server.seen(LISTENS)
    const client = await RawClient.open(Number(port))
    try {
      expect(await client.get('a')).toEqual(Buffer.from('second'))
    } finally {
      client.close()
      server.child.kill('SIGTERM')
    }
    expect((await server.ended).code).toBe(0)
  })

  test('a file that is broken or missing keeps it from starting', async () => {
    const { file } = configured('port = 69\nhots = "::1"\n')
    const ran = await run(['serve', '--config', file])
    expect(ran).toMatchObject({ code: 2, stdout: '' })
    expect(ran.stderr).toMatch(/^foresend: .*foresend\.toml:2: hots: unknown key; did you mean hook, host or http\?\n$/)
    expect(await run(['serve', '--config', `${file}x`])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/cannot read.*config init/),
    })
  })
})
