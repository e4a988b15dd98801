/** put at a server that gets every block and never sends the right last ACK: neither stored nor failed, and what came is told. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import type { Summary } from '../../src/client/options.ts'
import { encodeError } from '../../src/packet/index.ts'
import { eachClientDriver, put } from '../support/client-drivers.ts'
import { ScriptedPort } from '../support/scripted-server.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { run } from './cli-run.ts'

const open: ScriptedPort[] = []

afterEach(() => {
  for (const port of open.splice(0)) port.close()
})

async function listen(): Promise<ScriptedPort> {
  const port = await ScriptedPort.open()
  open.push(port)
  return port
}

/** Takes a request at `door` and, from a port of its own that is returned, all of a file of two blocks. `agree` begins it; by default with ACK 0. */
async function takeTwoBlocks(
  door: ScriptedPort,
  agree = (tid: ScriptedPort): void => tid.ack(0),
): Promise<ScriptedPort> {
  const tid = await ScriptedPort.open()
  expect(await door.next()).toMatch(/^wrq/)
  tid.clientPort = door.clientPort
  agree(tid)
  expect(await tid.next()).toBe('data 1:512')
  tid.ack(1)
  expect(await tid.next()).toBe('data 2:88')
  return tid
}

const INPUT = new Uint8Array(600).fill(7)

eachClientDriver(() => {
  const cases: readonly (readonly [string, (tid: ScriptedPort, other: ScriptedPort) => void, string?])[] = [
    ['nothing', () => {}],
    ['an ACK of another block', (tid) => tid.ack(9), '1 datagram (ACK 9)'],
    ['another opcode', (tid) => tid.send(Uint8Array.of(0, 77, 0, 2)), '1 datagram (opcode 77)'],
    ['three bytes', (tid) => tid.send(Uint8Array.of(0, 4, 0)), '1 datagram (3 bytes)'],
    [
      'an ERROR that says no more than that it is over',
      (tid) => tid.send(encodeError(0, 'bye')),
      '1 datagram (ERROR 0)',
    ],
    ['the ACK from another port', (_tid, other) => other.ack(2)],
  ]

  for (const [what, act, came] of cases) {
    test(`${what}, then the port closes: the last ACK is missing`, async () => {
      const [door, other] = [await listen(), await listen()]
      const done = put({ host: '127.0.0.1', port: door.port, filename: 'f', input: INPUT, blksize: 512, windowsize: 1 })
      const tid = await takeTwoBlocks(door)
      other.clientPort = tid.clientPort
      act(tid, other)
      // The client repeats its last block, unless it has taken an ERROR for the end.
      await tid.next(1000)
      tid.close()
      const summary: Summary = await done
      expect([summary.lastAck, summary.cameInstead, summary.bytes]).toEqual(['missing', came, 600])
    })
  }

  test('nothing at all from then on: the same', async () => {
    const door = await listen()
    // Twice the timeout that was agreed, three seconds at the least.
    const where = { host: '127.0.0.1', port: door.port, filename: 'f', blksize: 512, windowsize: 1, timeoutMs: 1000 }
    const done = put({ ...where, input: INPUT })
    open.push(await takeTwoBlocks(door, (tid) => tid.oack('timeout=1')))
    const summary = await done
    expect([summary.lastAck, summary.cameInstead]).toEqual(['missing', undefined])
  })

  test('the right ACK, however late: stored', async () => {
    const door = await listen()
    const where = { host: '127.0.0.1', port: door.port, filename: 'f', blksize: 512, windowsize: 1 }
    const done = put({ ...where, input: INPUT })
    const tid = await takeTwoBlocks(door)
    open.push(tid)
    tid.ack(9)
    expect(await tid.next()).toBe('data 2:88')
    tid.ack(2)
    const summary = await done
    expect([summary.lastAck, summary.cameInstead]).toEqual([undefined, undefined])
  })
})

describe('the command', () => {
  test.each([
    [6, []],
    [0, ['--allow-unconfirmed']],
  ])('exits with %d under %j, and says what came instead', async (code, flags) => {
    const file = join(tempFolder(), 'fw.bin')
    writeFileSync(file, INPUT)
    const door = await listen()
    const url = `tftp://127.0.0.1:${door.port}/fw.bin`
    const ended = run(['put', file, url, '--blksize', '512', '--windowsize', '1', ...flags])
    const tid = await takeTwoBlocks(door)
    tid.ack(9)
    await tid.next(1000)
    tid.close()
    const ran = await ended
    expect(ran).toMatchObject({ code, stderr: '' })
    expect(ran.stdout).toMatch(
      /^probably complete fw\.bin: 600 bytes .*missing \(1 datagram \(ACK 9\) came instead\): verify on the device\n$/,
    )
  })
})
