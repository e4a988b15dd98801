import { createSocket } from 'node:dgram'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Context } from '../../src/cli/context.ts'
import { run } from '../../src/cli/main.ts'
import { parseConfig } from '../../src/server/config.ts'
import type { Server } from '../../src/server/contract.ts'
import { startControl } from '../../src/server/control.ts'
import { startInstance } from '../../src/server/instance.ts'
import { NO_STATS } from '../../src/server/network-stats.ts'
import type { FromInstance } from '../../src/server/protocol.ts'
import { collector } from '../support/collector.ts'
import { Arrivals, FakeInstances, folderWith } from '../support/instances.ts'
import { tempFolder } from '../support/temp-folder.ts'

/**
 * `serve --user` became that user when the server listened already. A request that arrived in between was served with the rights of
 * root: it could read a file that the user may not.
 */
test('an instance that is held looks at no request, and serves it afterwards', async () => {
  const said = new Arrivals<FromInstance>()
  const kinds = (): string[] => said.events.map((one) => (one.type === 'event' ? one.event.event : one.type))
  const config = parseConfig({
    path: folderWith('image', Buffer.from('all')),
    hosts: ['127.0.0.1'],
    port: 0,
    driver: 'dgram',
  })
  const start = {
    config,
    sharedPort: undefined,
    firstId: 1,
    idStep: 1,
    memory: [],
    level: 'debug',
    keeps: false,
  } as const
  const instance = startInstance({ ...start, held: true }, said.add)
  await said.until(() => kinds().includes('ready'))
  const ready = said.events.find((one) => one.type === 'ready')
  const client = createSocket('udp4')
  const answered = new Promise<Buffer>((resolve) => client.once('message', resolve))
  try {
    client.send(Buffer.from('\0\x01image\0octet\0'), ready?.bound[0]?.port ?? 0, '127.0.0.1')
    await said.until(() => kinds().includes('asked'))
    await new Promise((resolve) => setImmediate(resolve))
    expect(kinds()).toEqual(['ready', 'asked'])
    instance.handle({ type: 'admit' })
    expect((await answered).toString('latin1')).toBe('\0\x03\0\x01all')
  } finally {
    client.close()
    instance.drop()
  }
})

test('the step before requests is done while every instance waits', async () => {
  const instances = new FakeInstances()
  const config = parseConfig({ path: tempFolder(), hosts: ['127.0.0.1'], port: 69 })
  const order: string[] = []
  const step = (): void => void order.push(`step, after ${instances.sent.flat().length} messages`)
  const server = await startControl(config, { count: 2, open: instances.open }, () => {}, [], 'debug', undefined, step)
  expect(instances.starts.map(({ held }) => held)).toEqual([true, true])
  expect(order).toEqual(['step, after 0 messages'])
  expect(instances.sent).toEqual([[{ type: 'admit' }], [{ type: 'admit' }]])
  await server.stop(0)
})

test('a step that fails ends the start', async () => {
  const instances = new FakeInstances()
  const config = parseConfig({ path: tempFolder(), hosts: ['127.0.0.1'], port: 69 })
  const step = (): never => {
    throw new Error('no such user')
  }
  const started = startControl(config, { count: 1, open: instances.open }, () => {}, [], 'debug', undefined, step)
  await expect(started).rejects.toThrow('no such user')
  expect(instances.sent[0]).toEqual([{ type: 'stop', graceMs: 0 }])
})

test('serve does all that needs root in that step', async () => {
  const pidfile = join(tempFolder(), 'pid')
  const [stdout, stderr] = [collector(), collector()]
  let existed: boolean | undefined
  const context: Context = {
    stdout: stdout.output,
    stderr: stderr.output,
    tools: {
      startServer: async (...given: Parameters<Context['tools']['startServer']>) => {
        expect(existsSync(pidfile)).toBe(false)
        given[4]?.()
        existed = existsSync(pidfile)
        const server: Partial<Server> = { bound: [], transfers: () => [], stop: async () => {}, stats: () => STATS }
        return server as Server
      },
    } as Partial<Context['tools']> as Context['tools'],
    watch: (stop) => {
      queueMicrotask(() => stop(1))
      return () => {}
    },
    now: () => 0,
  }
  expect(await run(['serve', '--no-history', '--pidfile', pidfile], context)).toBe(0)
  expect(existed).toBe(true)
  expect(existsSync(pidfile)).toBe(false)
})

const COUNTS = { running: 0, requested: 0, completed: 0, probed: 0, refused: 0, superseded: 0, failed: 0 }
const STATS = { since: 0, transfers: COUNTS, writes: COUNTS, bytes: { read: 0, written: 0 }, network: NO_STATS }
