/** `serve --record`: captures of transfers, which Wireshark and `foresend diagnose` read. */
import { spawnSync } from 'node:child_process'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { tempFolder } from '../support/temp-folder.ts'
import { events, run, serve } from './cli-run.ts'
import { RawClient } from './raw-client.ts'
import { folderWith, pattern } from './serving.ts'

const hasTshark = spawnSync('tshark', ['--version']).status === 0

/** A client that takes the file, and one that ends it after a block. */
async function both(port: number): Promise<void> {
  const out = join(tempFolder(), 'out')
  expect((await run(['get', `tftp://127.0.0.1:${port}/image`, '-o', out, '--blksize', '1000'])).code).toBe(0)
  const client = await RawClient.open(port)
  client.request(1, 'image')
  const { port: tid } = await client.next()
  client.ack(1, tid)
  await client.next()
  client.error(0, 'out of flash', tid)
  client.socket.close()
}

// Real time: on a busy machine a healthy transfer repeats much too, and is kept.
test('each transfer is a file, or only those that failed; the oldest go', { retry: 2 }, async () => {
  const folder = folderWith({ image: pattern(50_000) })
  const [all, failed] = [tempFolder(), tempFolder()]
  const server = await serve(folder, ['--record', all, '--record-files', '3'])
  const other = await serve(folder, ['--record', failed, '--record-failed'])
  await both(server.port)
  await both(server.port)
  await both(other.port)
  for (const one of [server, other]) {
    one.child.kill('SIGTERM')
    expect(await one.ended).toMatchObject({ code: 0, stderr: '' })
    expect(events(one.printed.stdout).filter(({ event }) => event === 'notice')).toEqual([])
  }
  const [first, second, third, ...more] = readdirSync(all).toSorted((a, b) => (a < b ? -1 : 1))
  expect(more).toEqual([])
  expect(first).toMatch(/^\d{8}T\d{6}\.\d{3}Z-127\.0\.0\.1-image-failed-2\.pcapng$/)
  expect([second, third]).toEqual([
    expect.stringMatching(/-completed-3\.pcapng$/),
    expect.stringMatching(/-failed-4\.pcapng$/),
  ])
  expect(readdirSync(failed)).toEqual([expect.stringMatching(/-failed-2\.pcapng$/)])

  const healthy = await run(['diagnose', join(all, second), '--json'])
  const { transfers } = JSON.parse(healthy.stdout) as { transfers: unknown[] }
  // On a machine that is busy its own pauses may look like a fault.
  expect(transfers).toMatchObject([{ file: 'image', outcome: 'complete', holes: [] }])
  const broken = await run(['diagnose', join(failed, readdirSync(failed)[0]), '--json'])
  const [judged] = (JSON.parse(broken.stdout) as { transfers: { causes: { id: string }[] }[] }).transfers
  expect([broken.code, judged?.causes[0]?.id]).toEqual([1, 'client-refused'])
  if (!hasTshark) return
  const { stdout } = spawnSync('tshark', ['-r', join(all, second), '-T', 'fields', '-e', 'tftp.opcode'], {
    encoding: 'utf8',
  })
  // 51 blocks, each acknowledged, behind a request with options.
  expect(
    stdout
      .trim()
      .split('\n')
      .filter((opcode) => opcode === '3'),
  ).toHaveLength(51)
})

test('a folder that cannot be written is one clear line', async () => {
  const file = join(tempFolder(), 'file')
  writeFileSync(file, '')
  const ran = await run([
    'serve',
    folderWith({}),
    '--host',
    '127.0.0.1',
    '--port',
    '0',
    '--no-history',
    '--record',
    file,
  ])
  expect([ran.code, ran.stderr]).toEqual([
    2,
    expect.stringMatching(/^foresend: cannot record to .*--record a folder that can be written\n$/),
  ])
})
