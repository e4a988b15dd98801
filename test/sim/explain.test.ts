/** Experiment O1, O2, O3: the reports from the faulty routers, reproduced. */
import { describe, expect, test } from 'vitest'
import {
  type ExplainedCell,
  type ExplainedServer,
  type ExplainProgress,
  explain,
  explainSteps,
} from '../../src/lab/explain.ts'
import type { FaultName } from '../../src/lab/fault/catalogue.ts'
import { TYPICAL_P } from '../../src/lab/index.ts'

function cell(fault: FaultName, server: ExplainedServer, seeds: number): ExplainedCell {
  return explain({ faults: [fault], servers: [server], seeds }).cells[0]
}

describe('3.7 % of the acknowledgements are lost', () => {
  test('O1: lock-step dies after a few hundred blocks, at the eleventh timeout of the device', () => {
    const lockStep = cell('ack-loss', 'tftp-hpa-5.2', 50)
    expect(lockStep.outcome).toBe('both-know-it-failed')
    expect(lockStep.blocks).toBeGreaterThan(200)
    expect(lockStep.blocks).toBeLessThan(400)
    expect(lockStep.clientTimeouts).toBe(10)
  })

  test('O2: Tftpd64 with 1000 bytes finishes, at a second for each lost acknowledgement', () => {
    const two = cell('ack-loss', 'tftpd64-1000', 7)
    expect(two.outcome).toBe('intact')
    expect(two.rateKBytesPerSec).toBeGreaterThan(8)
    expect(two.rateKBytesPerSec).toBeLessThan(20)
    expect(two.serverTimeouts).toBeGreaterThan(400)
    expect(two.holes).toBe(0)
  })

  test('O2: with eight packets it dies', () => {
    const eight = cell('ack-loss', 'tftpd64-3584', 15)
    expect(eight.outcome).toBe('both-know-it-failed')
    expect(eight.blocks).toBeLessThan(2000)
  })

  test('O3: PyTFTPd with 2 packets finishes without timeouts of the device, as fast as its console prints', () => {
    const py = cell('ack-loss', 'pytftpd-2', 5)
    expect(py.outcome).toBe('intact')
    expect(py.rateKBytesPerSec).toBeGreaterThan(150)
    expect(py.rateKBytesPerSec).toBeLessThan(190)
    expect(py.clientTimeouts).toBe(0)
    expect(py.holes).toBe(0)
    // Two for each acknowledgement that arrives: 2.0 where none is lost, 1.93 here.
    expect(py.datagramsPerBlock).toBeCloseTo(2 * (1 - TYPICAL_P), 1)
    expect(cell('none', 'pytftpd-2', 1).datagramsPerBlock).toBeCloseTo(2, 3)
  })
})

describe('3.7 % of the blocks are lost', () => {
  test('PyTFTPd ships an image with holes, and reports success', () => {
    const seeds = 5
    const py = cell('data-loss', 'pytftpd-2', seeds)
    expect(py.kinds).toEqual({ hole: seeds })
    expect(py.reportedSuccess).toBe(seeds)
    // Both copies of a block lost: 3.7 % squared of 15,872.
    expect(py.holes).toBeGreaterThan(12)
    expect(py.holes).toBeLessThan(35)
  })

  test('Foresend does not', () => {
    const window2 = cell('data-loss', 'foresend-window-2', 3)
    expect(window2.kinds).toEqual({ intact: 3 })
    expect(window2.holes).toBe(0)
  })
})

describe('which fault it is', () => {
  const faults: FaultName[] = ['none', 'ack-loss', 'data-loss', 'ack-stale', 'tx-hold', 'tx-hold-alias', 'rx-hold']
  const explanation = explain({ faults, seeds: 3 })
  const fitOf = (fault: FaultName): string => {
    const verdict = explanation.verdicts.find((v) => v.fault === fault)!
    return [verdict.fit, ...verdict.observations.map((o) => o.fit)].join(' ')
  }

  test('lost acknowledgements explain all three reports, in kind and in size', () => {
    expect(fitOf('ack-loss')).toBe('size size size size')
  })

  test('stale and doubled acknowledgements do so in kind: PyTFTPd would be faster', () => {
    expect(fitOf('ack-stale')).toBe('kind size size kind')
    expect(fitOf('tx-hold-alias')).toBe('kind size size kind')
  })

  test('lost blocks do not: Tftpd64 would die, and PyTFTPd leave holes', () => {
    expect(fitOf('data-loss')).toBe('no size no no')
    const differences = explanation.verdicts.find((v) => v.fault === 'data-loss')!.observations[2].differences
    expect(differences[0]).toMatch(/holes in the image, and reports success/)
  })

  test('frames that wait for the next one do not: a window would cure them', () => {
    expect(fitOf('rx-hold')).toBe('no size no no')
    expect(fitOf('tx-hold')).toBe('no size no no')
  })

  test('nor does a good unit', () => {
    expect(fitOf('none')).toBe('no no no no')
  })
})

describe('the experiment itself', () => {
  const small = { sizeBytes: 100_000, seeds: 2, faults: ['ack-loss', 'eee-wake'] as const }

  test('the same seeds give the same data, others do not', () => {
    expect(explain(small)).toEqual(explain(small))
    expect(explain({ ...small, firstSeed: 3 })).not.toEqual(explain(small))
  })

  test('says how far it is after each run', () => {
    const steps = explainSteps(small)
    const seen: ExplainProgress[] = []
    for (let step = steps.next(); step.done !== true; step = steps.next()) seen.push(step.value)
    expect(seen).toHaveLength(2 * 7 * 2)
    expect(seen[0]).toEqual({ done: 1, total: 28, fault: 'ack-loss', server: 'tftp-hpa-5.2' })
    expect(seen.at(-1)).toEqual({ done: 28, total: 28, fault: 'eee-wake', server: 'foresend-window-2' })
  })

  test('judges no fault that was not run with every server', () => {
    const part = explain({ ...small, servers: ['tftp-hpa-5.2'] })
    expect(part.cells).toHaveLength(2)
    expect(part.verdicts).toEqual([])
  })
})
