/** Rules A6 to A10: how long to wait, and what to send then. */
import { describe, expect, test } from 'vitest'
import { runTransfer } from '../../../test/sim/transfer.ts'
import { loss, lwipClient, uboot113 } from '../../lab/index.ts'
import { COUNTER } from '../contract.ts'
import { adaptive } from '../policy/adaptive.ts'
import { anticipation } from '../policy/anticipation.ts'
import { strict } from '../policy/strict.ts'
import { MOST_ASKED } from '../questions.ts'
import { Script, type ScriptOptions } from './script.ts'

/** The final block of three is out and gets no answer: nothing but plain resends. Returns the waits between them. */
function waits(count: number, rttMs: number, options: Partial<ScriptOptions> = {}): number[] {
  const s = new Script({ blocks: 3, clientTimeoutMs: 5000, ...options }).reach(2, rttMs)
  const times: number[] = []
  while (times.length <= count && !s.machine.closed) {
    times.push(...s.sentAt().map(([ms]) => ms))
    s.runUntil(s.due)
  }
  return times.slice(1, count + 1).map((ms, i) => ms - times[i])
}

describe('A6: the retransmission timeout', () => {
  test('near: 10 ms at least, twice half of that because losses come in bursts, then doubling, capped at 120 ms', () => {
    expect(waits(7, 1)).toEqual([10, 5, 5, 10, 20, 40, 80])
  })

  test('SRTT + 4 RTTVAR when that is more than 10 ms', () => {
    // Two samples of 8 ms: RTTVAR 4, then 3.
    expect(waits(3, 8)).toEqual([20, 40, 80])
  })

  test('a known device that only paused is asked as late as a new one the next time', () => {
    const s = new Script({ blocks: 50 }).reach(4).at(33)
    // The last datagram left at 26 ms.
    s.ack(5)
    s.reach(8)
    expect(s.sent()).toEqual([9])
    expect(s.wait(249).sent()).toEqual([])
    expect(s.wait(2).sent()).toEqual([9])
  })

  test("several tries fit inside a client's timer of one second, and A14 follows", () => {
    const s = new Script({ blocks: 3 }).reach(2).at(1002)
    expect(s.sent().length).toBeGreaterThanOrEqual(8)
  })

  test('far peers get what their round trip asks for', () => {
    // RTTVAR of two samples of 200 ms: 100, then 75.
    expect(waits(1, 200, { near: false })).toEqual([500])
    expect(waits(1, 20, { near: false })).toEqual([50])
  })

  test('no far peer is held to the near cap', () => {
    const [first, second] = waits(2, 100, { near: false, clientTimeoutMs: 20_000 })
    expect(first).toBe(250)
    expect(second).toBe(500)
  })

  test("the client's timeout is a ceiling", () => {
    expect(waits(3, 100, { near: false, clientTimeoutMs: 400 })).toEqual([250, 400, 400])
  })

  test('and not the value', () => {
    expect(waits(1, 1, { clientTimeoutMs: 60_000 })).toEqual([10])
  })

  test('strict obeys it to the letter, on every block', () => {
    // A timeout below a second is kept for a second; then once per second, or it would become a flood (A14).
    expect(waits(3, 1, { policy: strict(700), clientTimeoutMs: 700 })).toEqual([700, 700, 1000])
    const s = new Script({ blocks: 9, policy: strict(3000), clientTimeoutMs: 3000 }).reach(4).at(11_000)
    expect(s.sentAt()).toEqual([
      [4, 5],
      [3004, 5],
      [6004, 5],
      [9004, 5],
    ])
    expect(new Script({ blocks: 9, policy: strict(3000), clientTimeoutMs: 3000 }).at(7000).sentAt()).toEqual([
      [0, 1],
      [3000, 1],
      [6000, 1],
    ])
  })

  test('the first timeout of a transfer waits 250 ms, of a known device it does not', () => {
    expect(waits(3, 1, { known: false })).toEqual([250, 5, 5])
    const s = new Script({ blocks: 50, known: false }).reach(4).runUntil(254)
    expect(s.sentAt().slice(0, 2)).toEqual([
      [4, 5],
      [254, 5],
    ])
    s.wait(1).ack(5)
    s.reach(9)
    const since = s.now
    expect(s.wait(11).sentAt()[1]).toEqual([since + 10, 10])
  })

  test('a block that was sent again is not timed (Karn)', () => {
    const s = new Script({ blocks: 50 }).reach(4)
    const before = s.machine.counters[COUNTER.srttMs]
    s.wait(15).ack(5)
    expect(s.machine.counters[COUNTER.srttMs]).toBe(before)
    s.wait(21)
    s.wait(4).ack(6)
    expect(s.machine.counters[COUNTER.srttMs]).toBeGreaterThan(before)
  })

  test('nor is one that waited through the timeout of another', () => {
    const s = new Script({ blocks: 50, policy: anticipation({ windowBlocks: 2 }) }).reach(4)
    s.sent()
    const before = s.machine.counters[COUNTER.srttMs]
    // 5 and 6 are out. The repeat of 5 may have caused the ACK of 6, which was sent once.
    s.wait(12)
    expect(s.sent()).toEqual([5])
    s.ack(6)
    expect(s.machine.counters[COUNTER.srttMs]).toBe(before)
  })

  test('copies do not keep the round trip from being measured', () => {
    // The link gets slower behind the first block; without a new estimate every block is sent again.
    const s = new Script({ blocks: 500, policy: anticipation({ windowBlocks: 1, copies: 2 }) }).reach(1).reach(300, 20)
    expect(s.machine.counters[COUNTER.srttMs]).toBeGreaterThan(15)
    expect(s.machine.counters[COUNTER.datagrams]).toBeLessThan(2 * 301 + 30)
  })

  test('the doubling starts anew with progress', () => {
    const s = new Script({ blocks: 50 }).reach(4).wait(11).ack(5).wait(25)
    s.sent()
    const since = s.now
    s.reach(8)
    const again = s.now
    expect(again - since).toBeLessThan(30)
    s.sent()
    expect(
      s
        .wait(11)
        .sentAt()
        .map(([ms]) => ms - again),
    ).toEqual([10])
  })
})

describe('A7: the nudge', () => {
  /** Block 5 of 50 is out, the client silent. */
  const stuck = (options: Partial<ScriptOptions> = {}) => {
    const s = new Script({ blocks: 50, ...options }).reach(4)
    s.sent()
    return s
  }

  test('on the second timeout n-1, and n when ACK n-1 comes', () => {
    const s = stuck()
    expect(s.wait(11).sentAt()).toEqual([[14, 5]])
    expect(s.runUntil(19).sentAt()).toEqual([[19, 4]])
    expect(s.at(20).ack(4).sent()).toEqual([5])
    expect(s.machine.counters[COUNTER.nudges]).toBe(1)
  })

  test('or after two round trips', () => {
    const s = stuck().runUntil(19)
    s.sent()
    expect(s.at(21).sent()).toEqual([])
    expect(s.runUntil(21).sentAt()).toEqual([[21, 5]])
  })

  test('with two blocks out the other one is the partner: the client did not take n last', () => {
    const s = new Script({ blocks: 50, policy: anticipation({ windowBlocks: 2 }) }).reach(8)
    s.sent()
    // 9 and 10 are out, the ACKs of both are lost.
    expect(s.wait(18).sent()).toEqual([9, 10, 9])
  })

  test('above a gap the top is', () => {
    const s = new Script({ blocks: 50, policy: anticipation({ windowBlocks: 3 }) }).reach(8).wait(1).ack(10)
    s.sent()
    s.wait(33)
    const sent = s.sent()
    expect(sent).toContain(10)
    expect(sent).not.toContain(8)
  })

  test('after an unanswered nudge the next two blocks are tried, then 6, 8 and 5 in turn; of eight datagrams in a second the last is 5', () => {
    const s = stuck().at(300)
    expect(s.sent()).toEqual([5, 4, 5, 6, 7, 6, 8, 5])
    expect(s.at(1010).sent()).toEqual([])
    // The next second allows as much, each datagram a second after the one before, and each block that is out has its turn; then everything leaves again.
    expect(s.at(1200).sent()).toEqual([8, 9, 5, 9, 10, 5, 10, 5])
    expect(s.at(2100).sent()).toHaveLength(1)
    expect(s.at(3000).sent().slice(0, 6)).toEqual([6, 7, 8, 9, 10, 11])
  })

  test('a silent client gets one block more each time, up to thirty-two ahead and never the final one', () => {
    const s = stuck().at(28_000)
    const sent = s.sent()
    expect(Math.max(...sent)).toBeGreaterThan(6)
    expect(Math.max(...sent)).toBeLessThanOrEqual(5 + 32)
    const short = new Script({ blocks: 22 }).reach(4).at(28_000)
    expect(Math.max(...short.sent())).toBeLessThan(22)
  })

  test('nothing runs ahead in the last blocks of a file: too few are left to find out a client that stays silent', () => {
    const s = new Script({ blocks: 20 }).reach(6).at(28_000)
    expect(Math.max(...s.sent())).toBe(7)
  })

  test('an any-order client that took n+1 says so, and is gone on with under A1', () => {
    let last = 0
    const s = new Script({
      blocks: 50,
      peer: (seq) => {
        // Silent on the block that it took last; its ACK of 5 never arrives, that of 4 only once.
        const answer = seq === last || seq === 5 || (seq === 4 && last > 4) ? undefined : seq
        last = seq
        return answer
      },
    }).at(20_000)
    expect(s.highest).toBeGreaterThan(6)
    expect(s.machine.counters[COUNTER.bytes]).toBe(4 * 512)
  })

  test('never before block 2', () => {
    const s = new Script({ blocks: 50 }).at(4000)
    expect(new Set(s.sent())).toEqual(new Set([1]))
    expect(s.machine.counters[COUNTER.nudges]).toBe(0)
  })

  test('never instead of the final block', () => {
    const s = new Script({ blocks: 5 }).reach(4).at(2000)
    expect(new Set(s.sent())).toEqual(new Set([5]))
  })

  test('never to a client that answers repeats', () => {
    const s = new Script({ blocks: 50 }).reach(3)
    // Two blocks come late, and the client acknowledges the repeat as well as the original.
    s.wait(11).ack(4).wait(1).ack(4).wait(20).runUntil(s.now)
    s.wait(21).ack(5).wait(1).ack(5).wait(20).runUntil(s.now)
    s.reach(6)
    s.sent()
    // It is believed until three repeats in a row brought nothing.
    s.wait(25)
    const sent = s.sent()
    expect(new Set(sent)).toEqual(new Set([7]))
    expect(sent.length).toBeGreaterThan(1)
  })

  test('one echo makes no such client: it may be a duplicate of the network', () => {
    const s = new Script({ blocks: 50 })
      .reach(3)
      .wait(11)
      .ack(4, 4)
      .wait(20)
      .runUntil(31 + 3)
    s.reach(6)
    s.sent()
    expect(s.wait(40).sent()).toContain(6)
  })

  test('nor does one echo that comes late enough to be an answer', () => {
    const s = new Script({ blocks: 50 }).reach(3)
    s.wait(11).ack(4).wait(1).ack(4).wait(20).runUntil(s.now)
    s.reach(6)
    s.sent()
    expect(s.wait(40).sent()).toContain(6)
  })

  test('a client that answered two repeats and leaves three in a row unanswered is nudged again', () => {
    const s = new Script({ blocks: 50 }).reach(3)
    s.wait(11).ack(4).wait(1).ack(4).wait(20).runUntil(s.now)
    s.wait(21).ack(5).wait(1).ack(5).wait(20).runUntil(s.now)
    s.reach(6)
    s.sent()
    expect(s.wait(160).sent().slice(0, 4)).toEqual([7, 7, 7, 6])
  })

  test('nor do two that come closer together than any two answers can', () => {
    const s = new Script({ blocks: 50 }).reach(3)
    s.wait(11).ack(4, 4).wait(20).runUntil(s.now)
    s.wait(21).ack(5, 5).wait(20).runUntil(s.now)
    s.reach(6)
    s.sent()
    expect(s.wait(40).sent()).toContain(6)
  })

  test('of a gap that was sent again already the first timeout nudges, with the top', () => {
    const s = new Script({ blocks: 50, policy: anticipation({ windowBlocks: 3 }) }).reach(4)
    s.sent()
    expect(s.ack(6).sent()).toContain(5)
    s.ack(7).sent()
    expect(s.wait(11).sent()).toEqual([7])
    expect(s.ack(7).sent()).toEqual([5])
  })

  test('never under strict', () => {
    const s = new Script({ blocks: 50, policy: strict(100), clientTimeoutMs: 100 }).reach(4).at(5000)
    expect(new Set(s.sent())).toEqual(new Set([5]))
  })

  test('a client that answers the nudge is nudged again, four tries long; what ran ahead would not reach one that lacks n', () => {
    const peer = (seq: number): number | undefined => (seq < 5 ? seq : undefined)
    const s = new Script({ blocks: 50, peer }).at(900)
    const left = s.sent()
    expect(left.slice(left.indexOf(5), left.indexOf(6))).toEqual([5, 5, 4, 5, 4, 5, 4, 5, 4, 5])
  })

  test('once a client has answered n-1, the first timeout nudges', () => {
    const s = stuck().at(20).ack(4).wait(1).ack(5)
    s.reach(8)
    s.sent()
    expect(s.wait(11).sent()).toEqual([8])
    expect(s.ack(8).sent()).toEqual([9])
  })
})

describe('A8: stale and repeated ACKs', () => {
  test('trigger nothing in lock-step', () => {
    for (const policy of [anticipation({ windowBlocks: 1 }), strict(1000)]) {
      const s = new Script({ blocks: 50, policy }).reach(4)
      s.sent()
      for (let i = 0; i < 9; i++) s.wait(1).ack(4, 4, 3, 1, 0, 4)
      expect(s.sent()).toEqual([])
    }
  })

  test("a client whose every ACK comes twice is served each block once (Sorcerer's Apprentice)", () => {
    const s = new Script({ blocks: 50 })
    for (let seq = 1; seq <= 50; seq++) s.wait(1).ack(seq, seq)
    expect(s.outcome).toEqual({ status: 'completed' })
    expect(s.machine.counters[COUNTER.datagrams]).toBe(50)
    expect(s.machine.counters[COUNTER.staleAcks]).toBe(49)
  })
})

describe('A8, A14: a client that speaks by its own timer when all questions of a second were in vain', () => {
  /** iPXE repeats its ACK after 250 ms: all eight questions are lost by then. */
  function spent(): Script {
    const s = new Script({ blocks: 50, policy: adaptive(), known: true }).reach(4)
    s.sent()
    expect(s.wait(380).sent().length).toBe(MOST_ASKED)
    return s
  }

  test('gets its block at once', () => {
    const s = spent()
    s.wait(20).ack(4)
    expect(s.sent()).toEqual([5])
  })

  test('and again when that is lost: its next silence is a new one', () => {
    const s = spent()
    s.wait(20).ack(4)
    s.sent()
    expect(s.wait(130).sent()).toContain(5)
  })
})

describe('A9: a client known to ignore repeats', () => {
  test('is not sent the block that it took last twice in a row', () => {
    const run = runTransfer({
      sizeBytes: 1_000_000,
      seed: 7,
      client: (sizeBytes) => uboot113({ sizeBytes }),
      policy: () => anticipation({ windowBlocks: 1 }),
      up: (rng) => [loss({ p: 0.037 }, rng)],
    })
    expect(run.verdict.kind).toBe('intact')
    const stalls = run.counters[COUNTER.nudges]
    expect(stalls).toBeGreaterThan(40)
    // What the first stall cost, and some for two losses in a row.
    expect(run.client?.repeats).toBeLessThan(stalls / 4)
  })

  test('two stalls later still: n-1 first, then n', () => {
    const s = new Script({ blocks: 50 }).reach(4).at(20).ack(4).wait(1).ack(5)
    for (const seq of [8, 12, 16]) {
      s.reach(seq)
      s.sent()
      expect(s.wait(10.5).sent()).toEqual([seq])
      s.ack(seq)
        .wait(1)
        .ack(seq + 1)
      expect(s.sent()[0]).toBe(seq + 1)
      s.wait(25)
    }
  })
})

describe('A10: ERROR 5 about a block that was not asked for', () => {
  /** A window of four is out, block 2 was lost, and the client complains of block 3. */
  const refused = () => {
    const s = new Script({ blocks: 50, policy: anticipation({ windowBlocks: 4 }) }).reach(1).wait(1)
    s.sent()
    return s.error(5)
  }

  test('is not the end, but the end of running ahead', () => {
    const s = refused()
    expect(s.outcome).toBeUndefined()
    expect(s.notices).toContain('refused-ahead')
    expect(s.policy.windowBlocks).toBe(1)
    expect(s.sent()).toEqual([])
  })

  test('the base again after one RTO, then lock-step', () => {
    const s = refused()
    expect(s.wait(11).sentAt()).toEqual([[12, 2]])
    s.ack(2).wait(20)
    expect(s.runUntil(s.now).sent()).toEqual([3])
    expect(s.wait(1).ack(3).sent()).toEqual([4])
  })

  test('no nudges and nothing ahead any more', () => {
    const s = refused().wait(4000)
    expect(new Set(s.sent())).toEqual(new Set([2]))
    expect(s.machine.counters[COUNTER.nudges]).toBe(0)
  })

  test('each block of the window brings its own ERROR: one refusal', () => {
    const s = refused().error(5).wait(0.5).error(5)
    expect(s.outcome).toBeUndefined()
    expect(s.notices.filter((kind) => kind === 'refused-ahead').length).toBeGreaterThan(0)
  })

  test('a second ERROR later ends the transfer', () => {
    const s = refused().at(100).ack(2).wait(20)
    s.runUntil(s.now).ack(3).wait(1).ack(4).wait(5).error(5)
    expect(s.outcome).toMatchObject({ status: 'failed', error: { code: 'ERR_TFTP_PEER_ERROR', wireCode: 5 } })
  })

  test('so do five seconds without an ACK', () => {
    const s = refused()
    s.at(4900)
    expect(s.outcome).toBeUndefined()
    s.at(6500)
    expect(s.outcome).toMatchObject({ status: 'failed', error: { code: 'ERR_TFTP_PEER_ERROR' } })
  })

  test('ERROR 5 when only the asked-for block was out is the end', () => {
    const s = new Script({ blocks: 50 }).reach(4).wait(1).error(5)
    expect(s.outcome).toMatchObject({ status: 'failed', error: { code: 'ERR_TFTP_PEER_ERROR', wireCode: 5 } })
  })

  test('so is one that comes later than three round trips', () => {
    const s = new Script({ blocks: 50, policy: anticipation({ windowBlocks: 4 }) }).reach(1).wait(4).error(5)
    expect(s.outcome?.status).toBe('failed')
  })

  /** Blocks 3 to 6 of 7 are confirmed, the repeated block 2 is refused: the client has it, and all the others. */
  const provenByRefusal = () => {
    const s = new Script({ blocks: 7, policy: anticipation({ windowBlocks: 8 }) }).reach(1).wait(1).ack(3, 4, 5, 6)
    return s.wait(1).error(5)
  }

  test('about a block below the top it proves inorder, and the transfer goes on behind the top (A1)', () => {
    const s = provenByRefusal()
    expect(s.sent().slice(-2)).toEqual([2, 7])
    s.wait(1).ack(7)
    expect(s.wait(251).outcome).toEqual({ status: 'completed' })
  })

  test('what a refusal confirmed is counted, and only the final ACK is missing then (A4)', () => {
    const s = provenByRefusal()
    expect(s.machine.counters[COUNTER.bytes]).toBe(6 * 512)
    expect(s.wait(20).unreachable().outcome).toEqual({ status: 'completed', lastAck: 'missing' })
  })

  test('any other ERROR is the end', () => {
    for (const wireCode of [0, 1, 2, 3, 4, 6, 7]) {
      const s = new Script({ blocks: 50, policy: anticipation({ windowBlocks: 4 }) }).reach(1).wait(1).error(wireCode)
      expect(s.outcome).toMatchObject({ status: 'failed', error: { wireCode } })
    }
  })

  test('a nudge that is answered so was the last one', () => {
    const s = new Script({ blocks: 50 }).reach(4).runUntil(19)
    s.sent()
    s.wait(1).error(5)
    expect(s.outcome).toBeUndefined()
    s.wait(3000)
    expect(s.sent()).not.toContain(4)
    expect(s.notices).toContain('refused-ahead')
  })

  test('lwIP gets its file over a window and a lossy link', () => {
    for (let seed = 1; seed <= 8; seed++) {
      const run = runTransfer({
        sizeBytes: 200_000,
        seed,
        client: (sizeBytes) => lwipClient({ sizeBytes }),
        policy: () => anticipation({ windowBlocks: 4 }),
        down: (rng) => [loss({ p: 0.03 }, rng)],
      })
      expect(run.verdict.kind).toBe('intact')
    }
  })
})
