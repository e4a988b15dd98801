/** Learnt from one capture, known again in another: kinds of devices of the lab, healthy and on faulty links. */
import { expect, test } from 'vitest'
import { packet } from '../../test/golden/capture-maker.ts'
import { blocks, CLIENT, Scene, SERVER } from '../../test/golden/capture-scene.ts'
import { captureOfDevice } from '../../test/golden/capture-of-lab.ts'
import { EVALUATED_CLIENTS, sizeFor } from '../../test/diagnosis/evaluation.ts'
import type { ClientName } from '../lab/device/clients.ts'
import type { DeviceFault } from '../lab/device/device.ts'
import { patternedImage } from '../lab/experiment.ts'
import type { ServerName } from '../lab/index.ts'
import { learntProfile } from '../profile/learn.ts'
import { matchProfiles } from '../profile/match.ts'
import { portHabit } from '../profile/ports.ts'
import type { Profile } from '../profile/profile.ts'
import { DeviceReader, type SeenDevice } from './device-reader.ts'
import { CaptureReader } from './read/capture-reader.ts'

const KINDS = Object.keys(EVALUATED_CLIENTS) as ClientName[]
const BLOCKS = 100
const LOSSES: readonly (readonly DeviceFault[])[] = [
  [],
  [{ fault: 'ack-loss', values: { p: 0.05 } }],
  [{ fault: 'data-loss', values: { p: 0.05 } }],
]

function devicesIn(file: Uint8Array): SeenDevice[] {
  const devices = new DeviceReader()
  const reader = new CaptureReader('test', { record: (record) => devices.frame(record), comment: () => {} })
  reader.push(file)
  reader.end()
  return devices.end()
}

function deviceOf(client: ClientName, server: ServerName, faults: readonly DeviceFault[], seed: number): SeenDevice {
  const values = EVALUATED_CLIENTS[client] ?? {}
  const device = { name: client, description: '', source: '', client: { model: client, values }, faults, link: {} }
  const [seen] = devicesIn(captureOfDevice(device, server, patternedImage(sizeFor(client, BLOCKS), 1), seed).file)
  return seen
}

function learnt(client: ClientName): Profile {
  const { asked, behaviour } = deviceOf(client, 'foresend-window-2', LOSSES[2], 1)
  return learntProfile({ name: client, title: client, asked, behaviour, vendor: undefined, where: 'a capture' })
}

test('a kind is known again by its profile, and is never taken for another', () => {
  const profiles = KINDS.map(learnt)
  const level: string[] = []
  const wrong: string[] = []
  for (const [index, faults] of LOSSES.entries()) {
    for (const client of KINDS) {
      const { asked, behaviour } = deviceOf(client, 'tftp-hpa-5.2', faults, 7 + index)
      const ports = portHabit(asked)
      const [first] = asked
      const seen = { request: first.request, behaviour, ...(ports === undefined ? {} : { ports }) }
      const matches = matchProfiles(seen, profiles)
      const best = matches.filter(({ bits }) => bits === matches[0].bits).map(({ profile }) => profile.name)
      if (!best.includes(client)) wrong.push(`${client}: ${best.join(', ')}`)
      else if (best.length > 1) level.push(best.join(' and '))
    }
  }
  expect(wrong).toEqual([])
  // Two generations of U-Boot send the same request, and a capture seldom shows more.
  expect(new Set(level)).toEqual(new Set(['uboot-2008 and uboot-2020']))
  expect(level).toHaveLength(6)
})

test('requests as they were spelt, with their repeats and ports, by device', () => {
  const other = { address: '192.168.0.9', mac: '02:00:00:00:00:09' }
  const scene = new Scene()
  for (const clientPort of [2000, 2001]) {
    scene.ask(packet.rrq('a.bin', 'TSIZE', '0'), { clientPort }).wait(1000)
    scene.ask(packet.rrq('a.bin', 'TSIZE', '0'), { clientPort }).wait(1000)
  }
  scene.ask(packet.rrq('b.bin'), { client: other })
  const [first, second, ...more] = devicesIn(scene.file())
  expect(more).toEqual([])
  expect(first).toMatchObject({ mac: CLIENT.mac, addresses: [CLIENT.address], hosts: [SERVER.address], transfers: 2 })
  expect(first.asked.map(({ port, repeat }) => [port, repeat])).toEqual([
    [2000, false],
    [2000, true],
    [2001, false],
    [2001, true],
  ])
  expect(first.asked[0].request.options).toEqual([{ name: 'TSIZE', value: '0' }])
  expect(second).toMatchObject({ mac: other.mac, asked: [{ request: { filename: 'b.bin' } }] })
})

test('behaviour on which transfers contradict each other is not learnt', () => {
  const scene = new Scene()
  for (const [clientPort, waitMs] of [
    [2000, 1000],
    [2001, 3000],
  ]) {
    const side = { clientPort }
    scene.ask(packet.rrq('a.bin'), side)
    for (let seq = 1; seq <= 20; seq++) {
      scene.server(packet.data(seq, 512), side).client(packet.ack(seq), side)
      if (seq % 5 === 0) scene.client(packet.ack(seq), { ...side, afterMs: waitMs })
    }
  }
  const [device] = devicesIn(scene.file())
  expect(device.contradicted).toEqual(['timerMs'])
  expect(device.behaviour.timerMs).toBeUndefined()
})

test('a capture without a request has no device', () => {
  expect(devicesIn(blocks(new Scene(), 5, 20).file())).toEqual([])
})
