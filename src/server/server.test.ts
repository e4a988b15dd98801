import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { tempFolder } from '../../test/support/temp-folder.ts'
import { probeBatch } from '../io/native/probe.ts'
import { startServer } from './server.ts'
import type { Server, ServerEvent, ServerOptions } from './server.ts'

const running: Server[] = []
afterEach(async () => {
  for (const server of running.splice(0)) await server.stop(0)
})

function optionsFor(
  path: string,
  more: Partial<ServerOptions> = {},
): { options: ServerOptions; events: ServerEvent[] } {
  const events: ServerEvent[] = []
  const options: ServerOptions = {
    path,
    hosts: ['127.0.0.1'],
    port: 0,
    window: 'auto',
    driver: 'auto',
    writable: false,
    overwrite: false,
    singlePort: false,
    allow: [],
    onEvent: (event) => events.push(event),
    ...more,
  }
  return { options, events }
}

async function start(options: ServerOptions): Promise<Server> {
  const server = await startServer(options)
  running.push(server)
  return server
}

describe('startServer', () => {
  test('says first of all that it listens, and where', async () => {
    const { options, events } = optionsFor(tempFolder())
    const server = await start(options)
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
    const { options, events } = optionsFor(tempFolder(), { hosts: [] })
    const server = await start(options)
    expect(server.bound[0]?.address).toBe('0.0.0.0')
    expect(new Set(server.bound.map((one) => one.port)).size).toBe(1)
    expect(events.map((event) => event.event)).toEqual(server.bound.map(() => 'listening'))
  })

  test('several hosts share the port', async () => {
    const { options } = optionsFor(tempFolder(), { hosts: ['127.0.0.1', '127.0.0.2', '127.0.0.1'] })
    const { bound } = await start(options)
    expect(bound.map((one) => one.address)).toEqual(['127.0.0.1', '127.0.0.2'])
    expect(bound[0]?.port).toBe(bound[1]?.port)
  })

  test.each([
    ['a path that is not there', { path: '/nonexistent/folder' }, 'ERR_TFTP_NOT_FOUND', '/nonexistent/folder'],
    ['a host that is a name', { hosts: ['router'] }, 'ERR_TFTP_USAGE', '--host router'],
    ['a network that is none', { allow: ['home/8'] }, 'ERR_TFTP_USAGE', '--allow home/8'],
    ['an address of no interface', { hosts: ['198.51.100.9'] }, 'ERR_TFTP_BIND', 'ip addr add 198.51.100.9/24 dev '],
  ] as const)('%s: one line that says what to do', async (_, more, code, words) => {
    const { options } = optionsFor(tempFolder(), more as Partial<ServerOptions>)
    const error = await start(options).catch((e) => e)
    expect(error).toMatchObject({ code, fault: 'local' })
    expect(error.message).toContain(words)
    expect(error.message).not.toContain('\n')
  })

  test('a port that is taken, for one host or all, leaves nothing behind', async () => {
    const other = createSocket('udp4').bind(0, '0.0.0.0')
    await once(other, 'listening')
    const { port } = other.address()
    for (const hosts of [['127.0.0.1'], ['127.0.0.2', '127.0.0.1'], []]) {
      const { options } = optionsFor(tempFolder(), { hosts, port })
      await expect(start(options)).rejects.toMatchObject({ code: 'ERR_TFTP_BIND', cause: { code: 'EADDRINUSE' } })
    }
    other.close()
    await once(other, 'close')
    await start(optionsFor(tempFolder(), { port }).options)
  })

  test('two servers never share a port by accident', async () => {
    const first = await start(optionsFor(tempFolder(), { hosts: [] }).options)
    const second = optionsFor(tempFolder(), { hosts: [], port: first.bound[0]?.port ?? 0 })
    await expect(start(second.options)).rejects.toMatchObject({ code: 'ERR_TFTP_BIND' })
  })

  test('a recording is begun, and finished when the server stops', async () => {
    const folder = tempFolder()
    mkdirSync(join(folder, 'files'))
    const server = await startServer(optionsFor(join(folder, 'files'), { record: join(folder, 'captures') }).options)
    await server.stop(0)
    expect(readdirSync(join(folder, 'captures'))).toEqual([expect.stringMatching(/^foresend-.*\.pcapng$/)])
  })
})

describe('reload', () => {
  test('a folder that is gone is an error, and the server goes on', async () => {
    const folder = tempFolder()
    const path = join(folder, 'file')
    writeFileSync(path, 'x')
    const server = await start(optionsFor(path).options)
    await server.reload()
  })
})

test('stop twice is one stop', async () => {
  const server = await startServer(optionsFor(tempFolder()).options)
  await Promise.all([server.stop(5000), server.stop(0)])
  await server.stop(0)
})
