import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { probeBatch } from '../../src/io/native/probe.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { type Gauges, growth } from './gauges.ts'
import { Ledger, type SoakEvent } from './ledger.ts'
import { drawRound } from './rounds.ts'
import { runSoak } from './soak.ts'
import { uploadNames, Uploads } from './uploads.ts'

/** Of its rounds one has uploads that are killed, one a reload, one clients that vanish, and one packets that are lost. */
const SEED = 1360
const TRANSFERS = 400

test.skipIf(typeof probeBatch() === 'string')(
  `${TRANSFERS} real transfers leave nothing behind`,
  { timeout: 120_000 },
  async () => {
    const lines: string[] = []
    const result = await runSoak({ transfers: TRANSFERS, seed: SEED, say: (line) => lines.push(line) })
    expect(result.faults, lines.join('\n')).toEqual([])
    expect(result.transfers).toBeGreaterThanOrEqual(TRANSFERS)
    expect(result.totals.gets).toBeGreaterThan(0)
    expect(result.totals.puts).toBeGreaterThan(0)
    expect(result.totals.reloads).toBe(1)
    expect(result.totals.killedLoads).toBeGreaterThan(0)
  },
)

describe('growth', () => {
  const LEVEL: Gauges = { descriptors: 36, mappings: 400, fileMappings: 0, residentBytes: 2e8, parts: 0 }
  /** 100 rounds; `of` says what differs in each. */
  const rounds = (of: (index: number) => Partial<Gauges>): Gauges[] =>
    Array.from({ length: 100 }, (_, index) => ({ ...LEVEL, ...of(index) }))

  test.each([
    ['a level', () => ({})],
    ['a peak', (i: number) => (i === 60 ? { descriptors: 500, mappings: 5000, residentBytes: 9e8 } : {})],
    ['a start', (i: number) => ({ residentBytes: Math.min(2e8, 1e8 + i * 5e6) })],
    ['memory that comes and goes', (i: number) => ({ residentBytes: 2e8 + (i % 7) * 1e7 })],
  ])('%s is none', (_, of) => {
    expect(growth(rounds(of))).toEqual([])
  })

  test.each([
    ['a descriptor in eight rounds', (i: number) => ({ descriptors: 36 + Math.floor(i / 8) }), /open descriptors/],
    ['mappings', (i: number) => ({ mappings: 400 + i * 4 }), /mappings grew/],
    ['one mapping of a file', (i: number) => ({ fileMappings: i === 70 ? 1 : 0 }), /1 served files stayed/],
    ['an upload that stays', (i: number) => ({ parts: i === 70 ? 1 : 0 }), /1 unfinished uploads/],
    ['a megabyte in two rounds', (i: number) => ({ residentBytes: 2e8 + i * 5e5 }), /resident memory/],
  ])('%s is', (_, of, says) => {
    expect(growth(rounds(of))).toEqual([expect.stringMatching(says)])
  })
})

describe('the ledger', () => {
  const note = (...events: (readonly [string, number, string?])[]): Ledger => {
    const ledger = new Ledger()
    for (const [event, id, file = 'get-0'] of events) ledger.note({ event, id, file } as SoakEvent)
    return ledger
  }

  test.each([
    [
      'all is told',
      [
        ['requested', 1],
        ['started', 1],
        ['completed', 1],
      ],
      [],
      0,
    ],
    [
      'no end',
      [
        ['requested', 1],
        ['started', 1],
      ],
      [],
      1,
    ],
    [
      'two ends',
      [
        ['requested', 1],
        ['completed', 1],
        ['failed', 1],
      ],
      [/failed after its end/],
      0,
    ],
    ['an end of nothing', [['completed', 7]], [/completed before it was requested/], 0],
    [
      'an id that was used',
      [
        ['requested', 1],
        ['completed', 1],
        ['requested', 1],
      ],
      [/requested twice/],
      1,
    ],
  ] as const)('%s', (_, events, faults, running) => {
    const ledger = note(...events)
    expect(ledger.faults).toEqual(faults.map((fault) => expect.stringMatching(fault)))
    expect(ledger.running).toBe(running)
  })

  test('counts the files of a load together', () => {
    const ledger = note(
      ['requested', 1, 'put-1-0'],
      ['completed', 1, 'put-1-0'],
      ['requested', 2, 'put-1-1'],
      ['started', 2, 'put-1-1'],
    )
    expect([ledger.completedOf('put-1'), ledger.startedOf('put-1'), ledger.endsOf('put-1-0')?.completed]).toEqual([
      1, 1, 1,
    ])
  })
})

describe('uploads', () => {
  const OLD = Buffer.from('what was there')
  const NEW = Buffer.from('what was sent')
  const CASES: readonly (readonly [string, boolean, Buffer | undefined, boolean])[] = [
    ['completed, and there', true, NEW, true],
    ['completed, and not there', true, undefined, false],
    ['completed, and there in part', true, NEW.subarray(0, 4), false],
    ['completed, and the old one there', true, OLD, false],
    ['failed, and the old one there', false, OLD, true],
    ['failed, and nothing there', false, undefined, false],
    ['failed, and there in part', false, NEW.subarray(0, 4), false],
  ]

  test.each(CASES)('%s', (_, completed, found, right) => {
    const folder = join(tempFolder(), 'served')
    mkdirSync(folder)
    const uploads = new Uploads(folder)
    const put = (bytes: Buffer): void => writeFileSync(join(folder, 'put-0'), bytes)
    const ended = (isCompleted: boolean): Ledger => {
      const ledger = new Ledger()
      ledger.note({ event: 'requested', id: 1, file: 'put-0' })
      ledger.note({ event: isCompleted ? 'completed' : 'failed', id: 1, file: 'put-0' })
      return ledger
    }
    put(OLD)
    expect(uploads.check(['put-0'], OLD, ended(true))).toEqual({ compared: 1, faults: [] })
    uploads.prepare('put-0', true)
    if (found !== undefined) put(found)
    else rmSync(join(folder, 'put-0'))
    expect(uploads.check(['put-0'], NEW, ended(completed)).faults.length === 0).toBe(right)
  })

  test('are called as the load generator calls them', () => {
    expect(uploadNames('put-0', 1)).toEqual(['put-0'])
    expect(uploadNames('put-0', 2)).toEqual(['put-0-0', 'put-0-1'])
  })
})

test('the seed alone decides what a round is', () => {
  expect(drawRound(5, 3, 1000)).toEqual(drawRound(5, 3, 1000))
  expect(drawRound(5, 3, 1000)).not.toEqual(drawRound(6, 3, 1000))
})
