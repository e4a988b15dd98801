import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { Alarm } from './alarm.ts'

const now = (): number => performance.now()

function alarm(): { alarm: Alarm; rung: number[]; next(): Promise<number> } {
  const rung: number[] = []
  let waiting: ((at: number) => void) | undefined
  const made = new Alarm(
    now,
    () => 0,
    (at) => {
      rung.push(at)
      waiting?.(at)
    },
  )
  return { alarm: made, rung, next: () => new Promise((resolve) => (waiting = resolve)) }
}

describe('Alarm', () => {
  test.each([0, 0.2, 1, 5.5, 20])('rings once, %d ms ahead and never early', async (ms) => {
    const { alarm: one, rung, next } = alarm()
    const at = now() + ms
    one.set(at)
    expect(await next()).toBeGreaterThanOrEqual(at)
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(rung.length).toBe(1)
    one.close()
  })

  test('a deadline that moved later, and one that moved earlier', async () => {
    const { alarm: one, rung, next } = alarm()
    const start = now()
    one.set(start + 5)
    one.set(start + 25)
    expect(await next()).toBeGreaterThanOrEqual(start + 25)
    one.set(now() + 60_000)
    const soon = now() + 3
    one.set(soon)
    expect(await next()).toBeGreaterThanOrEqual(soon)
    expect(rung.length).toBe(2)
    one.close()
  })

  test('Infinity and close silence it', async () => {
    const { alarm: one, rung } = alarm()
    one.set(now() + 2)
    one.set(Infinity)
    await new Promise((resolve) => setTimeout(resolve, 15))
    one.set(now() + 2)
    one.close()
    one.set(now() + 1)
    await new Promise((resolve) => setTimeout(resolve, 15))
    expect(rung).toEqual([])
  })

  test('datagrams that have arrived are handled first, however many', async () => {
    const socket = createSocket('udp4').bind(0, '127.0.0.1')
    await once(socket, 'listening')
    const { port } = socket.address()
    const sender = createSocket('udp4').bind(0, '127.0.0.1')
    await once(sender, 'listening')
    sender.connect(port, '127.0.0.1')
    await once(sender, 'connect')
    let arrived = 0
    socket.on('message', () => arrived++)
    const arrivedAtRing = await new Promise<number>((resolve) => {
      const one = new Alarm(
        now,
        () => arrived,
        () => resolve(arrived),
      )
      one.set(now() + 1)
      // More than libuv takes from a socket in one turn; the deadline passes while this code keeps the loop busy.
      for (let i = 0; i < 100; i++) sender.send('x')
      busyFor(5)
    })
    expect(arrivedAtRing).toBe(100)
    socket.close()
    sender.close()
  })
})

/** Keeps the event loop from turning. */
function busyFor(ms: number): void {
  const until = performance.now() + ms
  while (performance.now() < until) continue
}
