import type { Socket } from 'node:dgram'
import { describe, expect, test } from 'vitest'
import { Sending } from './core.ts'
import type { Core } from './core.ts'
import { SendMemory } from './send-memory.ts'
import { newStats } from '../driver-stats.ts'

/** A socket whose kernel buffer is full when `full` says so: Node then keeps the memory, and reads it later. */
class Queueing extends Sending<string> {
  readonly queue: Uint8Array[] = []
  readonly sent: number[][] = []
  full = false

  constructor(frames: SendMemory) {
    const core = {
      stats: newStats(),
      frames,
    } as Partial<Core<string>> as Core<string>
    const queue: Uint8Array[] = []
    super(core, { getSendQueueCount: () => queue.length } as Partial<Socket> as Socket)
    this.queue = queue
  }

  /** The kernel has room again: what was queued leaves, with the bytes that its memory holds now. */
  drain(): void {
    this.full = false
    for (const data of this.queue.splice(0)) this.sent.push([...data])
  }

  get dropped(): number {
    return this.core.stats.dropped
  }

  protected override get open(): boolean {
    return true
  }

  protected override put(data: Uint8Array): void {
    if (this.full || this.queue.length > 0) this.queue.push(data)
    else this.sent.push([...data])
  }
}

const block = (seq: number, target: Uint8Array): number => {
  target.fill(seq)
  return target.length
}
const expected = (from: number, to: number): number[][] =>
  Array.from({ length: to - from + 1 }, (_, i) => [from + i, from + i, from + i, from + i])

describe('Sending', () => {
  test('datagrams that Node had to queue leave with their own bytes', () => {
    const frames = new SendMemory()
    const [tid, other] = [new Queueing(frames), new Queueing(frames)]
    tid.sendBlocks({ frame: block }, 1, 3, 4)
    tid.full = true
    tid.sendBlocks({ frame: block }, 4, 3, 4)
    tid.sendControl(new Uint8Array([7, 7, 7, 7]), 4)
    tid.sendBlocks({ frame: block }, 8, 2, 4)
    other.sendBlocks({ frame: block }, 90, 2, 4)
    tid.drain()
    tid.sendBlocks({ frame: block }, 10, 2, 4)
    expect(tid.sent).toEqual(expected(1, 11))
    expect(other.sent).toEqual(expected(90, 91))
  })

  test('a final block that is shorter is queued safely as well', () => {
    const tid = new Queueing(new SendMemory())
    tid.full = true
    tid.sendBlocks({ frame: (seq, target) => block(seq, target) - 2 }, 1, 1, 4)
    tid.sendBlocks({ frame: block }, 2, 1, 4)
    tid.drain()
    expect(tid.sent).toEqual([
      [1, 1],
      [2, 2, 2, 2],
    ])
  })

  test('the queue is bounded', () => {
    const tid = new Queueing(new SendMemory())
    tid.full = true
    tid.sendBlocks({ frame: block }, 0, 5000, 4)
    expect(tid.queue.length).toBe(2048)
    expect(tid.dropped).toBe(5000 - 2048)
  })
})
