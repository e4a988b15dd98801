import { describe, expect, test } from 'vitest'
import { withUsual } from '../fault/catalogue.ts'
import { DEVICES } from './catalogue.ts'
import { whyNoBoot } from './bootable.ts'
import { type ClientName, CLIENTS } from './clients.ts'
import type { Device } from './device.ts'
import { type Habits, habitsOf } from './habits.ts'

function habits(name: ClientName, values: Record<string, number> = {}): Habits {
  const { parameters, make } = CLIENTS[name]
  return habitsOf(() => make({ sizeBytes: 0 }, withUsual(parameters, values)))
}

/** As the sources of these programs have it. */
describe('what clients do with a repeated block, a block ahead and their timer', () => {
  test.each<[ClientName, Partial<Habits>]>([
    ['strict', { repeat: 'acknowledged', ahead: 'dropped', timerMs: 5000, budget: 5, budgetOf: 'row' }],
    ['uboot-1.1.3', { repeat: 'ignored', ahead: 'stored and acknowledged', timerMs: 1000, budget: 10 }],
    ['uboot-1.1.3', { budgetOf: 'transfer', thenRestarts: true, givesUpMs: 11_000, requestBytes: 27 }],
    ['uboot-2020', { repeat: 'acknowledged, once for each position' }],
    ['uboot-2023', { repeat: 'ignored', ahead: 'dropped, the last ACK again, once for each position' }],
    ['lwip', { ahead: 'ERROR 5', timerMs: undefined, budget: 0, givesUpMs: 10_000 }],
    ['ipxe', { ahead: 'stored, the ACK names the gap', timerMs: 250, backsOff: true }],
    ['grub', { repeat: 'acknowledged', ahead: 'dropped', timerMs: undefined, asksForBlksize: true }],
    ['edk2', { repeat: 'acknowledged', ahead: 'dropped, the last ACK again', timerMs: 4000, budget: 6 }],
    ['curl', { budget: 50, budgetOf: 'row', timerMs: 6000 }],
    ['rpi4-rom', { repeat: 'taken for the next block', ahead: 'taken for the next block', thenRestarts: true }],
  ])('%s: %o', (name, expected) => expect(habits(name)).toMatchObject(expected))

  test('parameters of the client count', () => {
    expect(habits('curl', { timeoutMs: 300 }).timerMs).toBe(300)
    expect(habits('edk2', { probe: 1 })).toEqual(habits('edk2'))
  })
})

describe('parameters with which no boot is possible', () => {
  const device = (model: ClientName, more: Partial<Device> = {}, values = {}): Device => ({
    ...DEVICES.curl,
    client: { model, values },
    ...more,
  })

  test('no device of the lab has them', () => {
    for (const one of Object.values(DEVICES)) expect(whyNoBoot(one), one.name).toBeUndefined()
  })

  test.each<[string, Device, string]>([
    [
      'a round trip longer than the timer of a client whose budget is for the whole transfer',
      device('uboot-1.1.3', { link: { delayMs: 500 } }),
      'link.delayMs: no boot is possible: uboot-1.1.3 waits 1000 ms for a block, and a round trip takes 1000 ms; allowed is a round trip below the wait',
    ],
    [
      'a wire so slow that a block takes longer',
      device('lwip', { link: { rateBytesPerSec: 100 } }),
      'link.rateBytesPerSec: no boot is possible: lwip waits 10000 ms for a block, and a round trip takes 16140 ms; allowed is a round trip below the wait',
    ],
    [
      'a queue that no block fits into',
      device('lwip', { link: { rateBytesPerSec: 1e6, queueBytes: 1600 } }, { blksize: 4096 }),
      'link.queueBytes: no block leaves: one takes 4162 bytes, and the queue holds 1600; allowed is 4162 or more',
    ],
    [
      'packets too small for the block of a client that asks for no other',
      device('strict', { faults: [{ fault: 'fragment-loss', values: { mtu: 500 } }] }),
      'faults[0].mtu: no boot is possible: the smallest block of strict needs packets of 544 bytes; allowed is 544 or more',
    ],
    [
      'packets too small for the request',
      device('curl', { faults: [{ fault: 'fragment-loss', values: { mtu: 70 } }] }),
      'faults[0].mtu: no boot is possible: the request of curl needs packets of 75 bytes; allowed is 75 or more',
    ],
  ])('%s', (_what, one, expected) => {
    const found = whyNoBoot(one)
    expect(`${found?.path}: ${found?.message}`).toBe(expected)
  })

  test('what a draw or a client allows is not refused', () => {
    expect(whyNoBoot(device('uboot-1.1.3', { link: { delayMs: { uniform: [100, 900] } } }))).toBeUndefined()
    // Six of its own ACKs may pass before the block comes.
    expect(whyNoBoot(device('strict', { link: { delayMs: 3000 } }))).toBeUndefined()
    expect(whyNoBoot(device('curl', { faults: [{ fault: 'dead-rx', values: {} }] }))).toBeUndefined()
  })
})
