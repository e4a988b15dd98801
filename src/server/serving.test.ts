import { describe, expect, test } from 'vitest'
import type { Store } from '../content/contract.ts'
import type { Peer } from '../endpoint/contract.ts'
import { ForesendError } from '../error.ts'
import type { Driver, Tid } from '../io/driver.ts'
import { encodeRequest } from '../packet/index.ts'
import type { ServedTransfer } from './content.ts'
import { Events } from './events.ts'
import type { ServerEvent } from './contract.ts'
import type { FromInstance } from './protocol.ts'
import { Devices } from '../profile/devices.ts'
import { parseConfig } from './config.ts'
import { Peers } from './peers.ts'
import { Rates } from './rates.ts'
import { Rules } from './rules.ts'
import { choosePolicy } from '../transfer/policy/choose.ts'
import { Serving } from './serving.ts'
import { newStats } from '../io/driver-stats.ts'

const RRQ = encodeRequest({ opcode: 1, filename: 'image', mode: 'octet', options: [] })
const limits = { maxBlksize: 65464, maxWindowsize: 65535, maxWindowBytes: 1 << 20, refuse: new Set<string>() }

/** A driver whose clock stands still and whose ports come when the test says so. */
class FakeDriver implements Driver<ServedTransfer> {
  adopt = () => expect.unreachable()
  openGroup = () => expect.unreachable()
  readonly name = 'dgram'
  readonly stats = newStats()
  readonly replies: Uint8Array[] = []
  readonly sent: number[][] = []
  closed = 0
  opens = 0
  /** What `openTid` fails with, first to last. */
  readonly failures: Error[] = []

  now = (): number => 1000
  listen = async (): Promise<never> => expect.unreachable()
  rescan = async (): Promise<void> => {}
  deadline = (): void => {}
  close = (): void => {}

  async openTid(): Promise<Tid> {
    this.opens++
    const failure = this.failures.shift()
    if (failure !== undefined) throw failure
    return {
      localPort: 1,
      sendControl: (buffer, length) => this.sent.push([...buffer.subarray(0, length)]),
      sendBlocks: (framer, first, count, maxBytes) => {
        for (let seq = first; seq < first + count; seq++) {
          const target = new Uint8Array(maxBytes)
          this.sent.push([...target.subarray(0, framer.frame(seq, target))])
        }
      },
      reserve: () => {},
      close: () => this.closed++,
    }
  }

  reply(_peer: Peer, buffer: Uint8Array, length: number): void {
    this.replies.push(buffer.slice(0, length))
  }
}

function setUp(allow: readonly string[] = []) {
  const driver = new FakeDriver()
  const heard: ServerEvent[] = []
  const say = (message: FromInstance): void => {
    if (message.type === 'event') heard.push(message.event)
    if (message.type === 'notice')
      heard.push({ event: 'notice', time: 0, code: message.code, message: message.message })
  }
  const events = new Events(say, 'debug', () => new Uint32Array(0))
  let open = 0
  let closes = 0
  let asked = 0
  const store: Store = {
    openRead: () => {
      open++
      return {
        name: 'image',
        sizeBytes: 3,
        address: 0,
        read: (_position, target, offset, length) => (target.fill(7, offset, offset + length), length),
        verify: () => {},
        crc32: async () => 0x1a,
        close: () => open--,
      }
    },
    openWrite: () => expect.unreachable(),
    close: () => closes++,
    abandon: () => {},
  }
  const serving = new Serving({
    store,
    peers: new Peers(allow),
    rules: rulesOf(),
    rates: new Rates({}),
    events,
    devices: new Devices(
      { window: 'auto' },
      () => undefined,
      () => 0,
      () => {},
    ),
    asked: () => asked++,
    endpoint: {
      limits,
      writable: false,
      prepare: (_, agreed) => ({ policy: choosePolicy({ window: 'auto' }, agreed) }),
    },
    driver: () => driver,
  })
  const ask = (address: string, port = 2070): void => {
    const near = address.startsWith('192.168.')
    serving.request(1000, { address, port, local: '', near }, RRQ, 0, RRQ.length)
  }
  return { driver, serving, heard, ask, store, openImages: () => open, closes: () => closes, asked: () => asked }
}

function rulesOf(): Rules {
  return new Rules(parseConfig({ path: '.' }), { macOf: () => undefined, profiles: () => [] })
}

/** Until what was begun has nothing left to do. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
}

test('the first request is one, and a datagram that is none is not: a health check is no sign of a device', () => {
  const { serving, ask, asked } = setUp()
  const probe = Uint8Array.of(0, 9, 0, 0)
  serving.request(1000, { address: '127.0.0.1', port: 2071, local: '', near: true }, probe, 0, probe.length)
  expect(asked()).toBe(0)
  ask('192.168.0.1')
  ask('192.168.0.1', 2072)
  expect(asked()).toBe(1)
})

describe('strangers', () => {
  test('hear nothing; the user hears of each once, and how to allow it', async () => {
    const { driver, heard, ask } = setUp()
    for (let i = 0; i < 1000; i++) ask('203.0.113.9', 1024 + i)
    await settled()
    expect([driver.replies, driver.sent, driver.opens]).toEqual([[], [], 0])
    expect(heard).toEqual([
      expect.objectContaining({
        event: 'refused',
        client: '203.0.113.9:1024',
        file: 'image',
        reason: expect.stringContaining('--allow 203.0.113.9/32'),
      }),
    ])
  })

  test('from many forged addresses make a few lines only', () => {
    const { heard, ask } = setUp()
    for (let i = 0; i < 10_000; i++) ask(`203.0.${i >> 8}.${i & 255}`)
    expect(heard.length).toBe(10)
  })

  test('that are allowed are served', async () => {
    const { driver, ask } = setUp(['203.0.113.0/24'])
    ask('203.0.113.9')
    await settled()
    expect(driver.sent).toEqual([[0, 3, 0, 1, 7, 7, 7]])
  })
})

describe('a transfer', () => {
  test('that completes lets go of everything, and its event has the checksum', async () => {
    const { driver, serving, heard, ask, openImages } = setUp()
    ask('192.168.0.1')
    await settled()
    const [transfer] = [...serving.endpoint.transfers()] as [ServedTransfer]
    serving.datagram(1001, transfer, Uint8Array.of(0, 4, 0, 1), 0, 4)
    await settled()
    expect(heard.at(-1)).toMatchObject({ event: 'completed', bytes: 3, crc32: '0000001a' })
    serving.endpoint.abortAll(1002, new ForesendError('ERR_TFTP_ABORTED', 'over', { fault: 'local' }))
    expect([driver.closed, openImages(), serving.endpoint.size]).toEqual([1, 0, 0])
  })

  test('that is ended while its port is being opened leaves nothing open', async () => {
    const { driver, serving, ask, openImages } = setUp()
    ask('192.168.0.1')
    await new Promise((resolve) => setImmediate(resolve))
    serving.endpoint.abortAll(1000, new ForesendError('ERR_TFTP_ABORTED', 'over', { fault: 'local' }))
    await settled()
    expect([openImages(), serving.endpoint.size]).toEqual([0, 0])
    expect(driver.closed).toBe(driver.opens)
  })

  test('that finds no file descriptor waits for one', async () => {
    const { driver, serving, ask } = setUp()
    const cause = Object.assign(new Error('bind EMFILE'), { code: 'EMFILE' })
    driver.failures.push(new ForesendError('ERR_TFTP_BIND', 'no port', { fault: 'local', cause }))
    ask('192.168.0.1')
    while (driver.sent.length === 0) await new Promise((resolve) => setTimeout(resolve, 20))
    expect(driver.opens).toBe(2)
    expect(serving.endpoint.size).toBe(1)
  })

  test('whose port cannot be opened for another reason is refused with an ERROR', async () => {
    const { driver, heard, ask, openImages } = setUp()
    driver.failures.push(new ForesendError('ERR_TFTP_BIND', 'no route', { fault: 'local' }))
    ask('192.168.0.1')
    await settled()
    expect(driver.replies.map((reply) => reply[1])).toEqual([5])
    expect(heard.at(-1)).toMatchObject({ event: 'refused', code: 'ERR_TFTP_BIND' })
    expect(openImages()).toBe(0)
  })
})

test('a store that a reload replaced closes when its last transfer ends', async () => {
  const { serving, ask, store, closes } = setUp()
  ask('192.168.0.1')
  await settled()
  serving.follow({
    store: { ...store, close: () => {} },
    peers: new Peers([]),
    rules: rulesOf(),
    rates: new Rates({}),
  })
  expect([closes(), serving.stores]).toEqual([0, 2])
  const [transfer] = serving.endpoint.transfers()
  serving.endpoint.abort(2000, transfer, new ForesendError('ERR_TFTP_ABORTED', 'enough', { fault: 'local' }))
  expect([closes(), serving.stores]).toEqual([1, 1])
})
