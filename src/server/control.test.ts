/** The control side over every link: one instance in this thread, one worker, several workers. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { startCrashing } from '../../test/support/crash.ts'
import { tempFolder } from '../../test/support/temp-folder.ts'
import { get } from '../client/get.ts'
import { put } from '../client/put.ts'
import { probeBatch } from '../io/native/probe.ts'
import { parseConfig } from './config.ts'
import {
  isTransferEvent,
  type Server,
  type ServerConfig,
  type ServerConfigInput,
  type ServerEvent,
} from './contract.ts'
import { startControl } from './control.ts'
import { type LinkOwner, type OpenLink, openLocalLink, openWorkerLink } from './link.ts'
import type { InstanceStart, ToInstance } from './protocol.ts'
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

/** Events of one server, to be waited for. */
class Log {
  readonly events: ServerEvent[] = []
  #waiting: (() => void)[] = []
  readonly add = (event: ServerEvent): void => {
    this.events.push(event)
    for (const wake of this.#waiting.splice(0)) wake()
  }

  of(kind: string): ServerEvent[] {
    return this.events.filter(({ event }) => event === kind)
  }

  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }
}

async function begin(path: string, more: ServerConfigInput): Promise<{ server: Server; port: number; log: Log }> {
  const log = new Log()
  const server = await startServer({ path, hosts: ['127.0.0.1'], port: 0, ...more }, log.add)
  ending.push(server)
  return { server, port: server.bound[0].port, log }
}

function folderWith(name: string, bytes: Buffer): string {
  const folder = tempFolder()
  writeFileSync(join(folder, name), bytes)
  return folder
}

async function fetched(port: number, filename: string, localAddress = '127.0.0.1'): Promise<number> {
  const output = join(tempFolder(), 'out')
  return (await get({ host: '127.0.0.1', port, filename, output, localAddress })).bytes
}

/** A client that asks and then says nothing more: its transfer runs until something ends it. */
async function hanging(
  port: number,
  name = 'image.bin',
): Promise<{ client: string; next(): Promise<Buffer>; acknowledge(block: number): void; close(): void }> {
  const socket = createSocket('udp4')
  const packets: Buffer[] = []
  let wake = (): void => {}
  let tid = 0
  socket.on('message', (data, from) => {
    packets.push(data)
    tid = from.port
    wake()
  })
  const next = async (): Promise<Buffer> => {
    while (packets.length === 0) await new Promise<void>((resolve) => (wake = resolve))
    return packets.shift() as Buffer
  }
  socket.send(Buffer.from(`\0\x01${name}\0octet\0`), port, '127.0.0.1')
  await next()
  const acknowledge = (block: number): void => socket.send(Buffer.from([0, 4, 0, block]), tid, '127.0.0.1')
  return { client: `127.0.0.1:${socket.address().port}`, next, acknowledge, close: () => socket.close() }
}

/** Instances without sockets, which answer the control side as a test wants. */
class FakeInstances {
  readonly starts: InstanceStart[] = []
  readonly indexes: number[] = []
  readonly owners: LinkOwner[] = []
  /** Everything that each instance was sent, by its number. */
  readonly sent: ToInstance[][] = []
  /** Answers to `prepare`, by the number of the instance; the rest answers at once that it is prepared. */
  readonly prepare = new Map<number, () => void>()

  readonly open: OpenLink = (start, index, owner) => {
    this.starts.push(start)
    this.indexes.push(index)
    this.owners[index] = owner
    this.sent[index] ??= []
    queueMicrotask(() => owner.handle({ type: 'ready', bound: [{ address: '127.0.0.1', port: 69 }], driver: 'dgram' }))
    return {
      send: (message) => {
        this.sent[index].push(message)
        queueMicrotask(() => this.#answer(message, index, owner))
      },
      terminate: async () => owner.exited(''),
    }
  }

  async start(path: string, count: number, listener: (event: ServerEvent) => void): Promise<Server> {
    const restart = { firstMs: 0, maxMs: 0, wellMs: 60_000 }
    const config = parseConfig({ path, hosts: ['127.0.0.1'], port: 69 })
    const server = await startControl(config, { count, open: this.open, restart }, listener, [])
    ending.push(server)
    return server
  }

  fail(index: number): void {
    const error = { message: 'cannot open it; look at it', code: 'ERR_TFTP_ACCESS', fault: 'local' } as const
    this.owners[index].handle({ type: 'prepared', error })
  }

  /** The kinds of message that instance `index` was sent, the last `count`. */
  last(index: number, count: number): string[] {
    return this.sent[index].slice(-count).map(({ type }) => type)
  }

  #answer(message: ToInstance, index: number, owner: LinkOwner): void {
    const { type } = message
    if (type === 'prepare') (this.prepare.get(index) ?? (() => owner.handle({ type: 'prepared' })))()
    if (type === 'follow') owner.handle({ type: 'following' })
    if (type === 'stop') owner.handle({ type: 'stopped' })
  }
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
    const first = server.stop(60_000).then(() => (stopped = true))
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
    server.crash()
    await log.until(() => log.of('notice').length === 2)
    expect(log.of('failed')).toEqual([
      expect.objectContaining({
        file: 'image.bin',
        code: 'ERR_TFTP_INTERNAL',
        cause: expect.stringContaining('crash'),
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
    await fake.start(tempFolder(), 1, log.add)
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

describe('a reload of several instances', () => {
  const setUp = async (count = 3) => {
    const [path, log, fake] = [tempFolder(), new Log(), new FakeInstances()]
    const server = await fake.start(path, count, log.add)
    const input = { path, hosts: ['127.0.0.1'], port: 69 }
    /** Instance `index` crashes and is started again; what it begins with now. */
    const crash = async (index: number): Promise<ServerConfig> => {
      const notices = log.of('notice').length
      fake.owners[index].exited('crashed for a test')
      await log.until(() => log.of('notice').length === notices + 2)
      expect(fake.indexes.at(-1)).toBe(index)
      return (fake.starts.at(-1) as InstanceStart).config
    }
    return { path, log, fake, server, input, crash }
  }

  test('is followed by all of them once all are prepared', async () => {
    const { fake, server, input, crash } = await setUp()
    await server.reload({ ...input, writable: true })
    for (const index of [0, 1, 2]) expect(fake.last(index, 3)).toEqual(['prepare', 'follow'])
    expect(await crash(1)).toMatchObject({ writable: true })
  })

  test('is followed by none where one cannot prepare it, and the error says what still holds', async () => {
    const { fake, server, input, crash } = await setUp()
    fake.prepare.set(1, () => fake.fail(1))
    await expect(server.reload({ ...input, writable: true })).rejects.toMatchObject({
      code: 'ERR_TFTP_ACCESS',
      message: 'cannot open it; look at it; the server goes on with its previous settings',
    })
    expect([0, 1, 2].map((index) => fake.last(index, 3))).toEqual([
      ['prepare', 'discard'],
      ['prepare'],
      ['prepare', 'discard'],
    ])
    expect(await crash(0)).toMatchObject({ writable: false })
    // Without a configuration a reload opens anew what holds, and that is not the one that failed.
    fake.prepare.clear()
    await server.reload()
    for (const index of [0, 1, 2])
      expect(fake.sent[index].at(-2)).toMatchObject({ type: 'prepare', config: { writable: false } })
  })

  test('waits for the slowest answer before it lets go of what the others prepared', async () => {
    const { fake, server, input } = await setUp(2)
    const asked = Promise.withResolvers<void>()
    fake.prepare.set(0, () => fake.fail(0))
    fake.prepare.set(1, asked.resolve)
    const failed = expect(server.reload({ ...input, writable: true })).rejects.toThrow('previous settings')
    await asked.promise
    await new Promise((resolve) => setImmediate(resolve))
    expect(fake.last(1, 1)).toEqual(['prepare'])
    fake.owners[1].handle({ type: 'prepared' })
    await failed
    expect(fake.last(1, 2)).toEqual(['prepare', 'discard'])
  })

  test('includes an instance that crashes and starts again meanwhile, whether the reload fails or not', async () => {
    for (const outcome of ['fails', 'holds']) {
      const { fake, server, input, crash } = await setUp()
      const asked = Promise.withResolvers<void>()
      fake.prepare.set(2, asked.resolve)
      const reload = server.reload({ ...input, writable: true }).then(
        () => 'holds',
        () => 'fails',
      )
      await asked.promise
      // It had prepared. What starts again begins with what holds so far, and nothing is prepared in it.
      expect(await crash(0)).toMatchObject({ writable: false })
      if (outcome === 'fails') fake.fail(2)
      else fake.owners[2].handle({ type: 'prepared' })
      expect(await reload).toBe(outcome)
      expect(fake.last(0, 2)).toEqual(outcome === 'holds' ? ['prepare', 'follow'] : ['prepare'])
      expect(fake.last(1, 1)).toEqual([outcome === 'holds' ? 'follow' : 'discard'])
      expect(await crash(0)).toMatchObject({ writable: outcome === 'holds' })
    }
  })

  test('does not wait for an instance that crashes while it is asked; that one begins with what holds then', async () => {
    const { fake, server, input, log } = await setUp(2)
    fake.prepare.set(1, () => fake.owners[1].exited('crashed for a test'))
    await server.reload({ ...input, writable: true })
    await log.until(() => log.of('notice').length === 2)
    expect(fake.starts.at(-1)?.config.writable).toBe(true)
    expect(fake.last(0, 2)).toEqual(['prepare', 'follow'])
  })

  test('waits for the one before', async () => {
    const { fake, server, input, crash } = await setUp(2)
    const asked = Promise.withResolvers<void>()
    fake.prepare.set(0, asked.resolve)
    const first = expect(server.reload({ ...input, writable: true })).rejects.toThrow('previous settings')
    const second = server.reload({ ...input, window: 3 })
    await asked.promise
    await new Promise((resolve) => setImmediate(resolve))
    expect(fake.last(1, 2)).toEqual(['prepare'])
    fake.prepare.clear()
    fake.fail(0)
    await first
    await second
    expect(fake.sent[1].map(({ type }) => type)).toEqual(['prepare', 'discard', 'prepare', 'follow'])
    expect(await crash(1)).toMatchObject({ writable: false, window: 3 })
  })
})

test('a reload that one real instance cannot prepare leaves the other as it was', async () => {
  const ports: number[] = []
  // Each has a port of its own, so that the test knows which one it asks. The second one finds no content.
  const open: OpenLink = (start, index, owner) => {
    const config = { ...start.config, port: 0 }
    const link = openLocalLink({ ...start, config, sharedPort: undefined }, index, {
      exited: (cause) => owner.exited(cause),
      handle: (message) => {
        if (message.type === 'ready') ports[index] = message.bound[0].port
        owner.handle(message)
      },
    })
    const gone = { type: 'path', path: '/nonexistent' } as const
    const isBroken = index === 1
    const send = (message: ToInstance): void =>
      link.send(
        isBroken && message.type === 'prepare' ? { ...message, config: { ...message.config, content: gone } } : message,
      )
    return { ...link, send }
  }
  const input = { path: folderWith('image.bin', IMAGE), hosts: ['127.0.0.1'], port: 0, driver: 'dgram' } as const
  const server = await startControl(parseConfig(input), { count: 2, open }, undefined, [])
  ending.push(server)
  await expect(server.reload({ ...input, writable: true })).rejects.toMatchObject({
    code: 'ERR_TFTP_NOT_FOUND',
    message: expect.stringMatching(/\/nonexistent.*; the server goes on with its previous settings$/),
  })
  for (const port of ports) {
    const store = put({ host: '127.0.0.1', port, filename: 'new', input: Buffer.alloc(600) })
    await expect(store).rejects.toMatchObject({ code: 'ERR_TFTP_PEER_ERROR' })
    expect(await fetched(port, 'image.bin')).toBe(IMAGE.length)
  }
})
