import { describe, expect, test } from 'vitest'
import { DeviceMemory } from '../profile/memory.ts'
import { DEVICES } from './device/catalogue.ts'
import { withFaults } from './device/device.ts'
import { readFaults } from './device/schema.ts'
import { type Cell, type Row, runCell, runMatrix, summarize } from './run.ts'
import { aroundFirstFault, PlotTrace, POINT, type Point, thinned } from './run-trace.ts'
import { SERVERS, type ServerName } from './server/catalogue.ts'

const cell = (device: string, server: ServerName, fault = 'none', more: Partial<Cell> = {}): Cell => ({
  device: withFaults(DEVICES[device], readFaults(fault)),
  server,
  model: SERVERS[server],
  sizeBytes: 100_000,
  seed: 1,
  ...more,
})

describe('a row', () => {
  test('of a healthy device: intact, one datagram for each block, lock-step at one block for each round trip', () => {
    const { row } = runCell(cell('uboot-1.1', 'foresend-lock-step'))
    expect(row).toMatchObject({
      verdict: 'intact',
      harmful: false,
      blocks: 196,
      holes: 0,
      clientTimeouts: 0,
      datagrams: 196,
      datagramsPerBlock: 1,
      fault: 'none',
      clientSays: 'short block',
      serverSays: 'completed',
    })
    // The request and its OACK, then one round trip for each block.
    expect(row.ms).toBeCloseTo(197 * 0.15, 6)
    expect(row.bytesPerSec).toBeCloseTo((100_000 * 1000) / (197 * 0.15), 3)
    expect(row.longestGapMs).toBeCloseTo(0.3, 6)
  })

  test('the same cell gives the same bytes, with and without a trace; another seed others', () => {
    const lossy = (more: Partial<Cell> = {}): string =>
      JSON.stringify(runCell(cell('archer-c2-good', 'foresend-window-2', 'ack-loss:p=0.01..0.3', more)).row)
    expect(lossy()).toBe(lossy())
    expect(lossy({ trace: true })).toBe(lossy())
    expect(lossy({ seed: 2 })).not.toBe(lossy())
  })

  test('every server meets the same unit: what a boot draws does not depend on the server', () => {
    const drawn = (server: ServerName): object =>
      runCell(cell('archer-c2-good', server, 'ack-loss:p=0.01..0.3')).row.drawn
    expect(drawn('tftpd64-1000')).toEqual(drawn('foresend-lock-step'))
    expect(Object.keys(drawn('tftpd64-1000'))).toEqual(['ack-loss.p'])
  })

  test('of a device whose budget of timeouts is spent: blocks until then, eleven timeouts told as ten', () => {
    const { row } = runCell(cell('uboot-1.1', 'tftp-hpa-5.2', 'ack-loss:p=0.2', { sizeBytes: 1_000_000 }))
    expect(row).toMatchObject({
      verdict: 'both-know-it-failed',
      clientTimeouts: 10,
      clientSays: 'retry count exceeded',
    })
    expect(row.blocks).toBeGreaterThan(5)
    expect(row.blocks).toBeLessThan(300)
    expect(row.longestGapMs).toBeGreaterThanOrEqual(1000)
  })

  test('holes are counted, all of them', () => {
    const { row } = runCell(cell('uboot-1.1', 'pytftpd-2', 'data-loss:p=0.2', { sizeBytes: 1_000_000 }))
    expect(row).toMatchObject({ verdict: 'hole', harmful: true })
    expect(row.holes).toBe(Math.ceil(1_000_000 / 512) - row.blocks)
    expect(row.holes).toBeGreaterThan(16)
  })

  test('a storm is cut off and said to be one', () => {
    const { row } = runCell(cell('edk2-pxe', 'pytftpd-2', 'data-loss:p=0.3', { sizeBytes: 200_000, seed: 3 }))
    const rows = [row, runCell(cell('strict', 'pytftpd-2')).row, runCell(cell('curl', 'matkaczmarek')).row]
    for (const { datagrams } of rows) expect(datagrams).toBeLessThan(60_000)
  })

  test('a device that hears nothing', () => {
    const { row } = runCell(cell('archer-c2-good', 'foresend-lock-step', 'dead-rx'))
    expect(row).toMatchObject({ verdict: 'both-know-it-failed', blocks: 0, bytesPerSec: 0, datagramsPerBlock: 0 })
  })
})

describe('boots in a row', () => {
  const unit = { ...cell('archer-c2-faulty', 'foresend', 'ack-loss:p=0.1'), sizeBytes: 1_000_000 }

  test('the first is the boot without memory, and the next begins with the window that served', () => {
    const memory = new DeviceMemory()
    const first = runCell({ ...unit, boot: 1, memory }).row
    expect(first).toEqual(runCell(unit).row)
    const known = memory.all().map(({ learnt }) => learnt)
    expect(known).toMatchObject([{ window: { windowBlocks: expect.any(Number) } }])
    const second = runCell({ ...unit, boot: 2, memory }).row
    expect(second.boot).toBe(2)
    // Without memory the same boot finds out first what this device needs.
    expect(second.ms).toBeLessThan(runCell({ ...unit, boot: 2 }).row.ms)
  })

  test('each boot has luck of its own, and the same one every time', () => {
    const times = [1, 2, 3, 2].map((boot) => runCell({ ...unit, boot }).row.ms)
    expect(times[3]).toBe(times[1])
    expect(new Set(times).size).toBe(3)
  })
})

test('the matrix: in order, one by one, counted; and can be left early', () => {
  const cells = [cell('curl', 'dnsmasq'), cell('grub', 'dnsmasq'), cell('lwip', 'dnsmasq')]
  const counts: number[] = []
  const names = [...runMatrix(cells, (done) => counts.push(done))].map(({ row }) => row.device)
  expect(names).toEqual(['curl', 'grub', 'lwip'])
  expect(counts).toEqual([1, 2, 3])
  const some: string[] = []
  for (const { row } of runMatrix(cells)) {
    some.push(row.device)
    break
  }
  expect(some).toEqual(['curl'])
})

describe('a summary', () => {
  const base = runCell(cell('curl', 'dnsmasq')).row
  const row = (change: Partial<Row>): Row => ({ ...base, ...change })

  test('counts what is intact, takes medians, and remembers the worst', () => {
    const rows = [
      row({ bytesPerSec: 10 }),
      row({ bytesPerSec: 30, verdict: 'intact-but-server-failed' }),
      row({ bytesPerSec: 20, verdict: 'both-know-it-failed' }),
    ]
    expect(summarize(rows)).toMatchObject({
      runs: 3,
      intact: 2,
      worst: 'both-know-it-failed',
      harmful: 0,
      bytesPerSec: 20,
    })
    const hole = summarize([...rows, row({ verdict: 'hole', harmful: true, holes: 4 })])
    expect(hole).toMatchObject({ worst: 'hole', harmful: 1, runs: 4 })
  })
})

describe('points of a plot', () => {
  const points = (fault: string, server: ServerName = 'foresend-lock-step'): readonly Point[] =>
    runCell(cell('uboot-1.1', server, fault, { trace: true })).points
  const count = (list: readonly Point[], kind: number): number => list.filter((point) => point.kind === kind).length

  test('of a clean transfer: every block sent and acknowledged, in the order of time', () => {
    const list = points('none')
    expect(count(list, POINT.sent)).toBe(196)
    // ACK 0 answers the OACK.
    expect(count(list, POINT.acked)).toBe(197)
    expect(list).toHaveLength(393)
    expect(list.every((point, i) => i === 0 || point.ms >= list[i - 1].ms)).toBe(true)
    expect(list.at(-1)).toMatchObject({ seq: 196, kind: POINT.acked })
  })

  test('lost DATA and lost ACKs are told apart from what arrived', () => {
    const data = points('data-loss:p=0.1')
    expect(count(data, POINT.sentLost)).toBeGreaterThan(5)
    expect(count(data, POINT.ackLost)).toBe(0)
    expect(count(data, POINT.repeated)).toBeGreaterThan(0)
    // Each block arrived at last: as first sent, or as a repeat.
    const arrived = data.filter(({ kind }) => kind === POINT.sent || kind === POINT.repeated)
    expect(new Set(arrived.map(({ seq }) => seq)).size).toBe(196)
    const acks = points('ack-loss:p=0.1')
    expect(count(acks, POINT.ackLost)).toBeGreaterThan(5)
    expect(count(acks, POINT.sentLost)).toBe(0)
  })

  test('an ACK that a fault made up is shown where it arrived', () => {
    const trace = new PlotTrace()
    const ack = (block: number) => ({ buffer: Uint8Array.of(0, 4, 0, block), offset: 0, length: 4, from: 1, to: 2 })
    trace.up.sent(1, ack(5))
    trace.up.arrived(2, ack(4))
    expect(trace.all()).toEqual([
      { ms: 1, seq: 5, kind: POINT.ackLost },
      { ms: 2, seq: 4, kind: POINT.acked },
    ])
  })

  test('thinning keeps what went wrong, the end, and the order', () => {
    const list = Array.from({ length: 10_000 }, (_, i) => ({
      ms: i,
      seq: i,
      kind: i % 100 === 7 ? POINT.ackLost : POINT.sent,
    }))
    const thin = thinned(list, 600)
    expect(thin.length).toBeLessThan(620)
    expect(count(thin, POINT.ackLost)).toBe(100)
    expect(thin.at(-1)).toBe(list.at(-1))
    expect(thinned(list.slice(0, 50), 600)).toEqual(list.slice(0, 50))
    const allBad = list.map((point) => ({ ...point, kind: POINT.sentLost }))
    expect(thinned(allBad, 600).length).toBeLessThan(620)
  })

  test('around the first fault', () => {
    const list = points('ack-loss:p=0.1')
    const first = list.findIndex(({ kind }) => kind === POINT.ackLost)
    expect(aroundFirstFault(list, 3, 5)).toEqual(list.slice(Math.max(0, first - 3), first + 5))
    expect(aroundFirstFault(points('none'), 3, 5)).toHaveLength(8)
  })
})
