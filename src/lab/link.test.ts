import { describe, expect, test } from 'vitest'
import type { Frame } from './frame.ts'
import { HeldFrame, wireBytes } from './frame.ts'
import type { Fault, FaultOutput, LinkOptions } from './link.ts'
import { Rng } from './rng.ts'
import { World } from './world.ts'
import type { LabNode } from './node.ts'

/** Sends `count` datagrams of `length` bytes at the times of `at` and returns [number, arrival] of each. */
function travel(options: LinkOptions, times: readonly number[], length = 512): [number, number][] {
  const world = new World()
  const arrivals: [number, number][] = []
  const sink: LabNode = {
    deadline: Infinity,
    attach: () => {},
    handleTimer: () => {},
    handleDatagram: (now, buffer, offset) => arrivals.push([buffer[offset]! * 256 + buffer[offset + 1]!, now]),
  }
  let next = 0
  const source: LabNode & { deadline: number } = {
    deadline: times[0]!,
    attach: () => {},
    handleDatagram: () => {},
    handleTimer(now) {
      const packet = new Uint8Array(length)
      while (next < times.length && times[next]! <= now) {
        packet[0] = next >> 8
        packet[1] = next & 255
        link.send(now, packet, 0, length, 0, 0)
        next++
      }
      this.deadline = times[next] ?? Infinity
    },
  }
  world.add(source)
  world.add(sink)
  const link = world.link(sink, options)
  expect(world.run({ untilMs: 1e9, maxDatagrams: 1e6 })).toBe('idle')
  return arrivals
}

const delay = (ms: number, side: Fault['side'] = 'sending'): Fault => ({
  type: 'delay',
  side,
  apply: (_now, frame, out) => out.pass(frame, ms),
})

describe('link', () => {
  test('frames are as long on the wire as on an Ethernet', () => {
    expect(wireBytes(516)).toBe(578)
    expect(wireBytes(4)).toBe(80)
    expect(wireBytes(1472)).toBe(1534)
  })

  test('delay', () => {
    expect(travel({ delayMs: 3 }, [0, 1])).toEqual([
      [0, 3],
      [1, 4],
    ])
  })

  test('rate: a burst queues up, each frame behind the one before', () => {
    const arrivals = travel({ rateBytesPerSec: 1e6, delayMs: 1 }, [0, 0, 0], 938)
    expect(arrivals.map(([n, at]) => [n, Math.round(at * 1e6) / 1e6])).toEqual([
      [0, 2],
      [1, 3],
      [2, 4],
    ])
  })

  test('the queue is bounded: what does not fit is lost', () => {
    const arrivals = travel({ rateBytesPerSec: 1e6, queueBytes: 2000 }, [0, 0, 0, 2.5], 938)
    expect(arrivals.map(([n]) => n)).toEqual([0, 1, 3])
  })

  test('jitter spreads arrivals and keeps the order', () => {
    const times = Array.from({ length: 2000 }, (_, i) => i)
    const arrivals = travel({ delayMs: 1, jitterMs: 5, rng: new Rng(3) }, times)
    expect(arrivals.map(([n]) => n)).toEqual(times)
    const late = arrivals.map(([n, at]) => at - n)
    expect(Math.min(...late)).toBeGreaterThanOrEqual(1)
    expect(Math.max(...late)).toBeLessThan(6)
    expect(late.reduce((sum, x) => sum + x, 0) / late.length).toBeGreaterThan(3.4)
    expect(() => travel({ jitterMs: 1 }, [0])).toThrow('rng')
  })

  test('faults work in the order given and their delays add up, on both sides', () => {
    const faults = [delay(1), delay(2), delay(4, 'arriving'), delay(8, 'arriving')]
    expect(travel({ delayMs: 0.5, faults }, [0, 100])).toEqual([
      [0, 15.5],
      [1, 115.5],
    ])
  })

  test('a fault on the arriving side sees the time of arrival', () => {
    const seen: number[] = []
    const watch = (side: Fault['side']): Fault => ({
      type: 'watch',
      side,
      apply(now, frame, out) {
        seen.push(now)
        out.pass(frame, 0)
      },
    })
    travel({ delayMs: 7, faults: [watch('sending'), watch('arriving')] }, [1])
    expect(seen).toEqual([1, 8])
  })

  test('a fault with a deadline is woken, and passes on what it held through the faults after it', () => {
    class HoldFor implements Fault {
      readonly type = 'hold-for'
      readonly side = 'sending'
      deadline = Infinity
      readonly #held = new HeldFrame()
      apply(now: number, frame: Frame): void {
        this.#held.hold(frame)
        this.deadline = now + 10
      }
      wake(_now: number, out: FaultOutput): void {
        this.deadline = Infinity
        out.pass(this.#held, 0)
      }
    }
    expect(travel({ delayMs: 1, faults: [delay(100), new HoldFor(), delay(2)] }, [0])).toEqual([[0, 13]])
  })
})
