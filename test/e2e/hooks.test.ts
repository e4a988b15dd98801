/** `serve --hook` and `--hook-socket` with a real transfer. */
import { once } from 'node:events'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { tempFolder } from '../support/temp-folder.ts'
import { run, serve } from './cli-run.ts'

test('a command runs for a transfer that ends, and a reader on a socket gets its events', async () => {
  const folder = tempFolder()
  writeFileSync(join(folder, 'a.bin'), 'abc')
  const command = join(folder, 'hook')
  writeFileSync(command, `#!/bin/sh\necho "$@" >> '${folder}/ran'\n`)
  chmodSync(command, 0o755)
  const path = join(folder, 'events.sock')
  let read = ''
  const reader = createServer((socket) => socket.on('data', (piece) => (read += String(piece))))
  await once(reader.listen(path), 'listening')

  const server = await serve(folder, ['--hook', command, '--hook-socket', path])
  const url = `tftp://127.0.0.1:${server.port}`
  expect((await run(['get', `${url}/a.bin`, '-o', join(folder, 'b.bin')])).code).toBe(0)
  expect((await run(['get', `${url}/none`, '-o', join(folder, 'c.bin')])).code).toBe(4)
  server.child.kill('SIGTERM')
  expect((await server.ended).code).toBe(0)
  reader.close()

  // The commands of two transfers may run at the same time.
  const ran = readFileSync(join(folder, 'ran'), 'utf8').trim().split('\n')
  expect(ran.toSorted()).toEqual(['completed 127.0.0.1 a.bin 3', 'refused 127.0.0.1 none 0'])
  const kinds = read
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { event: string }).event)
  expect(kinds).toContain('completed')
  expect(kinds.at(-1)).toBe('refused')
})
