import { describe, expect, test } from 'vitest'
import { CASES, CURVES } from './cases.ts'
import { OURS, OURS_PORTABLE } from './figures.ts'
import { judge } from './judge.ts'
import { madeUp } from './made-up.ts'
import { type Target, TARGETS } from './targets.ts'

const ratio: Target = {
  kind: 'ratio',
  title: 'r',
  server: OURS,
  cases: ['lockstep-512'],
  peers: 'all',
  atLeast: 4.5,
  stretch: 5,
}

const one = (target: Target, row: readonly (number | undefined)[]) => {
  const where = 'cases' in target && target.cases !== 'speed' ? (target.cases[0] as string) : 'lockstep-512'
  return judge(madeUp({ [where]: row }), [target])[0]
}

describe('a target of times a peer', () => {
  test('counts the best of the peers', () => {
    expect(one(ratio, [74, 1, 16, 10, 15])).toMatchObject({ found: '4.6 x tftpd-hpa', met: true, stretchMet: false })
    expect(one(ratio, [80, 1, 16, 10, 15])).toMatchObject({ met: true, stretchMet: true })
    expect(one(ratio, [71, 1, 16, 10, 15])).toMatchObject({ met: false, stretchMet: false })
  })

  test('or those that it names', () => {
    expect(one({ ...ratio, peers: { only: ['dnsmasq'] } }, [74, 1, 16, 10, 1])).toMatchObject({ found: '74 x dnsmasq' })
    expect(one({ ...ratio, peers: { but: ['tftpd-hpa'] } }, [74, 1, 16, 10, 1])).toMatchObject({
      found: '7.4 x atftpd',
    })
  })

  test('cannot be told when no peer can do it, and is missed when we cannot', () => {
    expect(one(ratio, [74, 1, undefined, undefined, undefined])).toEqual(
      expect.not.objectContaining({ met: expect.anything() }),
    )
    expect(one(ratio, [undefined, 1, 16, 10, 1])).toMatchObject({ found: 'grants windowsize 1', met: false })
  })

  test('takes a peer that cannot do the case from another case', () => {
    const target: Target = { ...ratio, server: OURS_PORTABLE, cases: ['window-16'], peersFrom: 'lockstep-1428' }
    const figures = madeUp({ 'window-16': [9, 84], 'lockstep-1428': [200, 30, 42] })
    expect(judge(figures, [{ ...target, atLeast: 2 }])).toMatchObject([{ found: '2 x tftpd-hpa', met: true }])
  })
})

test('a target of at most so much takes the median, of failures the worst sample', () => {
  const memory: Target = { kind: 'at most', title: 'm', server: OURS, cases: ['memory'], measure: 'value', atMost: 2 }
  expect(one(memory, [1.99])).toMatchObject({ met: true })
  expect(one(memory, [2.1])).toMatchObject({ met: false })
  const herd: Target = { ...memory, cases: ['herd'], atMost: 0 }
  expect(one(herd, [0])).toMatchObject({ met: true, found: '0' })
  expect(one(herd, [1])).toMatchObject({ met: false })
})

test('cheaper is less CPU time than every peer', () => {
  const target: Target = { kind: 'cheaper', title: 'c', server: OURS, cases: 'speed' }
  expect(one(target, [80, 1, 16])).toMatchObject({ found: '2 s, tftpd-hpa 4 s', met: true })
  expect(one({ ...target, server: 'dnsmasq' }, [80, 1, 16, 3, 4])).toMatchObject({ met: false })
})

test('a share of the ceiling can be a stretch only', () => {
  const wanted = { kind: 'ceiling', title: 'c', server: OURS, cases: ['lockstep-512'], atLeast: 0.8 } as const
  expect(one(wanted, [80])).toMatchObject({ found: '83 % of the ceiling', met: true })
  const target: Target = { ...wanted, atLeast: 0.9, isStretch: true }
  expect(one(target, [80])).toMatchObject({ found: '83 % of the ceiling', stretchMet: false })
  expect(one(target, [80])).not.toHaveProperty('met')
})

describe('flat', () => {
  const target: Target = { kind: 'flat', title: 'f', server: OURS, curve: 'clients', within: 0.15 }
  const points = (CURVES.find(({ name }) => name === 'clients')?.points ?? []).map(({ caseName }) => caseName)

  test('is met when the most is little above the least, at all points', () => {
    const figures = madeUp(Object.fromEntries(points.map((name) => [name, [100]])))
    expect(judge(figures, [target])).toMatchObject([{ met: true }])
    const [first, ...rest] = figures.cases
    const dearer = structuredClone(first) as unknown as { servers: { median: { cpuSecondsPerGb: number } }[] }
    for (const server of dearer.servers) server.median.cpuSecondsPerGb *= 1.2
    const cases = [dearer as unknown as (typeof rest)[0], ...rest]
    expect(judge({ ...figures, cases }, [target])).toMatchObject([{ met: false }])
  })

  test('cannot be told while points are missing', () => {
    const figures = madeUp(Object.fromEntries(points.slice(1).map((name) => [name, [100]])))
    expect(judge(figures, [target])[0]).not.toHaveProperty('met')
  })
})

test('every target and every curve speaks of cases that there are', () => {
  const names = new Set(CASES.map(({ name }) => name))
  expect(names.size).toBe(CASES.length)
  const used = [
    ...TARGETS.flatMap((target) => ('cases' in target && target.cases !== 'speed' ? target.cases : [])),
    ...TARGETS.flatMap((target) => ('peersFrom' in target && target.peersFrom !== undefined ? [target.peersFrom] : [])),
    ...CURVES.flatMap(({ points }) => points.map(({ caseName }) => caseName)),
  ]
  expect(used.filter((name) => !names.has(name))).toEqual([])
})
