/** Rules N1 to N4: windows that the client negotiated. */
import { describe, expect, test } from 'vitest'
import { runTransfer } from '../../../test/sim/transfer.ts'
import { dropNth, edk2Client, uboot2023, loss } from '../../lab/index.ts'
import type { Request } from '../../packet/index.ts'
import { COUNTER } from '../contract.ts'
import { negotiateRead } from '../negotiate.ts'
import { negotiated } from '../policy/negotiated.ts'
import { MOST_ASKED } from '../questions.ts'
import { RTT_MS, Script, type ScriptOptions } from './script.ts'

const OACK = Uint8Array.of(0, 6)

/** ACK 0 has come: the first window is out. */
function windowOf(windowBlocks: number, options: Partial<ScriptOptions> = {}): Script {
  const s = new Script({ blocks: 100, policy: negotiated({ windowBlocks }), oack: OACK, ...options })
  return s.at(1).ack(0)
}

/** The same after so many windows that the round trip is known to be RTT_MS and not to vary; block 101 is the next one's first. */
function steadyWindowOf4(each: 'window' | 'block' = 'window'): Script {
  const s = windowOf(4, { blocks: 400 })
  for (let first = 1; first < 101; first += 4) {
    s.wait(RTT_MS)
    if (each === 'block') s.ack(first, first + 1, first + 2)
    s.ack(first + 3)
  }
  s.sent()
  return s
}

/** A resend begins at `first` and goes on without holes or repeats; on a link that lost something the window may leave in parts. */
function expectAgainFrom(first: number, sent: readonly number[], windowBlocks = 4): void {
  expect(sent.length).toBeGreaterThan(0)
  expect(sent.length).toBeLessThanOrEqual(windowBlocks)
  expect(sent).toEqual(sent.map((_, i) => first + i))
}

describe('N1: an ACK is cumulative', () => {
  test('the whole window leaves at once, the next one on its ACK', () => {
    const s = windowOf(4)
    expect(s.sent()).toEqual([1, 2, 3, 4])
    expect(s.wait(1).ack(4).sent()).toEqual([5, 6, 7, 8])
    expect(s.machine.counters[COUNTER.bytes]).toBe(4 * 512)
  })

  test('the ACK of the final block is all that the end takes', () => {
    const s = windowOf(16, { blocks: 5 })
    expect(s.sent()).toEqual([1, 2, 3, 4, 5])
    s.wait(1).ack(5)
    expect(s.outcome).toEqual({ status: 'completed' })
  })

  test('a client that acknowledges ends of windows reports a gap: again from ack+1, at once from the second gap on', () => {
    const s = steadyWindowOf4()
    // The first ACK inside a window may be a gap or progress: whether more comes by itself tells.
    expect(s.wait(1).ack(102).wait(1.5).sent()).toEqual([])
    expectAgainFrom(103, s.wait(0.1).sent())
    s.wait(3).ack(106).wait(3)
    expect(s.sent().slice(-4)).toEqual([107, 108, 109, 110])
    expectAgainFrom(109, s.ack(108).sent())
  })

  test('a gap is sent again once per 1.5 round trips, however often it is reported', () => {
    const s = windowOf(4).wait(1).ack(4)
    s.sent()
    expectAgainFrom(5, s.wait(1).ack(4).sent())
    expect(s.wait(0.5).ack(4, 4, 4).sent()).toEqual([])
    expect(s.wait(0.75).ack(4, 4).sent()).toEqual([])
    expectAgainFrom(5, s.wait(0.5).ack(4).sent())
  })

  test('a client that acknowledges inside windows makes progress by it: slide, nothing twice', () => {
    const s = windowOf(4)
    s.sent()
    s.wait(1)
    s.ack(1)
    s.ack(2)
    s.ack(3)
    s.ack(4)
    expect(s.sent()).toEqual([5, 6, 7, 8])
    expect(s.wait(1).ack(5).sent()).toEqual([9])
    expect(s.ack(6).sent()).toEqual([10])
    expect(s.machine.counters[COUNTER.retransmitted]).toBe(0)
    // Its repeated ACK is a gap …
    expectAgainFrom(7, s.wait(1).ack(6).sent())
  })

  test('… and so is no progress for max(1.5 RTT, 1 ms)', () => {
    const s = steadyWindowOf4('block')
    expect(s.wait(1).ack(101).sent()).toEqual([105])
    expect(s.wait(1.5).sent()).toEqual([])
    expectAgainFrom(102, s.wait(0.1).sent())
  })

  test('where round trips vary, progress is waited for as long as they vary', () => {
    const s = windowOf(4, { blocks: 400 })
    // RTTVAR is still half of the only round trip that was measured.
    s.wait(1).ack(1, 2, 3, 4).wait(1).ack(5)
    s.sent()
    expect(s.wait(1.75).sent()).toEqual([])
    expectAgainFrom(6, s.wait(3).sent().slice(0, 4))
  })

  test('a client that is stuck three times was misjudged: then an ACK inside a window is no progress any more', () => {
    const s = steadyWindowOf4('block')
    expect(s.wait(1).ack(101).sent()).toEqual([105])
    // Twice it is stuck and then acknowledges one block: progress still, the window slides.
    for (const seq of [102, 103]) {
      s.wait(10).sent()
      expect(s.ack(seq).sent()).not.toEqual([])
    }
    s.wait(10).sent()
    expect(s.ack(104).sent()).toEqual([])
  })

  test('an ACK of what was confirmed long ago, or never sent, brings nothing', () => {
    const s = windowOf(4).wait(1).ack(4)
    s.sent()
    expect(s.ack(1, 2, 3, 9, 90).sent()).toEqual([])
    expect(s.machine.counters[COUNTER.bytes]).toBe(4 * 512)
    expect(s.outcome).toBeUndefined()
  })
})

describe('N2: clamp, never refuse', () => {
  const limits = { maxBlksize: 65464, maxWindowsize: 64, maxWindowBytes: 1 << 16, refuse: new Set<string>() }
  const ask = (...options: [string, string][]): Request => ({
    opcode: 1,
    filename: 'f',
    mode: 'octet',
    options: options.map(([name, value]) => ({ name, value })),
  })

  test('what is too large is made smaller, by blocks and by bytes', () => {
    expect(negotiateRead(ask(['blksize', '65535'], ['windowsize', '65535']), 9, limits)).toMatchObject({
      blksize: 65464,
      windowsize: 1,
    })
    expect(negotiateRead(ask(['blksize', '512'], ['windowsize', '65535']), 9, limits).windowsize).toBe(64)
    expect(negotiateRead(ask(['blksize', '8192'], ['windowsize', '64']), 9, limits).windowsize).toBe(8)
  })

  test('the OACK has nothing that was not asked for', () => {
    expect(negotiateRead(ask(), 9, limits).oack).toEqual([])
    expect(negotiateRead(ask(['blksize', '1024']), 9, limits).oack).toEqual([{ name: 'blksize', value: '1024' }])
    expect(negotiateRead(ask(['windowsize', '4'], ['multicast', '']), 9, limits).oack.map((o) => o.name)).toEqual([
      'windowsize',
    ])
  })
})

describe('N3: no storm', () => {
  /** What is confirmed and the window under way pay for four datagrams a block; then one or two a second leave (A14). */
  const BUDGET = (confirmed: number, window: number) => 4 * (confirmed + window) + 64

  test('a peer that repeats its ACK for ever gets 4 x blocks + 64 datagrams, then one a second, and the end after 30 s', () => {
    const s = windowOf(4, { blocks: 50 })
    let total = s.sent().length
    for (let i = 0; i < 20_000 && !s.machine.closed; i++) total += s.wait(2).ack(0).sent().length
    expect(s.outcome).toMatchObject({ status: 'failed', error: { code: 'ERR_TFTP_TIMEOUT' } })
    expect(s.now).toBeGreaterThan(30_000)
    expect(total).toBeLessThanOrEqual(BUDGET(0, 4) + 2 * 31)
    expect(total).toBeGreaterThan(BUDGET(0, 4) - 5)
    expect(total).toBe(s.machine.counters[COUNTER.datagrams])
  })

  test('a client that pauses for seconds is not flooded meanwhile, and served afterwards', () => {
    const run = runTransfer({
      sizeBytes: 1_048_576,
      seed: 1,
      client: (sizeBytes) => uboot2023({ sizeBytes, windowsize: 64, slowFlash: { everyBlocks: 128, pauseMs: 3000 } }),
      policy: (agreed) => negotiated({ windowBlocks: agreed.windowsize }),
    })
    expect(run.verdict.kind).toBe('intact')
    expect(run.datagramsPerBlock).toBeLessThan(3)
  })

  test('twenty ACKs of the same block in one round trip bring one resend of a window', () => {
    const s = windowOf(64, { blocks: 1000 }).wait(1).ack(64)
    s.sent()
    for (let i = 0; i < 20; i++) s.wait(0.0625).ack(64)
    expectAgainFrom(65, s.sent(), 64)
  })

  test('a repeated ACK that comes sooner than an answer can come is not about the window that has just left', () => {
    const s = windowOf(4)
    s.sent()
    expect(s.wait(1).ack(4).sent()).toEqual([5, 6, 7, 8])
    expect(s.wait(0.5).ack(4).sent()).toEqual([])
    expectAgainFrom(5, s.wait(0.5).ack(4).sent())
  })

  test('an answer that comes a little sooner than any before is no client that went on by itself (A6)', () => {
    const s = windowOf(4, { blocks: 400 }).wait(0.7).ack(4).wait(0.7).ack(8).wait(0.7).ack(12)
    // Until the whole window leaves again after half a second.
    for (let rung = 0; rung < 6; rung++) s.runUntil(s.due)
    expect(s.sent().at(-1)).toBe(13)
    s.wait(0.1).ack(16)
    expect(s.due - s.now).toBeLessThan(201)
  })

  test('a client that went on by itself after a pause has a second before the whole window leaves again (ADR 3)', () => {
    /** The middle of the window 9 to 12, which only a repeat of the whole window sends. */
    const middle = (sent: readonly number[]) => sent.filter((seq) => seq === 10)
    const paused = windowOf(4, { blocks: 400 }).wait(1).ack(4).wait(200)
    paused.sent()
    // Long after anything that left could have caused it.
    while (paused.due - paused.now < 50) paused.runUntil(paused.due)
    paused.wait(20).sent()
    expect(paused.ack(8).sent().at(-1) ?? paused.highest).toBeGreaterThanOrEqual(12)
    paused.wait(5).sent()
    expect(middle(paused.wait(900).sent())).toEqual([])
    expect(middle(paused.wait(1500).sent())).not.toEqual([])

    const prompt = windowOf(4, { blocks: 400 }).wait(1).ack(4).wait(1).ack(8)
    prompt.sent()
    expect(middle(prompt.wait(900).sent())).not.toEqual([])
  })

  test('ACKs that our own resend brought start no further one', () => {
    const s = steadyWindowOf4()
    // A client that answers every packet it cannot use: 101 is lost, then lost again.
    expectAgainFrom(101, s.wait(1).ack(100, 100, 100).sent())
    const again = s.wait(1).ack(100, 100).wait(4).sent()
    expect(again).not.toContain(101)
  })

  test('EDK2, which acknowledges every unexpected packet, costs one window for one lost packet', () => {
    const run = runTransfer({
      sizeBytes: 1_700_000,
      seed: 1,
      client: (sizeBytes) => edk2Client({ sizeBytes, windowsize: 4 }),
      policy: (agreed) => negotiated({ windowBlocks: agreed.windowsize }),
      down: () => [dropNth([100])],
    })
    expect(run.verdict.kind).toBe('intact')
    const blocks = Math.floor(1_700_000 / 1468) + 1
    // Those three may each be answered by an ACK of their own, and the window leaves once more for them.
    expect(run.datagrams).toBeLessThanOrEqual(blocks + 2 * 4)
    expect(run.datagrams).toBeGreaterThan(blocks)
  })

  test('and EDK2 over a link that loses 3.7 % both ways stays far below the bound', () => {
    for (let seed = 1; seed <= 5; seed++) {
      const run = runTransfer({
        sizeBytes: 1_000_000,
        seed,
        client: (sizeBytes) => edk2Client({ sizeBytes, windowsize: 4 }),
        policy: (agreed) => negotiated({ windowBlocks: agreed.windowsize }),
        up: (rng) => [loss({ p: 0.037 }, rng)],
        down: (rng) => [loss({ p: 0.037 }, rng)],
      })
      // When the ACK of the last window is lost and the client gone, more than the final block is unconfirmed.
      expect(['intact', 'intact-but-server-failed']).toContain(run.verdict.kind)
      expect(run.datagramsPerBlock).toBeLessThan(1.6)
    }
  })
})

describe('N4: a client that is silent on repeats is made to say where it stands', () => {
  test('the first timeout sends the next block with one left out behind it, the second everything before these', () => {
    const s = windowOf(4).wait(1).ack(4)
    s.sent()
    expect(s.wait(200.5).sent()).toEqual([9, 11])
    // In two bursts: the silence speaks for losses.
    expect(s.wait(8).sent()).toEqual([5, 6, 7, 8, 9, 10, 12])
  })

  test('the first timeout comes after 200 ms, and much sooner once the client answered what left after one at once (A6)', () => {
    const s = windowOf(4).wait(1).ack(4)
    s.sent()
    expect(s.wait(199).sent()).toEqual([])
    expect(s.wait(1.5).sent()).toEqual([9, 11])
    // It had everything, and says so at the block behind the one that was left out.
    s.wait(1).ack(9)
    s.sent()
    expect(s.wait(20).sent().length).toBeGreaterThan(0)
  })

  test('and once the client reported a gap (A6)', () => {
    const s = steadyWindowOf4()
    s.wait(1).ack(102).wait(3)
    expectAgainFrom(103, s.sent())
    s.wait(1).ack(106)
    s.sent()
    expect(s.wait(20).sent().length).toBeGreaterThan(0)
  })

  test('a client that named its place again is asked about the block behind it, and about the next one in turn', () => {
    const s = windowOf(4).wait(1).ack(4).wait(2).ack(4).wait(5)
    s.sent()
    const sent = s.wait(600).sent()
    expect(sent.slice(0, 2)).toEqual([5, 7])
    expect(sent.filter((seq) => seq === 9).length).toBeGreaterThan(0)
  })

  test('U-Boot, which answers once for each position, is brought on although four of its ACKs in a row are lost', () => {
    /** What it has, and where it said so last. */
    let [has, said, lost] = [0, 0, 0]
    const peer = (seq: number): number | undefined => {
      if (seq === has + 1) has++
      const isEnd = seq === has && has % 4 === 0
      const isUnexpected = seq > has && said !== has
      if (!isEnd && !isUnexpected) return undefined
      said = has
      // Those of blocks 8, 9, 10 and 11.
      return has >= 8 && lost++ < 4 ? undefined : has
    }
    const s = new Script({ blocks: 400, policy: negotiated({ windowBlocks: 4 }), peer }).at(1000)
    expect(lost).toBeGreaterThan(4)
    expect(s.acknowledged).toBeGreaterThan(100)
  })

  test('a silent client gets eight datagrams of questions in a second, and the window as a whole at most twice', () => {
    const s = windowOf(4).wait(1).ack(4)
    s.sent()
    const sent = s.wait(1000).sent()
    // With what left in turn before the silence.
    expect(sent.length).toBeLessThanOrEqual(MOST_ASKED + 2 * (4 + MOST_ASKED))
    expect(sent.filter((seq) => seq === 5).length).toBeLessThanOrEqual(2)
  })

  test('an ACK beyond the block that a question left out ends the transfer: such a client may have a hole', () => {
    const s = windowOf(4).wait(1).ack(4)
    s.sent()
    expect(s.wait(200.5).sent()).toEqual([9, 11])
    s.ack(11)
    expect(s.outcome).toMatchObject({ status: 'failed', error: { code: 'ERR_TFTP_ORDER_LIED' } })
    expect(s.outcome?.error?.message).toMatch(/block 11 although block 10 never left/)
  })

  test('at the bound of rule N3 no burst rings in vain: the next try is a second away', () => {
    // Two of three datagrams are copies, and the client confirms nothing more: what was confirmed pays for no window.
    const s = new Script({ blocks: 40, policy: negotiated({ windowBlocks: 8, copies: 3 }), clientTimeoutMs: 60_000 })
    s.wait(1).ack(8).wait(1).ack(12).wait(1).ack(12, 12, 12)
    let calls = 0
    for (const until = s.now + 60_000; s.due < until && !s.machine.closed; calls++) s.runUntil(s.due)
    expect(calls).toBeLessThan(1500)
  })

  test('the final block leaves ahead of its window after a second without progress, when all before it left', () => {
    const s = windowOf(4, { blocks: 9 }).wait(1).ack(4)
    s.sent()
    expect(Math.max(...s.wait(990).sent())).toBe(8)
    expect(Math.max(...s.wait(300).sent())).toBe(9)
  })

  test('U-Boot that has all but the final block, and is mute, gets it', () => {
    let has = 0
    const peer = (seq: number): number | undefined => {
      if (seq === has + 1) has++
      // The ACKs of block 8, and the one that answers a block that it does not expect, are lost.
      return has === 9 || (has === 4 && seq === 4) ? has : undefined
    }
    const s = new Script({ blocks: 9, policy: negotiated({ windowBlocks: 4 }), peer }).at(2000)
    expect(s.outcome).toEqual({ status: 'completed' })
  })

  test('a client that is gone once the final block left may have the whole file, and the reason says so', () => {
    const s = windowOf(4, { blocks: 8 }).wait(1).ack(4).at(60_000)
    expect(s.outcome?.error?.message).toMatch(
      /block 5 of 8 was never acknowledged .*; the final block left too, so the client may have the whole file/,
    )
  })

  test('an ACK that reports the position is followed from there', () => {
    const s = windowOf(4).wait(1).ack(4).wait(32)
    s.sent()
    // It had 5 and 6 and saw 10.
    s.ack(6).wait(4)
    expectAgainFrom(7, s.sent())
  })
})
