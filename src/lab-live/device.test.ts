import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DEVICES } from '../lab/device/catalogue.ts'
import { bootDevice, withFaults } from '../lab/device/device.ts'
import { readFaults } from '../lab/device/schema.ts'
import { runCell } from '../lab/run.ts'
import { SERVERS } from '../lab/server/catalogue.ts'
import { type Server, type ServerEvent, startServer } from '../server/server.ts'
import { type FaultyLink, startFaultyLink } from './link.ts'
import { bootLive } from './device.ts'

const SIZE = 150 * 512 + 17
const folder = mkdtempSync(join(tmpdir(), 'foresend-lab-'))
const image = Uint8Array.from({ length: SIZE }, (_, i) => (i * 7 + (i >> 8)) & 255)
const events: ServerEvent[] = []
let server: Server
let port = 0

beforeAll(async () => {
  writeFileSync(join(folder, 'test.bin'), image)
  server = await startServer(
    {
      path: join(folder, 'test.bin'),
      hosts: ['127.0.0.1'],
      port: 0,
      window: 'auto',
      driver: 'dgram',
      writable: false,
      overwrite: false,
      singlePort: false,
      allow: [],
    },
    (event) => events.push(event),
  )
  port = server.bound[0].port
})

afterAll(async () => {
  await server.stop(0)
  rmSync(folder, { recursive: true })
})

const boot = (name: string, faults: string, toPort = port) =>
  bootLive({
    booted: bootDevice(withFaults(DEVICES[name], readFaults(faults)), { seed: 3, sizeBytes: 1 << 20 }),
    host: '127.0.0.1',
    port: toPort,
  })

describe('a device on real sockets', () => {
  test.concurrent.each([
    ['archer-c2-faulty', 'ack-loss:p=0.037'],
    ['edk2-pxe', 'none'],
    ['window-16', 'data-loss:p=0.02'],
    ['ipxe', 'reorder+duplicate'],
  ])('%s with %s gets the file from our server', async (name, faults) => {
    const { client, received, otherSource } = await boot(name, faults)
    expect(client).toMatchObject({ status: 'ok', bytes: SIZE })
    expect(Buffer.compare(client.image.subarray(0, SIZE), image)).toBe(0)
    expect(received).toBeGreaterThan(50)
    expect(otherSource).toBeUndefined()
  })

  test('one that hears nothing gives up in its own time, and can be stopped before', async () => {
    const booted = bootDevice(DEVICES['archer-c2-dead-rx'], { seed: 1, sizeBytes: 512 })
    const stop = new AbortController()
    const running = bootLive({ booted, host: '127.0.0.1', port, signal: stop.signal })
    stop.abort(new Error('enough'))
    await expect(running).rejects.toThrow('enough')
  })

  test('a host that is not there', async () => {
    const booted = bootDevice(DEVICES.curl, { seed: 1, sizeBytes: 512 })
    await expect(bootLive({ booted, host: 'no-such-host.invalid', port })).rejects.toThrow(/no address found/)
  })
})

// What else the machine does makes real sockets slow: one quiet try in three is enough.
describe('real sockets and virtual time', { retry: 2 }, () => {
  const slow = (faults: string) => ({
    ...withFaults(DEVICES['archer-c2-good'], readFaults(faults)),
    // 5 ms round trip.
    link: { delayMs: 2.5 },
  })

  test.concurrent.each(['none', 'ack-loss:p=0.05', 'data-loss:p=0.05'])(
    '%s: same outcome, speeds within a factor of 1.5',
    async (faults) => {
      const options = {
        path: join(folder, 'test.bin'),
        hosts: ['127.0.0.1'],
        port: 0,
        window: 1,
        driver: 'dgram',
      } as const
      const flags = { writable: false, overwrite: false, singlePort: false, allow: [] }
      const lockStep = await startServer({ ...options, ...flags })
      try {
        const device = slow(faults)
        const booted = bootDevice(device, { seed: 3, sizeBytes: SIZE })
        const { client } = await bootLive({ booted, host: '127.0.0.1', port: lockStep.bound[0].port })
        const { row } = runCell({
          device,
          server: 'foresend-lock-step',
          model: SERVERS['foresend-lock-step'],
          sizeBytes: SIZE,
          seed: 3,
        })
        expect(client).toMatchObject({ status: 'ok', bytes: SIZE, timeouts: row.clientTimeouts })
        expect(row.verdict).toBe('intact')
        expect(client.endedAt / row.ms).toBeGreaterThan(1 / 1.5)
        expect(client.endedAt / row.ms).toBeLessThan(1.5)
      } finally {
        await lockStep.stop(0)
      }
    },
  )
})

describe('a faulty link between a real client and a real server', () => {
  let link: FaultyLink

  afterAll(() => link.close())

  test('passes what it does not lose, each TID by a port of its own, and counts', async () => {
    const { up, down } = bootDevice(withFaults(DEVICES.curl, readFaults('ack-loss:p=0.05+data-loss:p=0.05')), {
      seed: 5,
      sizeBytes: 0,
    })
    const clients: number[] = []
    link = await startFaultyLink({
      listen: { address: '127.0.0.1', port: 0 },
      to: { host: '127.0.0.1', port },
      up: { ...up, delayMs: 0 },
      down: { ...down, delayMs: 0 },
      onClient: (_address, clientPort) => clients.push(clientPort),
    })
    const results = await Promise.all([boot('uboot-2020', 'none', link.port), boot('window-16', 'none', link.port)])
    for (const { client } of results) {
      expect(client.status).toBe('ok')
      expect(Buffer.compare(client.image.subarray(0, SIZE), image)).toBe(0)
    }
    const counts = link.counts()
    expect(counts.clients).toBe(2)
    expect(clients).toHaveLength(2)
    const lost = (direction: { sent: number; arrived: number }): number => direction.sent - direction.arrived
    expect(lost(counts.up)).toBeGreaterThan(0)
    expect(lost(counts.down)).toBeGreaterThan(0)
  })

  test('a port that is taken', async () => {
    const { up, down } = bootDevice(DEVICES.curl, { seed: 1, sizeBytes: 0 })
    const where = { listen: { address: '127.0.0.1', port }, to: { host: '127.0.0.1', port } }
    await expect(startFaultyLink({ ...where, up, down })).rejects.toMatchObject({ code: 'ERR_TFTP_BIND' })
  })
})
