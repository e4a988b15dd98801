import { afterEach, describe, expect, test, vi } from 'vitest'
import { FakeNative } from '../../../test/double/native.ts'
import { ClientLoop, type LoopMember } from './batch-loop.ts'
import * as linux from '../native/linux.ts'

/** A socket that has what the test puts into `arrivals`. */
class Member implements LoopMember {
  readonly fd: number
  dueAt = Infinity
  arrivals = 0
  readonly log: string[]
  onLook = (): void => {}

  constructor(fd: number, log: string[]) {
    this.fd = fd
    this.log = log
  }

  look(): number {
    const count = this.arrivals
    this.arrivals = 0
    if (count > 0) this.log.push(`${this.fd}: ${count}`)
    this.onLook()
    return count
  }

  ring(now: number): void {
    this.dueAt = Infinity
    this.log.push(`${this.fd}: ring`)
    expect(now).toBeGreaterThan(0)
  }
}

/** Sleeps for real are not wanted here: what is waited for is written down. */
class Sleeping extends FakeNative {
  readonly waits: { fds: number[]; ms: number }[] = []

  override poll(fds?: Uint8Array, count = 0, ms = 0): number {
    const view = new DataView((fds as Uint8Array).buffer)
    const list = Array.from({ length: count }, (_, i) => view.getInt32(i * linux.POLLFD.bytes, true))
    this.waits.push({ fds: list, ms })
    return 0
  }
}

const running: { loop: ClientLoop; member: Member }[] = []

afterEach(() => {
  for (const { loop, member } of running.splice(0)) loop.remove(member)
})

describe('the loop of the client sockets', () => {
  test('sleeps on its sockets and Node, longer and longer, and never beyond a deadline', async () => {
    const { native, loop, log } = start()
    const member = add(loop, new Member(7, log))
    await turns(6)
    expect(native.waits.every(({ fds }) => fds.join() === '-1,7')).toBe(true)
    expect(native.waits.map(({ ms }) => ms).slice(0, 4)).toEqual([1, 2, 4, 4])
    native.waits.length = 0
    const clock = vi.spyOn(performance, 'now').mockReturnValue(1000)
    member.dueAt = 1000.5
    await turns(1)
    clock.mockRestore()
    expect(native.waits.map(({ ms }) => ms)).toEqual([0.5])
  })

  test('rings at the deadline, after what had arrived', async () => {
    const { loop, log } = start()
    const member = add(loop, new Member(7, log))
    member.dueAt = 0
    member.arrivals = 3
    await turns(2)
    expect(log).toEqual(['7: 3', '7: ring'])
  })

  test('a socket that is never silent leaves Node its turns', async () => {
    const { loop, log } = start()
    const member = add(loop, new Member(7, log))
    member.onLook = () => void (member.arrivals = 1)
    await turns(3)
    expect(log.length).toBeGreaterThan(3)
  })

  test('a member removed by a handler is not asked again, and without members nothing runs', async () => {
    const { native, loop, log } = start()
    const [first, second] = [add(loop, new Member(7, log)), add(loop, new Member(8, log))]
    first.arrivals = 1
    first.onLook = () => {
      loop.remove(first)
      loop.remove(second)
    }
    await turns(2)
    expect(log).toEqual(['7: 1'])
    native.waits.length = 0
    await turns(3)
    expect(native.waits).toEqual([])
  })

  test('an exception of a handler does not end it', async () => {
    const { loop, log } = start()
    const member = add(loop, new Member(7, log))
    const thrown = new Promise((resolve) => {
      const listeners = process.listeners('uncaughtException')
      process.removeAllListeners('uncaughtException')
      process.once('uncaughtException', (error) => {
        for (const listener of listeners) process.on('uncaughtException', listener)
        resolve(error)
      })
    })
    member.onLook = () => {
      member.onLook = () => {}
      throw new Error('handler')
    }
    expect(await thrown).toMatchObject({ message: 'handler' })
    member.arrivals = 2
    await turns(2)
    expect(log).toEqual(['7: 2'])
  })
})

function start(): { native: Sleeping; loop: ClientLoop; log: string[] } {
  const native = new Sleeping()
  return { native, loop: new ClientLoop(native, 1), log: [] }
}

function add(loop: ClientLoop, member: Member): Member {
  loop.add(member)
  running.push({ loop, member })
  return member
}

/** Turns of Node's event loop. */
async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve))
}
