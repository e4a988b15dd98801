/** Figures for tests: numbers of no real run, every case with a spread, and servers that cannot do some. */
import { CASES } from './cases.ts'
import { type CaseFigures, type Figures, medianSample, OURS, OURS_PORTABLE, type Sample } from './figures.ts'

const SERVERS = [OURS, OURS_PORTABLE, 'tftpd-hpa', 'atftpd', 'dnsmasq'] as const

/** Medians by case, in the order of the servers; undefined where it cannot do the case. */
type Row = readonly (number | undefined)[]

const ROWS: Readonly<Record<string, Row>> = {
  'lockstep-512': [80, 14, 16, 16.6, 14.9],
  'lockstep-1428': [200, 38, 43, 37, 42],
  'window-16': [650, 100, undefined, 216, undefined],
  'clients-100-w1': [400, 90, 82, 108, 306],
  'clients-1000-w1': [390, 88, 79, undefined, 344],
  'clients-10-w1': [410, 91, 81, 107, 305],
  'clients-1-w1': [205],
  'clients-5000-w1': [380],
  'loss-0-w16': [700],
  'loss-1-w16': [120, 40, undefined, 14.2, undefined],
  'loss-2-w16': [60],
  'loss-5-w16': [20, 9, undefined, 2.1, undefined],
  starts: [30000, 6000, 1034, 5265, 17691],
  herd: [0, 0, 3172, 2782, 1645],
  memory: [0.8, 4, 95, 28, 2.7],
}

export function madeUp(rows: Readonly<Record<string, Row>> = ROWS): Figures {
  return {
    startedAt: '2026-01-02T03:04:05.000Z',
    durationMs: 600_000,
    quick: false,
    repeats: 3,
    machine: {
      cpu: 'Some <CPU>',
      cores: 2,
      memoryBytes: 2 ** 34,
      kernel: 'Linux 6.1',
      node: '24.12.0',
      pinned: 'server on core 0, clients on core 1',
      accounting: 'CPU time counted by a control group for each server',
      loadAverage: 0.1,
    },
    servers: SERVERS.map((name) => ({ name, version: `${name} 1.0` })),
    missing: ['another server is missing'],
    cases: CASES.filter(({ name }) => name in rows).map((each) => caseFigures(each, rows[each.name] as Row)),
  }
}

function caseFigures(
  { name, title, unit, clients, sizeBytes, ceiling }: (typeof CASES)[number],
  row: Row,
): CaseFigures {
  const servers = row.map((value, i) => {
    const server = SERVERS[i] as string
    if (value === undefined) return { server, samples: [], note: 'grants windowsize 1' }
    const samples = [0.95, 1, 1.1].map((factor) => sample(unit === 'failed' ? value : value * factor, i, unit))
    return { server, samples, median: medianSample(samples) as Sample }
  })
  const figures = { name, title, unit, clients, sizeBytes, servers }
  const most = (row[0] ?? 0) * 1.2
  return ceiling === true ? { ...figures, ceiling: { median: most, least: most * 0.9, most: most * 1.1 } } : figures
}

function sample(value: number, server: number, unit: string): Sample {
  const common = { value, ms: 800, completed: 100, failed: 0, serverCore: 0.99, clientCore: 0.8 }
  if (unit === 'KB') return { ...common, processKb: value * 0.75, kernelKb: value * 0.25 }
  return unit === 'MB/s' ? { ...common, cpuSecondsPerGb: 2 + server, kernelShare: 0.7 } : common
}
