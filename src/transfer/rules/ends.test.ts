/** Rules A4, A5 and A14: how a transfer begins, and how it ends. */
import { describe, expect, test } from 'vitest'
import { encodeOack } from '../../packet/index.ts'
import { anticipation } from '../policy/anticipation.ts'
import { strict } from '../policy/strict.ts'
import { MOST_ASKED } from '../questions.ts'
import { Script, type ScriptOptions } from './script.ts'

const OACK = encodeOack([{ name: 'blksize', value: '512' }])

/** Everything but the final block is confirmed, and that has just left. */
function finalOut(options: Partial<ScriptOptions> = {}): Script {
  const s = new Script({ blocks: 5, ...options }).reach(4)
  expect(s.sent()).toEqual([5])
  return s
}

describe('A4: the final block', () => {
  test('leaves when all others are acknowledged, then alone and once', () => {
    const s = new Script({ blocks: 5, policy: anticipation({ windowBlocks: 8, copies: 2 }) }).reach(1)
    s.wait(1)
    s.sent()
    s.ack(2, 4).wait(1)
    expect(s.sent()).not.toContain(5)
    s.ack(3).wait(40)
    expect(s.sent().filter((seq) => seq === 5).length).toBeGreaterThan(0)
    const t = new Script({ blocks: 5, policy: anticipation({ windowBlocks: 8, copies: 2 }) }).reach(3).wait(1)
    t.sent()
    t.ack(4)
    expect(t.wait(5).sent()).toEqual([5])
  })

  test('an image of a multiple of blksize ends in an empty block, under the same rule', () => {
    const s = new Script({ blocks: 3, policy: anticipation({ windowBlocks: 8 }) }).reach(1)
    expect(s.sent()).toEqual([2])
    expect(s.wait(1).ack(2).sent()).toEqual([3])
  })

  test('its ACK completes the transfer at once when nothing was repeated', () => {
    const s = finalOut().wait(1).ack(5)
    expect(s.outcome).toEqual({ status: 'completed' })
    expect(s.due).toBe(Infinity)
  })

  test("ACK N-1 at the client's timer proves that it was lost", () => {
    const s = finalOut()
    const lastOwn = () => s.sentAt().at(-1)?.[0] ?? 0
    s.at(1400)
    const before = lastOwn()
    expect(s.now - before).toBeGreaterThan(10)
    expect(s.ack(4).sent()).toEqual([5])
  })

  test('ACK N-1 that comes with it does not (A8)', () => {
    const s = finalOut()
    expect(s.ack(4, 4).wait(1).ack(4).sent()).toEqual([])
  })

  test.each([0, 5])('ERROR %i with all others confirmed: completed, last ACK missing', (wireCode) => {
    const s = finalOut().wait(20).error(wireCode)
    const cameInstead = `1 datagram (ERROR ${wireCode})`
    expect(s.outcome).toEqual({ status: 'completed', lastAck: 'missing', cameInstead })
  })

  test('ERROR 2 says so only in answer to a repeat of the final block', () => {
    expect(finalOut().wait(1).error(2).outcome).toMatchObject({ status: 'failed' })
    expect(finalOut().wait(20).error(2).outcome).toMatchObject({ status: 'completed', lastAck: 'missing' })
  })

  test.each([1, 3, 4, 6, 7, 8])('ERROR %i is a complaint: failed', (wireCode) => {
    const s = finalOut().wait(20).error(wireCode, 'disk full')
    expect(s.outcome).toMatchObject({ status: 'failed', error: { code: 'ERR_TFTP_PEER_ERROR', wireCode } })
    expect(s.outcome?.error?.message).toContain('disk full')
  })

  test('so does ICMP', () => {
    expect(finalOut().wait(1).unreachable().outcome).toEqual({ status: 'completed', lastAck: 'missing' })
  })

  test('silence for two client timeouts, three seconds at least', () => {
    for (const [clientTimeoutMs, ms] of [
      [1000, 3000],
      [5000, 10_000],
    ]) {
      const s = finalOut({ clientTimeoutMs })
      const heardAt = s.now
      s.at(heardAt + ms)
      expect(s.outcome).toBeUndefined()
      s.runUntil(heardAt + ms)
      expect(s.outcome).toEqual({ status: 'completed', lastAck: 'missing' })
      expect(s.controls).toEqual([])
    }
  })

  test('a client that still talks is not silent', () => {
    const s = finalOut()
    for (let i = 0; i < 9; i++) s.wait(1000).ack(4)
    expect(s.outcome).toBeUndefined()
    s.ack(5).wait(250).runUntil(s.now)
    expect(s.outcome).toEqual({ status: 'completed' })
  })

  test.each([
    ['ICMP', (s: Script) => s.unreachable(), 'ERR_TFTP_UNREACHABLE'],
    ['ERROR 0', (s: Script) => s.error(0), 'ERR_TFTP_PEER_ERROR'],
    ['silence', (s: Script) => s.wait(31_000), 'ERR_TFTP_TIMEOUT'],
  ] as const)('%s while more than the final block is missing: failed', (_what, happen, code) => {
    const s = new Script({ blocks: 5 }).reach(3)
    happen(s)
    expect(s.outcome).toMatchObject({ status: 'failed', error: { code } })
    expect(s.outcome?.lastAck).toBeUndefined()
  })

  test('a file of one block is no excuse: nobody ever answered', () => {
    expect(new Script({ blocks: 1 }).wait(10).unreachable().outcome?.status).toBe('failed')
    expect(new Script({ blocks: 1 }).at(60_000).outcome).toMatchObject({
      status: 'failed',
      error: { code: 'ERR_TFTP_TIMEOUT' },
    })
  })
})

describe('A5: until DATA 1 is acknowledged', () => {
  const eager = () => anticipation({ windowBlocks: 8, copies: 3, gapMs: 1 })

  test('one datagram, no window, no copies', () => {
    const s = new Script({ blocks: 100, policy: eager() })
    expect(s.at(249).sent()).toEqual([1])
    expect(s.machine.halfOpen).toBe(true)
    s.ack(1).wait(200)
    expect(s.machine.halfOpen).toBe(false)
    expect(new Set(s.sent())).toEqual(new Set([2, 3, 4, 5, 6, 7, 8, 9]))
  })

  test('again to a local peer after 250 ms, 500 ms, then each second, at most five times', () => {
    const s = new Script({ blocks: 100, policy: eager() }).at(60_000)
    expect(s.sentAt()).toEqual([0, 250, 750, 1750, 2750, 3750].map((ms) => [ms, 1]))
    expect(s.outcome).toMatchObject({ status: 'failed', error: { code: 'ERR_TFTP_TIMEOUT', fault: 'network' } })
  })

  test('to others at most three times, each a second or more apart', () => {
    for (const policy of [eager(), strict(250), strict(1500)]) {
      const s = new Script({ blocks: 100, near: false, policy }).at(120_000)
      const times = s.sentAt().map(([ms, seq]) => (seq === 1 ? ms : Number.NaN))
      expect(times.length).toBeGreaterThan(1)
      expect(times.length).toBeLessThanOrEqual(4)
      for (let i = 1; i < times.length; i++) expect(times[i] - times[i - 1]).toBeGreaterThanOrEqual(1000)
    }
  })

  test("the client's own repeats do not bring more", () => {
    const s = new Script({ blocks: 100, policy: eager() })
    s.sent()
    for (let i = 0; i < 10; i++) s.wait(20).ack(0, 2, 3, 0)
    expect(s.sent()).toEqual([])
  })

  test('but for those that come when ours are used up, one each, and then it is listened for anew', () => {
    const s = new Script({ blocks: 100, policy: eager(), oack: OACK }).at(1).ack(0).at(3800)
    s.sent()
    s.ack(0)
    expect(s.sent()).toEqual([])
    for (const ms of [7000, 11_000]) expect(s.at(ms).ack(0, 0).sent()).toEqual([1])
    expect(s.at(18_900).outcome).toBeUndefined()
    expect(s.wait(200).outcome).toMatchObject({ status: 'failed', error: { code: 'ERR_TFTP_TIMEOUT' } })
  })

  test('the OACK is repeated once a second, and no DATA leaves before ACK 0', () => {
    const s = new Script({ blocks: 100, policy: eager(), oack: OACK })
    const times: number[] = []
    while (!s.machine.closed) {
      s.controls.splice(0).forEach((what) => what === 'OACK' && times.push(s.now))
      s.runUntil(s.due)
    }
    expect(times).toEqual([0, 1000, 2000, 3000, 4000, 5000])
    expect(s.sent()).toEqual([])
    expect(s.outcome).toMatchObject({ status: 'failed', error: { code: 'ERR_TFTP_TIMEOUT' } })
  })

  test.each([1000, 5000])(
    'no OACK leaves after ACK 0, and then DATA 1 goes alone, timer of %d ms',
    (clientTimeoutMs) => {
      const s = new Script({ blocks: 100, policy: eager(), oack: OACK, clientTimeoutMs }).at(1).ack(0)
      expect(s.sent()).toEqual([1])
      expect(s.machine.halfOpen).toBe(false)
      s.controls.length = 0
      s.wait(5).ack(0, 0).at(700)
      expect(s.sent()).toEqual([1])
      s.wait(30_000)
      expect(s.controls.filter((what) => what === 'OACK')).toEqual([])
      // A client with a long timer may have it, and be silent on repeats: one block more each time.
      const more = clientTimeoutMs > 1000 ? [1, 2, 3, 4, 5] : [1]
      expect([...new Set(s.sent())]).toEqual(more)
    },
  )

  test('only ACK 0 accepts the OACK', () => {
    const s = new Script({ blocks: 100, oack: OACK }).at(1).ack(1, 2, 40_000)
    expect(s.sent()).toEqual([])
    expect(s.machine.halfOpen).toBe(true)
  })

  test('ERROR 8 in answer to the OACK is a size probe, not a failure', () => {
    const s = new Script({ blocks: 100, oack: OACK }).at(1).error(8)
    expect(s.outcome).toEqual({ status: 'probed' })
  })
})

describe('A14: without progress', () => {
  test('as often as questions may leave for four seconds, then once per second', () => {
    const s = new Script({ blocks: 100 }).reach(4)
    const since = s.now
    s.at(since + 29_900)
    const times = s.sentAt().map(([ms]) => ms - since)
    for (let second = 0; second < 4; second++) {
      const inIt = times.filter((ms) => ms >= second * 1000 + 10 && ms < second * 1000 + 1010)
      expect(inIt.length).toBeGreaterThanOrEqual(MOST_ASKED - 2)
    }
    // Not the block itself, and in any second.
    for (const from of times.slice(1)) {
      expect(times.filter((ms) => ms >= from && ms < from + 1000 - 1e-6).length).toBeLessThanOrEqual(MOST_ASKED)
    }
    const late = times.filter((ms) => ms > 5100)
    const rounds = late.filter((ms, i) => i === 0 || ms - late[i - 1] > 50)
    expect(rounds.length).toBeGreaterThanOrEqual(22)
    expect(rounds.length).toBeLessThanOrEqual(26)
    for (let i = 1; i < rounds.length; i++) expect(rounds[i] - rounds[i - 1]).toBeGreaterThanOrEqual(990)
  })

  test('gives up after 30 s or six client timeouts, and says what was seen', () => {
    // What the client's timer sends the sixth time has a second to arrive.
    for (const [clientTimeoutMs, ms] of [
      [1000, 30_000],
      [5000, 31_000],
      [10_000, 61_000],
    ]) {
      const s = new Script({ blocks: 100, clientTimeoutMs }).reach(4)
      const since = s.now
      s.at(since + ms)
      expect(s.outcome).toBeUndefined()
      s.runUntil(since + ms)
      expect(s.outcome).toMatchObject({ status: 'failed', error: { code: 'ERR_TFTP_TIMEOUT', fault: 'network' } })
      const { message } = s.outcome?.error ?? { message: '' }
      expect(message).toContain('block 5 of 100')
      expect(message).toContain('"test.bin" to 10.0.0.1:2070')
      expect(message).toContain(`${ms / 1000} s`)
      expect(s.controls).toEqual(['ERROR 0'])
    }
  })

  test('progress begins the patience anew', () => {
    const s = new Script({ blocks: 100 }).reach(4)
    for (let seq = 5; seq < 10; seq++) s.wait(29_000).ack(seq)
    expect(s.outcome).toBeUndefined()
    expect(s.notices.filter((kind) => kind === 'stalled').length).toBe(5)
    expect(s.notices.filter((kind) => kind === 'recovered').length).toBe(5)
  })

  test('stale ACKs are no progress', () => {
    const s = new Script({ blocks: 100 }).reach(4)
    for (let i = 0; i < 31; i++) s.wait(1000).ack(4)
    expect(s.outcome).toMatchObject({ status: 'failed', error: { code: 'ERR_TFTP_TIMEOUT' } })
  })
})
