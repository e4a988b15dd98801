import { describe, expect, test } from 'vitest'
import type { Frame } from '../../src/lab/index.ts'
import { writeAck, writeDataHeader } from '../../src/packet/index.ts'
import { knownCases, Silence } from './figures-known.ts'
import { MEMORY_KINDS, drawPair, playPair } from './figures-memory.ts'
import { type CellResult, cellsOf, measure, runLine } from './figures-product.ts'
import { FULL } from './figures.ts'

function cell(device: string, fault: string, seeds = 6): CellResult {
  return measure(cellsOf(device).find((one) => one.fault.startsWith(fault))!, seeds)
}

describe('every device x every fault', () => {
  test.each([
    ['strict', 'ack-stale', 'within', '', ''],
    ['strict', 'dead-rx', 'no way', '', 'unreachable'],
    ['uboot-2020', 'rx-one-behind', 'excused', 'A5-oack', ''],
    ['rpi4-rom', 'rx-hold', 'excused', 'A13', ''],
    ['rpi4-rom', 'duplicate', 'no way', '', 'copied'],
  ])('%s x %s: %s %s %s', (device, fault, kind, excused, without) => {
    const result = cell(device, fault)
    expect(result.kind).toBe(kind)
    expect([...result.excused.keys()].join()).toBe(excused)
    expect([...result.without.keys()].join()).toBe(without)
  })

  test('the line of a cell is what `lab run` takes', () => {
    const [first] = cellsOf('strict')
    expect(runLine(first, 7)).toBe(
      "foresend lab run --server foresend --device strict --fault 'ack-loss:p=0.01..0.3' --seed 7",
    )
  })
})

test.each(['uboot-2023', 'edk2-pxe'])('%s with bursts of lost ACKs, the first row of the known cases', (device) => {
  for (const { what, measured, met, notes } of knownCases(device, { ...FULL, seeds: 10 }).slice(0, 3)) {
    expect(met, `${what}: ${measured}\n${notes.join('\n')}`).toBe(true)
  }
})

describe('memory', () => {
  test('of a client with another request changes nothing', () => {
    for (let number = 1; number <= 5; number++) expect(playPair(drawPair(number, 'other request')).ratio).toBe(1)
  })

  test('a pair is drawn by its number alone', () => {
    for (const kind of MEMORY_KINDS) expect(drawPair(3, kind)).toEqual(drawPair(3, kind))
  })
})

describe('questions in a silent second', () => {
  const packet = new Uint8Array(516)
  const frame = (length: number): Frame => ({ buffer: packet, offset: 0, length, from: 1, to: 2 })

  /** DATA at these times; `acked` arrives before, at 0. */
  function played(windowed: boolean, acked: number, data: readonly (readonly [ms: number, block: number])[]): Silence {
    const silence = new Silence(windowed)
    const left = (ms: number, block: number): void => {
      writeDataHeader(packet, 0, block)
      silence.down.sent(ms, frame(516))
    }
    const heard = (ms: number, block: number): void => {
      writeAck(packet, 0, block)
      silence.up.arrived(ms, frame(4))
    }
    for (let block = 1; block <= acked + 4; block++) left(0, block)
    heard(0, acked)
    for (const [ms, block] of data) left(ms, block)
    heard(1e6, acked)
    return silence
  }

  test('repeats and blocks ahead count, in any second, not in each', () => {
    const silence = played(false, 5, [
      [600, 6],
      [900, 10],
      [1100, 6],
      [1500, 11],
      [1650, 6],
    ])
    expect(silence.mostQuestions).toBe(4)
  })

  test('what leaves at the moment of an ACK, or in its turn when all is acknowledged, is none', () => {
    expect(played(false, 5, [[0, 10]]).mostQuestions).toBe(0)
    const silence = new Silence(false)
    writeDataHeader(packet, 0, 1)
    silence.down.sent(0, frame(516))
    writeAck(packet, 0, 1)
    silence.up.arrived(1, frame(4))
    writeDataHeader(packet, 0, 2)
    silence.down.sent(21, frame(516))
    silence.up.arrived(22, frame(4))
    expect(silence.mostQuestions).toBe(0)
  })

  test('a window that leaves again as a whole is none for a client that negotiated it', () => {
    const again = [
      [10, 6],
      [10, 7],
      [10, 8],
      [10, 9],
      [20, 10],
      [20, 12],
    ] as const
    expect(played(true, 5, again).mostQuestions).toBe(2)
    expect(played(false, 5, again).mostQuestions).toBe(6)
    const apart = again.map(([ms, seq], n) => [ms + n, seq] as const)
    expect(played(true, 5, apart).mostQuestions).toBe(2)
    expect(
      played(true, 5, [
        [10, 6],
        [500, 6],
      ]).mostQuestions,
    ).toBe(2)
  })
})
