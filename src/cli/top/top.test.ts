/** The table of a running server: its screen, its keys, and how it ends. */
import { PassThrough } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { collector } from '../../../test/support/collector.ts'
import { STATS } from '../../../test/support/api-source.ts'
import type { FollowedEvent } from '../../control/follow.ts'
import type { TransferView } from '../../control/http/view.ts'
import { PLAIN } from '../render/style.ts'
import { TopModel } from './model.ts'
import { runTop } from './run.ts'
import { screenLines } from './screen.ts'

function transfer(id: number, more: Partial<TransferView> = {}): TransferView {
  return {
    id,
    client: `10.0.0.${id}:4000`,
    file: `image-${id}`,
    served: undefined,
    direction: 'read',
    state: 'running',
    bytes: 250,
    sizeBytes: 1000,
    rateBytesPerSec: 100 * id,
    blksize: 512,
    window: 1,
    datagrams: 2,
    retransmitted: 10 - id,
    stalls: 0,
    since: 1000 * id,
    inWords: `In words ${id}.`,
    ...more,
  }
}

const snapshot = (...transfers: TransferView[]): FollowedEvent => ({
  event: 'snapshot',
  data: { status: { ...STATS, version: '1.2.3' }, transfers },
})

function modelOf(...transfers: TransferView[]): TopModel {
  const model = new TopModel()
  model.apply(snapshot(...transfers))
  return model
}

const ids = (model: TopModel): number[] => model.rows().map(({ id }) => id)
const screen = (model: TopModel, rows = 24, columns = 100): string =>
  screenLines(model, { columns, rows }, 10_000, PLAIN).join('\n')

describe('the model', () => {
  test('follows changes and ends', () => {
    const model = modelOf(transfer(1), transfer(2))
    const ended = { event: 'failed', id: 1, client: '10.0.0.1:4000', file: 'image-1', reason: 'no answer' }
    model.apply({
      event: 'changes',
      data: { stats: STATS, changed: [transfer(2, { bytes: 500 })], gone: [1], ended: [ended] },
    })
    expect(ids(model)).toEqual([2])
    expect(screen(model)).toMatch(/50 % of 1.00 kB/)
    expect(screen(model)).toMatch(/failed 10\.0\.0\.1:4000 image-1: no answer/)
  })

  test('sorts, filters and selects by keys', () => {
    const model = modelOf(transfer(1), transfer(2), transfer(3))
    expect(ids(model)).toEqual([1, 2, 3])
    model.key('s')
    expect([model.sort, ids(model)]).toEqual(['speed', [3, 2, 1]])
    for (let i = 0; i < 5; i++) model.key('s')
    expect(model.sort).toBe('age')
    model.key('down')
    model.key('j')
    model.key('down')
    expect(model.selected).toBe(3)
    model.key('k')
    expect(model.selected).toBe(2)
    for (const key of ['/', 'I', 'x', 'backspace', 'm', 'q', 'backspace', 'return'])
      expect(model.key(key)).toBeUndefined()
    expect([model.filter, ids(model).length]).toEqual(['Im', 3])
    for (const key of ['/', 'a', 'g', 'e', '-', '3', 'return']) model.key(key)
    expect([ids(model), model.selected]).toEqual([[3], 3])
    model.key('escape')
    expect(ids(model)).toEqual([1, 2, 3])
  })

  test('ends a transfer only when that is confirmed', () => {
    const model = modelOf(transfer(7))
    expect(model.key('a')).toBeUndefined()
    expect(screen(model)).toMatch(/end the transfer of 10\.0\.0\.7:4000\? y\/n/)
    expect(model.key('n')).toBeUndefined()
    expect(model.key('y')).toBeUndefined()
    model.key('a')
    expect(model.key('y')).toEqual({ type: 'abort', id: 7 })
    expect(model.key('p')).toEqual({ type: 'plot', id: 7 })
    expect(model.key('p')).toBeUndefined()
    expect(model.key('q')).toEqual({ type: 'quit' })
  })
})

describe('the screen', () => {
  test('fits the terminal, whatever is asked of the server', () => {
    const many = Array.from({ length: 500 }, (_, i) => transfer(i + 1, { file: '\x1b[2J\u202e\n'.repeat(100) }))
    for (const [rows, columns] of [
      [24, 80],
      [5, 20],
      [60, 200],
    ]) {
      const model = modelOf(...many)
      model.key('down')
      const lines = screenLines(model, { rows, columns }, 10_000, PLAIN)
      expect(lines.length).toBeLessThan(rows)
      for (const line of lines) {
        expect([...line].length).toBeLessThanOrEqual(columns)
        expect(line).not.toMatch(/[\x00-\x1f\u202e]/)
      }
    }
  })

  test('shows the selected one in words, and keeps it in view', () => {
    const model = modelOf(...Array.from({ length: 100 }, (_, i) => transfer(i + 1)))
    for (let i = 0; i < 70; i++) model.key('down')
    expect(screen(model, 24, 200)).toMatch(/> +10\.0\.0\.71:4000 +image-71 .*In words 71\./)
    expect(screen(modelOf())).toMatch(/no transfer runs/)
    expect(screen(new TopModel())).toMatch(/asking the server/)
  })
})

test('draws, does what keys ask, and leaves the terminal as it was', async () => {
  const input = new PassThrough()
  const modes: boolean[] = []
  const { output, text } = collector()
  const aborted: number[] = []
  const world = {
    input: Object.assign(input, { setRawMode: (on: boolean) => modes.push(on) }),
    output,
    now: () => 10_000,
    follow: async (take: (event: FollowedEvent) => void, signal: AbortSignal) => {
      take(snapshot(transfer(1)))
      input.write('a')
      input.write('y')
      input.write('p')
      await expect.poll(text).toMatch(/the plot of 1/)
      const aborted = new Promise((resolve) => signal.addEventListener('abort', resolve))
      input.write('q')
      await aborted
      return true
    },
    abort: async (id: number) => {
      aborted.push(id)
      return `transfer ${id} was ended`
    },
    plot: async (id: number) => [`the plot of ${id}`],
  }
  expect(await runTop(world, new AbortController().signal)).toBe(true)
  expect(aborted).toEqual([1])
  expect(modes).toEqual([true, false])
  expect(text()).toMatch(/^\x1b\[\?1049h[^]*\x1b\[\?1049l$/)
})
