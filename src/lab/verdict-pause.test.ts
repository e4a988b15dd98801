import { describe, expect, test } from 'vitest'
import type { PolicyOptions } from '../transfer/policy/choose.ts'
import type { ClientName } from './device/clients.ts'
import { bootDevice } from './device/device.ts'
import { readFaults } from './device/schema.ts'
import { EndpointNode } from './endpoint-node.ts'
import { type ExperimentResult, patternedImage, runExperiment } from './experiment.ts'
import { dropNth } from './fault/drop-nth.ts'
import type { Frame } from './frame.ts'
import type { ReceivingNode } from './node.ts'
import { PauseWatch, type PauseVerdict } from './verdict-pause.ts'
import { whyNoWay } from './verdict-way.ts'

const SIZE = 20_000

interface Setting {
  readonly client: ClientName
  readonly values?: Record<string, number>
  readonly fault?: string
  /** Numbers of the datagrams that are lost, from 1. */
  readonly lostUp?: readonly number[]
  readonly lostDown?: readonly number[]
  readonly policy?: PolicyOptions
}

function play({
  client,
  values = {},
  fault = 'none',
  lostUp = [],
  lostDown = [],
  policy = { window: 'auto' },
}: Setting): ExperimentResult {
  const faults = readFaults(fault).filter((one) => one.fault !== 'none')
  const device = { name: client, description: '', source: '', client: { model: client, values }, faults, link: {} }
  const booted = bootDevice(device, { seed: 1, sizeBytes: SIZE })
  const image = patternedImage(SIZE, 1)
  return runExperiment({
    client: booted.client,
    server: new EndpointNode({ image, policy }),
    image,
    up: { ...booted.up, faults: [...booted.up.faults!, dropNth(lostUp)] },
    down: { ...booted.down, faults: [...booted.down.faults!, dropNth(lostDown)] },
    limits: { untilMs: 1e6, maxDatagrams: 1e5 },
  })
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i)
}

/** The one long pause of a boot that got its image. */
function pauseOf(setting: Setting): PauseVerdict {
  const result = play(setting)
  expect(result.verdict.kind).toBe('intact')
  expect(result.pauses).toHaveLength(1)
  return result.pauses[0]
}

describe('a pause that no sender could have used', () => {
  test.each<[what: string, rule: string, ms: number, setting: Setting]>([
    ['the request is lost', 'request', 5000, { client: 'strict', lostUp: [1] }],
    [
      'the second request of a client that asks for the size first',
      'request',
      4000,
      { client: 'edk2', values: { probe: 1 }, lostUp: [3] },
    ],
    ['the OACK is lost', 'A5-oack', 1000, { client: 'uboot-2020', lostDown: [1] }],
    ['the ACK of the OACK is lost', 'A5-oack', 1000, { client: 'uboot-2020', lostUp: [2] }],
    ['DATA 1 is lost three times', 'A5-data', 1750, { client: 'strict', lostDown: [1, 2, 3] }],
    // The device asks twice: a block may lie in its card, and a filler brings it out (rule A12).
    ['it counts repeats, and a block is lost', 'A13', 2000, { client: 'rpi4-rom', lostDown: [7] }],
    ['its ACK leaves late, and the one before in its place', 'A13', 1000, { client: 'rpi4-rom', lostUp: [8] }],
    // 14 blocks: the request, ACK 0 to ACK 12, then ACK 13 and what answers the first repeat.
    [
      'the last ACK but one is lost, and the client answers once for each position',
      'A4',
      5000,
      { client: 'uboot-2020', lostUp: [15, 16] },
    ],
  ])('%s', (_what, rule, ms, setting) => {
    const pause = pauseOf(setting)
    expect(pause.ms).toBeGreaterThanOrEqual(ms)
    expect(pause.ms).toBeLessThan(ms + 300)
    expect(pause.shares[0].rule).toBe(rule)
    // An unknown device has a quarter of a second to answer.
    expect(pause.leftMs).toBeLessThan(300)
  })
})

describe('none of the eight datagrams of a second brought an answer, and the network lost half of them (A14)', () => {
  test.each<[what: string, setting: Setting]>([
    ['answers', { client: 'strict', lostUp: range(30, 40) }],
    ['DATA', { client: 'strict', lostDown: range(12, 20) }],
    ['answers, at the last block but one', { client: 'strict', lostUp: range(40, 48) }],
  ])('%s', (_what, setting) => {
    const pause = pauseOf(setting)
    expect(pause.ms).toBeGreaterThan(1000)
    expect(pause.shares[0].rule).toBe('A14')
    expect(pause.leftMs).toBeLessThan(300)
  })
})

describe('a pause of the sender’s own', () => {
  test.each<[what: string, setting: Setting]>([
    ['a policy that waits for its own timer', { client: 'strict', lostDown: [5], policy: { window: 'strict' } }],
    ['the same at the last block but one', { client: 'strict', lostDown: [39], policy: { window: 'strict' } }],
  ])('%s', (_what, setting) => {
    const pause = pauseOf(setting)
    expect(pause.shares).toEqual([])
    expect(pause.leftMs).toBeCloseTo(pause.ms, 6)
  })

  test('where fewer than eight datagrams leave in a second, their loss is no reason', () => {
    const [pause] = play({ client: 'uboot-1.1.3', lostUp: range(11, 13), policy: { window: 'strict' } }).pauses
    expect(pause.shares).toEqual([])
  })

  test('a healthy device has none, and its longest time without a block is the first round trips', () => {
    const { pauses, longestGapMs } = play({ client: 'uboot-2020' })
    expect(pauses).toEqual([])
    expect(longestGapMs).toBeCloseTo(0.3, 6)
  })

  test('blocks that a client drops are no progress', () => {
    // Block 3 never comes; the client drops what runs ahead.
    const { longestGapMs, ms } = play({ client: 'strict', lostDown: range(3, 400), policy: { window: 4 } })
    expect(longestGapMs).toBeGreaterThan(ms - 10)
  })
})

describe('why there was no way', () => {
  const facts = { heard: true, countsRepeats: false }

  test.each<[noWay: string | undefined, what: string, setting: Setting, more?: Partial<typeof facts>]>([
    ['unreachable', 'nothing reaches it', { client: 'strict', fault: 'dead-rx' }],
    ['unreachable', 'nothing reaches it any more', { client: 'uboot-1.1.3', fault: 'arp-silent:afterMs=2' }],
    ['request', 'its only request is lost', { client: 'lwip', lostUp: [1] }, { heard: false }],
    ['A13', 'all tries of one block by its own timer are lost', { client: 'rpi4-rom', lostUp: range(8, 30) }],
    ['A5-oack', 'every answer to an OACK is lost, and it asks once', { client: 'grub', lostUp: range(2, 30) }],
    ['copied', 'the network makes copies', { client: 'rpi4-rom', fault: 'duplicate:p=0.3' }, { countsRepeats: true }],
    [
      undefined,
      'copies, and a client that takes them well',
      { client: 'strict', fault: 'duplicate:p=0.3', lostDown: range(9, 500) },
    ],
    [
      undefined,
      'all is lost from one block on, by no fault that silences',
      { client: 'strict', lostDown: range(9, 500) },
    ],
    // Its timer is five seconds, and it has ten of them for the whole transfer.
    [undefined, 'the server gives up before the device', { client: 'uboot-2008', lostUp: range(3, 500) }],
  ])('%s: %s', (noWay, _what, setting, more = {}) => {
    const result = play(setting)
    expect(result.verdict.kind).not.toMatch(/^intact/)
    expect(whyNoWay(result, { ...facts, ...more })).toBe(noWay)
  })
})

test.each([
  ['an ACK that a later one overtook', [6, 5], true],
  ['an ACK in its turn', [5, 6], false],
])('a server that ends at %s', (_what, arriving, expected) => {
  const watch = new PauseWatch({ stored: 6, result: undefined } as ReceivingNode)
  const ack = (seq: number): Frame => ({
    buffer: Uint8Array.of(0, 4, 0, seq),
    offset: 0,
    length: 4,
    from: 2070,
    to: 69,
  })
  for (const seq of [5, 6]) watch.up.sent(seq, ack(seq))
  for (const [index, seq] of arriving.entries()) watch.up.arrived(10 + index, ack(seq))
  const error = Uint8Array.of(0, 5, 0, 0, 0)
  watch.down.sent(11, { buffer: error, offset: 0, length: error.length, from: 69, to: 2070 })
  expect(watch.endedByOvertaken).toBe(expected)
})
