/** What a history gets from a server, whatever listeners read, over both links. */
import { afterEach, describe, expect, test } from 'vitest'
import { Arrivals, FakeInstances, fetched, folderWith, hanging } from '../../test/support/instances.ts'
import { COLUMNS, rowOf, type TransferRow } from '../history/batch.ts'
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

/** A row with the names of its columns. */
type Named = Readonly<Record<string, unknown>>

function named(row: TransferRow): Named {
  const columns = COLUMNS.map((name, at) => [name, row[at + 2]])
  return { device: row[1], ...Object.fromEntries(columns), trace: row.at(-1) }
}

class Kept implements History {
  readonly devices = [BEFORE]
  readonly log = new Arrivals<Named>()
  readonly updates = new Arrivals<DeviceUpdate>()
  readonly learnt = this.updates.add

  ended(transfer: EndedTransfer): void {
    this.log.add(named(rowOf(1, transfer, transfer.trace)))
  }

  readonly forget = async (): Promise<string[]> => [BEFORE.device]

  kept(rows: string, count: number): void {
    const parsed = JSON.parse(`[${rows}]`) as TransferRow[]
    expect(parsed).toHaveLength(count)
    for (const row of parsed) this.log.add(named(row))
  }
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
    test.skipIf(skip)('each transfer that ends comes once, with what was negotiated and how it went', async () => {
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

      // Rows that no listener reads come by another way, a moment later.
      const by = (outcome: string): Named => history.log.events.find((row) => row.outcome === outcome) ?? {}
      expect(history.log.events).toHaveLength(3)
      const [completed, refused, failed] = [by('completed'), by('refused'), by('failed')]
      // A busy machine may make it repeat a block.
      expect(completed).toMatchObject({
        device: expect.stringMatching(/^127\.0\.0\.1 1 octet tsize blksize=/),
        address: '127.0.0.1',
        port: expect.any(Number),
        direction: 'read',
        asked: 'image.bin',
        served: null,
        options_asked: expect.stringMatching(/^tsize=0 blksize=\d+ windowsize=\d+$/),
        options_agreed: expect.stringMatching(/^tsize=100000 blksize=\d+ windowsize=\d+$/),
        outcome: 'completed',
        last_ack: null,
        code: null,
        reason: null,
        bytes: 100_000,
        size_bytes: 100_000,
        blocks: expect.any(Number),
        window: expect.any(Number),
        blksize: expect.any(Number),
        started_ms: expect.any(Number),
        ms: expect.any(Number),
        crc32: expect.stringMatching(/^[0-9a-f]{8}$/),
      })
      expect(Math.abs(Number(completed.started_ms) - Date.now())).toBeLessThan(60_000)
      expect(refused).toMatchObject({ asked: 'missing', code: 'ERR_TFTP_NOT_FOUND', options_agreed: '', stalls: 0 })
      expect(refused.reason).toMatch(/missing/)
      expect(failed).toMatchObject({ code: 'ERR_TFTP_ABORTED', port: Number(client.client.split(':')[1]) })
      const bytes = Buffer.from(String(failed.trace), 'base64')
      const words = new Uint32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length))
      expect(readTrace(words).slice(0, 2)).toMatchObject([
        { kind: 'request', number: 1 },
        { kind: 'data', number: 1 },
      ])
      // The levels of listeners are as without a history, and so are the totals.
      expect(heard.includes('completed')).toBe(level === 'debug')
      expect(server.stats().transfers).toMatchObject({ requested: 3, completed: 1, refused: 1, failed: 1, running: 0 })
      expect(history.updates.events).toMatchObject([{ device: completed.device, learnt: {} }])
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
  const facts = {
    counts: { requested: 1 },
    writes: {},
    readBytes: 0,
    writtenBytes: 0,
    running: [standing],
    ended: [],
    lastId: 1,
  }
  fake.owners[0].handle({ type: 'facts', facts })
  fake.owners[0].exited('a bug')
  expect(history.log.events).toMatchObject([
    { outcome: 'failed', code: 'ERR_TFTP_INTERNAL', device: '', options_asked: '', stalls: 0 },
  ])
})

test('without a history instances do nothing for one', async () => {
  const fake = new FakeInstances()
  ending.push(await fake.start(folderWith('image.bin', Buffer.alloc(7)), 1, () => {}))
  expect(fake.starts).toMatchObject([{ memory: [], keeps: false }])
})
