/** Events that no listener reads: what crosses in their place, over both links. */
import { afterEach, describe, expect, test } from 'vitest'
import { startCrashing } from '../../test/support/crash.ts'
import { Arrivals, fetched, folderWith, hanging, Log } from '../../test/support/instances.ts'
import { probeBatch } from '../io/native/probe.ts'
import { parseConfig } from './config.ts'
import { type EventLevel, isTransferEvent, type Server } from './contract.ts'
import { startControl } from './control.ts'
import { type OpenLink, openLocalLink, openWorkerLink } from './link.ts'
import type { FromInstance } from './protocol.ts'

const native = probeBatch()
const IMAGE = Buffer.alloc(100_000, 7)

const ending: Server[] = []
afterEach(async () => {
  for (const server of ending.splice(0)) await server.stop(0)
})

describe.each([
  ['calls in this thread', openLocalLink, 'dgram'],
  ['messages of a worker', openWorkerLink, 'batch'],
] as const)('a listener at warn, over %s', (_what, openLink, driver) => {
  const skip = driver === 'batch' && typeof native === 'string'

  /** A server whose messages from its one instance are written down. */
  async function beginAt(level: EventLevel, isListening = true) {
    const [wire, log] = [new Arrivals<FromInstance>(), new Log()]
    const open: OpenLink = (start, index, owner) =>
      openLink(start, index, {
        exited: (cause) => owner.exited(cause),
        handle: (message) => {
          owner.handle(message)
          wire.add(message)
        },
      })
    const path = folderWith('image.bin', Buffer.alloc(700))
    const config = parseConfig({ path, hosts: ['127.0.0.1'], port: 0, driver })
    const server = await startControl(config, { count: 1, open }, isListening ? log.add : undefined, [], level)
    ending.push(server)
    const crossed = (): string[] => wire.events.flatMap((one) => (one.type === 'event' ? [one.event.event] : []))
    return { server, wire, log, crossed, port: server.bound[0].port }
  }

  test.skipIf(skip)('gets no message for each of 300 healthy transfers, and the totals are right', async () => {
    const { server, wire, log, crossed, port } = await beginAt('warn')
    for (let i = 0; i < 300; i += 25) await Promise.all(Array.from({ length: 25 }, () => fetched(port, 'image.bin')))
    await server.stop(10_000)
    expect(crossed()).toEqual([])
    expect(log.events).toEqual([])
    expect(server.stats()).toMatchObject({
      transfers: { running: 0, requested: 300, completed: 300, failed: 0, refused: 0 },
      bytes: { read: 210_000, written: 0 },
    })
    expect(wire.events.length).toBeLessThan(150)
  })

  test.skipIf(skip)('finds and ends what runs, and gets what went wrong', async () => {
    const { server, wire, log, crossed, port } = await beginAt('warn')
    const client = await hanging(port)
    await wire.until(() => server.transfers().length === 1)
    const [{ id }] = server.transfers()
    expect(server.transfers()).toMatchObject([{ file: 'image.bin', state: 'requested', client: client.client }])
    expect(server.stats().transfers).toMatchObject({ running: 1, requested: 1 })
    expect((await server.trace(id))?.[0]).toMatchObject({ kind: 'request' })
    expect(server.abort(id)).toBe(true)
    await log.until(() => log.of('failed').length === 1)
    expect(log.of('failed')[0]).toMatchObject({ id, code: 'ERR_TFTP_ABORTED', file: 'image.bin' })
    expect(server.transfers()).toEqual([])
    await expect(fetched(port, 'missing')).rejects.toMatchObject({ code: 'ERR_TFTP_PEER_ERROR' })
    await log.until(() => log.of('refused').length === 1)
    expect(crossed()).toEqual(['failed', 'refused'])
    expect(server.stats().transfers).toMatchObject({ running: 0, requested: 2, failed: 1, refused: 1 })
    client.close()
  })

  test.skipIf(skip)('that subscribes right after the start misses nothing', async () => {
    const { server, log, port } = await beginAt('debug', false)
    server.subscribe(log.add)
    await fetched(port, 'image.bin')
    await log.until(() => log.of('completed').length === 1)
    expect(log.of('requested')).toHaveLength(1)
    expect(log.of('started')).toHaveLength(1)
  })

  test.skipIf(skip)('is not alone any more when another one asks for more, and alone again later', async () => {
    const { server, wire, log, crossed, port } = await beginAt('warn')
    const client = await hanging(port)
    await wire.until(() => server.transfers().length === 1)
    const [{ id }] = server.transfers()
    const more = new Log()
    const end = server.subscribe(more.add, 'info')
    // The answer comes after what was sent before the question.
    await server.trace(id)
    await fetched(port, 'image.bin', '127.0.0.2')
    await more.until(() => more.of('completed').length === 1)
    expect(more.events.map(({ event }) => event)).toEqual(['requested', 'started', 'completed'])
    end()
    await server.trace(id)
    await fetched(port, 'image.bin', '127.0.0.3')
    await wire.until(() => server.stats().transfers.completed === 2)
    expect(crossed()).toEqual(['requested', 'started', 'completed'])
    expect(log.events).toEqual([])
    expect(server.transfers().map((transfer) => transfer.id)).toEqual([id])
    client.close()
  })
})

test.skipIf(typeof native === 'string')(
  'a worker that crashes while no listener reads events fails all that it lost',
  async () => {
    const log = new Log()
    const path = folderWith('image.bin', IMAGE)
    const server = await startCrashing({ path, hosts: ['127.0.0.1'], port: 0 }, log.add, 'error')
    ending.push(server)
    const port = server.bound[0].port
    const clients = await Promise.all([hanging(port), hanging(port), hanging(port)])
    server.crash()
    await log.until(() => log.of('failed').length === 3)
    const lost = log.of('failed').map((event) => ('client' in event ? event.client : ''))
    expect(lost.toSorted()).toEqual(clients.map((one) => one.client).toSorted())
    expect(server.stats().transfers).toMatchObject({ requested: 3, failed: 3, running: 0 })
    // It is started again at the level that holds now, and with ids that no transfer had.
    const more = new Log()
    server.subscribe(more.add)
    await more.until(() => more.of('notice').length === 1)
    await fetched(port, 'image.bin')
    await more.until(() => more.of('completed').length === 1)
    const ids = [...log.of('failed'), ...more.of('completed')].map((event) => (isTransferEvent(event) ? event.id : 0))
    expect(new Set(ids).size).toBe(4)
    for (const client of clients) client.close()
  },
)
