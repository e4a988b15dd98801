import { describe, expect, test } from 'vitest'
import type { LearntDevice } from '../transfer/contract.ts'
import { negotiateRead } from '../transfer/negotiate.ts'
import type { PolicyOptions } from '../transfer/policy/choose.ts'
import { Sender } from '../transfer/sender.ts'
import { Devices, type DeviceTransfer } from './devices.ts'
import type { DeviceUpdate } from './memory.ts'

const limits = { maxBlksize: 65464, maxWindowsize: 65535, maxWindowBytes: 1 << 20, refuse: new Set<string>() }
const agreed = negotiateRead({ opcode: 1, filename: 'a', mode: 'octet', options: [] }, 1000, limits)
const wide: LearntDevice = { window: { windowBlocks: 8, gapMs: 0 } }

/** A transfer that ended like this, as far as the devices look at it. */
function ended(
  status: 'completed' | 'failed',
  learnt: LearntDevice,
  options: DeviceTransfer['request']['options'] = [],
) {
  const machine = Object.create(Sender.prototype, { learnt: { value: () => learnt } }) as Sender
  return {
    machine,
    outcome: { status },
    peer: { address: '10.0.0.1', port: 2070, local: '', near: true },
    request: { opcode: 1, filename: 'a', mode: 'octet', options },
    content: undefined,
  } satisfies DeviceTransfer as DeviceTransfer
}

function setUp(policy: PolicyOptions = { window: 'auto' }) {
  const told: DeviceUpdate[] = []
  const state = { now: 1_000_000, mac: '02:00:00:00:00:01' }
  const devices = new Devices(
    policy,
    () => state.mac,
    () => state.now,
    (update) => told.push(update),
  )
  return { devices, told, state }
}

describe('Devices', () => {
  test('a device is served by what its last transfer taught', () => {
    const { devices } = setUp()
    const transfer = ended('completed', wide)
    const first = devices.prepare(transfer, agreed)
    expect(first.device).toEqual({ known: false, patient: false, mayCountRepeats: false })
    expect(first.policy).toMatchObject({ type: 'adaptive', windowBlocks: 1 })
    devices.ended(transfer)
    const second = devices.prepare(transfer, agreed)
    expect(second.device).toEqual({ known: true, patient: false, mayCountRepeats: false, ...wide })
    // A remembered window opens step by step (rule A11).
    expect(second.policy).toMatchObject({ type: 'adaptive', windowBlocks: 2 })
  })

  test('another MAC address at the same network address is another device', () => {
    const { devices, state } = setUp()
    devices.ended(ended('completed', wide))
    state.mac = '02:00:00:00:00:02'
    state.now += 1000
    expect(devices.prepare(ended('completed', {}), agreed).device?.known).toBe(false)
  })

  test('a transfer that failed teaches nothing but that the device counts repeats', () => {
    const { devices } = setUp()
    devices.ended(ended('failed', wide))
    expect(devices.prepare(ended('failed', {}), agreed).device?.known).toBe(false)
    devices.ended(ended('failed', { countsRepeats: true }))
    const { policy, device } = devices.prepare(ended('failed', {}), agreed)
    expect(device).toEqual({ known: true, patient: true, mayCountRepeats: false })
    expect(policy).toMatchObject({ type: 'anticipation', windowBlocks: 1 })
  })

  test('what is new is told, what is known only once a minute', () => {
    const { devices, told, state } = setUp()
    const healthy = ended('completed', {})
    devices.ended(healthy)
    devices.ended(healthy)
    expect(told.map(({ time, count }) => [time, count])).toEqual([[1_000_000, 1]])
    devices.ended(ended('completed', wide))
    expect(told.at(-1)).toMatchObject({ learnt: wide, count: 2 })
    state.now += 60_000
    devices.ended(ended('completed', wide))
    expect(told).toHaveLength(3)
  })

  test('what another instance learnt holds here', () => {
    const [one, other] = [setUp(), setUp()]
    one.devices.ended(ended('completed', wide))
    for (const update of one.told) other.devices.merge(update)
    expect(other.devices.prepare(ended('completed', {}), agreed).device).toMatchObject({ known: true, ...wide })
  })

  test('the ROM that takes whatever comes is known by its request', () => {
    const options = [
      { name: 'tsize', value: '0' },
      { name: 'blksize', value: '1024' },
    ]
    expect(setUp({ window: 8 }).devices.prepare(ended('completed', {}, options), agreed).device?.patient).toBe(true)
  })

  test('a request like that of a ROM which may count repeats gets one block at a time, whatever was chosen', () => {
    const options = [
      { name: 'tsize', value: '0' },
      { name: 'blksize', value: '1468' },
    ]
    for (const chosen of [{ window: 8 }, { window: 'auto', copies: 2 }] as const) {
      const { policy, device } = setUp(chosen).devices.prepare(ended('completed', {}, options), agreed)
      expect(device).toMatchObject({ patient: false, mayCountRepeats: true })
      expect(policy).toMatchObject({ type: 'adaptive', windowBlocks: 1, copies: 1 })
    }
  })
})
