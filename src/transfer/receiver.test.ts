import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ForesendError } from '../error.ts'
import { blockOfSeq, encodeError, encodeOack, OPCODE, parseError, readBlock, readOpcode } from '../packet/index.ts'
import type { NoticeKind, Outcome, ReceiverSink } from './contract.ts'
import { COUNTER } from './contract.ts'
import type { ReceiverConfig } from './receiver.ts'
import { Receiver } from './receiver.ts'

const OACK = encodeOack([{ name: 'blksize', value: '8' }])

/** A receiver, everything it said (`ack 3`, `oack`, `error 4`), and a clock. */
class Bench implements ReceiverSink {
  readonly said: string[] = []
  readonly notices: NoticeKind[] = []
  readonly seqs: number[] = []
  readonly machine: Receiver
  bytes = 0
  finished: number | undefined
  outcome: Outcome | undefined
  at = Infinity
  now = 1000

  constructor(config: Partial<ReceiverConfig> = {}) {
    this.machine = new Receiver(
      {
        blksize: 8,
        windowsize: 1,
        rollover: 'any',
        oack: undefined,
        acknowledgeRequest: true,
        near: true,
        peerTimeoutMs: 5000,
        proven: true,
        label: 'f from 10.0.0.1:2000',
        ...config,
      },
      this,
    )
  }

  sendControl(buffer: Uint8Array, length: number): void {
    const opcode = readOpcode(buffer, 0, length)
    if (opcode === OPCODE.ack) this.said.push(`ack ${readBlock(buffer, 0)}`)
    else if (opcode === OPCODE.oack) this.said.push('oack')
    else if (opcode === OPCODE.error) {
      const error = parseError(buffer, 0, length)
      this.said.push(`error ${error.ok ? error.value.wireCode : '?'}`)
    }
  }
  deadline(at: number): void {
    this.at = at
  }
  ended(outcome: Outcome): void {
    expect(this.outcome).toBeUndefined()
    this.outcome = outcome
  }
  notice(kind: NoticeKind): void {
    this.notices.push(kind)
  }
  store(seq: number, _buffer: Uint8Array, offset: number, length: number): void {
    // Not `expect`: hundreds of thousands of blocks pass here.
    if (offset !== 4 || this.finished !== undefined) throw new Error(`block ${seq} stored wrongly`)
    this.seqs.push(seq)
    this.bytes += length
  }
  finish(sizeBytes: number): void {
    expect(this.finished).toBeUndefined()
    this.finished = sizeBytes
  }

  start(): this {
    this.machine.start(this.now)
    return this
  }
  data(block: number, length = 8): this {
    const packet = new Uint8Array(4 + length)
    packet.set([0, OPCODE.data, block >>> 8, block & 255])
    return this.take(packet)
  }
  take(packet: Uint8Array): this {
    this.machine.handleDatagram(this.now, packet, 0, packet.length)
    return this
  }
  wait(ms: number): this {
    const until = this.now + ms
    while (this.at <= until) {
      this.now = Math.max(this.now, this.at)
      this.machine.handleTimer(this.now)
    }
    this.now = until
    return this
  }
  /** What was said since the last call. */
  heard(): string[] {
    return this.said.splice(0)
  }
  /** Blocks 1 to `last` of full size with `rollover`, one every `stepMs`. */
  upTo(last: number, rollover: 0 | 1 = 0, stepMs = 0.1): this {
    for (let seq = this.seqs.length + 1; seq <= last; seq++) {
      this.now += stepMs
      this.data(blockOfSeq(seq, rollover))
    }
    return this
  }
}

describe('opening', () => {
  test('a server opens with its OACK, or with ACK 0; a client answered by DATA 1 says nothing first', () => {
    expect(new Bench({ oack: OACK }).start().heard()).toEqual(['oack'])
    expect(new Bench().start().heard()).toEqual(['ack 0'])
    expect(new Bench({ acknowledgeRequest: false }).start().heard()).toEqual([])
  })

  test('A5: the OACK is repeated to a near peer after 250, 500, 1000 ms …, five times and no more', () => {
    const b = new Bench({ oack: OACK, proven: false }).start()
    expect(b.machine.halfOpen).toBe(true)
    expect(b.wait(249).heard()).toEqual(['oack'])
    expect(b.wait(1).heard()).toEqual(['oack'])
    expect(b.wait(500).heard()).toEqual(['oack'])
    expect(b.wait(3000).heard()).toHaveLength(3)
    expect(b.wait(20_000).heard()).toEqual([])
  })

  test('A5: to a far peer three times, each a second or more apart; giving up is silent', () => {
    const b = new Bench({ oack: OACK, proven: false, near: false }).start()
    expect(b.wait(999).heard()).toEqual(['oack'])
    expect(b.wait(28_000).heard()).toEqual(['oack', 'oack', 'oack'])
    expect(b.wait(2000).heard()).toEqual([])
    expect(b.outcome?.error?.code).toBe('ERR_TFTP_TIMEOUT')
    expect(b.machine.closed).toBe(true)
  })

  test('DATA 1 proves the peer', () => {
    const b = new Bench({ oack: OACK, proven: false }).start().data(1)
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
    expect(new Bench({ windowsize: 4, oack: OACK, proven: false }).start().data(2).heard()).toEqual(['oack'])
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
  test('the last ACK is repeated when nothing comes, slower and slower, then once per second', () => {
    const b = new Bench().start().upTo(3)
    b.heard()
    expect(b.wait(249).heard()).toEqual([])
    expect(b.wait(1).heard()).toEqual(['ack 3'])
    expect(b.wait(500).heard()).toEqual(['ack 3'])
    b.wait(1000).heard()
    expect(b.wait(5000).heard()).toHaveLength(5)
    expect(b.machine.counters[COUNTER.timeouts]).toBe(8)
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

  test('gives up after 30 s without progress, or six peer timeouts, and says so to a proven peer', () => {
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
    b.wait(1500)
    expect(b.machine.closed).toBe(true)
    expect(b.data(3, 1).heard()).toEqual([])
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

describe('rollover', () => {
  test.each([0, 1] as const)('after 65535 comes %d, learnt from what arrives, and kept', (rollover) => {
    const b = new Bench().start().upTo(65535, rollover)
    b.heard()
    b.now += 1
    b.data(rollover)
    // Block 1 is believed the second time only: the first might be one too far.
    if (rollover === 1) {
      expect(b.seqs).toHaveLength(65535)
      b.now += 1000
      b.data(1)
    }
    expect(b.seqs).toHaveLength(65536)
    b.upTo(140_000, rollover)
    expect(b.seqs).toHaveLength(140_000)
    expect(b.outcome).toBeUndefined()
  })

  test('fixed to 0: block 1 is one too far; fixed to 1: block 0 is nothing', () => {
    const zero = new Bench({ rollover: 0 }).start().upTo(65535).data(1).data(1).data(1)
    expect(zero.seqs).toHaveLength(65535)
    const one = new Bench({ rollover: 1 }).start().upTo(65535, 1).data(0)
    expect(one.seqs).toHaveLength(65535)
    expect(one.data(1).seqs).toHaveLength(65536)
  })

  test('any: a sender with a window, or one that ran ahead before, is never believed block 1', () => {
    const windowed = new Bench({ windowsize: 4 }).start().upTo(65535)
    for (let i = 0; i < 9; i++) windowed.wait(300).data(1)
    expect(windowed.seqs).toHaveLength(65535)
    expect(windowed.data(0).data(1).seqs).toHaveLength(65537)
    const ahead = new Bench().start().data(2).upTo(65535)
    for (let i = 0; i < 9; i++) ahead.wait(300).data(1)
    expect(ahead.seqs).toHaveLength(65535)
  })
})

describe('properties', () => {
  /** A sender's file of `total` blocks, thrown at the receiver in any order, repeated, with gaps, as `picks` has it. */
  const picks = fc.array(
    fc.oneof(
      { weight: 6, arbitrary: fc.constant('next' as const) },
      { weight: 2, arbitrary: fc.integer({ min: -4, max: 6 }) },
      { weight: 1, arbitrary: fc.constant('wait' as const) },
    ),
    { maxLength: 120 },
  )

  test('whatever arrives, blocks are stored 1, 2, 3 … once each, and it never finishes with a hole', () => {
    fc.assert(
      fc.property(picks, fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 9 }), (list, total, windowsize) => {
        const b = new Bench({ windowsize }).start()
        for (const pick of list) {
          b.now += 0.2
          if (pick === 'wait') b.wait(40)
          const seq = b.seqs.length + (typeof pick === 'number' ? pick : 1)
          if (pick !== 'wait' && seq >= 1 && seq <= total) b.data(blockOfSeq(seq, 0), seq === total ? 3 : 8)
        }
        expect(b.seqs).toEqual(b.seqs.map((_, i) => i + 1))
        expect(b.machine.counters[COUNTER.blocks]).toBe(b.seqs.length)
        if (b.finished !== undefined) expect(b.finished).toBe((total - 1) * 8 + 3)
        // Never more ACKs than datagrams and timeouts together, whatever they were.
        const { counters } = b.machine
        expect(counters[COUNTER.acks]).toBeLessThanOrEqual(1 + counters[COUNTER.datagrams] + counters[COUNTER.timeouts])
      }),
      { numRuns: 500 },
    )
  })

  test('any bytes are safe', () => {
    const packet = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.tuple(fc.integer({ min: 0, max: 7 }), fc.uint8Array({ maxLength: 14 })).map(([o, rest]) => {
        return Uint8Array.from([0, o, ...rest])
      }),
    )
    fc.assert(
      fc.property(fc.array(packet, { maxLength: 30 }), fc.boolean(), (packets, proven) => {
        const b = new Bench({ proven, oack: proven ? undefined : OACK }).start()
        for (const bytes of packets) {
          const before = b.said.length
          b.take(bytes)
          expect(b.said.length - before).toBeLessThanOrEqual(1)
        }
        expect(b.seqs).toEqual(b.seqs.map((_, i) => i + 1))
      }),
    )
  })
})
