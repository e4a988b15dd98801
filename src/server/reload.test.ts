/** A reload of several serving instances: all of them follow it, or none. */
import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, test } from 'vitest'
import { FakeInstances, fetched, folderWith, Log } from '../../test/support/instances.ts'
import { tempFolder } from '../../test/support/temp-folder.ts'
import { put } from '../client/put.ts'
import { loadProfiles, storeProfile } from '../content/profile-files.ts'
import { parseConfig } from './config.ts'
import type { Server, ServerConfig } from './contract.ts'
import { startControl } from './control.ts'
import { startServer } from './server.ts'
import { type OpenLink, openLocalLink } from './link.ts'
import type { InstanceStart, ToInstance } from './protocol.ts'

const IMAGE = Buffer.alloc(100_000, 7)

const ending: Server[] = []
afterEach(async () => {
  for (const server of ending.splice(0)) await server.stop(0)
})

describe('a reload of several instances', () => {
  const setUp = async (count = 3) => {
    const [path, log, fake] = [tempFolder(), new Log(), new FakeInstances()]
    const server = await fake.start(path, count, log.add)
    ending.push(server)
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

  test('gives each a share of the rates, of one below one in a second too', async () => {
    const { fake, server, input } = await setUp()
    await server.reload({ ...input, requestsPerSec: 0.6, bytesPerSec: 9000 })
    for (const index of [0, 1, 2]) {
      const shares = { requestsPerSec: expect.closeTo(0.2), bytesPerSec: 3000 }
      expect(fake.sent[index].at(-2)).toMatchObject({ type: 'prepare', config: shares })
    }
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

test('a reload that names another state folder goes by the profiles of that one', async () => {
  const state = tempFolder()
  const { curl } = Object.fromEntries(loadProfiles(state).all)
  storeProfile(state, 'mine', readFileSync(curl.path, 'utf8').replace('"curl"', '"mine"'))
  const input = { path: folderWith('image.bin', IMAGE), hosts: ['127.0.0.1'], port: 0, driver: 'dgram' } as const
  const server = await startServer({ ...input, state: tempFolder() })
  ending.push(server)
  const rules = [{ profile: 'mine', allow: false }]
  await expect(server.reload({ ...input, rules })).rejects.toThrow(/unknown profile "mine"/)
  await server.reload({ ...input, rules, state })
})
