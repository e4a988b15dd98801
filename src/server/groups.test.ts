/** Which clients share a group, and which group they get. */
import { expect, test } from 'vitest'
import type { Outcome } from '../transfer/contract.ts'
import type { Driver } from '../io/driver.ts'
import type { ServedImage, ServedTransfer } from './content.ts'
import { Groups } from './groups.ts'

class Bench {
  now = 0
  readonly opened: string[] = []
  closed = 0
  readonly groups: Groups

  constructor(multicast = '239.255.0.1-2') {
    const port = { tid: () => ({}), close: () => this.closed++ }
    const driver = {
      now: () => this.now,
      openGroup: async ({ address }: { address: string }) => {
        this.opened.push(address)
        return port
      },
    }
    this.groups = new Groups(driver as unknown as Driver<ServedTransfer>, { multicast })
  }

  /** The group that a client gets; undefined where it is served alone. */
  async join(version: object | undefined, blksize = '512', local = '10.0.0.1'): Promise<Client> {
    const options = [
      { name: 'multicast', value: '' },
      { name: 'blksize', value: blksize },
    ]
    const transfer = {
      peer: { address: '10.0.0.9', port: 2000, local, near: true },
      request: { opcode: 1, filename: 'image', mode: 'octet', options },
      closed: false,
      outcome: undefined as Outcome | undefined,
      machine: undefined,
    }
    const content = { image: { version, sizeBytes: 1000 } } as unknown as ServedImage
    const served = transfer as unknown as ServedTransfer
    await this.groups.join(served, content)
    return {
      group: this.groups.sessionOf(served)?.group.address,
      end: (outcome) => {
        transfer.outcome = outcome
        this.groups.leave(this.now, served)
      },
    }
  }
}

interface Client {
  readonly group: string | undefined
  end(outcome: Outcome): void
}

const DONE: Outcome = { status: 'completed' }

test('one version, block size and address share a group, and its port closes with the last of them', async () => {
  const bench = new Bench()
  const version = {}
  const clients = [await bench.join(version), await bench.join(version)]
  expect(clients.map(({ group }) => group)).toEqual(['239.255.0.1', '239.255.0.1'])
  expect((await bench.join({})).group).toBe('239.255.0.2')
  expect(bench.opened).toHaveLength(2)
  clients[0].end(DONE)
  await Promise.resolve()
  expect(bench.closed).toBe(0)
  clients[1].end(DONE)
  await Promise.resolve()
  expect(bench.closed).toBe(1)
})

test.each<[string, string, string]>([
  ['another block size', '1024', '10.0.0.1'],
  ['another address of this machine', '512', '10.0.0.2'],
])('%s is another group', async (_, blksize, local) => {
  const bench = new Bench()
  const version = {}
  expect((await bench.join(version)).group).toBe('239.255.0.1')
  expect((await bench.join(version, blksize, local)).group).toBe('239.255.0.2')
})

test('without a version, or without a free group, a client is served alone', async () => {
  const bench = new Bench('239.255.0.1')
  expect((await bench.join(undefined)).group).toBeUndefined()
  await bench.join({})
  expect((await bench.join({})).group).toBeUndefined()
})

test.each<[string, Outcome, boolean]>([
  ['is confirmed', DONE, true],
  ['failed', { status: 'failed' }, false],
  ['is unconfirmed', { status: 'completed', lastAck: 'missing' }, false],
])('a group whose last client %s is given to another file at once: %s', async (_, outcome, isAtOnce) => {
  const bench = new Bench('239.255.0.1')
  const client = await bench.join({})
  client.end(outcome)
  expect((await bench.join({})).group).toBe(isAtOnce ? '239.255.0.1' : undefined)
  bench.now = 60_000
  expect((await bench.join({})).group).toBe(isAtOnce ? undefined : '239.255.0.1')
})
