import { Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Gate } from './gate.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

let ports = 1000

class Connection extends Socket {
  override readonly remoteAddress = '127.0.0.1'
  override readonly remotePort = ports++
  state: 'came' | 'served' | 'closed' = 'came'

  override resume(): this {
    return this
  }

  override destroy(): this {
    if (this.state === 'closed') return this
    this.state = 'closed'
    this.emit('close')
    return this
  }
}

const BOUNDS = { maxServed: 2, maxWaiting: 3, waitMs: 2000, askWithinMs: 1000 }

/** `connections` that come at once. */
function gateWith(connections: number): { gate: Gate; all: Connection[] } {
  const gate = new Gate(BOUNDS, (socket) => Object.assign(socket, { state: 'served' }))
  const all = Array.from({ length: connections }, () => new Connection())
  for (const one of all) gate.enter(one)
  return { gate, all }
}

const states = (all: readonly Connection[]): string[] => all.map(({ state }) => state)

describe('the gate', () => {
  test('serves so many, lets so many wait, and closes the others', () => {
    const { all } = gateWith(7)
    expect(states(all)).toEqual(['served', 'served', 'came', 'came', 'came', 'closed', 'closed'])
  })

  test('one that ends makes room for the one that waits longest', () => {
    const { all } = gateWith(4)
    all[1].destroy()
    expect(states(all)).toEqual(['served', 'closed', 'served', 'came'])
    all[0].destroy()
    expect(states(all)).toEqual(['closed', 'closed', 'served', 'served'])
    all[2].destroy()
    all[3].destroy()
    const { all: later } = gateWith(2)
    expect(states(later)).toEqual(['served', 'served'])
  })

  test('one that asks nothing for a second makes room for one that waits; one that has asked stays', () => {
    const { gate, all } = gateWith(2)
    gate.asked(all[0])
    vi.advanceTimersByTime(5000)
    expect(states(all)).toEqual(['served', 'served'])
    const [next, last] = [new Connection(), new Connection()]
    gate.enter(next)
    expect(states([...all, next])).toEqual(['served', 'closed', 'served'])
    gate.enter(last)
    vi.advanceTimersByTime(500)
    expect(states([...all, next, last])).toEqual(['served', 'closed', 'served', 'came'])
    vi.advanceTimersByTime(500)
    expect(states([...all, next, last])).toEqual(['served', 'closed', 'closed', 'served'])
  })

  test('the wait is bounded, and those that are served stay', () => {
    const { gate, all } = gateWith(4)
    for (const one of all) gate.asked(one)
    vi.advanceTimersByTime(1000)
    const last = new Connection()
    gate.enter(last)
    vi.advanceTimersByTime(900)
    expect(states([...all, last])).toEqual(['served', 'served', 'came', 'came', 'came'])
    vi.advanceTimersByTime(600)
    expect(states([...all, last])).toEqual(['served', 'served', 'closed', 'closed', 'came'])
    all[0].destroy()
    expect(last.state).toBe('served')
    vi.advanceTimersByTime(10_000)
    expect(last.state).toBe('served')
  })

  test('an error of one that waits harms nothing, and nothing waits once it is closed', () => {
    const { gate, all } = gateWith(4)
    all[2].emit('error', new Error('reset'))
    gate.close()
    expect(states(all)).toEqual(['served', 'served', 'closed', 'closed'])
    expect(vi.getTimerCount()).toBe(0)
  })
})
