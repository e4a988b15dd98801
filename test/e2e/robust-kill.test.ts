/** The server process ends without a word, in the middle of uploads: no name ever shows a part of a file. */
import { spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { isPartName } from '../../src/content/part-names.ts'
import { probeBatch } from '../../src/io/native/probe.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { events, type Running, serve, start } from './cli-run.ts'
import { LAUNCHER } from '../support/launcher.ts'
import { RawClient } from './raw-client.ts'
import { pattern } from './serving.ts'
import { readUnit, restarts, Supervisor } from './supervisor.ts'

const UNIT = fileURLToPath(new URL('../../docs/foresend.service', import.meta.url))
const unit = readUnit(UNIT)
const analyze = process.platform === 'linux' && spawnSync('systemd-analyze', ['--version']).status === 0
const hasBatch = typeof probeBatch() !== 'string'
const OLD = pattern(700)
/** Several blocks of 512 bytes, not the same as any other. */
const NEW = pattern(5000)
/** A leftover is removed at this age, and another one is not touched; see content/sweep.ts. */
const OLD_SECONDS = 11 * 60

describe.each(['dgram', 'batch'] as const)('driver %s', (driver) => {
  const ends = ['SIGKILL', 'SIGSEGV'] as const
  test.skipIf(driver === 'batch' && !hasBatch).each(ends)(
    '%s in the middle of uploads leaves no part under a final name, and the next start removes what is old',
    async (signal) => {
      const folder = tempFolder()
      writeFileSync(join(folder, 'old'), OLD)
      const flags = ['--writable', '--overwrite', '--driver', driver]
      const server = await serve(folder, flags)
      await uploadHalf(server.port, ['old', 'new', 'other'])
      await uploadWhole(server.port, 'whole')
      expect(await endWith(server, signal)).toBe(signal)
      expectOnlyWhole(folder, ['old', 'whole'])
      expect(partsIn(folder)).toHaveLength(3)

      const [aged, ...young] = partsIn(folder)
      const then = Date.now() / 1000 - OLD_SECONDS
      utimesSync(join(folder, aged), then, then)
      const again = await serve(folder, flags)
      expect(partsIn(folder)).toEqual(young)
      await uploadWhole(again.port, 'new')
      expectOnlyWhole(folder, ['new', 'old', 'whole'])
      again.child.kill('SIGTERM')
      expect(await again.ended).toMatchObject({ code: 0 })
    },
  )
})

test.skipIf(!hasBatch)(
  'SIGKILL while many uploads end: what has its final name is whole',
  { timeout: 120_000 },
  async () => {
    const folder = tempFolder()
    const aside = join(tempFolder(), 'sent')
    const sent = pattern(20_000)
    writeFileSync(aside, sent)
    for (const after of [1, 80]) {
      const server = await serve(folder, ['--writable', '--overwrite', '--driver', 'batch'])
      const target = ['--port', String(server.port), '--file', `up${after}`, '--direction', 'put', '--expect', aside]
      const load = start(['bench', 'load', ...target, '--clients', '50', '--transfers', '100000', '--windowsize', '4'])
      const completed = (): number => server.printed.stdout.split('"event":"completed"').length - 1
      await new Promise<void>((resolve) => {
        server.child.stdout.on('data', () => completed() >= after && resolve())
      })
      await endWith(server, 'SIGKILL')
      load.child.kill('SIGKILL')
      await load.ended
      const names = readdirSync(folder).filter((name) => name.startsWith(`up${after}-`))
      expect(names.length).toBeGreaterThanOrEqual(after)
      expect(names.filter((name) => !sent.equals(readFileSync(join(folder, name))))).toEqual([])
      // Whoever was told that its upload completed has it.
      const told = events(server.printed.stdout.slice(0, server.printed.stdout.lastIndexOf('\n')))
      for (const { event, file } of told) if (event === 'completed') expect(names).toContain(file)
    }
  },
)

describe('docs/foresend.service', () => {
  test('a native fault: the supervisor brings it back, it serves, and nothing partial has a name', async () => {
    const folder = tempFolder()
    writeFileSync(join(folder, 'old'), OLD)
    const port = await freePort()
    const supervisor = new Supervisor(unit, asHere(folder, port))
    onTestFinished(async () => {
      supervisor.running.child.kill('SIGTERM')
      await supervisor.over
    })
    await supervisor.running.seen(/"event":"listening"/)
    await uploadHalf(port, ['new'])
    const { running } = supervisor
    running.child.kill('SIGSEGV')
    await running.ended
    expectOnlyWhole(folder, ['old'])
    // It is brought back without anybody's doing: whoever asks again is served.
    await uploadWhole(port, 'new')
    expect(supervisor.starts).toBe(2)
    expectOnlyWhole(folder, ['new', 'old'])
    supervisor.running.child.kill('SIGTERM')
    await supervisor.over
    expect(supervisor.starts).toBe(2)
  })

  test.each([
    ['stopped', 0, null, false],
    ['failed', 1, null, true],
    ['a flag makes no sense', 2, null, false],
    ['the port is taken', 3, null, true],
    ['SIGSEGV', null, 'SIGSEGV', true],
    ['SIGKILL', null, 'SIGKILL', true],
    ['SIGABRT: out of memory', null, 'SIGABRT', true],
    ['SIGTERM before anybody listened to it', null, 'SIGTERM', false],
  ] as const)('%s: started again?', (_, code, signal, again) => {
    expect(restarts(unit, code, signal)).toBe(again)
  })

  test('takes port 69 with one capability, writes to one folder, and starts again at once', () => {
    const get = (name: string): string | undefined => unit.settings.get(`Service.${name}`)
    expect(get('AmbientCapabilities')).toBe('CAP_NET_BIND_SERVICE')
    expect(get('CapabilityBoundingSet')).toBe('CAP_NET_BIND_SERVICE')
    expect(get('NoNewPrivileges')).toBe('yes')
    expect(get('ProtectSystem')).toBe('strict')
    expect(unit.command[2]).toBe(get('ReadWritePaths'))
    expect(unit.restartMs).toBeGreaterThan(0)
    expect(unit.restartMs).toBeLessThanOrEqual(5000)
    // Restarts alone must not reach the limit on starts.
    expect(unit.startLimitBurst * unit.restartMs).toBeLessThan(
      Number(unit.settings.get('Unit.StartLimitIntervalSec')) * 1000,
    )
  })

  test.runIf(analyze)('systemd-analyze finds nothing wrong with it', () => {
    const file = join(tempFolder(), 'foresend.service')
    // The program is not installed here.
    writeFileSync(
      file,
      readFileSync(UNIT, 'utf8').replace(`ExecStart=${unit.command[0]}`, `ExecStart=${process.execPath}`),
    )
    const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', file], { encoding: 'utf8' })
    expect({ status, said: stderr.split('\n').filter((line) => line.includes('foresend')) }).toEqual({
      status: 0,
      said: [],
    })
  })
})

/** The arguments of the unit, with the folder and port of the test. The program is the one of this checkout. */
function asHere(folder: string, port: number): string[] {
  const [program, ...args] = unit.command
  expect([program, args.slice(0, 4)]).toEqual(['/usr/local/bin/foresend', ['serve', '/srv/tftp', '--port', '69']])
  expect(LAUNCHER).toMatch(/foresend\.js$/)
  return ['serve', folder, '--port', String(port), ...args.slice(4)]
}

async function freePort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const { port } = socket.address()
  await new Promise<void>((resolve) => socket.close(() => resolve()))
  return port
}

async function endWith({ child }: Running, signal: NodeJS.Signals): Promise<NodeJS.Signals | null> {
  const ended = once(child, 'close')
  child.kill(signal)
  await ended
  return child.signalCode
}

/** Three blocks of each arrive and are acknowledged; more is never sent. */
async function uploadHalf(port: number, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const client = await RawClient.open(port)
    client.request(2, name)
    for (let block = 0; block < 3; block++) {
      const packet = await client.next()
      expect(packet).toMatchObject({ opcode: 4, number: block })
      client.data(block + 1, NEW.subarray(block * 512, (block + 1) * 512), packet.port)
    }
    expect(await client.next()).toMatchObject({ opcode: 4, number: 3 })
    // A closed port would refuse the server's repeats, which ends the upload.
    onTestFinished(() => client.close())
  }
}

/** Asks until somebody answers. */
async function uploadWhole(port: number, name: string): Promise<void> {
  const client = await RawClient.open(port)
  client.request(2, name)
  let packet = await client.maybeNext(500)
  for (let tries = 0; packet === undefined && tries < 40; tries++) {
    client.request(2, name)
    packet = await client.maybeNext(500)
  }
  const last = Math.floor(NEW.length / 512) + 1
  for (let block = 0; block < last; packet = await client.next()) {
    if (packet?.opcode !== 4) throw new Error(`${name}: ${JSON.stringify(packet)}`)
    if (packet.number !== block) continue
    block++
    client.data(block, NEW.subarray((block - 1) * 512, block * 512), packet.port)
  }
  expect(packet).toMatchObject({ opcode: 4, number: last })
  client.close()
}

function partsIn(folder: string): string[] {
  return readdirSync(folder).filter(isPartName).toSorted()
}

/** These names and no others, beside unfinished uploads, and each with all of its bytes. */
function expectOnlyWhole(folder: string, names: readonly string[]): void {
  const found = readdirSync(folder).filter((name) => !isPartName(name))
  expect(found.toSorted()).toEqual(names)
  for (const name of names) {
    expect(readFileSync(join(folder, name)).equals(name === 'old' ? OLD : NEW), name).toBe(true)
  }
}
