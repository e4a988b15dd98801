/**
 * Every way in which a transfer ends badly, in both roles (server, client) and both directions, with the message that a person reads. A
 * server's transfers run in the Endpoint, a client's in the Initiator, as they ship, in virtual time; what the peer does is written here.
 */
import { describe, expect, test } from 'vitest'
import { Endpoint } from '../../src/endpoint/endpoint.ts'
import { Initiator, type InitiatorSink } from '../../src/endpoint/initiator.ts'
import type { Transfer } from '../../src/endpoint/transfer.ts'
import { ForesendError } from '../../src/error.ts'
import {
  encodeError,
  encodeOack,
  encodeRequest,
  OPCODE,
  type Option,
  writeAck,
  writeDataHeader,
} from '../../src/packet/index.ts'
import type { PeerRole } from '../../src/transfer/contract.ts'
import { anticipation } from '../../src/transfer/policy/anticipation.ts'

/** Virtual milliseconds after which every patience has ended. */
const LONG_MS = 120_000
const SIZE_BYTES = 5000

/** `file to 10.0.0.1:2070` for a server that sends, `"file" from 10.0.0.1:69` for a client that receives … */
const LABELS = {
  client: { sends: 'file to 10.0.0.1:2070', receives: 'file from 10.0.0.1:2070' },
  server: { sends: '"file" to 10.0.0.1:69', receives: '"file" from 10.0.0.1:69' },
} as const

/** One transfer, seen from its peer. */
interface Subject {
  /** What it sent, DATA as `data 2`. */
  readonly sent: string[]
  /** When its timer is due. */
  readonly at: number
  readonly error: ForesendError | undefined
  packet(now: number, bytes: Uint8Array): void
  unreachable(now: number): void
  timer(now: number): void
}

/** What a server does for a client that asks for (or offers) `file` with `options`. */
class ServerSubject implements Subject {
  readonly sent: string[] = []
  at = Infinity
  readonly #endpoint: Endpoint
  #transfer: Transfer | undefined

  constructor(direction: 'read' | 'write', options: readonly Option[]) {
    this.#endpoint = new Endpoint(
      {
        limits: { maxBlksize: 65464, maxWindowsize: 64, maxWindowBytes: 1 << 20, refuse: new Set() },
        prepare: () => ({ policy: anticipation({ windowBlocks: 1 }) }),
        writable: true,
      },
      {
        open: (transfer) => {
          this.#transfer = transfer
          if (direction === 'read') this.#endpoint.acceptRead(0, transfer, SIZE_BYTES)
          else this.#endpoint.acceptWrite(0, transfer)
        },
        sendBlocks: (_transfer, first, count) => pushBlocks(this.sent, first, count),
        deadline: (at) => {
          this.at = at
        },
        sendControl: () => {},
        reply: () => {},
        store: () => {},
        finish: () => {},
        event: () => {},
        close: () => {},
      },
    )
    const opcode = direction === 'read' ? OPCODE.rrq : OPCODE.wrq
    const packet = encodeRequest({ opcode, filename: 'file', mode: 'octet', options })
    const peer = { address: '10.0.0.1', port: 2070, local: '', near: true }
    this.#endpoint.handleRequest(0, peer, packet, 0, packet.length)
  }

  get error(): ForesendError | undefined {
    return this.#transfer?.outcome?.error
  }

  packet(now: number, bytes: Uint8Array): void {
    if (this.#transfer !== undefined) this.#endpoint.handleDatagram(now, this.#transfer, bytes, 0, bytes.length)
  }

  unreachable(now: number): void {
    if (this.#transfer !== undefined) this.#endpoint.handleUnreachable(now, this.#transfer)
  }

  timer(now: number): void {
    this.#endpoint.handleTimer(now)
  }
}

/** What a client does that gets or puts `file`, offering `options`. */
class ClientSubject implements Subject, InitiatorSink {
  readonly sent: string[] = []
  at = Infinity
  error: ForesendError | undefined
  readonly #initiator: Initiator

  constructor(direction: 'read' | 'write', options: readonly Option[]) {
    const label = LABELS.server[direction === 'read' ? 'receives' : 'sends']
    const asking = { requestMs: 1000, retries: 2, waitMs: 0 }
    this.#initiator = new Initiator(
      { direction, filename: 'file', mode: 'octet', options, sizeBytes: SIZE_BYTES, near: true, label, ...asking },
      this,
    )
    this.#initiator.start(0)
  }

  packet(now: number, bytes: Uint8Array): void {
    this.#initiator.handleDatagram(now, bytes, 0, bytes.length, 1069)
  }
  unreachable(now: number): void {
    this.#initiator.handleUnreachable(now)
  }
  timer(now: number): void {
    this.#initiator.handleTimer(now)
  }
  sendBlocks(first: number, count: number): void {
    pushBlocks(this.sent, first, count)
  }
  deadline(at: number): void {
    this.at = at
  }
  ended(outcome: { readonly error?: ForesendError }): void {
    this.error = outcome.error
  }
  seen(): string {
    return ''
  }
  request(): void {}
  lock(): void {}
  drop(): void {}
  refuse(): void {}
  agreed(): void {}
  sendControl(): void {}
  notice(): void {}
  store(): void {}
  finish(): void {}
}

function pushBlocks(sent: string[], first: number, count: number): void {
  for (let seq = first; seq < first + count; seq++) sent.push(`data ${seq}`)
}

type Act = (subject: Subject) => void

/** We send: to a client that reads, or to a server that a client of ours writes to and that has accepted. */
function sending(peer: PeerRole, act: Act, options: readonly Option[] = []): ForesendError | undefined {
  const subject = peer === 'client' ? new ServerSubject('read', options) : new ClientSubject('write', options)
  if (peer === 'server') ack(subject, 0, 0)
  return finish(subject, act)
}

/** We receive: from a client that writes, or from a server that a client of ours reads from. */
function receiving(peer: PeerRole, act: Act, options: readonly Option[] = []): ForesendError | undefined {
  const offer = options.length > 0 ? options : [{ name: 'blksize', value: '512' }]
  const subject = peer === 'client' ? new ServerSubject('write', options) : new ClientSubject('read', offer)
  if (peer === 'server') subject.packet(0, encodeOack(offer))
  return finish(subject, act)
}

function finish(subject: Subject, act: Act): ForesendError | undefined {
  act(subject)
  while (subject.error === undefined && subject.at <= LONG_MS) subject.timer(subject.at)
  return subject.error
}

const ack = (subject: Subject, now: number, block: number): void => {
  const packet = new Uint8Array(4)
  writeAck(packet, 0, block)
  subject.packet(now, packet)
}
const data = (subject: Subject, now: number, block: number, bytes: number): void => {
  const packet = new Uint8Array(4 + bytes)
  writeDataHeader(packet, 0, block)
  subject.packet(now, packet)
}
const error = (subject: Subject, now: number, code: number, text: string): void =>
  subject.packet(now, encodeError(code, text))
const noise = (subject: Subject, now: number): void => subject.packet(now, Uint8Array.of(0, 77, 0, 0))

/** What is said for each, with PEER for the other end. */
const SENDING: readonly (readonly [string, Act, RegExp])[] = [
  [
    'no ACK at all',
    () => {},
    /: the PEER never acknowledged DATA 1: nothing of ours may reach it; check its receiving side/,
  ],
  [
    'an ACK of another block than the first',
    (s) => {
      ack(s, 1, 900)
      ack(s, 2, 900)
    },
    /: the PEER never acknowledged DATA 1, while 2 datagrams \(2 x ACK 900\) came out of place; check its receiving side/,
  ],
  [
    'silence in the middle',
    (s) => {
      noise(s, 0.5)
      ack(s, 1, 1)
      noise(s, 2)
    },
    /: block 2 of 10 was never acknowledged in \d+ s of repeats, while 1 datagram \(opcode 77\) came out of place; check the cable and the PEER$/,
  ],
  [
    'ACKs of blocks that never left',
    (s) => {
      ack(s, 1, 1)
      for (let i = 0; i < 3; i++) ack(s, 2 + i, 900)
      noise(s, 5)
    },
    /: block 2 of 10 was never acknowledged in \d+ s of repeats, while 4 datagrams \(3 x ACK 900, opcode 77\) came out of place;/,
  ],
  [
    'an ERROR',
    (s) => {
      ack(s, 1, 1)
      error(s, 2, 3, 'disk\nfull')
    },
    /: the PEER ended it with ERROR 3 "disk\\x0afull"$/,
  ],
  [
    'a port that closes',
    (s) => {
      ack(s, 1, 1)
      s.unreachable(2)
    },
    /: the PEER closed its port: it gave up or was restarted; start the transfer again$/,
  ],
  [
    'an ACK of what never left, after a repeat',
    (s) => {
      ack(s, 1, 1)
      while (s.sent.filter((one) => one === 'data 2').length < 2) s.timer(s.at)
      ack(s, s.at - 1, 3)
    },
    /: the PEER acknowledged block 3, which was never sent: it counts repeated blocks as new ones, and what it stored is spoilt/,
  ],
]

const RECEIVING: readonly (readonly [string, Act, RegExp])[] = [
  ['no DATA at all', () => {}, /: no new block for \d+ s after 0 blocks; check the cable and the PEER$/],
  [
    'silence in the middle',
    (s) => {
      noise(s, 0.5)
      data(s, 1, 1, 512)
      noise(s, 2)
    },
    /: no new block for \d+ s after 1 block, while 1 datagram \(opcode 77\) came out of place; check the cable and the PEER$/,
  ],
  [
    'blocks that do not follow',
    (s) => {
      data(s, 1, 1, 512)
      data(s, 2, 2, 512)
      data(s, 3, 900, 512)
      data(s, 4, 900, 512)
    },
    /: no new block for \d+ s after 2 blocks, while 2 datagrams \(2 x DATA 900\) came out of place; check the cable and the PEER$/,
  ],
  [
    'an ERROR',
    (s) => {
      data(s, 1, 1, 512)
      data(s, 2, 2, 512)
      error(s, 3, 0, 'no')
    },
    /: the PEER ended it with ERROR 0 "no" after 2 blocks$/,
  ],
  [
    'a port that closes',
    (s) => {
      data(s, 1, 1, 512)
      s.unreachable(2)
    },
    /: the PEER closed its port after 1 block; start the transfer again$/,
  ],
  [
    'a block that is too large',
    (s) => data(s, 1, 1, 600),
    /: the PEER sent a block of 600 bytes where at most 512 were/,
  ],
]

/** A request of ours that leads to no transfer. */
const ASKING: readonly (readonly [string, Act, RegExp, (readonly Option[])?])[] = [
  ['nothing at all', () => {}, /: no answer to 3 requests in 7 s; check the address/],
  [
    'answers that make no sense',
    (s) => {
      data(s, 1, 900, 100)
      data(s, 2, 900, 100)
      s.packet(3, Uint8Array.of(1, 2, 3))
    },
    /: no answer that makes sense to 3 requests in 7 s: 3 datagrams from port 1069 \(2 x DATA 900, 3 bytes\) came, where (DATA 1|ACK 0) was expected;/,
  ],
  [
    'one of them, where options were offered',
    (s) => noise(s, 1),
    /: 1 datagram from port 1069 \(opcode 77\) came, where an OACK or (DATA 1|ACK 0) was expected;/,
    [{ name: 'blksize', value: '1000' }],
  ],
  ['a refusal', (s) => error(s, 1, 1, 'no\x07'), /: the server refused it with ERROR 1 "no\\x07"; check the name/],
  ['a closed port', (s) => s.unreachable(1), /: no program listens at that port; check that the TFTP server runs/],
  [
    'an OACK to a request without options',
    (s) => s.packet(1, encodeOack([{ name: 'blksize', value: '8' }])),
    /: the server answered wrongly: .*; try it with --blksize 512/,
  ],
]

function check(found: ForesendError | undefined, words: RegExp, peer: PeerRole, label: string): void {
  expect(found).toBeInstanceOf(ForesendError)
  const message = found?.message ?? ''
  expect(message).toMatch(new RegExp(words.source.replaceAll('PEER', peer)))
  expect(message.startsWith(`${label}: `)).toBe(true)
  const other = peer === 'client' ? 'server' : 'client'
  expect(message).not.toMatch(new RegExp(`the ${other}|\\b1 (blocks|datagrams|bytes|requests)\\b|nobody|somebody|\\n`))
}

describe.each(['client', 'server'] as const)('the peer is a %s', (peer) => {
  for (const [what, act, words] of SENDING) {
    test(`we send: ${what}`, () => check(sending(peer, act), words, peer, LABELS[peer].sends))
  }
  for (const [what, act, words] of RECEIVING) {
    test(`we receive: ${what}`, () => check(receiving(peer, act), words, peer, LABELS[peer].receives))
  }
})

test('the peer is a client: we send: an OACK that stays unanswered', () => {
  const words =
    /: the PEER never acknowledged the options \(OACK\), while 1 datagram \(opcode 77\) came out of place; check/
  const found = sending('client', (s) => noise(s, 10), [{ name: 'blksize', value: '512' }])
  check(found, words, 'client', LABELS.client.sends)
})

test('the peer is a server: we receive: another size than announced', () => {
  const words = /: 10 bytes arrived where the PEER announced 1000; nothing is kept/
  const found = receiving('server', (s) => data(s, 1, 1, 10), [{ name: 'tsize', value: '1000' }])
  check(found, words, 'server', LABELS.server.receives)
})

describe.each([
  ['read', LABELS.server.receives],
  ['write', LABELS.server.sends],
] as const)('we ask for a %s', (direction, label) => {
  for (const [what, act, words, options = []] of ASKING) {
    test(what, () => check(finish(new ClientSubject(direction, options), act), words, 'server', label))
  }
})
