/** `foresend serve --http` as a user starts it. */
import { statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { tempFolder } from '../support/temp-folder.ts'
import { httpServeArgs, run, start } from './cli-run.ts'
import { folderWith } from './serving.ts'

test('prints a link with the token, which allows changes; its files are confined and stored', async () => {
  const folder = folderWith({ image: Buffer.from('x') })
  const state = tempFolder()
  const server = start(httpServeArgs(folder, state))
  const [, url = '', token = ''] = await server.seen(/Watch it at: +(http:\/\/127\.0\.0\.1:\d+)\/#t=([\w-]{32})\n/)
  try {
    expect(statSync(join(state, 'http-token')).mode & 0o777).toBe(0o600)
    const put = await fetch(`${url}/api/v1/files/new`, {
      method: 'PUT',
      body: 'stored',
      headers: { authorization: `Bearer ${token}` },
    })
    expect([put.status, await put.json()]).toMatchObject([201, { name: 'new', sizeBytes: 6 }])
    const health = await fetch(`${url}/healthz`)
    expect([health.status, await health.text()]).toEqual([200, 'ok\n'])
    const config = (await (await fetch(`${url}/api/v1/config`)).json()) as { settings: Record<string, unknown> }
    expect(config.settings).toMatchObject({ http: '127.0.0.1:0', 'http-writable': true, path: folder })
    expect(JSON.stringify(config)).not.toContain(token)
  } finally {
    server.child.kill('SIGTERM')
    expect((await server.ended).code).toBe(0)
  }
})

test('a port that is taken is a notice, and serving goes on; a token of a file is not printed', async () => {
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  const { port } = taken.address() as AddressInfo
  const token = join(tempFolder(), 'token')
  writeFileSync(token, '0123456789abcdef\n')
  const args = ['serve', folderWith({ image: Buffer.from('x') }), '--host', '127.0.0.1', '--port', '0']
  const server = start([...args, '--http', `127.0.0.1:${port}`, '--http-token-file', token])
  await server.seen(/no page at 127\.0\.0\.1:\d+: another program has it.*serving goes on without it/)
  taken.close()
  server.child.kill('SIGTERM')
  const ran = await server.ended
  expect(ran.code).toBe(0)
  expect(ran.stdout).not.toContain('0123456789abcdef')
})

test('settings that do not fit are said at the start', async () => {
  const ran = await run(['serve', '.', '--http-cert', '/nowhere'])
  expect([ran.code, ran.stderr]).toEqual([2, expect.stringMatching(/--http-cert has no effect without --http/)])
})
