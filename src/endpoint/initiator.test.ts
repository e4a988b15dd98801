import { describe, expect, test } from 'vitest'
import { ForesendError } from '../error.ts'
import {
  encodeError,
  encodeOack,
  OPCODE,
  type Option,
  parseError,
  parseRequest,
  readBlock,
  readOpcode,
  writeAck,
  writeDataHeader,
} from '../packet/index.ts'
import type { NoticeKind, Outcome } from '../transfer/contract.ts'
import type { Agreed } from '../transfer/negotiate.ts'
import { Initiator, type InitiatorConfig, type InitiatorSink, type RequestKind } from './initiator.ts'

const OFFER: Option[] = [
  { name: 'tsize', value: '0' },
  { name: 'blksize', value: '1428' },
  { name: 'windowsize', value: '4' },
]

/** An initiator, everything it did as words, and a clock. */
class Bench implements InitiatorSink {
  readonly did: string[] = []
  readonly initiator: Initiator
  outcome: Outcome | undefined
  agreement: Agreed | undefined
  notices: NoticeKind[] = []
  at = Infinity
  now = 0

  constructor(config: Partial<InitiatorConfig> = {}) {
    this.initiator = new Initiator(
      {
        direction: 'read',
        filename: 'f',
        mode: 'octet',
        options: OFFER,
        sizeBytes: 600,
        near: true,
        requestMs: 1000,
        retries: 3,
        waitMs: 0,
        label: 'f from 10.0.0.1:69',
        ...config,
      },
      this,
    )
    this.initiator.start(this.now)
  }

  request(_kind: RequestKind, buffer: Uint8Array): void {
    const parsed = parseRequest(buffer, 0, buffer.length)
    if (!parsed.ok) throw new Error(parsed.reason)
    const { opcode, options } = parsed.value
    this.did.push([opcode === 1 ? 'rrq' : 'wrq', ...options.map((o) => `${o.name}=${o.value}`)].join(' '))
  }
  lock(kind: RequestKind, port: number): void {
    this.did.push(`lock ${kind} ${port}`)
  }
  refuse(port: number, buffer: Uint8Array): void {
    const error = parseError(buffer, 0, buffer.length)
    this.did.push(`refuse ${port} ${error.ok ? error.value.wireCode : '?'}`)
  }
  drop(kind: RequestKind, port: number, farewell: Uint8Array | undefined): void {
    this.did.push(`drop ${kind}`)
    if (farewell !== undefined) this.did.push(`error ${readBlock(farewell, 0)} to ${port}`)
  }
  agreed(agreed: Agreed): void {
    this.agreement = agreed
  }
  seen(): string {
    return 'EHOSTUNREACH'
  }
  sendControl(buffer: Uint8Array, length: number): void {
    const opcode = readOpcode(buffer, 0, length)
    this.did.push(opcode === OPCODE.ack ? `ack ${readBlock(buffer, 0)}` : `error ${readBlock(buffer, 0)}`)
  }
  sendBlocks(first: number, count: number): void {
    for (let seq = first; seq < first + count; seq++) this.did.push(`data ${seq}`)
  }
  store(seq: number, _buffer: Uint8Array, _offset: number, length: number): void {
    this.did.push(`store ${seq}:${length}`)
  }
  finish(sizeBytes: number): void {
    this.did.push(`finish ${sizeBytes}`)
  }
  ended(outcome: Outcome): void {
    if (this.outcome !== undefined) throw new Error('ended twice')
    this.outcome = outcome
  }
  notice(kind: NoticeKind): void {
    this.notices.push(kind)
  }
  deadline(at: number): void {
    this.at = at
  }

  take(port: number, packet: Uint8Array, kind?: RequestKind): this {
    this.initiator.handleDatagram(this.now, packet, 0, packet.length, port, kind)
    return this
  }
  oack(port: number, text: string, kind?: RequestKind): this {
    const words = text.split(' ').filter((w) => w !== '')
    const options = words.map((w) => ({ name: w.split('=')[0] as string, value: w.split('=')[1] as string }))
    return this.take(port, encodeOack(options), kind)
  }
  data(port: number, block: number, length: number, kind?: RequestKind): this {
    const packet = new Uint8Array(4 + length)
    writeDataHeader(packet, 0, block)
    return this.take(port, packet, kind)
  }
  ack(port: number, block: number, kind?: RequestKind): this {
    const packet = new Uint8Array(4)
    writeAck(packet, 0, block)
    return this.take(port, packet, kind)
  }
  wait(ms: number): this {
    const until = this.now + ms
    while (this.at <= until) {
      this.now = Math.max(this.now, this.at)
      this.initiator.handleTimer(this.now)
    }
    this.now = until
    return this
  }
  outputs(): string[] {
    return this.did.splice(0)
  }
}

const RRQ = 'rrq tsize=0 blksize=1428 windowsize=4'

describe('asking', () => {
  test('the request is repeated, slower each time, then given up with what was seen', () => {
    const b = new Bench()
    expect(b.outputs()).toEqual([RRQ])
    expect(b.wait(999).outputs()).toEqual([])
    expect(b.wait(1).outputs()).toEqual([RRQ])
    // Some servers are silent to any option.
    expect(b.wait(2000).outputs()).toEqual(['rrq'])
    expect(b.wait(4000).outputs()).toEqual([RRQ])
    expect(b.outcome).toBeUndefined()
    b.wait(4000)
    expect(b.outcome?.error?.code).toBe('ERR_TFTP_TIMEOUT')
    expect(b.outcome?.error?.message).toMatch(/4 requests in 11 s \(EHOSTUNREACH\)/)
    expect(b.initiator.closed).toBe(true)
    expect(b.at).toBe(Infinity)
  })

  test('waiting for a device: five requests a second, ICMP ignored, until the time is over', () => {
    const b = new Bench({ direction: 'write', waitMs: 3000, retries: 0 })
    b.initiator.handleUnreachable(b.now)
    b.wait(2900)
    const options = `wrq${RRQ.slice(3)}`
    // Both kinds are asked within the second for which many devices listen.
    expect(b.outputs()).toEqual(Array(5).fill([options, options, 'wrq']).flat())
    expect(b.outcome).toBeUndefined()
    b.wait(200)
    expect(b.outcome?.error?.code).toBe('ERR_TFTP_TIMEOUT')
  })

  test('a server that is silent to options answers the plain request, and the fallback says why', () => {
    const b = new Bench().wait(3000)
    b.outputs()
    b.data(1069, 1, 512, 'plain')
    expect(b.outputs()).toEqual(['lock plain 1069', 'drop options', 'store 1:512', 'ack 1'])
    expect(b.agreement).toMatchObject({ blksize: 512, windowsize: 1 })
    expect(b.initiator.fallback).toBe('the server did not answer the requests with options')
  })

  test('retries=5: the plain request has the third and the sixth turn, and the time in all is that of six requests', () => {
    const b = new Bench({ retries: 5 })
    expect(b.wait(18_999).outputs()).toEqual([RRQ, RRQ, 'rrq', RRQ, RRQ, 'rrq'])
    expect(b.outcome).toBeUndefined()
    expect(b.wait(1).outcome?.error?.message).toMatch(/6 requests in 19 s/)
  })

  test('a late OACK, after the plain request left, is what was agreed; an answer to the plain one counts no more', () => {
    const b = new Bench().wait(3500)
    b.outputs()
    b.oack(1069, 'tsize=1000 blksize=1000 windowsize=4', 'options')
    expect(b.outputs()).toEqual(['lock options 1069', 'drop plain', 'ack 0'])
    expect(b.agreement).toMatchObject({ blksize: 1000, windowsize: 4 })
    expect(b.initiator.fallback).toBeUndefined()
    // The server's second transfer, for the plain request: 512 bytes would be a short last block of the first.
    b.data(1070, 1, 512, 'plain').data(1069, 1, 512, 'plain')
    expect(b.outputs()).toEqual([])
    expect(b.data(1069, 1, 1000).outputs()).toEqual(['store 1:1000'])
  })

  test.each(['options', 'plain'] as const)('DATA 1 to the request of kind %s means blocks of 512 bytes', (kind) => {
    const b = new Bench().wait(3500).data(1069, 1, 512, kind)
    expect(b.agreement).toMatchObject({ blksize: 512, windowsize: 1, windowNegotiated: false })
    const other = kind === 'plain' ? 'options' : 'plain'
    b.oack(1070, 'tsize=1000 blksize=1000 windowsize=4', other)
    expect(b.data(1069, 2, 5).outputs()).toContain('finish 517')
  })

  test.each(['options', 'plain'] as const)('ACK 0 to the request of kind %s means blocks of 512 bytes', (kind) => {
    const b = new Bench({ direction: 'write' }).wait(3500)
    b.outputs()
    b.ack(1069, 0, kind)
    expect(b.outputs()).toEqual([`lock ${kind} 1069`, 'data 1'])
    expect(b.agreement).toMatchObject({ blksize: 512, windowsize: 1 })
  })

  test('an OACK to the plain request is wrong, whatever was offered in the other', () => {
    const b = new Bench().wait(3500)
    b.outputs()
    expect(b.oack(1069, 'blksize=1428', 'plain').outputs()).toEqual(['drop plain', 'error 8 to 1069'])
    expect(b.outcome?.error?.code).toBe('ERR_TFTP_OPTION')
  })

  test('the message names answers that make no sense: how many, what, from where, and what was expected', () => {
    const b = new Bench()
    b.data(1069, 900, 10)
    b.data(1069, 900, 10)
    b.take(1069, Uint8Array.of(0, 77, 0, 0))
    b.take(1070, Uint8Array.of(1, 2, 3))
    b.wait(20_000)
    expect(b.outcome?.error).toMatchObject({
      code: 'ERR_TFTP_PROTOCOL',
      message: expect.stringMatching(
        /4 requests in 11 s \(EHOSTUNREACH\): 4 datagrams from ports 1069 and 1070 \(2 x DATA 900, opcode 77, 3 bytes\) came, where an OACK or DATA 1 was expected/,
      ),
    })
    expect(b.outcome?.error?.message).not.toContain('no answer to')
  })

  test('ICMP ends it at once, unless --wait is on', () => {
    const b = new Bench()
    b.initiator.handleUnreachable(b.now)
    expect(b.outcome?.error?.code).toBe('ERR_TFTP_UNREACHABLE')
  })

  test('an abort before the answer sends nothing', () => {
    const b = new Bench()
    b.outputs()
    b.initiator.abort(b.now, new ForesendError('ERR_TFTP_ABORTED', 'x', { fault: 'local' }))
    expect(b.outputs()).toEqual([])
    expect(b.outcome?.error?.code).toBe('ERR_TFTP_ABORTED')
    expect(b.oack(2000, 'blksize=1428').outputs()).toEqual([])
  })

  test.each([1, 2, 3, 6, 7])('ERROR %d is the answer: no second try', (wireCode) => {
    const b = new Bench().take(69, encodeError(wireCode, 'no\x07'))
    expect(b.outputs()).toEqual([RRQ, 'drop options'])
    expect(b.outcome?.error).toMatchObject({ code: 'ERR_TFTP_PEER_ERROR', wireCode })
    expect(b.outcome?.error?.message).toContain('"no\\x07"')
  })

  test.each([0, 4, 8])('ERROR %d: once more without options, from a new port; the reason is kept', (wireCode) => {
    const b = new Bench().take(2000, encodeError(wireCode, 'no options here'))
    expect(b.outputs()).toEqual([RRQ, 'drop options', 'rrq'])
    expect(b.initiator.fallback).toBe(`the server refused them with ERROR ${wireCode} "no options here"`)
    // A second copy of the refusal, of a request that was repeated.
    b.take(2002, encodeError(wireCode, 'no options here'), 'options')
    expect(b.data(2001, 1, 10).outputs()).toEqual(['lock plain 2001', 'store 1:10', 'finish 10'])
    const again = new Bench().take(2000, encodeError(wireCode, 'x')).take(2000, encodeError(wireCode, 'y'))
    expect(again.outcome?.error?.wireCode).toBe(wireCode)
  })

  test('what is no answer is passed over', () => {
    const b = new Bench()
    b.data(2000, 2, 512)
      .data(2000, 0, 512)
      .ack(2000, 0)
      .take(2000, Uint8Array.from([0, 3, 0]))
      .take(2000, new Uint8Array())
    expect(b.outputs()).toEqual([RRQ])
    const put = new Bench({ direction: 'write', options: [] }).data(2000, 1, 5).ack(2000, 1)
    expect(put.outputs()).toEqual(['wrq'])
  })
})

describe('a read', () => {
  test('OACK: ACK 0, then blocks as agreed; the last is acknowledged after it is stored', () => {
    const b = new Bench().oack(2000, 'blksize=1000 windowsize=2 tsize=2500')
    expect(b.agreement).toMatchObject({ blksize: 1000, windowsize: 2, tsizeBytes: 2500 })
    b.data(2000, 1, 1000).data(2000, 2, 1000).data(2000, 3, 500)
    const expected = [
      'lock options 2000',
      'ack 0',
      'store 1:1000',
      'store 2:1000',
      'ack 2',
      'store 3:500',
      'finish 2500',
    ]
    expect(b.outputs()).toEqual([RRQ, ...expected])
    b.initiator.handleStored(b.now)
    expect(b.outputs()).toEqual(['ack 3'])
    expect(b.outcome).toEqual({ status: 'completed' })
    expect(b.initiator.closed).toBe(false)
    expect(b.wait(20_000).initiator.closed).toBe(true)
  })

  test('DATA 1: the server knows no options, blocks have 512 bytes', () => {
    const b = new Bench().data(2000, 1, 512)
    expect(b.agreement).toMatchObject({ blksize: 512, windowsize: 1 })
    expect(b.outputs()).toEqual([RRQ, 'lock options 2000', 'store 1:512', 'ack 1'])
    expect(b.initiator.fallback).toBeUndefined()
  })

  test('a repeated OACK is answered by ACK 0 while no DATA came', () => {
    const b = new Bench().oack(2000, 'blksize=1000')
    b.outputs()
    b.wait(100)
    expect(b.oack(2000, 'blksize=1000').outputs()).toEqual(['ack 0'])
  })

  test('an OACK that goes beyond the offer: ERROR 8 to that port, then without options', () => {
    const b = new Bench().oack(2000, 'blksize=1429')
    expect(b.outputs()).toEqual([RRQ, 'drop options', 'error 8 to 2000', 'rrq'])
    b.oack(2001, 'blksize=512')
    expect(b.outputs()).toEqual(['drop plain', 'error 8 to 2001'])
    expect(b.outcome?.error).toMatchObject({ code: 'ERR_TFTP_OPTION', wireCode: 8 })
  })

  test('a second TID of the same server gets ERROR 5 and harms nothing; ERRORs from there are not answered', () => {
    const b = new Bench().wait(1000).data(2000, 1, 512)
    b.outputs()
    b.data(2001, 1, 512).oack(2001, 'blksize=1428').take(2001, encodeError(0, 'x')).take(2001, new Uint8Array(1))
    expect(b.outputs()).toEqual(['refuse 2001 5', 'refuse 2001 5'])
    expect(b.data(2000, 2, 1).outputs()).toEqual(['store 2:1', 'finish 513'])
  })

  test('a rollover that was agreed is known before it comes', () => {
    const b = new Bench({
      options: [
        { name: 'blksize', value: '8' },
        { name: 'rollover', value: '1' },
      ],
    })
    b.oack(2000, 'blksize=8 rollover=1')
    for (let block = 1; block <= 65535; block++) b.data(2000, block, 8)
    b.outputs()
    expect(b.data(2000, 1, 8).outputs()).toEqual(['store 65536:8', 'ack 1'])
  })

  test('an announced size that does not come true fails; 0 stands for unknown; netascii may differ', () => {
    const b = new Bench().oack(2000, 'tsize=600').data(2000, 1, 10)
    expect(b.outcome?.error?.code).toBe('ERR_TFTP_CONTENT')
    expect(new Bench().oack(2000, 'tsize=0').data(2000, 1, 10).outputs()).toContain('finish 10')
    expect(new Bench({ mode: 'netascii' }).oack(2000, 'tsize=9').data(2000, 1, 10).outputs()).toContain('finish 10')
  })
})

describe('a refusal of the plain request of a write', () => {
  const WRQ = `wrq${RRQ.slice(3)}`
  const asked = (direction: 'read' | 'write', waitMs: number): Bench => {
    const b = new Bench({ direction, waitMs }).wait(waitMs > 0 ? 400 : 3000)
    b.outputs()
    return b
  }
  const refuse = (b: Bench, wireCode: number): Bench => b.take(69, encodeError(wireCode, 'busy'), 'plain')

  test.each([0, 2])('with ERROR %d may be about our own upload: the request with options is said again', (wireCode) => {
    const b = refuse(asked('write', 60_000), wireCode)
    expect(b.outputs()).toEqual(['drop plain', WRQ])
    expect(b.wait(600).outputs()).toEqual([WRQ, WRQ, WRQ])
    b.oack(1069, 'blksize=1428', 'options')
    expect(b.outputs()).toEqual(['lock options 1069', 'data 1'])
    expect(b.initiator.fallback).toBeUndefined()
  })

  test.each([
    [0, 3000],
    [60_000, 3000],
  ])('is what is told when nothing else comes for three seconds (wait %d)', (waitMs, ms) => {
    const b = refuse(asked('write', waitMs), 2)
    b.wait(ms - 1)
    expect(b.outcome).toBeUndefined()
    b.wait(1)
    expect(b.outcome?.error).toMatchObject({ code: 'ERR_TFTP_PEER_ERROR', wireCode: 2 })
  })

  test('that comes twice is one; an ERROR to the request with options ends it', () => {
    const b = refuse(refuse(asked('write', 60_000), 2), 2)
    expect(b.outputs()).toEqual(['drop plain', WRQ])
    b.take(69, encodeError(6, 'exists'), 'options')
    expect(b.outcome?.error).toMatchObject({ wireCode: 6 })
  })

  test.each([
    ['write', 6],
    ['write', 3],
    ['read', 2],
    ['read', 1],
  ] as const)('of a %s with ERROR %d is believed at once', (direction, wireCode) => {
    expect(refuse(asked(direction, 60_000), wireCode).outcome?.error).toMatchObject({ wireCode })
  })

  test('is believed at once where no request with options waits', () => {
    const b = new Bench({ direction: 'write', options: [] })
    expect(b.take(69, encodeError(2, 'no')).outcome?.error).toMatchObject({ wireCode: 2 })
  })
})

describe('a write', () => {
  const put: Partial<InitiatorConfig> = { direction: 'write', options: [{ name: 'windowsize', value: '4' }] }

  test('ACK 0: the server knows no options; lock-step', () => {
    const b = new Bench(put).ack(2000, 0)
    expect(b.outputs()).toEqual(['wrq windowsize=4', 'lock options 2000', 'data 1'])
    expect(b.ack(2000, 1).outputs()).toEqual(['data 2'])
    b.ack(2000, 2)
    expect(b.outcome).toEqual({ status: 'completed' })
  })

  test('OACK: a window when one was agreed', () => {
    const b = new Bench({ ...put, sizeBytes: 512 * 9 }).oack(2000, 'windowsize=4')
    expect(b.outputs()).toEqual(['wrq windowsize=4', 'lock options 2000', 'data 1'])
    // DATA 1 alone brings no ACK: the server acknowledges ends of windows (rule N5).
    expect(b.wait(10).outputs()).toEqual(['data 2', 'data 3', 'data 4'])
    expect(b.ack(2000, 4).outputs()).toEqual(['data 5', 'data 6', 'data 7', 'data 8'])
  })

  test('the window of an OACK that left it out is one block', () => {
    const b = new Bench({ ...put, sizeBytes: 512 * 9 }).oack(2000, '').ack(2000, 1)
    expect(b.outputs().slice(2)).toEqual(['data 1', 'data 2'])
  })
})

describe('R6: a server with one port that follows the other request of an upload', () => {
  const put = (): Bench => new Bench({ direction: 'write' }).wait(3000)

  test('its answer there, and DATA 1 without an ACK: the transfer goes on from the other port', () => {
    const b = put().oack(69, 'blksize=1428', 'options')
    b.outputs()
    b.wait(1).ack(69, 0, 'plain')
    expect(b.outputs()).toEqual([])
    expect(b.wait(250).outputs()).toEqual(['lock plain 69', 'drop options', 'data 1'])
    expect(b.agreement).toMatchObject({ blksize: 512 })
    b.wait(1).ack(69, 1, 'plain')
    b.wait(1).ack(69, 2, 'plain')
    expect(b.outputs()).toEqual(['data 2'])
    expect(b.outcome).toMatchObject({ status: 'completed' })
    expect(b.initiator.fallback).toMatch(/without options/)
  })

  test('from the plain request to the one with options, where those were not understood', () => {
    const b = put().ack(69, 0, 'plain').ack(69, 0, 'options')
    b.outputs()
    expect(b.wait(250).outputs()).toEqual(['lock options 69', 'drop plain', 'data 1'])
    expect(b.initiator.fallback).toBeUndefined()
  })

  test('never to larger blocks', () => {
    const b = put().ack(69, 0, 'plain').oack(69, 'blksize=1428', 'options')
    expect(b.wait(1000).outputs()).not.toContain('lock options 69')
  })

  test('an ERROR for DATA 1 is not the end then', () => {
    const b = put().oack(69, 'blksize=1428', 'options').ack(69, 0, 'plain')
    b.outputs()
    const unknown = encodeError(5, 'who are you')
    expect(b.take(69, unknown, 'options').outputs()).toEqual(['lock plain 69', 'drop options', 'data 1'])
    expect(b.outcome).toBeUndefined()
  })

  test.each([
    ['an ACK of DATA 1', (b: Bench) => b.ack(69, 1, 'options')],
    ['the first answer once more', (b: Bench) => b.oack(69, 'blksize=1428', 'options')],
  ])('%s keeps the transfer where it is', (_, then) => {
    const b = new Bench({ direction: 'write', sizeBytes: 5000 })
    b.wait(3000).oack(69, 'blksize=1428', 'options').wait(1).ack(69, 0, 'plain')
    then(b.wait(1)).wait(1000)
    expect(b.outputs()).not.toContain('lock plain 69')
  })

  test('an answer from another port is another transfer', () => {
    const b = put().oack(1069, 'blksize=1428', 'options').ack(1070, 0, 'plain').wait(1000)
    expect(b.outputs()).not.toContain('lock plain 1070')
  })

  test('the other port closes with the ACK of DATA 1', () => {
    const b = new Bench({ direction: 'write', sizeBytes: 5000 }).wait(3000).oack(69, 'blksize=1428', 'options')
    b.outputs()
    expect(b.wait(1).ack(69, 1, 'options').outputs()).toContain('drop plain')
  })

  const ended = (b: Bench, port = 69): Bench => b.wait(1).ack(port, 1, 'plain').wait(20_000)

  test('two blocks, and larger ones asked for: without the ACK of block 2 the file may be cut, and that is a failure', () => {
    const { outcome } = ended(put().ack(69, 0, 'plain'))
    expect(outcome?.status).toBe('failed')
    expect(outcome?.error?.message).toMatch(/never block 2.*larger blocks too.*--blksize 512/)
  })

  test.each([
    [
      'the ACK of block 2 came',
      () => put().ack(69, 0, 'plain').wait(1).ack(69, 1, 'plain').wait(1).ack(69, 2, 'plain'),
    ],
    ['the server has a port for each transfer', () => ended(put().ack(1069, 0, 'plain'), 1069)],
    [
      'block 2 of three was acknowledged',
      () => {
        const b = new Bench({ direction: 'write', sizeBytes: 1100 }).wait(3000)
        return b.ack(69, 0, 'plain').wait(1).ack(69, 1, 'plain').wait(1).ack(69, 2, 'plain').wait(20_000)
      },
    ],
    [
      'no larger blocks were asked for',
      () => {
        const options = [{ name: 'tsize', value: '600' }]
        return ended(new Bench({ direction: 'write', options }).wait(3000).ack(69, 0, 'plain'))
      },
    ],
    [
      'the other request was refused',
      () => {
        const b = new Bench({ direction: 'write' }).wait(10)
        return ended(b.take(69, encodeError(8, 'no options'), 'options').ack(69, 0, 'plain'))
      },
    ],
  ])('it is none where %s', (_, run) => {
    expect(run().outcome).toMatchObject({ status: 'completed' })
  })
})
