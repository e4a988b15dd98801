/** Rule A13: clients that count a repeat as the next block. */
import { describe, expect, test } from 'vitest'
import { runTransfer } from '../../../test/sim/transfer.ts'
import { loss, rpi4RomClient } from '../../lab/index.ts'
import { encodeOack } from '../../packet/index.ts'
import { COUNTER } from '../contract.ts'
import { anticipation } from '../policy/anticipation.ts'
import { Script, type ScriptOptions } from './script.ts'

/** Block 5 of 50 was sent twice. */
function repeated(options: Partial<ScriptOptions> = {}): Script {
  const s = new Script({ blocks: 50, ...options }).reach(4).wait(11)
  expect(s.sent()).toEqual([5, 5])
  return s
}

describe('A13: quarantine', () => {
  test('after the ACK of a repeated block nothing more leaves for 20 ms', () => {
    const s = repeated().ack(5)
    expect(s.wait(20).sent()).toEqual([])
    expect(s.runUntil(s.now).sent()).toEqual([6])
  })

  test('or for two round trips when those are longer', () => {
    const s = new Script({ blocks: 50 }).reach(4, 32)
    while (s.sent().filter((seq) => seq === 5).length === 0) s.wait(1)
    s.wait(150)
    expect(s.sent()).toContain(5)
    s.ack(5)
    expect(s.wait(63).sent()).toEqual([])
    expect(s.wait(2).sent()).toEqual([6])
  })

  test('DATA 1 is no exception', () => {
    const s = new Script({ blocks: 50 }).at(260).ack(1)
    expect(s.sent()).toEqual([1, 1])
    expect(s.wait(20).sent()).toEqual([])
    expect(s.runUntil(s.now).sent()).toEqual([2])
  })

  test('an ACK of highest + 1 in it proves a miscount: ERROR, and why', () => {
    const s = repeated().ack(5).wait(1).ack(6)
    expect(s.outcome).toMatchObject({ status: 'failed', error: { code: 'ERR_TFTP_COUNTS_REPEATS', fault: 'peer' } })
    expect(s.outcome?.error?.message).toMatch(/block 6/)
    expect(s.controls).toEqual(['ERROR 0'])
  })

  test('the first three repeated blocks are watched, later ones are not', () => {
    const s = new Script({ blocks: 50 }).reach(1)
    for (let seq = 2; seq <= 6; seq++) {
      // Its first timeout alone: what follows would be a nudge.
      s.sent()
      while (!s.wait(1).sent().includes(seq)) continue
      s.ack(seq)
      const atOnce = s.sent().length > 0
      expect(atOnce).toBe(seq > 4)
      s.wait(20).runUntil(s.now)
    }
  })

  test('of a device known to count repeats every one is watched', () => {
    const s = new Script({ blocks: 50, patient: true }).reach(1)
    for (let seq = 2; seq <= 8; seq++) {
      s.wait(900)
        .ack(seq - 1)
        .wait(900)
        .ack(seq - 1)
      s.sent()
      s.wait(1).ack(seq)
      expect(s.sent()).toEqual([])
      s.wait(20).runUntil(s.now)
      expect(s.sent()).toEqual([seq + 1])
    }
  })

  test('a client that was seen to answer a nudge is watched no longer', () => {
    const s = new Script({ blocks: 50 }).reach(4).runUntil(34)
    expect(s.sent()).toContain(4)
    s.wait(1).ack(4)
    s.sent()
    expect(s.wait(1).ack(5).sent()).toEqual([6])
  })

  test('nor one that answered two repeats', () => {
    const s = new Script({ blocks: 50 }).reach(3)
    // Each is acknowledged twice just after it was repeated; the second timeout is a doubled one.
    for (const [seq, waitMs] of [
      [4, 11],
      [5, 21],
    ] as const) {
      s.wait(waitMs)
      s.ack(seq).wait(1).ack(seq).wait(20).runUntil(s.now)
    }
    s.reach(5).wait(45)
    s.sent()
    expect(s.ack(6).sent()).toEqual([7])
  })
})

describe('A13: a miscount', () => {
  test('fails a transfer that never repeated anything, too', () => {
    const s = new Script({ blocks: 50 }).reach(4).wait(1).ack(6)
    expect(s.outcome).toMatchObject({ status: 'failed', error: { code: 'ERR_TFTP_COUNTS_REPEATS' } })
  })

  test('beyond the next block proves one only after a repeat', () => {
    expect(new Script({ blocks: 50 }).reach(4).wait(1).ack(7).outcome).toBeUndefined()
    expect(repeated().ack(7).outcome).toMatchObject({ error: { code: 'ERR_TFTP_COUNTS_REPEATS' } })
  })

  test('far beyond what was sent is noise', () => {
    const s = new Script({ blocks: 50 }).reach(4).wait(1).ack(40)
    expect(s.outcome).toBeUndefined()
    expect(s.machine.counters[COUNTER.ignored]).toBe(1)
  })

  test('is not concluded near a rollover', () => {
    const s = new Script({ blocks: 65_600 }).reach(65_533).wait(1).ack(65_535)
    expect(s.outcome).toBeUndefined()
  })
})

describe('A13: a device known to count repeats', () => {
  test('nothing is repeated before its own timer has spoken', () => {
    const s = new Script({ blocks: 50, patient: true }).reach(4)
    s.sent()
    expect(s.wait(20_000).sent()).toEqual([])
    // At first one byte only, in case that the block lies in its card.
    expect(s.ack(4).sent()).toEqual([])
    expect(s.controls).toEqual(['filler'])
    expect(s.wait(900).ack(4).sent()).toEqual([5])
  })

  test('DATA 1 neither', () => {
    const s = new Script({ blocks: 50, patient: true, oack: encodeOack([{ name: 'blksize', value: '512' }]) })
    s.at(1).ack(0)
    expect(s.sent()).toEqual([1])
    expect(s.wait(3000).sent()).toEqual([])
    expect(s.ack(0).wait(900).ack(0).sent()).toEqual([1])
  })

  test('an ACK that is merely late is not its timer', () => {
    const s = new Script({ blocks: 50, patient: true }).reach(4)
    s.sent()
    expect(s.wait(300).ack(4).wait(300).ack(4).sent()).toEqual([])
  })
})

describe('A13: an ACK that comes sooner than the block can have arrived', () => {
  test('is a miscount of a device known for it, once something was repeated', () => {
    const s = new Script({ blocks: 50, patient: true }).reach(3, 8).wait(900).ack(3).wait(900).ack(3)
    s.wait(8).ack(4).wait(20).runUntil(s.now)
    expect(s.sent()).toContain(5)
    s.wait(1).ack(5)
    expect(s.outcome).toMatchObject({ status: 'failed', error: { code: 'ERR_TFTP_COUNTS_REPEATS' } })
  })

  test('and nothing of the kind before', () => {
    const s = new Script({ blocks: 50, patient: true }).reach(3, 8).wait(1).ack(4)
    expect(s.outcome).toBeUndefined()
  })
})

describe('A13: before success is reported', () => {
  test('250 ms of listening beyond the final ACK, when anything was repeated', () => {
    const s = repeated().ack(5).wait(20).reach(50)
    const since = s.now
    expect(s.outcome).toBeUndefined()
    s.at(since + 250)
    expect(s.outcome).toBeUndefined()
    s.runUntil(since + 250)
    expect(s.outcome).toEqual({ status: 'completed' })
    expect(s.controls).toEqual([])
  })

  test('nothing leaves meanwhile, whatever is repeated', () => {
    const s = repeated().ack(5).wait(20).reach(50)
    s.sent()
    s.wait(10).ack(50, 49).wait(10).unreachable().wait(10)
    expect(s.sent()).toEqual([])
    expect(s.outcome).toBeUndefined()
  })

  test('an ACK of a block beyond the last one contradicts it', () => {
    const s = repeated().ack(5).wait(20).reach(50).wait(200).ack(51)
    expect(s.outcome).toMatchObject({ status: 'failed', error: { code: 'ERR_TFTP_COUNTS_REPEATS' } })
    expect(s.controls).toEqual(['ERROR 0'])
  })

  test('an ERROR contradicts it as well', () => {
    expect(repeated().ack(5).wait(20).reach(50).wait(1).error(0).outcome?.status).toBe('failed')
  })

  test('copies are repeats', () => {
    const s = new Script({ blocks: 5, policy: anticipation({ windowBlocks: 1, copies: 2 }) }).reach(5)
    expect(s.outcome).toBeUndefined()
    expect(s.wait(251).outcome).toEqual({ status: 'completed' })
  })

  test('so is the final block', () => {
    const s = new Script({ blocks: 5 }).reach(4).wait(11).ack(5)
    expect(s.outcome).toBeUndefined()
    expect(s.wait(251).outcome).toEqual({ status: 'completed' })
  })
})

describe('A13 with the Raspberry Pi 4 ROM', () => {
  test('its image is never taken for good when it is not', () => {
    const kinds = new Set<string>()
    for (let seed = 1; seed <= 40; seed++) {
      const run = runTransfer({
        sizeBytes: 100_000 + 13 * seed,
        seed,
        client: (sizeBytes) => rpi4RomClient({ sizeBytes }),
        policy: () => anticipation({ windowBlocks: 1 }),
        up: (rng) => [loss({ p: 0.02 }, rng)],
        down: (rng) => [loss({ p: 0.02 }, rng)],
      })
      expect(run.verdict.harmful).toBe(false)
      kinds.add(run.verdict.kind)
    }
    expect(kinds).toContain('intact')
  })
})
