/** The control side over every link: one instance in this thread, one worker, several workers. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { startCrashing } from '../../test/support/crash.ts'
import { FakeInstances, fetched, folderWith, hanging, Log } from '../../test/support/instances.ts'
import { tempFolder } from '../../test/support/temp-folder.ts'
import { put } from '../client/put.ts'
import { probeBatch } from '../io/native/probe.ts'
import { parseConfig } from './config.ts'
import { isTransferEvent, type Server, type ServerConfigInput, type ServerEvent } from './contract.ts'
import { startControl } from './control.ts'
import { openWorkerLink } from './link.ts'
import { startServer } from './server.ts'

const native = probeBatch()
const IMAGE = Buffer.alloc(100_000, 7)
const LINKS = [
  ['one instance in this thread', { driver: 'dgram' }],
  ['one worker', { driver: 'batch', workers: 1 }],
  ['three workers', { driver: 'batch', workers: 3 }],
] as const

const ending: Server[] = []
afterEach(async () => {
  for (const server of ending.splice(0)) await server.stop(0)
})

async function begin(path: string, more: ServerConfigInput): Promise<{ server: Server; port: number; log: Log }> {
  const log = new Log()
  const server = await startServer({ path, hosts: ['127.0.0.1'], port: 0, ...more }, log.add)
  ending.push(server)
  return { server, port: server.bound[0].port, log }
}

describe.each(LINKS)('%s', (_what, driver) => {
  const skip = driver.driver === 'batch' && typeof native === 'string'

  test.skipIf(skip)('says once that it listens, first of all, and serves with ids that are unique', async () => {
    const { port, log } = await begin(folderWith('image.bin', IMAGE), driver)
    expect(log.events.map(({ event }) => event)).toEqual(['listening'])
    for (let i = 1; i <= 24; i++) expect(await fetched(port, 'image.bin', `127.0.1.${i}`)).toBe(IMAGE.length)
    await log.until(() => log.of('completed').length === 24)
    const ids = log.of('completed').map((event) => (isTransferEvent(event) ? event.id : 0))
    expect(new Set(ids).size).toBe(24)
    // 24 clients on one of three workers by chance: once in 10^10.
    if ('workers' in driver && driver.workers === 3) {
      expect(new Set(ids.map((id) => id % 3)).size).toBeGreaterThan(1)
    }
  })

  test.skipIf(skip)('shows what runs, ends one on request, and counts what was', async () => {
    const { server, port, log } = await begin(folderWith('image.bin', IMAGE), driver)
    const [one, other] = [await hanging(port), await hanging(port)]
    await log.until(() => log.of('requested').length === 2)
    const [first, second] = server.transfers()
    expect(first).toMatchObject({ file: 'image.bin', direction: 'read', state: 'requested', stalls: 0, window: 1 })
    expect(Math.abs(first.since - Date.now())).toBeLessThan(10_000)
    expect(second.id).not.toBe(first.id)
    expect(server.abort(first.id)).toBe(true)
    await log.until(() => log.of('failed').length === 1)
    expect(log.of('failed')[0]).toMatchObject({ id: first.id, code: 'ERR_TFTP_ABORTED' })
    // Its client learns of it, the other one does not.
    const told = first.client === one.client ? one : other
    for (let packet = await told.next(); packet[1] !== 5; packet = await told.next()) expect(packet[1]).toBe(3)
    expect(server.transfers().map(({ id }) => id)).toEqual([second.id])
    expect(server.abort(first.id)).toBe(false)
    expect(server.abort(12_345)).toBe(false)
    await fetched(port, 'image.bin')
    await log.until(() => log.of('completed').length === 1)
    expect(server.stats()).toMatchObject({
      transfers: { running: 1, requested: 3, completed: 1, failed: 1, refused: 0 },
      bytes: { read: IMAGE.length, written: 0 },
    })
    one.close()
    other.close()
  })

  test.skipIf(skip)('shows the last packets of what runs, to all that ask', async () => {
    const { server, port, log } = await begin(folderWith('image.bin', IMAGE), driver)
    const client = await hanging(port)
    await log.until(() => log.of('requested').length === 1)
    const [{ id }] = server.transfers()
    const [trace, again] = await Promise.all([server.trace(id), server.trace(id)])
    expect(trace?.slice(0, 2)).toEqual([
      { ms: 0, sent: false, kind: 'request', number: 1 },
      { ms: expect.any(Number), sent: true, kind: 'data', number: 1 },
    ])
    expect(again).toEqual(trace)
    client.acknowledge(1)
    await log.until(() => log.of('started').length === 1)
    const later = (await server.trace(id)) ?? []
    expect(later.map(({ sent, kind, number }) => [sent, kind, number])).toContainEqual([false, 'ack', 1])
    expect(await server.trace(12_345)).toBeUndefined()
    server.abort(id)
    await log.until(() => log.of('failed').length === 1)
    expect(await server.trace(id)).toBeUndefined()
    client.close()
  })

  test.skipIf(skip)('counts what reaches the listening port', async () => {
    const { server, port, log } = await begin(folderWith('image.bin', IMAGE), driver)
    const socket = createSocket('udp4')
    socket.send(Buffer.from('no request at all'), port, '127.0.0.1')
    await once(socket, 'message')
    await fetched(port, 'image.bin')
    await expect(fetched(port, 'missing')).rejects.toMatchObject({ code: 'ERR_TFTP_PEER_ERROR' })
    await log.until(() => log.of('refused').length === 1)
    await server.stop(0)
    expect(server.stats().network).toMatchObject({ requests: 3, ignored: 1, repeated: 0, sendErrors: {} })
    expect(server.stats().network.arrivals).toBeGreaterThan(3)
    socket.close()
  })

  test.skipIf(skip)('subscribers get every event until they have had enough', async () => {
    const { server, port, log } = await begin(folderWith('image.bin', IMAGE), driver)
    const seen: string[] = []
    const end = server.subscribe(({ event }) => seen.push(event))
    await fetched(port, 'image.bin')
    await log.until(() => log.of('completed').length === 1)
    end()
    await fetched(port, 'image.bin', '127.0.0.2')
    await log.until(() => log.of('completed').length === 2)
    expect(seen).toEqual(['requested', 'started', 'completed'])
  })

  test.skipIf(skip)('a reload serves what the path names now', async () => {
    const folder = tempFolder()
    const path = join(folder, 'it')
    writeFileSync(path, Buffer.alloc(10))
    const { server, port } = await begin(path, driver)
    expect(await fetched(port, 'any')).toBe(10)
    // What was one file for any name becomes a folder: only a reload looks at that again.
    rmSync(path)
    renameSync(folderWith('any', Buffer.alloc(20)), path)
    await expect(fetched(port, 'any')).rejects.toMatchObject({ code: 'ERR_TFTP_PEER_ERROR' })
    await server.reload()
    expect(await fetched(port, 'any')).toBe(20)
  })

  test.skipIf(skip)('a reload of what is gone is an error, and the server goes on as it was', async () => {
    const folder = folderWith('image.bin', IMAGE)
    const { server, port } = await begin(folder, driver)
    const gone = join(folder, 'gone')
    await expect(server.reload({ path: gone, hosts: ['127.0.0.1'], port: 0, ...driver })).rejects.toMatchObject({
      code: 'ERR_TFTP_NOT_FOUND',
    })
    expect(await fetched(port, 'image.bin')).toBe(IMAGE.length)
    renameSync(folder, `${folder}-away`)
    await expect(server.reload()).rejects.toMatchObject({ code: 'ERR_TFTP_NOT_FOUND' })
    renameSync(`${folder}-away`, folder)
    expect(await fetched(port, 'image.bin')).toBe(IMAGE.length)
  })

  test.skipIf(skip)('a reload with another configuration holds for new transfers', async () => {
    const folder = folderWith('image.bin', IMAGE)
    const { server, port } = await begin(folder, driver)
    const config = { path: folder, hosts: ['127.0.0.1'], port: 0, ...driver }
    const store = () => put({ host: '127.0.0.1', port, filename: 'new', input: Buffer.alloc(600) })
    await expect(store()).rejects.toMatchObject({ code: 'ERR_TFTP_PEER_ERROR' })
    await server.reload({ ...config, writable: true })
    expect((await store()).bytes).toBe(600)
    await server.reload(config)
    await expect(store()).rejects.toMatchObject({ code: 'ERR_TFTP_PEER_ERROR' })
    await expect(server.reload({ ...config, singlePort: true })).rejects.toMatchObject({
      code: 'ERR_TFTP_USAGE',
      message: expect.stringMatching(/^--single-port cannot change/),
    })
  })

  test.skipIf(skip)('stop waits for what runs, and not when it is asked again without patience', async () => {
    const { server, port, log } = await begin(folderWith('image.bin', IMAGE), driver)
    const client = await hanging(port)
    let stopped = false
    const first = server.stop().then(() => (stopped = true))
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(stopped).toBe(false)
    await server.stop(0)
    await first
    await server.stop(0)
    expect(log.of('failed')).toHaveLength(1)
    // The port is free again.
    const next = createSocket('udp4').bind(port, '127.0.0.1')
    await once(next, 'listening')
    next.close()
    client.close()
  })
})

describe.skipIf(typeof native === 'string')('workers', () => {
  test('a port that another program has is refused, also where workers share theirs', async () => {
    const other = createSocket('udp4').bind(0, '127.0.0.1')
    await once(other, 'listening')
    const log = new Log()
    const config = parseConfig({ path: tempFolder(), hosts: ['127.0.0.1'], port: other.address().port })
    const taken = startControl(config, { count: 2, open: openWorkerLink }, log.add, [])
    await expect(taken).rejects.toMatchObject({ code: 'ERR_TFTP_BIND', cause: { code: 'EADDRINUSE' } })
    expect(log.events).toEqual([])
    other.close()
  })

  test('one that crashes loses its transfers, says why, and serves again', async () => {
    const log = new Log()
    const path = folderWith('image.bin', IMAGE)
    const server = await startCrashing({ path, hosts: ['127.0.0.1'], port: 0 }, log.add)
    ending.push(server)
    const port = server.bound[0].port
    const client = await hanging(port)
    await log.until(() => log.of('requested').length === 1)
    const [{ cpu, restarts }] = await server.workers()
    expect(cpu?.user).toBeGreaterThan(0)
    expect(restarts).toBe(0)
    server.crash()
    await log.until(() => log.of('notice').length === 2)
    expect(await server.workers()).toEqual([{ cpu: expect.any(Object), restarts: 1 }])
    expect(log.of('failed')).toEqual([
      expect.objectContaining({
        file: 'image.bin',
        code: 'ERR_TFTP_INTERNAL',
        reason: expect.stringContaining('crash'),
      }),
    ])
    expect(server.transfers()).toEqual([])
    const [notice, again] = log.of('notice')
    expect(again).toMatchObject({ code: 'WORKER_RESTARTED' })
    expect(notice).toMatchObject({ code: 'WORKER_CRASHED', message: expect.stringContaining('crashed for a test') })
    expect('message' in notice && notice.message.includes('\n')).toBe(false)
    expect(await fetched(port, 'image.bin', '127.0.2.1')).toBe(IMAGE.length)
    await log.until(() => log.of('completed').length === 1)
    const id = (event: ServerEvent): number => (isTransferEvent(event) ? event.id : 0)
    expect(id(log.of('completed')[0])).toBeGreaterThan(id(log.of('failed')[0]))
    expect(server.stats().transfers).toMatchObject({ failed: 1, completed: 1, running: 0 })
    client.close()
  })

  test('one that is started again after a crash begins with what is known of the devices', async () => {
    const log = new Log()
    const fake = new FakeInstances()
    const server = await fake.start(tempFolder(), 1, log.add)
    ending.push(server)
    const update = { device: 'mac 02:00:00:00:00:01', learnt: { countsRepeats: true }, time: 1, count: 1 }
    fake.owners[0].handle({ type: 'learnt', update })
    fake.owners[0].exited('crashed for a test')
    await log.until(() => log.of('notice').length === 2)
    expect(fake.starts.map(({ memory }) => memory)).toEqual([[], [update]])
  })
})

test('a trace is not waited for when its instance crashes, or its transfer ended meanwhile', async () => {
  const [log, fake] = [new Log(), new FakeInstances()]
  const server = await fake.start(tempFolder(), 2, log.add)
  ending.push(server)
  const requested = {
    event: 'requested',
    time: 0,
    client: '10.0.0.1:1',
    file: 'a',
    direction: 'read',
    bytes: 0,
  } as const
  const figures = { blocks: 0, datagrams: 0, retransmitted: 0, window: 1, ms: 0, rateBytesPerSec: 0 }
  for (const [index, id] of [
    [0, 1],
    [1, 2],
  ]) {
    fake.owners[index].handle({ type: 'event', event: { ...requested, ...figures, id } })
  }
  const [first, second] = [server.trace(1), server.trace(2)]
  expect([fake.sent[0].at(-1), fake.sent[1].at(-1)]).toEqual([
    { type: 'trace', id: 1 },
    { type: 'trace', id: 2 },
  ])
  fake.owners[0].handle({ type: 'trace', id: 1 })
  expect(await first).toBeUndefined()
  fake.owners[1].exited('crashed for a test')
  expect(await second).toBeUndefined()
})
