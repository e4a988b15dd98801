import { describe, expect, test } from 'vitest'
import { RECEIVER_TRANSITIONS, SENDER_TRANSITIONS, step, type Transition } from './phases.ts'

interface Table {
  readonly rows: readonly Transition<string, string>[]
  readonly starts: readonly string[]
  readonly ends: readonly string[]
}

const tables: Readonly<Record<string, Table>> = {
  sender: { rows: SENDER_TRANSITIONS, starts: ['offer', 'first'], ends: ['completed', 'probed', 'failed'] },
  receiver: { rows: RECEIVER_TRANSITIONS, starts: ['offer', 'receiving'], ends: ['closed', 'failed'] },
}

describe.each(Object.entries(tables))('the phases of the %s', (_name, { rows, starts, ends }) => {
  const follow = (from: readonly string[], next: (phase: string) => string[]): Set<string> => {
    const seen = new Set(from)
    for (const phase of seen) for (const to of next(phase)) seen.add(to)
    return seen
  }
  const phases = new Set(rows.flatMap(({ from, to }) => [from, to]))

  test('say once what follows on what', () => {
    const keys = rows.map(({ from, on }) => `${from} on ${on}`)
    expect(new Set(keys).size).toBe(keys.length)
    for (const row of rows) expect(step(rows, row.from, row.on)).toBe(row.to)
  })

  test('are all reached from a beginning', () => {
    expect(follow(starts, (phase) => rows.filter((r) => r.from === phase).map((r) => r.to))).toEqual(phases)
  })

  test('all lead to an end', () => {
    expect(follow(ends, (phase) => rows.filter((r) => r.to === phase).map((r) => r.from))).toEqual(phases)
  })

  test('end: nothing follows an end', () => {
    expect(rows.filter((row) => ends.includes(row.from))).toEqual([])
  })

  test('may fail as long as anything can still go wrong', () => {
    for (const phase of phases) {
      if (ends.includes(phase) || phase === 'dally') continue
      expect(step(rows, phase, 'fault')).toBe('failed')
    }
  })

  test('have a note for the diagram', () => {
    for (const { note } of rows) expect(note).toMatch(/\S/)
  })
})

test('A4: only from the final phase may a transfer complete without its last ACK', () => {
  expect(SENDER_TRANSITIONS.filter(({ on }) => on === 'silence').map(({ from }) => from)).toEqual(['final'])
})

test('a row that the table does not have is a bug in a machine', () => {
  expect(() => step(SENDER_TRANSITIONS, 'completed', 'fault')).toThrow('no transition from completed on fault')
  expect(() => step(SENDER_TRANSITIONS, 'linger', 'silence')).toThrow('linger')
})
