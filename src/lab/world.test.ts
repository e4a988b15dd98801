import { describe, expect, test } from 'vitest'
import { Rng } from './rng.ts'
import { World } from './world.ts'
import type { LabNode, Outlet } from './node.ts'

/** Notes what happens to it, in order. */
class Recorder implements LabNode {
  deadline = Infinity
  readonly log: string[] = []
  readonly times: number[] = []
  outlet: Outlet | undefined
  onDatagram: ((now: number, first: number) => void) | undefined
  onTimer: ((now: number) => void) | undefined

  attach(outlet: Outlet): void {
    this.outlet = outlet
  }

  handleDatagram(now: number, buffer: Uint8Array, offset: number, length: number, from: number, to: number): void {
    this.times.push(now)
    this.log.push(`${[...buffer.subarray(offset, offset + length)].join('.')} ${from}>${to} @${now}`)
    this.onDatagram?.(now, buffer[offset]!)
  }

  handleTimer(now: number): void {
    this.deadline = Infinity
    this.log.push(`timer @${now}`)
    this.onTimer?.(now)
  }

  send(now: number, ...bytes: number[]): void {
    this.outlet!.send(now, Uint8Array.from(bytes), 0, bytes.length, 1, 2)
  }
}

const limits = { untilMs: 1000, maxDatagrams: 100_000 }

describe('world', () => {
  test('at one instant datagrams come before timers, whatever was asked for first', () => {
    const world = new World()
    const a = new Recorder()
    const b = new Recorder()
    world.join(a, b, { up: { delayMs: 5 } })
    b.deadline = 5
    a.send(0, 1)
    a.send(0, 2)
    expect(world.run(limits)).toBe('idle')
    expect(b.log).toEqual(['1 1>2 @5', '2 1>2 @5', 'timer @5'])
  })

  test('a timer that sends without delay: the datagram arrives before the next timer of that instant', () => {
    const world = new World()
    const a = new Recorder()
    const b = new Recorder()
    world.join(a, b)
    a.deadline = 3
    b.deadline = 3
    a.onTimer = (now) => a.send(now, 9)
    world.run(limits)
    expect(b.log).toEqual(['9 1>2 @3', 'timer @3'])
  })

  test('thousands of datagrams leave the queue in order of time, then of sending', () => {
    const rng = new Rng(1)
    const world = new World()
    const a = new Recorder()
    const b = new Recorder()
    world.add(a)
    world.add(b)
    const links = [0, 1, 2, 3, 4, 5, 6, 7].map((delayMs) => world.link(b, { delayMs }))
    const expected: { at: number; order: number }[] = []
    for (let i = 0; i < 5000; i++) {
      const link = rng.int(8)
      const sentAt = rng.int(4)
      links[link]!.send(sentAt, Uint8Array.from([i >> 8, i & 255]), 0, 2, 0, 0)
      expected.push({ at: Math.max(sentAt + link, lastOn(link, sentAt + link)), order: i })
    }
    world.run(limits)
    expected.sort((x, y) => x.at - y.at || x.order - y.order)
    expect(b.log).toEqual(expected.map((e) => `${e.order >> 8}.${e.order & 255} 0>0 @${e.at}`))
  })

  test('limits: time, datagrams, stop; and a run can go on', () => {
    const world = new World()
    const a = new Recorder()
    const b = new Recorder()
    world.join(a, b, { up: { delayMs: 10 }, down: { delayMs: 10 } })
    a.onDatagram = (now) => a.send(now, 1)
    b.onDatagram = (now) => b.send(now, 1)
    a.send(0, 1)
    expect(world.run({ untilMs: 95, maxDatagrams: 1000 })).toBe('time')
    expect(world.delivered).toBe(9)
    expect(world.run({ untilMs: 1000, maxDatagrams: 5 })).toBe('datagrams')
    expect(world.delivered).toBe(14)
    b.onDatagram = () => world.stop()
    expect(world.run({ untilMs: 1000, maxDatagrams: 5 })).toBe('stopped')
    expect(world.run({ untilMs: 1000, maxDatagrams: 5 })).toBe('idle')
  })

  test('bytes are copied: the sender may reuse its buffer at once, long or short', () => {
    const world = new World()
    const a = new Recorder()
    const b = new Recorder()
    world.join(a, b, { up: { delayMs: 1 } })
    const seen: number[][] = []
    b.handleDatagram = (_now, buffer, offset, length) => {
      seen.push([length, buffer[offset]!, buffer[offset + length - 1]!])
    }
    const buffer = new Uint8Array(70_000)
    for (const [length, value] of [
      [1, 1],
      [64, 2],
      [65, 3],
      [65_468, 4],
      [10, 5],
    ] as const) {
      buffer.fill(value)
      a.outlet!.send(0, buffer, 7, length, 0, 0)
    }
    buffer.fill(99)
    world.run(limits)
    expect(seen).toEqual([
      [1, 1, 1],
      [64, 2, 2],
      [65, 3, 3],
      [65_468, 4, 4],
      [10, 5, 5],
    ])
  })
})

/** A link keeps its order even when time, in this test, does not. */
const last = new Map<number, number>()
function lastOn(link: number, at: number): number {
  const latest = Math.max(at, last.get(link) ?? 0)
  last.set(link, latest)
  return latest
}
