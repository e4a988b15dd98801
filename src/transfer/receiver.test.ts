import { describe, expect, test } from 'vitest'
import { Bench, OACK } from '../../test/double/receiver.ts'
import { ForesendError } from '../error.ts'
import { encodeError } from '../packet/index.ts'
import { COUNTER } from './contract.ts'

describe('opening', () => {
  test('a server opens with its OACK, or with ACK 0; a client answered by DATA 1 says nothing first', () => {
    expect(new Bench({ oack: OACK }).start().heard()).toEqual(['oack'])
    expect(new Bench().start().heard()).toEqual(['ack 0'])
    expect(new Bench({ acknowledgeRequest: false }).start().heard()).toEqual([])
  })

  test('A5: ACK 0 is repeated to a near peer after 250, 500, 1000 ms …, five times and no more', () => {
    const b = new Bench({ addressValidated: false }).start()
    expect(b.machine.halfOpen).toBe(true)
    expect(b.wait(249).heard()).toEqual(['ack 0'])
    expect(b.wait(1).heard()).toEqual(['ack 0'])
    expect(b.wait(500).heard()).toEqual(['ack 0'])
    expect(b.wait(3000).heard()).toHaveLength(3)
    expect(b.wait(20_000).heard()).toEqual([])
  })

  test('A5: to a far peer three times, each a second or more apart; giving up is silent', () => {
    const b = new Bench({ oack: OACK, addressValidated: false, near: false }).start()
    expect(b.wait(999).heard()).toEqual(['oack'])
    expect(b.wait(28_000).heard()).toEqual(['oack', 'oack', 'oack'])
    expect(b.wait(2000).heard()).toEqual([])
    expect(b.outcome?.error?.code).toBe('ERR_TFTP_TIMEOUT')
    expect(b.machine.closed).toBe(true)
  })

  test('R1: the request again brings the answer again, near peers after 150 ms, far ones after a second', () => {
    for (const [near, restMs] of [
      [true, 150],
      [false, 1000],
    ] as const) {
      const b = new Bench({ oack: OACK, addressValidated: false, near, onlyWhenAsked: true }).start()
      const ask = () => {
        b.machine.handleRepeatedRequest(b.now)
        return b.heard()
      }
      expect(b.heard()).toEqual(['oack'])
      expect(b.wait(restMs - 1).heard()).toEqual([])
      expect(ask()).toEqual([])
      b.wait(1)
      expect(ask()).toEqual(['oack'])
      expect(ask()).toEqual([])
      b.wait(10_000)
      // Also behind the repeats that A5 allows.
      expect(ask()).toEqual(['oack'])
      b.data(1).heard()
      b.wait(10_000).heard()
      expect(ask()).toEqual([])
    }
  })

  test('R1: a repeat that was asked for puts off the next one of our own timer', () => {
    const b = new Bench({ oack: OACK, addressValidated: false }).start()
    b.wait(900).heard()
    b.machine.handleRepeatedRequest(b.now)
    expect(b.heard()).toEqual(['oack'])
    expect(b.wait(999).heard()).toEqual([])
    expect(b.wait(1).heard()).toEqual(['oack'])
  })

  test('DATA 1 proves the peer', () => {
    const b = new Bench({ oack: OACK, addressValidated: false }).start().data(1)
    expect(b.machine.halfOpen).toBe(false)
    expect(b.notices).toEqual(['started'])
    expect(b.heard()).toEqual(['oack', 'ack 1'])
  })

  test('a client answers a repeated OACK with ACK 0 while it has no DATA, and never afterwards', () => {
    const b = new Bench().start()
    b.now += 50
    expect(b.take(OACK).heard()).toEqual(['ack 0', 'ack 0'])
    b.data(1).heard()
    b.now += 50
    expect(b.take(OACK).heard()).toEqual([])
  })
})

describe('order', () => {
  test('lock-step: every block is stored once and acknowledged', () => {
    const b = new Bench().start().upTo(3).data(4, 5)
    expect(b.seqs).toEqual([1, 2, 3, 4])
    expect(b.finished).toBe(29)
    expect(b.heard()).toEqual(['ack 0', 'ack 1', 'ack 2', 'ack 3'])
  })

  test('RFC 7440: one ACK at the end of each window', () => {
    const b = new Bench({ windowsize: 4 }).start().upTo(9)
    expect(b.heard()).toEqual(['ack 0', 'ack 4', 'ack 8'])
  })

  test('R7: behind the first block of a window a server waits 250 ms, behind a second one 50 ms', () => {
    const b = new Bench({ windowsize: 8 }).start().data(1)
    b.heard()
    expect(b.wait(249).heard()).toEqual([])
    expect(b.wait(1).heard()).toEqual(['ack 1'])
    b.data(2).data(3)
    expect(b.wait(50).heard()).toEqual(['ack 3'])
  })

  test('R7: a client that sends one block at a time gets each ACK at once from the fourth block on, until two come together', () => {
    const b = new Bench({ windowsize: 8 }).start()
    for (let seq = 1; seq <= 3; seq++) b.data(seq).wait(250)
    b.heard()
    expect(b.data(4).heard()).toEqual(['ack 4'])
    expect(b.data(5).heard()).toEqual(['ack 5'])
    b.now += 20
    // It comes again: the client does not take these ACKs for what they are.
    b.data(5).heard()
    expect(b.data(6).data(7).heard()).toEqual([])
  })

  test('a block ahead is dropped; the gap is acknowledged once, and again only after something in order came', () => {
    const b = new Bench({ windowsize: 8 }).start().upTo(2)
    b.heard()
    b.data(4).data(5).data(6).data(7)
    expect(b.heard()).toEqual(['ack 2'])
    expect(b.seqs).toEqual([1, 2])
    b.now += 20
    b.data(3).data(5)
    expect(b.heard()).toEqual(['ack 3'])
    expect(b.seqs).toEqual([1, 2, 3])
  })

  test('the rest of a broken window may take its time: still one ACK', () => {
    const b = new Bench({ windowsize: 8, near: false }).start().upTo(2).data(4)
    b.heard()
    b.now += 500
    expect(b.data(5).heard()).toEqual([])
  })

  test('R4: each copy of a window brings one ACK, also without its first block; of copies in vain only eight do', () => {
    const b = new Bench({ windowsize: 8 }).start().upTo(2).data(4).data(5)
    expect(b.heard()).toEqual(['ack 0', 'ack 2'])
    b.now += 20
    expect(b.data(4).data(6).heard()).toEqual(['ack 2'])
    b.now += 20
    expect(b.data(2).data(5).heard()).toEqual(['ack 2'])
    let acks = 0
    for (let i = 0; i < 20; i++) {
      b.now += 20
      acks += b.data(4).data(5).data(6).heard().length
    }
    expect(acks).toBe(8 - 3)
    b.now += 20
    b.data(3).data(5)
    expect(b.heard()).toEqual(['ack 3'])
  })

  test('R4: while it lingers, every block of the last window brings the last ACK', () => {
    const b = new Bench({ windowsize: 4 }).start().upTo(5).data(6, 5)
    b.machine.handleStored(b.now)
    b.heard()
    b.now += 20
    expect(b.data(3).heard()).toEqual(['ack 6'])
    b.now += 20
    expect(b.data(2).heard()).toEqual([])
  })

  test('a second gap right after the first waits a moment for its ACK, in case it is only reordering', () => {
    const b = new Bench({ windowsize: 8 }).start().upTo(2).data(4)
    b.heard()
    b.data(3).data(5)
    expect(b.heard()).toEqual([])
    expect(b.wait(1.5).heard()).toEqual(['ack 3'])
  })

  test('the window counts from the ACK that reported the gap', () => {
    const b = new Bench({ windowsize: 4 }).start().upTo(2).data(4)
    b.heard()
    b.upTo(6)
    expect(b.heard()).toEqual(['ack 6'])
  })

  test('a client whose first block was lost says ACK 0 at once; an unproven peer gets nothing for it', () => {
    expect(new Bench({ windowsize: 4 }).start().data(2).data(3).heard()).toEqual(['ack 0', 'ack 0'])
    expect(new Bench({ windowsize: 4, oack: OACK, addressValidated: false }).start().data(2).heard()).toEqual(['oack'])
  })

  test('a repeat is acknowledged again and never stored again', () => {
    const b = new Bench().start().upTo(2)
    b.heard()
    b.now += 30
    expect(b.data(2).heard()).toEqual(['ack 2'])
    expect(b.seqs).toEqual([1, 2])
    expect(b.machine.counters[COUNTER.retransmitted]).toBe(1)
  })

  test('copies of a block that arrive together are answered once: a doubled transfer does not stay doubled', () => {
    const b = new Bench().start().upTo(5)
    b.heard()
    expect(b.data(6).data(6).data(6).heard()).toEqual(['ack 6'])
  })

  test('a repeated window is answered by one ACK', () => {
    const b = new Bench({ windowsize: 4 }).start().upTo(8)
    b.heard()
    b.now += 500
    b.data(5).data(6).data(7).data(8)
    expect(b.heard()).toEqual(['ack 8'])
  })

  test('repeats in the middle of a window stay unanswered: an ACK there would report a gap', () => {
    const b = new Bench({ windowsize: 4 }).start().upTo(6)
    b.heard()
    b.now += 5
    expect(b.data(5).data(6).heard()).toEqual([])
  })

  test('DATA 0, ACK, requests, unknown opcodes and short packets are ignored', () => {
    const b = new Bench().start().data(0)
    b.heard()
    for (const bytes of [[], [0], [0, 3], [0, 3, 1], [0, 4, 0, 1], [0, 1, 65, 0], [0, 9, 9, 9], [255, 255, 0, 1]]) {
      b.take(Uint8Array.from(bytes))
    }
    expect(b.heard()).toEqual([])
    expect(b.seqs).toEqual([])
    expect(b.outcome).toBeUndefined()
  })

  test('a block larger than agreed is ERROR 4', () => {
    const b = new Bench().start().data(1, 9)
    expect(b.heard()).toEqual(['ack 0', 'error 4'])
    expect(b.outcome?.error?.code).toBe('ERR_TFTP_PROTOCOL')
    expect(b.seqs).toEqual([])
  })
})

describe('timer', () => {
  /** A repeat but the first one is three ACKs (rule R5). */
  const RUN = ['ack 3', 'ack 3', 'ack 3']
  const RUN_MS = 1.5

  test('R3, R5: the last ACK is repeated when nothing comes, slower and slower; to a server four times, and again behind its room', () => {
    const b = new Bench({ peerRole: 'server', peerTimeoutMs: 5000 }).start().upTo(3)
    b.heard()
    expect(b.wait(249).heard()).toEqual([])
    expect(b.wait(1).heard()).toEqual(['ack 3'])
    expect(b.wait(500).heard()).toEqual(['ack 3'])
    expect(b.wait(RUN_MS).heard()).toEqual(RUN.slice(1))
    expect(b.wait(1000 + RUN_MS).heard()).toEqual(RUN)
    expect(b.wait(1000 + RUN_MS).heard()).toEqual(RUN)
    expect(b.wait(5990).heard()).toEqual([])
    expect(b.wait(20).heard()).toEqual(RUN)
    expect(b.wait(4 * 1000 + 10).heard()).toHaveLength(4 * 3)
    expect(b.wait(11_900).heard()).toEqual([])
  })

  test('R5: in a window no ACK leaves three times', () => {
    const b = new Bench({ windowsize: 4 }).start().upTo(4)
    b.heard()
    expect(b.wait(50 + 100 + 200 + 10).heard()).toEqual(['ack 4', 'ack 4', 'ack 4'])
  })

  test.each([1000, 5000])('R3: to a client three times, then its timer of %d ms has room to ring', (peerTimeoutMs) => {
    const b = new Bench({ peerTimeoutMs }).start().upTo(3)
    expect(
      b
        .wait(250 + 500 + 1000 + 2 * RUN_MS)
        .heard()
        .slice(-7),
    ).toEqual(['ack 3', ...RUN, ...RUN])
    expect(b.wait(1.2 * peerTimeoutMs - 1).heard()).toEqual([])
    expect(b.wait(5).heard()).toEqual(RUN)
    // Its timer may be a longer one.
    expect(b.wait(2.4 * peerTimeoutMs - 5).heard()).toEqual([])
    expect(b.wait(10).heard()).toEqual(RUN)
  })

  test('a window that stops half-way is reported soon', () => {
    const b = new Bench({ windowsize: 16 }).start().upTo(20)
    b.heard()
    expect(b.wait(60).heard()).toEqual(['ack 20'])
  })

  test('Karn: a block that came after a repeated ACK says nothing about the round trip', () => {
    const b = new Bench().start().upTo(9)
    const { counters } = b.machine
    const before = counters[COUNTER.srttMs]
    expect(before).toBeGreaterThan(0)
    b.wait(5000).data(10)
    expect(counters[COUNTER.srttMs]).toBe(before)
  })

  test('a far peer with a long round trip is not hurried', () => {
    const b = new Bench({ windowsize: 4, near: false }).start()
    for (let seq = 1; seq <= 40; seq++) {
      if (seq % 4 === 1) b.wait(300)
      b.data(seq)
    }
    expect(b.heard()).toHaveLength(11)
    expect(b.machine.counters[COUNTER.srttMs]).toBeCloseTo(300)
    expect(b.wait(290).heard()).toEqual([])
  })

  test('a stall and its end are told once each', () => {
    const b = new Bench().start().upTo(3).wait(3000).upTo(5)
    expect(b.notices).toEqual(['started', 'stalled', 'recovered'])
    expect(b.machine.counters[COUNTER.stalls]).toBe(1)
  })

  test('gives up after 30 s without progress, or six peer timeouts, and says so to a peer whose address is validated', () => {
    const b = new Bench().start().upTo(3)
    b.heard()
    b.wait(29_990)
    expect(b.outcome).toBeUndefined()
    b.wait(20)
    expect(b.outcome?.error?.code).toBe('ERR_TFTP_TIMEOUT')
    expect(b.heard().at(-1)).toBe('error 0')
    expect(b.at).toBe(Infinity)
    const slow = new Bench({ peerTimeoutMs: 10_000 }).start().upTo(3).wait(59_000)
    expect(slow.outcome).toBeUndefined()
  })
})

describe('R2: a peer that takes any ACK for its last one', () => {
  test('hears nothing on our timer, is answered when it asks, and a stall is told', () => {
    const b = new Bench({ oack: OACK, addressValidated: false, onlyWhenAsked: true }).start()
    expect(b.heard()).toEqual(['oack'])
    expect(b.wait(9000).heard()).toEqual([])
    expect(b.data(1).heard()).toEqual(['ack 1'])
    expect(b.wait(5000).heard()).toEqual([])
    expect(b.notices).toContain('stalled')
    expect(b.machine.counters[COUNTER.timeouts]).toBe(0)
    expect(b.data(1).heard()).toEqual(['ack 1'])
    expect(b.wait(9000).data(2).heard()).toEqual(['ack 2'])
    expect(b.wait(29_000).heard()).toEqual([])
    expect(b.wait(1000).heard()).toEqual(['error 0'])
  })

  test('that announced its size hears repeats, but for those that wait for the first and the last block', () => {
    const b = new Bench({ oack: OACK, addressValidated: false, onlyWhenAsked: true, sizeBytes: 20 }).start()
    b.wait(2000)
    expect(b.heard()).toEqual(['oack'])
    b.data(1).heard()
    expect(b.wait(300).heard()).toEqual(['ack 1'])
    b.data(2).heard()
    expect(b.wait(9000).heard()).toEqual([])
    b.data(3, 4)
    expect(b.finished).toBe(20)
  })

  test('that announced whole blocks: the last block is the empty one', () => {
    const b = new Bench({ onlyWhenAsked: true, sizeBytes: 16 }).start().data(1)
    b.heard()
    expect(b.wait(300).heard()).toEqual(['ack 1'])
    b.data(2).heard()
    expect(b.wait(9000).heard()).toEqual([])
  })
})

describe('the end', () => {
  test('the last block is acknowledged only after it is stored; repeats meanwhile are ignored', () => {
    const b = new Bench().start().upTo(2).data(3, 0)
    b.heard()
    expect(b.at).toBe(Infinity)
    b.now += 5000
    expect(b.data(3, 0).data(3, 0).heard()).toEqual([])
    expect(b.outcome).toBeUndefined()
    b.machine.handleStored(b.now)
    expect(b.heard()).toEqual(['ack 3'])
    expect(b.outcome).toEqual({ status: 'completed' })
    expect(b.machine.closed).toBe(false)
  })

  test('it dallies: a repeated last block is acknowledged again, other blocks are not, then it closes', () => {
    const b = new Bench({ peerTimeoutMs: 1000 }).start().upTo(2).data(3, 1)
    b.machine.handleStored(b.now)
    b.heard()
    b.now += 1000
    expect(b.data(3, 1).heard()).toEqual(['ack 3'])
    b.now += 1000
    expect(b.data(2).data(4).heard()).toEqual([])
    expect(b.seqs).toEqual([1, 2, 3])
    // R5: as long after a repeat as after the first ACK.
    b.wait(1900)
    expect(b.machine.closed).toBe(false)
    b.wait(200)
    expect(b.machine.closed).toBe(true)
    expect(b.data(3, 1).heard()).toEqual([])
  })

  test('R4: a request that was answered slowly hides no repeat of the last block', () => {
    const b = new Bench({ acknowledgeRequest: false, firstRoundTrip: { ms: 300, isSample: true } }).start()
    b.data(1, 5)
    b.machine.handleStored(b.now)
    expect(b.heard()).toEqual(['ack 1'])
    b.wait(50).data(1, 5)
    expect(b.heard()).toEqual(['ack 1'])
  })

  test('an ERROR, ICMP or abort while dallying only ends the dallying', () => {
    for (const end of ['error', 'icmp', 'abort'] as const) {
      const b = new Bench().start().data(1, 0)
      b.machine.handleStored(b.now)
      b.heard()
      if (end === 'error') b.take(encodeError(0, 'x'))
      else if (end === 'icmp') b.machine.handleUnreachable(b.now)
      else b.machine.abort(b.now, new ForesendError('ERR_TFTP_ABORTED', 'x', { fault: 'local' }))
      expect(b.outcome).toEqual({ status: 'completed' })
      expect(b.machine.closed).toBe(true)
      expect(b.heard()).toEqual([])
    }
  })

  test('a flush that fails is an ERROR with its wire code', () => {
    const b = new Bench().start().data(1, 3)
    b.heard()
    b.machine.handleStored(b.now, new ForesendError('ERR_TFTP_DISK_FULL', 'full', { fault: 'local', wireCode: 3 }))
    expect(b.heard()).toEqual(['error 3'])
    expect(b.outcome?.status).toBe('failed')
    expect(b.machine.closed).toBe(true)
  })

  test('so is storing that fails half-way', () => {
    const b = new Bench().start().upTo(5)
    b.heard()
    b.machine.handleStored(b.now, new ForesendError('ERR_TFTP_DISK_FULL', 'full', { fault: 'local', wireCode: 3 }))
    expect(b.heard()).toEqual(['error 3'])
    b.data(6)
    expect(b.seqs).toHaveLength(5)
  })

  test('a file of 0 bytes, and one of exactly n blocks', () => {
    expect(new Bench().start().data(1, 0).finished).toBe(0)
    expect(new Bench().start().upTo(4).data(5, 0).finished).toBe(32)
  })

  test('an ERROR from the peer ends it, unanswered and escaped', () => {
    const b = new Bench().start().upTo(2)
    b.heard()
    b.take(encodeError(3, 'disk\x1b[31m full'))
    expect(b.heard()).toEqual([])
    expect(b.outcome?.error).toMatchObject({ code: 'ERR_TFTP_PEER_ERROR', wireCode: 3 })
    expect(b.outcome?.error?.message).toContain('disk\\x1b[31m full')
    expect(b.at).toBe(Infinity)
  })

  test('ICMP unreachable ends it, but not while everything is here and being flushed', () => {
    const b = new Bench().start().upTo(2)
    b.machine.handleUnreachable(b.now)
    expect(b.outcome?.error?.code).toBe('ERR_TFTP_UNREACHABLE')
    const whole = new Bench().start().data(1, 1)
    whole.machine.handleUnreachable(whole.now)
    whole.machine.handleStored(whole.now)
    expect(whole.outcome).toEqual({ status: 'completed' })
  })

  test('abort tells the peer once', () => {
    const b = new Bench().start().upTo(2)
    b.heard()
    const error = new ForesendError('ERR_TFTP_ABORTED', 'shutting down', { fault: 'local' })
    b.machine.abort(b.now, error)
    b.machine.abort(b.now, error)
    expect(b.heard()).toEqual(['error 0'])
    expect(b.outcome?.error).toBe(error)
  })

  test('an owner that aborts while it stores the last block is not asked to finish', () => {
    const b = new Bench().start().upTo(2)
    b.heard()
    b.store = () =>
      b.machine.abort(b.now, new ForesendError('ERR_TFTP_DISK_FULL', 'x', { fault: 'local', wireCode: 3 }))
    expect(b.data(3, 1).heard()).toEqual(['error 3'])
    expect(b.finished).toBeUndefined()
    expect(b.at).toBe(Infinity)
  })

  test('a size other than the one announced fails', () => {
    const b = new Bench({ sizeBytes: 17 }).start().upTo(2).data(3, 2)
    expect(b.finished).toBeUndefined()
    expect(b.outcome?.error?.code).toBe('ERR_TFTP_CONTENT')
    expect(new Bench({ sizeBytes: 17 }).start().upTo(2).data(3, 1).finished).toBe(17)
  })
})
