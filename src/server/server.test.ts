import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { afterEach, describe, expect, test } from 'vitest'
import { tempFolder } from '../../test/support/temp-folder.ts'
import { probeBatch } from '../io/native/probe.ts'
import { startServer } from './server.ts'
import type { Server, ServerConfigInput, ServerEvent } from './contract.ts'
import { workerCount } from './server.ts'
import { parseConfig } from './config.ts'

const running: Server[] = []
afterEach(async () => {
  for (const server of running.splice(0)) await server.stop(0)
})

interface Started {
  readonly server: Server
  readonly events: ServerEvent[]
}

async function start(path: string, more: ServerConfigInput = {}): Promise<Started> {
  const events: ServerEvent[] = []
  const input = { path, hosts: ['127.0.0.1'], port: 0, ...more }
  const server = await startServer(input, (event) => events.push(event))
  running.push(server)
  return { server, events }
}

describe('startServer', () => {
  test('says first of all that it listens, and where', async () => {
    const { server, events } = await start(tempFolder())
    const [{ address, port }] = server.bound as [{ address: string; port: number }]
    expect(port).toBeGreaterThan(0)
    expect(events[0]).toMatchObject({
      event: 'listening',
      address,
      port,
      driver: typeof probeBatch() === 'string' ? 'dgram' : 'batch',
    })
  })

  test('without a host it listens on every address, all on one port', async () => {
    const { server, events } = await start(tempFolder(), { hosts: [] })
    expect(server.bound[0]?.address).toBe('0.0.0.0')
    expect(new Set(server.bound.map((one) => one.port)).size).toBe(1)
    expect(events.map((event) => event.event)).toEqual(server.bound.map(() => 'listening'))
  })

  test('several hosts share the port', async () => {
    const { bound } = (await start(tempFolder(), { hosts: ['127.0.0.1', '127.0.0.2', '127.0.0.1'] })).server
    expect(bound.map((one) => one.address)).toEqual(['127.0.0.1', '127.0.0.2'])
    expect(bound[0]?.port).toBe(bound[1]?.port)
  })

  test.each([
    ['a path that is not there', { path: '/nonexistent/folder' }, 'ERR_TFTP_NOT_FOUND', '/nonexistent/folder'],
    ['a host that is a name', { hosts: ['router'] }, 'ERR_TFTP_USAGE', '--host router'],
    ['a network that is none', { allow: ['home/8'] }, 'ERR_TFTP_USAGE', '--allow home/8'],
    ['an address of no interface', { hosts: ['198.51.100.9'] }, 'ERR_TFTP_BIND', 'ip addr add 198.51.100.9/24 dev '],
  ] as const)('%s: one line that says what to do', async (_, more, code, words) => {
    const error = await start(tempFolder(), more as ServerConfigInput).catch((e) => e)
    expect(error).toMatchObject({ code, fault: 'local' })
    expect(error.message).toContain(words)
    expect(error.message).not.toContain('\n')
  })

  test('a port that is taken, for one host or all, leaves nothing behind', async () => {
    const other = createSocket('udp4').bind(0, '0.0.0.0')
    await once(other, 'listening')
    const { port } = other.address()
    for (const hosts of [['127.0.0.1'], ['127.0.0.2', '127.0.0.1'], []]) {
      await expect(start(tempFolder(), { hosts, port })).rejects.toMatchObject({
        code: 'ERR_TFTP_BIND',
        cause: { code: 'EADDRINUSE' },
      })
    }
    other.close()
    await once(other, 'close')
    await start(tempFolder(), { port })
  })

  test('two servers never share a port by accident', async () => {
    const { server } = await start(tempFolder(), { hosts: [] })
    const second = start(tempFolder(), { hosts: [], port: server.bound[0]?.port ?? 0 })
    await expect(second).rejects.toMatchObject({ code: 'ERR_TFTP_BIND' })
  })
})

test.each([
  [{}, 1, 1],
  [{}, 2, 1],
  [{}, 8, 4],
  [{}, 64, 8],
  [{ workers: 3 }, 2, 3],
  [{ record: '/tmp' }, 8, 4],
  [{ maxTransfers: 10 }, 8, 1],
] as const)('%j on %d cores: %d workers', (some, cores, count) => {
  expect(workerCount(parseConfig({ path: '.', ...some }), cores)).toBe(count)
})
