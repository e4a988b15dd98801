/** On Linux a thread has a priority of its own: the kernel's tables show which stand back. */
import { readdirSync, readFileSync } from 'node:fs'
import { getPriority } from 'node:os'
import { expect, test } from 'vitest'
import { probeBatch } from '../../src/io/native/probe.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { serve } from './cli-run.ts'
import { RawClient } from './raw-client.ts'
import { folderWith, pattern } from './serving.ts'

/** Each thread's name and nice value: proc_pid_stat(5). */
function prioritiesOf(pid: number | undefined): Record<string, number> {
  const lines = readdirSync(`/proc/${pid}/task`).map((id) => readFileSync(`/proc/${pid}/task/${id}/stat`, 'utf8'))
  const named = lines.map((line) => [/\((.*)\)/.exec(line)?.[1] ?? '', line.replace(/.*\) /, '').split(' ')[16]])
  return Object.fromEntries(named.map(([name, nice]) => [name, Number(nice) - getPriority(0)]))
}

test.skipIf(typeof probeBatch() === 'string')('the thread that serves goes before those that do not', async () => {
  const server = await serve(tempFolder(), ['--workers', '1', '--state', tempFolder()])
  await expect
    .poll(() => prioritiesOf(server.child.pid))
    .toMatchObject({ MainThread: 5, 'foresend 1': 0, 'foresend histor': 5 })
  server.child.kill('SIGTERM')
  await server.ended
})

test.skipIf(process.platform !== 'linux')('a server in one thread stays where it is', async () => {
  const server = await serve(folderWith({ image: pattern(20_000) }), ['--driver', 'dgram'])
  const client = await RawClient.open(server.port)
  await client.get('image')
  client.close()
  expect(prioritiesOf(server.child.pid)).toMatchObject({ MainThread: 0 })
  server.child.kill('SIGTERM')
  await server.ended
})
