import { describe, expect, test } from 'vitest'
import { writeAck } from '../../packet/index.ts'
import type { Frame } from '../frame.ts'
import type { Fault } from '../link.ts'
import { Rng } from '../rng.ts'
import { ackStale } from './ack-stale.ts'
import { arpSilent } from './arp-silent.ts'
import { bitErrors } from './bit-errors.ts'
import { FAULTS } from './catalogue.ts'
import { deadRx } from './dead-rx.ts'
import { dropNth } from './drop-nth.ts'
import { duplicate } from './duplicate.ts'
import { eeeWake } from './eee-wake.ts'
import { fragmentLoss } from './fragment-loss.ts'
import { loss } from './loss.ts'
import { reorder } from './reorder.ts'
import { rxHold, rxOneBehind } from './rx-hold.ts'
import { rxRing } from './rx-ring.ts'
import { txAliasBurst } from './tx-alias-burst.ts'
import { txHold, txHoldAlias } from './tx-hold.ts'

interface Passed {
  /** The number in the ACK. */
  readonly n: number
  /** Sent as this one went through, and how much later it is delivered. */
  readonly during: number
  readonly delayMs: number
}

/** Runs ACK 1, 2, 3 ... through a fault, one at each time; wakes it when it is due. */
function run(fault: Fault, times: readonly number[], length = 4): Passed[] {
  const passed: Passed[] = []
  const buffer = new Uint8Array(length + 3)
  let during = 0
  const out = {
    pass(frame: Frame, delayMs: number): void {
      const n = frame.buffer[frame.offset + 2]! * 256 + frame.buffer[frame.offset + 3]!
      passed.push({ n, during, delayMs })
    },
  }
  for (let i = 0; i < times.length; i++) {
    while (fault.deadline !== undefined && fault.deadline < times[i]!) fault.wake!(fault.deadline, out)
    during = i + 1
    writeAck(buffer, 3, during & 0xffff)
    fault.apply(times[i]!, { buffer, offset: 3, length, from: 0, to: 0 }, out)
    // A fault that keeps a frame must have copied it.
    buffer.fill(0xee)
  }
  while (fault.deadline !== undefined && fault.deadline < Infinity) fault.wake!(fault.deadline, out)
  return passed
}

const numbers = (passed: readonly Passed[]): number[] => passed.map((p) => p.n)
const every = (ms: number, count: number): number[] => Array.from({ length: count }, (_, i) => i * ms)
const N = 50_000
/** Four standard deviations of a share `p` among `n`. */
const near = (p: number, n = N): number => 4 * Math.sqrt((p * (1 - p)) / n)

function expectShare(share: number, p: number, n = N): void {
  expect(Math.abs(share - p)).toBeLessThan(near(p, n))
}

/** Lengths of the runs of numbers that are missing. */
function gaps(passed: readonly Passed[], sent: number): number[] {
  const found: number[] = []
  let previous = 0
  for (const n of [...numbers(passed), sent + 1]) {
    if (n - previous > 1) found.push(n - previous - 1)
    previous = n
  }
  return found
}

describe('network', () => {
  test('loss: p is the share lost, one at a time and independent', () => {
    const passed = run(loss({ p: 0.037 }, new Rng(1)), every(1, N))
    expectShare(1 - passed.length / N, 0.037)
    const runs = gaps(passed, N)
    expectShare(runs.filter((r) => r > 1).length / runs.length, 0.037, runs.length)
  })

  test('loss: bursts of exactly the length asked for, p still the share', () => {
    const passed = run(loss({ p: 0.1, burst: 5 }, new Rng(2)), every(1, N))
    // Bursts, not datagrams, are independent: five times fewer samples.
    expectShare(1 - passed.length / N, 0.1, N / 10)
    expect(gaps(passed, N).every((r) => r % 5 === 0 || r > N - 5)).toBe(true)
  })

  test('loss: 0 loses nothing', () => {
    expect(run(loss({ p: 0 }, new Rng(3)), every(1, 1000))).toHaveLength(1000)
  })

  test('duplicate: p is the share that comes twice, the second later', () => {
    const passed = run(duplicate({ p: 0.05, laterMs: 7 }, new Rng(4)), every(1, N))
    const twice = passed.filter((p, i) => passed[i - 1]?.n === p.n)
    expectShare(twice.length / N, 0.05)
    expect(twice.every((p) => p.delayMs === 7)).toBe(true)
  })

  test('reorder: p is the share overtaken, by exactly `distance` later ones', () => {
    const passed = run(reorder({ p: 0.01, distance: 3, holdMs: 1e9 }, new Rng(5)), every(1, 1000))
    expect([...numbers(passed)].sort((a, b) => a - b)).toEqual(every(1, 1000).map((i) => i + 1))
    const overtaken = passed.filter((p) => p.during > p.n)
    expect(overtaken.length).toBeGreaterThan(2)
    for (const late of overtaken.slice(0, -1)) expect(late.during - late.n).toBeGreaterThanOrEqual(3)
    const many = run(reorder({ p: 0.01, holdMs: 1e9 }, new Rng(6)), every(1, N))
    expectShare(many.filter((p) => p.during > p.n).length / N, 0.01)
  })

  test('reorder: what nothing overtakes arrives after holdMs', () => {
    const fault = reorder({ p: 1, holdMs: 2 }, new Rng(7))
    expect(run(fault, [0, 100])).toEqual([
      { n: 1, during: 1, delayMs: 0 },
      { n: 2, during: 2, delayMs: 0 },
    ])
    fault.apply(500, { buffer: new Uint8Array(4), offset: 0, length: 4, from: 0, to: 0 }, { pass: () => {} })
    expect(fault.deadline).toBe(502)
  })

  test('bit errors: 3.3 % of a 512-byte DATA frame, 0.5 % of an ACK', () => {
    expectShare(1 - run(bitErrors({}, new Rng(8)), every(1, N), 516).length / N, 0.033)
    expectShare(1 - run(bitErrors({}, new Rng(9)), every(1, N), 4).length / N, 1 - (1 - 5.8e-5) ** 80)
  })

  test('drop-nth: exactly those', () => {
    expect(numbers(run(dropNth([2, 3, 7]), every(1, 8)))).toEqual([1, 4, 5, 6, 8])
  })
})

describe('transmit side of the device', () => {
  test('tx-alias-burst: 1 % alone, 30 % within 80 us of the one before', () => {
    const alone = run(txAliasBurst({}, new Rng(10)), every(0.5, N))
    expectShare(1 - alone.length / N, 0.01)
    const pairs = Array.from({ length: N }, (_, i) => Math.floor(i / 2) + (i % 2) * 0.05)
    const passed = run(txAliasBurst({}, new Rng(11)), pairs)
    const seconds = passed.filter((p) => p.n % 2 === 0 || p.n > 65_535).length
    expectShare(1 - seconds / (N / 2), 0.3, N / 2)
    expectShare(1 - (passed.length - seconds) / (N / 2), 0.01, N / 2)
  })

  test('ack-stale: p leave with the number before; none is lost, other packets untouched', () => {
    const passed = run(ackStale({}, new Rng(12)), every(1, N))
    expect(passed).toHaveLength(N)
    const stale = passed.filter((p) => p.n !== p.during)
    expectShare(stale.length / N, 0.037)
    expect(stale.every((p) => p.n === p.during - 1)).toBe(true)
    const always = ackStale({ p: 1 }, new Rng(13))
    expect(numbers(run(always, [0, 1, 2]))).toEqual([1, 1, 2])
    const seen: number[] = []
    const request = Uint8Array.of(0, 1, 65, 0)
    always.apply(
      3,
      { buffer: request, offset: 0, length: 4, from: 0, to: 0 },
      { pass: (f) => seen.push(f.buffer[f.offset + 1]!) },
    )
    expect(seen).toEqual([1])
  })

  test('tx-hold: an ACK waits for the next frame, then both leave', () => {
    expect(run(txHold({ p: 1 }, new Rng(14)), [0, 1000, 2000])).toEqual([
      { n: 1, during: 2, delayMs: 0 },
      { n: 2, during: 2, delayMs: 0 },
    ])
    const passed = run(txHold({}, new Rng(15)), every(1, N))
    const late = passed.filter((p) => p.during > p.n)
    // One that pushes another out does not wait itself.
    expectShare(late.length / (N - late.length), 0.037)
    expect(late.every((p) => p.during === p.n + 1)).toBe(true)
  })

  test('tx-hold-alias: the late one is a copy of the frame that pushed it out', () => {
    expect(numbers(run(txHoldAlias({ p: 1 }, new Rng(16)), [0, 1, 2, 3]))).toEqual([2, 2, 4, 4])
  })
})

describe('receive side of the device', () => {
  test('rx-hold: a frame is seen only with the next, in order, and none is lost but the last', () => {
    const passed = run(rxHold({}, new Rng(17)), every(1, N))
    expectShare(passed.filter((p) => p.during > p.n).length / N, 0.037)
    const seen = numbers(passed)
    expect(seen).toEqual(
      every(1, N)
        .map((i) => i + 1)
        .slice(0, seen.length),
    )
    expect(N - seen.length).toBeLessThanOrEqual(1)
  })

  test('rx-one-behind: always', () => {
    expect(run(rxOneBehind(), [0, 1, 2, 3]).map((p) => [p.n, p.during])).toEqual([
      [1, 2],
      [2, 3],
      [3, 4],
    ])
  })

  test('rx-ring: a burst beyond the descriptors is lost, each frame takes its time', () => {
    expect(run(rxRing(), [0, 0, 0, 0.2]).map((p) => [p.during, p.delayMs])).toEqual([
      [1, 0.2],
      [4, 0.2],
    ])
    expect(
      run(rxRing({ descriptors: 2 }), [0, 0, 0, 0.3]).map((p) => [p.during, Math.round(p.delayMs * 1000) / 1000]),
    ).toEqual([
      [1, 0.2],
      [2, 0.4],
      [4, 0.3],
    ])
    expect(run(rxRing({ descriptors: 4 }), [0, 0, 0, 0, 0])).toHaveLength(4)
    expect(run(rxRing(), every(0.21, 1000))).toHaveLength(1000)
  })

  test('dead-rx: nothing', () => {
    expect(run(deadRx(), every(1, 100))).toEqual([])
  })
})

describe('the link', () => {
  test('eee-wake: half of the frames after an idle gap, none of the others', () => {
    expectShare(run(eeeWake({}, new Rng(18)), every(5, N)).length / N, 0.5)
    expect(run(eeeWake({ p: 1 }, new Rng(19)), [0, 4.9, 9.8, 14.8, 15])).toHaveLength(3)
  })

  test('fragment-loss: whatever fits into one packet arrives, nothing longer ever does', () => {
    const sent = every(1, 100)
    expect(run(fragmentLoss(), sent, 1472)).toHaveLength(100)
    expect(run(fragmentLoss(), sent, 1473)).toEqual([])
    expect(run(fragmentLoss({ mtu: 1400 }), sent, 1372)).toHaveLength(100)
    expect(run(fragmentLoss({ mtu: 1400 }), sent, 1373)).toEqual([])
  })

  test('arp-silent: nothing goes down once the entry is old, traffic or not', () => {
    const { up, down } = arpSilent({ afterMs: 800 })
    run(up, [0, 500, 700, 900])
    expect(numbers(run(down, [0, 799, 800, 5000]))).toEqual([1, 2])
  })

  test('arp-silent, revived: the next frame of the device gives it another life', () => {
    const { up, down } = arpSilent({ afterMs: 800, revives: true })
    run(up, [0, 500])
    expect(numbers(run(down, [799, 800]))).toEqual([1])
    run(up, [900])
    expect(numbers(run(down, [901, 1699, 1700]))).toEqual([1, 2])
  })
})

/** Knows whether anybody drew from it, or from a fork of it. */
class Watched extends Rng {
  used: { yet: boolean }

  constructor(seed: number, label = '', used = { yet: false }) {
    super(seed, label)
    this.used = used
    used.yet = false
  }

  override next(): number {
    // The constructor of the base class draws before there is a field.
    if (this.used !== undefined) this.used.yet = true
    return super.next()
  }

  override fork(label: string): Rng {
    return new Watched(super.fork(label).next(), label, this.used)
  }
}

test('catalogue: every fault can be made, and the same seed gives the same; another seed another, where it draws at all', () => {
  for (const [name, make] of Object.entries(FAULTS)) {
    let drew = false
    const again = [1, 1, 2].map((seed) => {
      const rng = new Watched(seed)
      const placed = make(rng)
      const passed = [...placed.up, ...placed.down].map((fault) => [fault.type, run(fault, every(1, 2000))])
      drew = rng.used.yet
      return passed
    })
    expect(again[0], name).toEqual(again[1])
    if (drew) expect(again[0], name).not.toEqual(again[2])
    if (name === 'ack-loss') expect(drew).toBe(true)
    if (name === 'fragment-loss') expect(drew).toBe(false)
  }
})
