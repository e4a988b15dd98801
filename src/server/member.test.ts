/** What the control side knows of an instance, with a link that is played by hand. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { LinkOwner } from './link.ts'
import { Member, type MemberOwner } from './member.ts'
import type { InstanceStart } from './protocol.ts'

const OWNER: MemberOwner = {
  startOf: () => ({}) as InstanceStart,
  handle: () => {},
  gone: () => {},
  restarted: () => {},
}
const TIMES = { firstMs: 50, maxMs: 1000, wellMs: 60_000 }

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('a thread is up when it answers; one that hangs is asked once, and is down after a second', async () => {
  let owner: LinkOwner | undefined
  const asked: PromiseWithResolvers<NodeJS.CpuUsage>[] = []
  const member = new Member(
    OWNER,
    0,
    (_start, _index, linkOwner) => {
      owner = linkOwner
      const cpuUsage = (): Promise<NodeJS.CpuUsage> => {
        asked.push(Promise.withResolvers())
        return asked[asked.length - 1].promise
      }
      return { send: () => {}, terminate: async () => {}, cpuUsage }
    },
    TIMES,
  )
  const started = member.start()
  owner?.handle({ type: 'ready', bound: [], driver: 'dgram' })
  await started

  const health = member.health()
  asked[0].resolve({ user: 7, system: 3 })
  expect(await health).toEqual({ cpu: { user: 7, system: 3 }, restarts: 0 })

  for (let round = 0; round < 3; round++) {
    const hanging = member.health()
    await vi.advanceTimersByTimeAsync(1000)
    expect(await hanging).toEqual({ cpu: undefined, restarts: 0 })
  }
  expect(asked).toHaveLength(2)

  owner?.exited('it crashed')
  asked[1].reject(new Error('the thread ended'))
  expect(await member.health()).toEqual({ cpu: undefined, restarts: 0 })
  await vi.advanceTimersByTimeAsync(50)
  owner?.handle({ type: 'ready', bound: [], driver: 'dgram' })
  const again = member.health()
  asked[2].resolve({ user: 1, system: 0 })
  expect(await again).toEqual({ cpu: { user: 1, system: 0 }, restarts: 1 })
})
