/** Rules A2, A3 and A11: the window that the client did not negotiate. */
import { describe, expect, test } from 'vitest'
import { runTransfer } from '../../../test/sim/transfer.ts'
import { rxRing, strictClient, uboot113 } from '../../lab/index.ts'
import { COUNTER } from '../contract.ts'
import { adaptive } from '../policy/adaptive.ts'
import { anticipation } from '../policy/anticipation.ts'
import { Script } from './script.ts'

const windowOf = (windowBlocks: number) => anticipation({ windowBlocks })

describe('A2: slide over a contiguous run', () => {
  test('one new block for each acknowledged one', () => {
    const s = new Script({ blocks: 100, policy: windowOf(4) })
    expect(s.sent()).toEqual([1])
    expect(s.wait(1).ack(1).sent()).toEqual([2, 3, 4, 5])
    s.wait(1)
    expect(s.ack(2).sent()).toEqual([6])
    expect(s.ack(3).sent()).toEqual([7])
    expect(s.ack(4).sent()).toEqual([8])
  })

  test('nothing twice to a healthy client, whatever the window', () => {
    for (const windowBlocks of [1, 2, 7, 64]) {
      const s = new Script({ blocks: 500, policy: windowOf(windowBlocks), peer: (seq) => seq }).at(2000)
      expect(s.outcome).toEqual({ status: 'completed' })
      expect(s.sent()).toEqual(Array.from({ length: 500 }, (_, i) => i + 1))
    }
  })

  test('an ACK above a gap does not slide; the ACK that closes it slides over all', () => {
    const s = new Script({ blocks: 100, policy: windowOf(4) }).reach(1)
    s.sent()
    expect(s.wait(1).ack(3, 5).sent()).toEqual([2, 4])
    s.ack(2, 4).wait(20)
    expect(s.runUntil(s.now).sent()).toEqual([6, 7, 8, 9])
  })

  test('never more than the window is out', () => {
    const owner: { script?: Script } = {}
    let most = 0
    const s = new Script({
      blocks: 300,
      policy: windowOf(5),
      peer: (seq) => {
        most = Math.max(most, seq - (owner.script?.acknowledged ?? 0))
        return seq
      },
    })
    owner.script = s
    s.at(1000)
    expect(s.outcome?.status).toBe('completed')
    expect(most).toBe(5)
  })
})

describe('A3: a gap', () => {
  test('an ACK above it sends it again at once, at most once per 1.5 RTT', () => {
    const s = new Script({ blocks: 100, policy: windowOf(8) }).reach(1)
    s.sent()
    s.wait(1)
    expect(s.ack(3).sent()).toEqual([2])
    expect(s.ack(4).sent()).toEqual([])
    expect(s.wait(1).ack(5).sent()).toEqual([])
    // The round trip has grown a little by what it has just measured.
    expect(s.wait(1.25).ack(6).sent()).toEqual([2])
    expect(s.wait(1.25).ack(7).sent()).toEqual([])
  })

  test('a repeated ACK above it does not', () => {
    const s = new Script({ blocks: 100, policy: windowOf(8) }).reach(1).wait(1).ack(3)
    s.sent()
    for (let i = 0; i < 4; i++) expect(s.wait(1.5).ack(3).sent()).toEqual([])
  })

  test('two gaps are filled independently', () => {
    const s = new Script({ blocks: 100, policy: windowOf(8) }).reach(1)
    s.sent()
    expect(s.wait(1).ack(2, 4).sent()).toEqual([10, 3])
    expect(s.ack(7).sent()).toEqual([5, 6])
  })
})

describe('A3: the end of a stall', () => {
  test('sends again at once what was on its way when it began', () => {
    const s = new Script({ blocks: 100, policy: windowOf(4) }).reach(8).wait(15)
    // 9 to 12 were out; the client had gone deaf, and takes 9 when it is repeated.
    expect(new Set(s.sent())).toEqual(new Set([12, 9]))
    s.ack(9)
    expect(s.sent().slice(0, 3)).toEqual([10, 11, 12])
  })
})

describe('A11: a client that drops what runs ahead', () => {
  /** Out of a window of eight all but the first are lost, and sent again together. */
  const dropped = () => {
    const s = new Script({ blocks: 900, policy: windowOf(8) }).reach(50).wait(15).ack(51).wait(1)
    for (let seq = 52; seq <= 58; seq++) s.ack(seq)
    s.wait(25)
    return s.reach(60)
  }

  test('gets half the window', () => {
    const s = dropped()
    expect(s.highest - s.acknowledged).toBe(4)
    expect(s.policy.windowBlocks).toBe(8)
  })

  test('and one block more for each 64 clean ones', () => {
    const s = dropped()
    s.reach(120)
    expect(s.highest - s.acknowledged).toBe(5)
    s.reach(800)
    expect(s.highest - s.acknowledged).toBe(8)
  })
})

describe('A11: more than one in six of 200 blocks again closes the window', () => {
  test('a link that loses every fourth block goes back to lock-step, with a notice', () => {
    let count = 0
    const s = new Script({
      blocks: 1000,
      policy: windowOf(4),
      peer: (seq) => (++count % 4 === 0 ? undefined : seq),
    }).at(8000)
    expect(s.policy.windowBlocks).toBe(1)
    expect(s.machine.counters[COUNTER.windowBlocks]).toBe(1)
    expect(s.notices.filter((kind) => kind === 'window-changed')).toHaveLength(1)
  })

  test('one that loses every tenth keeps it', () => {
    let count = 0
    const s = new Script({
      blocks: 1000,
      policy: windowOf(4),
      peer: (seq) => (++count % 10 === 0 ? undefined : seq),
    }).at(8000)
    expect(s.outcome?.status).toBe('completed')
    expect(s.policy.windowBlocks).toBe(4)
    expect(s.notices).not.toContain('window-changed')
  })

  test('copies that the policy asked for are not held against the link', () => {
    const policy = anticipation({ windowBlocks: 4, copies: 2 })
    const s = new Script({ blocks: 1000, policy, peer: (seq) => seq }).at(4000)
    expect(s.outcome?.status).toBe('completed')
    expect(policy.windowBlocks).toBe(4)
  })

  test('a device with a receive ring of one frame is served in lock-step after that', () => {
    for (const make of [uboot113, strictClient]) {
      const run = runTransfer({
        sizeBytes: 400_000,
        seed: 3,
        client: (sizeBytes) => make({ sizeBytes }),
        policy: () => windowOf(4),
        down: () => [rxRing()],
      })
      expect(run.verdict.kind).toBe('intact')
      expect(run.policy?.windowBlocks).toBe(1)
    }
  })
})

describe('A11: a remembered window', () => {
  const remembered = () => adaptive({ learnt: { windowBlocks: 8, gapMs: 0 } })

  test('leaves as a whole, each twice as wide', () => {
    const s = new Script({ blocks: 100, policy: remembered() }).wait(1)
    s.sent()
    expect(s.ack(1).sent()).toEqual([2, 3])
    expect(s.wait(1).ack(2).sent()).toEqual([])
    expect(s.ack(3).sent()).toEqual([4, 5, 6, 7])
  })

  test('whose second block is lost costs one short wait, and lock-step goes on', () => {
    const s = new Script({ blocks: 100, policy: remembered() }).wait(1).ack(1).wait(1).ack(2)
    s.sent()
    expect(s.wait(3).runUntil(s.now).sent()).toEqual([3])
    s.wait(1).ack(3)
    expect(s.wait(20).runUntil(s.now).sent()).toEqual([4])
    expect(s.wait(1).ack(4).sent()).toEqual([5])
  })

  test('that is as wide as it was and then gets ACKs out of order is taken back, and nothing leaves twice', () => {
    const s = new Script({ blocks: 100, policy: adaptive({ learnt: { windowBlocks: 2, gapMs: 0 } }) }).reach(4)
    s.sent()
    expect(s.wait(1).ack(6).sent()).toEqual([])
    expect(s.wait(2).ack(5).sent()).toEqual([7])
    expect(s.wait(1).ack(7).sent()).toEqual([8])
  })

  test('whose ACKs come out of order is taken back, and nothing leaves twice', () => {
    const s = new Script({ blocks: 100, policy: remembered() }).wait(1).ack(1).wait(1).ack(3)
    s.sent()
    expect(s.wait(2).sent()).toEqual([])
    expect(s.ack(2).sent()).toEqual([4])
    expect(s.wait(1).ack(4).sent()).toEqual([5])
  })
})
