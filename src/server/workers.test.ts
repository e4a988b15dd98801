import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { tempFolder } from '../../test/support/temp-folder.ts'
import { get } from '../client/get.ts'
import { probeBatch } from '../io/native/probe.ts'
import type { ServerEvent } from './events.ts'
import type { Server, ServerOptions } from './server.ts'
import { startWorkers, workerCount } from './workers.ts'

const native = probeBatch()
const folder = tempFolder()
const running: Server[] = []
let events: ServerEvent[] = []
const waiting: (() => void)[] = []

afterEach(async () => {
  for (const server of running.splice(0)) await server.stop(0)
  events = []
})

const options = (): ServerOptions => ({
  path: folder,
  hosts: ['127.0.0.1'],
  port: 0,
  window: 'auto',
  driver: 'batch',
  writable: false,
  overwrite: false,
  singlePort: false,
  allow: [],
  onEvent: (event) => {
    events.push(event)
    for (const wake of waiting.splice(0)) wake()
  },
})

async function start(count: number): Promise<{ server: Server; port: number }> {
  const server = await startWorkers(options(), count)
  running.push(server)
  return { server, port: server.bound[0].port }
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise<void>((resolve) => waiting.push(resolve))
}

const seen = (kind: ServerEvent['event']): ServerEvent[] => events.filter(({ event }) => event === kind)

async function fetch(port: number, from: string): Promise<Buffer> {
  const output = join(folder, `out-${from}`)
  const { bytes } = await get({ host: '127.0.0.1', port, filename: 'image.bin', output, localAddress: from })
  expect(bytes).toBe(100_000)
  return Buffer.alloc(0)
}

describe.skipIf(typeof native === 'string')('a server in threads', () => {
  test('listens once for the user, and every thread serves, with ids that are nobody else’s', async () => {
    writeFileSync(join(folder, 'image.bin'), Buffer.alloc(100_000, 7))
    const { port } = await start(3)
    expect(events.map(({ event }) => event)).toEqual(['listening'])
    for (let i = 1; i <= 24; i++) await fetch(port, `127.0.1.${i}`)
    await until(() => seen('completed').length === 24)
    const ids = seen('completed').map((event) => ('id' in event ? event.id : 0))
    expect(new Set(ids).size).toBe(24)
    // 24 clients on one of three threads by chance: once in 10^10.
    expect(new Set(ids.map((id) => id % 3)).size).toBeGreaterThan(1)
  })

  test('a port that another program has is refused, also where threads share theirs', async () => {
    const other = createSocket('udp4').bind(0, '127.0.0.1')
    await once(other, 'listening')
    const taken = startWorkers({ ...options(), port: other.address().port }, 2)
    await expect(taken).rejects.toMatchObject({ code: 'ERR_TFTP_BIND', cause: { code: 'EADDRINUSE' } })
    expect(events).toEqual([])
    other.close()
  })

  test('a thread that breaks loses its transfers, says why, and serves again', async () => {
    writeFileSync(join(folder, 'image.bin'), Buffer.alloc(100_000, 7))
    const { server, port } = await start(1)
    const client = createSocket('udp4').bind(0, '127.0.0.1')
    client.send(Buffer.from('\0\x01image.bin\0octet\0'), port, '127.0.0.1')
    await once(client, 'message')
    ;(server as unknown as { breakForTests(): void }).breakForTests()
    await until(() => seen('notice').length === 2)
    expect(seen('failed')).toEqual([
      expect.objectContaining({
        file: 'image.bin',
        code: 'ERR_TFTP_INTERNAL',
        cause: expect.stringContaining('broke'),
      }),
    ])
    const [notice, again] = seen('notice')
    expect(again).toMatchObject({ code: 'THREAD_RESTARTED' })
    expect(notice).toMatchObject({ code: 'THREAD_BROKE', message: expect.stringContaining('broken for a test') })
    expect('message' in notice && notice.message.includes('\n')).toBe(false)
    await fetch(port, '127.0.2.1')
    await until(() => seen('completed').length === 1)
    const id = (event: ServerEvent): number => ('id' in event ? event.id : 0)
    expect(id(seen('completed')[0])).toBeGreaterThan(id(seen('failed')[0]))
    client.close()
  })

  test('reloads', async () => {
    writeFileSync(join(folder, 'image.bin'), Buffer.alloc(100_000, 7))
    const { server, port } = await start(2)
    await server.reload()
    await fetch(port, '127.0.3.1')
  })
})

test.each([
  [{}, 1, 1],
  [{}, 2, 1],
  [{}, 8, 4],
  [{}, 64, 8],
  [{ workers: 3 }, 2, 3],
  [{ record: '/tmp' }, 8, 1],
  [{ maxTransfers: 10 }, 8, 1],
] as const)('%j on %d cores: %d threads', (some, cores, count) => {
  expect(workerCount({ ...options(), ...some }, cores)).toBe(count)
})
