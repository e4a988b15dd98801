import { describe, expect, test } from 'vitest'
import {
  advantage,
  bestPeer,
  type CaseFigures,
  comparable,
  disturbance,
  failedShare,
  medianSample,
  noiseOf,
  quietest,
  type Sample,
  spreadOf,
} from './figures.ts'
import { madeUp } from './made-up.ts'
import { digits, grouped, percent } from './numbers.ts'

const sample = (value: number, more: Partial<Sample> = {}): Sample => ({
  value,
  ms: 100,
  completed: 10,
  failed: 0,
  ...more,
})

describe('medians', () => {
  test('each field has its own, and a field that one sample lacks is taken from the others', () => {
    const middle = medianSample([sample(1, { cpuSecondsPerGb: 7 }), sample(3), sample(2, { cpuSecondsPerGb: 9 })])
    expect(middle).toEqual({ value: 2, ms: 100, completed: 10, failed: 0, cpuSecondsPerGb: 8 })
    expect(medianSample([])).toBeUndefined()
  })

  test('with the range, and the widest distance as noise', () => {
    expect(spreadOf([10, 8, 11])).toEqual({ median: 10, least: 8, most: 11 })
    expect(noiseOf({ server: 's', samples: [sample(10), sample(8), sample(11)] })).toBeCloseTo(0.2)
    expect(noiseOf({ server: 's', samples: [sample(10)] })).toBeUndefined()
  })
})

describe('comparing', () => {
  test('times as good: more MB/s, less memory, fewer failures', () => {
    expect(advantage('MB/s', 10, 5)).toBe(2)
    expect(advantage('KB', 10, 5)).toBe(0.5)
    expect(advantage('failed', 1, 5)).toBe(5)
  })

  test('a server that lost more than 1 % of its transfers is not compared', () => {
    const figures = (failed: number) => {
      const samples = [sample(9, { completed: 1000 - failed, failed })]
      return { server: 'x', samples, median: samples[0] as Sample }
    }
    expect(failedShare(figures(10))).toBe(0.01)
    expect(comparable(figures(10))?.value).toBe(9)
    expect(comparable(figures(11))).toBeUndefined()
  })

  test('the best peer is the fastest of those that do not fail; where failing is counted, the one that fails least', () => {
    const server = (name: string, value: number, failed = 0) => {
      const samples = [sample(value, { failed })]
      return { server: name, samples, median: samples[0] as Sample }
    }
    const each = (unit: string, servers: CaseFigures['servers']): CaseFigures => {
      return { name: 'n', title: 't', unit, clients: 1, sizeBytes: 1, servers }
    }
    const fast = [server('foresend-batch', 99), server('a', 3), server('b', 5, 5), server('c', 4)]
    expect(bestPeer(each('MB/s', fast))).toEqual({ server: 'c', value: 4 })
    expect(bestPeer(each('failed', [server('a', 9, 9), server('b', 7, 7)]))).toEqual({ server: 'b', value: 7 })
    expect(bestPeer(each('MB/s', [server('foresend-dgram', 3)]))).toBeUndefined()
  })
})

describe('numbers', () => {
  test.each([
    [0, '0'],
    [0.8, '0.80'],
    [9.43, '9.4'],
    [9.96, '9.96'],
    [23.45, '23.4'],
    [341.2, '341'],
    [0.004, '0.004'],
    [undefined, '-'],
    [Infinity, '-'],
  ])('%s is written %s', (value, text) => {
    expect(digits(value)).toBe(text)
  })

  test('thousands are grouped from five digits on', () => {
    expect(grouped(9999)).toBe('9999')
    expect(grouped(33_708.2)).toBe('33,708')
  })

  test('shares', () => {
    expect(percent(0.834)).toBe('83 %')
    expect(percent(0.014)).toBe('1.4 %')
    expect(percent(0)).toBe('0 %')
  })
})

describe('noise of other programs', () => {
  test('the least disturbed samples are kept, in the order in which they were taken', () => {
    const samples = [sample(1, { disturbed: 0.3 }), sample(2, { disturbed: 0 }), sample(3, { disturbed: 0.1 })]
    expect(quietest(samples, 2).map(({ value }) => value)).toEqual([2, 3])
    expect(quietest([sample(1), sample(2)], 3)).toHaveLength(2)
  })

  test('is the median of all samples', () => {
    const figures = madeUp({ 'lockstep-512': [1, 2] })
    expect(disturbance(figures)).toBeUndefined()
    const samples = [sample(1, { disturbed: 0.3 }), sample(2, { disturbed: 0.1 }), sample(2, { disturbed: 0.2 })]
    const [each] = figures.cases as [CaseFigures]
    expect(disturbance({ ...figures, cases: [{ ...each, servers: [{ server: 's', samples }] }] })).toBe(0.2)
  })
})
