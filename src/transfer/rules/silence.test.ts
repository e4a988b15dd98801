/** What a silent client is asked with, by what it said last (rules A4, A6, A7, A10). */
import { describe, expect, test } from 'vitest'
import { COUNTER } from '../contract.ts'
import { anticipation } from '../policy/anticipation.ts'
import { Script } from './script.ts'

const windowOf = (windowBlocks: number) => anticipation({ windowBlocks })

describe('A7: a client that acknowledges the block before again', () => {
  test('lacks the first unacknowledged one: it leaves at each try but every third', () => {
    const quiet = new Script({ blocks: 60, policy: windowOf(3) }).reach(12)
    const told = new Script({ blocks: 60, policy: windowOf(3) }).reach(12)
    for (const s of [quiet, told]) s.sent()
    told.wait(2).ack(12)
    quiet.wait(2)
    const count = (s: Script) =>
      s
        .wait(60)
        .sent()
        .filter((seq) => seq === 13).length
    const [ofQuiet, ofTold] = [count(quiet), count(told)]
    expect(ofTold).toBeGreaterThan(ofQuiet)
  })

  test('says nothing in lock-step: an old ACK of its transmitter looks the same', () => {
    const [quiet, told] = [new Script({ blocks: 60 }).reach(12), new Script({ blocks: 60 }).reach(12)]
    told.wait(2).ack(12)
    quiet.wait(2)
    expect(told.wait(60).sent()).toEqual(quiet.wait(60).sent())
  })
})

test('A10: each block of a window may bring an ERROR of its own, the later ones late', () => {
  const s = new Script({ blocks: 60, policy: windowOf(3) }).reach(12)
  s.wait(1).error(5)
  s.wait(8).error(5)
  expect(s.outcome).toBeUndefined()
  expect(s.machine.counters[COUNTER.bytes]).toBe(12 * 512)
  s.ack(13)
  expect(s.machine.counters[COUNTER.bytes]).toBe(13 * 512)
})

test('A6: what a patient transfer leaves to the timer of the client is no round trip', () => {
  const s = new Script({ blocks: 60, patient: true, clientTimeoutMs: 1000 }).wait(2000).ack(1)
  expect(s.machine.counters[COUNTER.srttMs]).toBe(0)
  s.wait(1).ack(2)
  expect(s.machine.counters[COUNTER.srttMs]).toBe(1)
})

describe('A4: the last block but one', () => {
  /** In order, one answer for each position, as U-Boot gives it; the first ACKs of 7 are lost. */
  function uboot(): (seq: number) => number | undefined {
    let count = 0
    let spokeAt = 0
    return (seq) => {
      if (seq === count + 1) {
        count++
        return count === 7 ? undefined : count
      }
      if (spokeAt === count) return undefined
      spokeAt = count
      return count
    }
  }

  test('leaves alone to a client that is proved to be in order and is silent on repeats', () => {
    let widest = 0
    let last = 0
    const inner = uboot()
    const made: Script[] = []
    const done = (): number => (made.length === 0 ? 0 : made[0].machine.counters[COUNTER.bytes] / 512)
    const script = new Script({
      blocks: 120,
      policy: windowOf(4),
      peer: (seq) => {
        if (seq === 119) last = done()
        widest = Math.max(widest, seq - done())
        return inner(seq)
      },
    })
    made.push(script)
    script.at(20_000)
    expect(script.outcome).toEqual({ status: 'completed' })
    // A window was open meanwhile; block 119 left in answer to the ACK of 118, which the counter does not hold yet.
    expect(widest).toBeGreaterThan(2)
    expect(last).toBe(117)
  })
})
