/** What a history gets from a server, whatever listeners read, over both links. */
import { afterEach, describe, expect, test } from 'vitest'
import { Arrivals, FakeInstances, fetched, folderWith, hanging } from '../../test/support/instances.ts'
import type { EndedTransfer, History } from '../history/contract.ts'
import { probeBatch } from '../io/native/probe.ts'
import type { DeviceUpdate } from '../profile/memory.ts'
import { readTrace } from '../transfer/trace.ts'
import { parseConfig } from './config.ts'
import type { EventLevel, Server } from './contract.ts'
import { startControl } from './control.ts'
import { openLocalLink, openWorkerLink } from './link.ts'

const native = probeBatch()
const BEFORE: DeviceUpdate = { device: '192.0.2.1 1 octet', learnt: { countsRepeats: true }, time: 5, count: 3 }

class Kept implements History {
  readonly devices = [BEFORE]
  readonly log = new Arrivals<EndedTransfer>()
  readonly updates = new Arrivals<DeviceUpdate>()
  readonly ended = this.log.add
  readonly learnt = this.updates.add
}

const ending: Server[] = []
afterEach(async () => {
  for (const server of ending.splice(0)) await server.stop(0)
})

describe.each([
  ['calls in this thread', openLocalLink, 'dgram'],
  ['messages of a worker', openWorkerLink, 'batch'],
] as const)('over %s', (_what, open, driver) => {
  const skip = driver === 'batch' && typeof native === 'string'

  describe.each(['error', 'debug'] as const)('with a listener at %s', (level: EventLevel) => {
    test.skipIf(skip)('each transfer that ends is told once, with what was negotiated and how it went', async () => {
      const history = new Kept()
      const heard: string[] = []
      const path = folderWith('image.bin', Buffer.alloc(100_000, 7))
      const config = parseConfig({ path, hosts: ['127.0.0.1'], port: 0, driver })
      const listener = ({ event }: { event: string }): void => void heard.push(event)
      const server = await startControl(config, { count: 1, open }, listener, [], level, history)
      ending.push(server)
      const { port } = server.bound[0]
      await fetched(port, 'image.bin')
      // Its checksum takes a moment.
      await history.log.until(() => history.log.events.length === 1)
      await expect(fetched(port, 'missing')).rejects.toMatchObject({ code: 'ERR_TFTP_PEER_ERROR' })
      const client = await hanging(port)
      await history.log.until(() => history.log.events.length >= 2)
      await server.stop(0)
      client.close()

      const { events } = history.log
      expect(events.map(({ event }) => event.event)).toEqual(['completed', 'refused', 'failed'])
      const [completed, refused, failed] = events
      expect(completed.event).toMatchObject({
        file: 'image.bin',
        bytes: 100_000,
        crc32: expect.stringMatching(/^[0-9a-f]{8}$/),
      })
      expect(completed.details).toEqual({
        device: expect.stringMatching(/^127\.0\.0\.1 1 octet tsize blksize=/),
        asked: expect.stringMatching(/^tsize=0 blksize=\d+ windowsize=\d+$/),
        agreed: expect.stringMatching(/^tsize=100000 blksize=\d+ windowsize=\d+$/),
        stalls: 0,
      })
      expect(refused.event).toMatchObject({ file: 'missing', code: 'ERR_TFTP_NOT_FOUND' })
      expect(refused.details).toMatchObject({ agreed: '', stalls: 0 })
      expect(failed.event).toMatchObject({ code: 'ERR_TFTP_ABORTED', client: client.client })
      const bytes = Buffer.from(failed.trace ?? '', 'base64')
      const words = new Uint32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length))
      expect(readTrace(words).slice(0, 2)).toMatchObject([
        { kind: 'request', number: 1 },
        { kind: 'data', number: 1 },
      ])
      // The levels of listeners are as without a history, and so are the totals.
      expect(heard.includes('completed')).toBe(level === 'debug')
      expect(server.stats().transfers).toMatchObject({ requested: 3, completed: 1, refused: 1, failed: 1, running: 0 })
      expect(history.updates.events).toMatchObject([{ device: completed.details.device, learnt: {} }])
    })
  })
})

test('instances begin with what was learnt before; one that crashed says of no transfer how it went', async () => {
  const fake = new FakeInstances()
  const history = new Kept()
  const config = parseConfig({ path: folderWith('image.bin', Buffer.alloc(7)), hosts: ['127.0.0.1'], port: 69 })
  const restart = { firstMs: 0, maxMs: 0, wellMs: 60_000 }
  const server = await startControl(config, { count: 2, open: fake.open, restart }, undefined, [], 'error', history)
  ending.push(server)
  expect(fake.starts.map(({ memory, keeps }) => ({ memory, keeps }))).toEqual([
    { memory: [BEFORE], keeps: true },
    { memory: [BEFORE], keeps: true },
  ])
  const learnt = { ...BEFORE, time: 9 }
  fake.owners[0].handle({ type: 'learnt', update: learnt })
  expect(history.updates.events).toEqual([learnt])
  const standing = {
    id: 1,
    client: '192.0.2.1:2001',
    file: 'image.bin',
    direction: 'read',
    state: 'running',
    bytes: 5,
    rateBytesPerSec: 1,
    window: 1,
    blocks: 1,
    datagrams: 1,
    retransmitted: 0,
    stalls: 0,
    since: 1000,
  } as const
  const facts = { counts: { requested: 1 }, readBytes: 0, writtenBytes: 0, running: [standing], ended: [], lastId: 1 }
  fake.owners[0].handle({ type: 'facts', facts })
  fake.owners[0].exited('a bug')
  expect(history.log.events).toMatchObject([
    { event: { event: 'failed', id: 1, code: 'ERR_TFTP_INTERNAL' }, details: { device: '', asked: '', stalls: 0 } },
  ])
})

test('without a history instances do nothing for one', async () => {
  const fake = new FakeInstances()
  ending.push(await fake.start(folderWith('image.bin', Buffer.alloc(7)), 1, () => {}))
  expect(fake.starts).toMatchObject([{ memory: [], keeps: false }])
})
