/** A server's history as a user meets it: kept while it serves, there after a restart, and of use to the next boot. */
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openHistory } from '../../src/history/index.ts'
import { DEVICES, type Device } from '../../src/lab/index.ts'
import { median } from '../../src/lab/median.ts'
import { runCell } from '../../src/lab/run.ts'
import { foresend } from '../../src/lab/server/foresend.ts'
import type { ServerModel } from '../../src/lab/server/model.ts'
import { DeviceMemory } from '../../src/profile/memory.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { events, run, serve, start } from './cli-run.ts'
import { RawClient } from './raw-client.ts'
import { folderWith, pattern } from './serving.ts'

/** A unit that loses one acknowledgement in ten. */
const FAULTY = [
  'lab',
  'device',
  'archer-c2-faulty',
  '--fault',
  'ack-loss:p=0.1',
  '--host',
  '127.0.0.1',
  '--file',
  'image',
]
const IMAGE = pattern(200_000)

async function boot(folder: string, flags: readonly string[]): Promise<{ window: unknown; notices: unknown[] }> {
  const server = await serve(folder, flags)
  const ran = await run([...FAULTY, '--port', String(server.port), '--expect', join(folder, 'image')])
  expect([ran.code, ran.stdout]).toEqual([0, expect.stringContaining('has the file, byte for byte')])
  server.child.kill('SIGTERM')
  expect((await server.ended).code).toBe(0)
  const told = events(server.printed.stdout)
  return {
    window: told.find(({ event }) => event === 'started')?.window,
    notices: told.filter(({ event }) => event === 'notice'),
  }
}

describe('a device that needs help', () => {
  test('gets its window from the first block on after a restart of the server, and not without its history', async () => {
    const folder = folderWith({ image: IMAGE })
    const state = tempFolder()
    const first = await boot(folder, ['--state', state])
    const second = await boot(folder, ['--state', state])
    const other = await boot(folder, ['--state', tempFolder()])
    expect([first.window, other.window]).toEqual([1, 1])
    expect(second.window).toBeGreaterThan(1)
    expect([...first.notices, ...second.notices]).toEqual([])
  })
})

describe('while the server runs', () => {
  test('the commands show what ended, with the packets of what stalled', async () => {
    const folder = folderWith({ image: IMAGE })
    const state = tempFolder()
    const server = await serve(folder, ['--state', state, '--log-level', 'info'])
    const client = await RawClient.open(server.port)
    // A client that acknowledges one block, and then ends its transfer.
    client.request(1, 'image', { blksize: 1000 })
    const { port } = await client.next()
    client.ack(0, port)
    await client.next()
    client.ack(1, port)
    await client.next()
    client.error(0, 'out of flash', port)
    client.socket.close()
    const list = async (): Promise<Record<string, unknown>[]> =>
      events((await run(['history', '--state', state, '--json'])).stdout)
    let listed = await list()
    while (listed.length === 0) listed = await list()
    expect(listed).toMatchObject([
      {
        id: 1,
        asked: 'image',
        optionsAsked: 'blksize=1000',
        optionsAgreed: 'blksize=1000',
        outcome: 'failed',
        code: 'ERR_TFTP_PEER_ERROR',
      },
    ])
    const shown = await run(['history', 'show', '1', '--state', state])
    expect(shown.stdout).toMatch(/block over time.*\n/)
    expect(shown.stdout).toMatch(/← ERROR 0\n$/)
    server.child.kill('SIGTERM')
    expect(await server.ended).toMatchObject({ code: 0, stderr: '' })
    expect(readdirSync(state)).toContain('history.db')
  })
})

describe('a state folder that cannot be had', () => {
  test('is one line, and no reason not to serve', async () => {
    const folder = folderWith({ image: IMAGE })
    const file = join(tempFolder(), 'state')
    writeFileSync(file, '')
    const server = await serve(folder, ['--state', file])
    const got = await run(['get', `tftp://127.0.0.1:${server.port}/image`, '-o', join(tempFolder(), 'out')])
    expect(got.code).toBe(0)
    server.child.kill('SIGTERM')
    expect((await server.ended).code).toBe(0)
    const told = events(server.printed.stdout)
    expect(told[0]).toMatchObject({ event: 'listening' })
    // The socket of `foresend status` lies in the same folder, and has a line of its own.
    expect(told.filter(({ code }) => code === 'HISTORY')).toMatchObject([
      {
        code: 'HISTORY',
        message: expect.stringMatching(
          /a file is where the folder should be; name another folder with --state; serving goes on/,
        ),
      },
      {
        code: 'HISTORY',
        message: '1 transfer is missing in the history: the server ended before they could be written',
      },
    ])
  })
})

describe('--no-history', () => {
  test('keeps nothing; without it the folder of the service is used', async () => {
    const folder = folderWith({ image: IMAGE })
    for (const [flags, keeps] of [
      [['--no-history'], false],
      [[], true],
    ] as const) {
      const state = join(tempFolder(), 'state')
      const args = ['serve', folder, '--host', '127.0.0.1', '--port', '0', '--log-format', 'json', ...flags]
      const server = start(args, { env: { STATE_DIRECTORY: state } })
      await server.seen(/"listening"/)
      server.child.kill('SIGTERM')
      expect((await server.ended).code).toBe(0)
      expect(existsSync(state)).toBe(keeps)
    }
  })
})

describe('each device of the lab that a window or a quick repeat cures, at 100 Mbit/s in virtual time', () => {
  const CURABLE = ['archer-c2-faulty', 'jh7110-star64', 'olimex-rt5350f', 'industruino', 'uboot-bursts'] as const
  const FIXED: readonly ServerModel[] = [
    ...[1, 8, 64].map((window) => foresend({ window })),
    foresend({ window: 8, copies: 2 }),
  ]
  const SEEDS = [1, 2, 3, 4, 5]
  const LEAST = 0.9
  const sizeBytes = 2_000_000

  test.each(CURABLE)(
    '%s: the second boot, after a restart, is within a tenth of the best fixed policy',
    async (name) => {
      const device: Device = { ...DEVICES[name], link: { ...DEVICES[name].link, rateBytesPerSec: 12.5e6 } }
      const cell = (model: ServerModel, seed: number, boot: number, memory?: DeviceMemory) =>
        runCell({ device, server: name, model, sizeBytes, seed, boot, ...(memory === undefined ? {} : { memory }) }).row
      const speed = (row: { verdict: string; bytesPerSec: number }): number =>
        row.verdict === 'intact' ? row.bytesPerSec : 0
      const best = Math.max(...FIXED.map((model) => median(SEEDS.map((seed) => speed(cell(model, seed, 2)))) ?? 0))

      const ours = foresend({ window: 'auto' })
      const second: number[] = []
      for (const seed of SEEDS) {
        const learnt = new DeviceMemory()
        cell(ours, seed, 1, learnt)
        const after = await restarted(learnt)
        const row = cell(ours, seed, 2, after)
        // What comes out of the database serves the device as what never left the memory.
        expect(row).toEqual(cell(ours, seed, 2, learnt))
        second.push(speed(row))
      }
      expect(median(second)).toBeGreaterThanOrEqual(LEAST * best)
    },
  )

  /** What a server knows that begins where one ended that knew `learnt`. */
  async function restarted(learnt: DeviceMemory): Promise<DeviceMemory> {
    const options = { folder: tempFolder(), version: '0', notice: (message: string) => expect.fail(message) }
    const before = await openHistory(options)
    for (const update of learnt.all()) before.learnt(update)
    await before.close()
    const after = await openHistory(options)
    const known = new DeviceMemory()
    for (const update of after.devices) known.merge(update)
    await after.close()
    return known
  }
})
