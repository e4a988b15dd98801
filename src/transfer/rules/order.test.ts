/** Rule A1: acknowledgements are per block until the client was proved to take blocks in order. */
import { describe, expect, test } from 'vitest'
import { runTransfer } from '../../../test/sim/transfer.ts'
import { grubClient, loss, strictClient, uboot113, uboot2008 } from '../../lab/index.ts'
import { COUNTER } from '../contract.ts'
import { anticipation } from '../policy/anticipation.ts'
import { MOST_ASKED } from '../questions.ts'
import { RTT_MS, Script } from './script.ts'

const windowOf = (windowBlocks: number) => anticipation({ windowBlocks })

/** U-Boot 1.1.x: stores and acknowledges any block but the one that it took last. `deaf`: its ACK of that block never arrives. */
function anyPeer(deaf: number): (seq: number) => number | undefined {
  let last = 0
  return (seq) => {
    if (seq === last) return undefined
    last = seq
    return seq === deaf ? undefined : seq
  }
}

/** Takes blocks in order. `deaf`: the ACK that names this block, never again anything lower, gets lost as long as it is the newest. */
function inorderPeer(deaf: number, answers: 'repeats' | 'ahead'): (seq: number) => number | undefined {
  let count = 0
  return (seq) => {
    let answer: number | undefined
    if (seq === count + 1) {
      count++
      answer = count
    } else if (answers === 'repeats' ? seq === count : seq > count + 1) answer = count
    return answer === deaf ? undefined : answer
  }
}

describe('A1: an ACK says nothing of any other block', () => {
  test('later ACKs do not confirm the gap, and the final block stays here', () => {
    const s = new Script({ blocks: 6, policy: windowOf(8) }).reach(1)
    expect(s.sent()).toEqual([2, 3, 4, 5])
    s.wait(1).ack(3, 4, 5)
    expect(s.machine.counters[COUNTER.bytes]).toBe(512)
    s.wait(20_000)
    expect(new Set(s.sent())).not.toContain(6)
    expect(s.outcome).toBeUndefined()
    s.ack(2).wait(100)
    expect(s.sent()).toContain(6)
  })

  test('a block that an any-order client never confirms keeps the final block back to the end', () => {
    for (const windowBlocks of [1, 2, 3, 8]) {
      const s = new Script({ blocks: 40, policy: windowOf(windowBlocks), peer: anyPeer(7) }).at(40_000)
      expect(s.outcome).toMatchObject({ status: 'failed', error: { code: 'ERR_TFTP_TIMEOUT' } })
      expect(s.highest).toBeLessThan(40)
    }
  })

  test('… and is never passed, though later ones are acknowledged: at most window + 16 run ahead', () => {
    for (const windowBlocks of [1, 4]) {
      const s = new Script({ blocks: 400, policy: windowOf(windowBlocks), peer: anyPeer(7) }).at(40_000)
      expect(s.machine.counters[COUNTER.bytes]).toBe(6 * 512)
      expect(s.highest).toBeLessThanOrEqual(7 + 96 + 32)
      expect(s.highest).toBeGreaterThan(7)
    }
  })
})

describe('A1: finding out', () => {
  test('(a) an in-order client that answers repeats is read cumulatively after answers on three tops', () => {
    const s = new Script({ blocks: 400, policy: windowOf(4), peer: inorderPeer(7, 'repeats') }).at(5000)
    expect(s.outcome).toEqual({ status: 'completed' })
    expect(s.machine.counters[COUNTER.bytes]).toBe(399 * 512 + 100)
  })

  test('(b) one that is silent on repeats is found by a block ahead', () => {
    const s = new Script({ blocks: 400, policy: windowOf(4), peer: inorderPeer(7, 'ahead') }).at(5000)
    expect(s.outcome).toEqual({ status: 'completed' })
  })

  test('nothing is asked before the gap was sent again three times', () => {
    const s = new Script({ blocks: 400, policy: windowOf(4) }).reach(6)
    s.sent()
    s.wait(1).ack(8, 9, 10)
    for (let i = 0; i < 40 && s.sent().filter((seq) => seq === 7).length === 0; i++) s.wait(1)
    const seen: number[] = []
    for (let i = 0; i < 200 && seen.filter((seq) => seq === 7).length < 2; i++) seen.push(...s.wait(1).sent())
    expect(seen.filter((seq) => seq > 10)).toEqual([])
  })

  test('questions leave 10 ms apart, or faster after four in vain, eight in a second of silence, and after sixty of them as rarely as anything else is repeated', () => {
    const s = new Script({ blocks: 400, policy: windowOf(4) }).reach(6)
    s.wait(1).ack(8, 9, 10)
    s.wait(300)
    s.sent()
    const start = s.now
    for (let second = 0; second < 3; second++) {
      const asked = s.wait(1000).sentAt()
      expect(asked.length).toBeLessThanOrEqual(MOST_ASKED)
      // Blocks that leave again together are a round trip apart.
      const rounds = asked.filter(([ms], i) => i === 0 || ms > asked[i - 1][0] + 2 * RTT_MS)
      expect(rounds.length).toBeGreaterThanOrEqual(4)
      const apart = rounds.slice(1).map(([ms], i) => ms - rounds[i][0])
      expect(Math.min(...apart)).toBeGreaterThanOrEqual(2 * RTT_MS)
      expect(apart.filter((ms) => ms < 9.99).length).toBeLessThanOrEqual(4)
    }
    s.at(start + 12_000).sent()
    const late = s.wait(5000).sentAt()
    expect(late.filter(([ms], i) => i === 0 || ms > late[i - 1][0] + 50).length).toBeLessThanOrEqual(6)
  })

  test('a few answers on one top are no proof', () => {
    let answers = 0
    const s = new Script({
      blocks: 400,
      policy: windowOf(2),
      peer: (seq) => {
        if (seq === 7) return undefined
        if (seq === 8 && answers++ < 3) return 8
        return seq < 7 ? seq : undefined
      },
    }).at(20_000)
    expect(s.machine.counters[COUNTER.bytes]).toBe(6 * 512)
  })

  test('the block ahead leaves its predecessor out, and is never the final one', () => {
    const s = new Script({ blocks: 11, policy: windowOf(4), peer: anyPeer(7) }).at(40_000)
    expect(s.highest).toBeLessThan(11)
  })

  test('the ACK of a block whose predecessor was never sent means any order, for good', () => {
    const seen = new Set<number>()
    let withheld = 0
    const s = new Script({
      blocks: 400,
      policy: windowOf(2),
      peer: (seq) => {
        // From then on it names its highest acknowledged block whatever comes, as only an in-order client would.
        if (withheld > 0) return withheld
        const fresh = !seen.has(seq)
        seen.add(seq)
        if (seq > 1 && !seen.has(seq - 1)) withheld = seq
        return fresh && seq !== 7 ? seq : undefined
      },
    }).at(5000)
    expect(withheld).toBeGreaterThan(7)
    expect(s.machine.counters[COUNTER.bytes]).toBe(6 * 512)
  })

  test('so does the ACK of a repeated block after a later one, until a gap survives eight repeats', () => {
    const inorder = inorderPeer(20, 'repeats')
    const count = (from: number, to: number) => {
      for (let seq = from; seq <= to; seq++) inorder(seq)
    }
    let sevens = 0
    let twenties = 0
    const s = new Script({
      blocks: 400,
      policy: windowOf(4),
      // Block 7 is stored when it comes again, behind 8 to 10; after that the client answers as an in-order one does.
      peer: (seq) => {
        if (seq === 7 && ++sevens === 1) return undefined
        if (seq === 20) twenties++
        if (seq > 10) return inorder(seq)
        if (seq === 7) count(1, 10)
        return seq
      },
    })
    while (s.machine.counters[COUNTER.bytes] <= 19 * 512) s.wait(1)
    expect(sevens).toBe(2)
    // The first time, eight repeats, and what it took to find out.
    expect(twenties).toBeGreaterThan(1 + 8)
    expect(s.at(s.now + 5000).outcome).toEqual({ status: 'completed' })
  })

  test('which no refusal undoes (A10)', () => {
    const s = new Script({ blocks: 400, policy: windowOf(4) }).reach(6).wait(1).ack(8, 7, 10)
    expect(s.machine.counters[COUNTER.bytes]).toBe(8 * 512)
    s.wait(1).error(5)
    expect(s.notices).toContain('refused-ahead')
    expect(s.machine.counters[COUNTER.bytes]).toBe(8 * 512)
    s.wait(15)
    expect(s.sent().at(-1)).toBe(9)
    s.ack(9).wait(1)
    expect(s.machine.counters[COUNTER.bytes]).toBe(10 * 512)
  })

  test('a client that drops all but the next block without a word is found out', () => {
    for (const windowBlocks of [1, 2, 4]) {
      let count = 0
      // Its ACK of 7 was lost.
      const peer = (seq: number) => (seq !== count + 1 || ++count === 7 ? undefined : seq)
      const s = new Script({ blocks: 400, policy: windowOf(windowBlocks), peer }).at(40_000)
      expect(s.outcome?.status).toBe('completed')
    }
  })

  test('a client that does not tell its order sees 96 + 32 blocks run ahead and no more', () => {
    for (const windowBlocks of [1, 2, 4]) {
      // It stores any block, and block 7 never reaches it.
      const peer = (seq: number) => (seq === 7 ? undefined : seq)
      const s = new Script({ blocks: 400, policy: windowOf(windowBlocks), peer }).at(40_000)
      expect(s.outcome?.status).toBe('failed')
      expect(s.highest).toBeGreaterThan(8)
      expect(s.highest).toBeLessThanOrEqual(7 + 96 + 32)
    }
  })

  test("an ACK of the top by the client's own timer is no answer", () => {
    const s = new Script({ blocks: 400, policy: windowOf(4) }).reach(6)
    s.wait(1).ack(8, 9, 10)
    for (let i = 0; i < 25; i++) {
      s.wait(1000)
      s.ack(10)
    }
    expect(s.machine.counters[COUNTER.bytes]).toBe(6 * 512)
  })

  test('evidence against inorder fails the transfer before its final block', () => {
    const s = new Script({ blocks: 40, policy: windowOf(4), peer: quietAfter(inorderPeer(7, 'repeats'), 30) })
    s.at(600)
    // It was taken for in-order, else block 7 would hold everything up; now it is silent.
    expect(s.machine.counters[COUNTER.bytes]).toBe(29 * 512)
    // Long after anything that left could have caused it: a lone ACK of an old block.
    while (s.due - s.now < 50) s.runUntil(s.due)
    s.wait(20).ack(12)
    expect(s.outcome).toMatchObject({ status: 'failed', error: { code: 'ERR_TFTP_ORDER_LIED', fault: 'peer' } })
    expect(s.controls).toEqual(['ERROR 0'])
    expect(s.highest).toBeLessThan(40)
  })
})

/** Says nothing any more from `seq` on. */
function quietAfter(peer: (seq: number) => number | undefined, seq: number): (seq: number) => number | undefined {
  return (asked) => {
    const answer = peer(asked)
    return answer !== undefined && answer >= seq ? undefined : answer
  }
}

describe('A1 with the devices', () => {
  const clients = {
    'uboot-1.1.3': uboot113,
    'uboot-2008': uboot2008,
    strict: strictClient,
    grub: grubClient,
  }
  test.each(Object.entries(clients))(
    '%s over a window that it never asked for: whole, or known to have failed',
    (_name, make) => {
      for (let seed = 1; seed <= 12; seed++) {
        const run = runTransfer({
          sizeBytes: 150_000,
          seed,
          client: (sizeBytes) => make({ sizeBytes }),
          policy: () => windowOf(2 + (seed % 3)),
          up: (rng) => [loss({ p: 0.1 }, rng)],
          down: (rng) => [loss({ p: 0.1 }, rng)],
        })
        expect(run.verdict).toMatchObject({ harmful: false, holes: [] })
        expect(run.verdict.kind).toBe('intact')
      }
    },
  )
})
