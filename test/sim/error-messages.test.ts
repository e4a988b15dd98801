/**
 * Every way in which a transfer ends badly, in both roles (server, client) and both directions, with what a person reads of it. The
 * machines are those that ship, in virtual time; what the peer does is written here.
 */
import { describe, expect, test } from 'vitest'
import { ForesendError } from '../../src/error.ts'
import { encodeError, writeAck, writeDataHeader } from '../../src/packet/index.ts'
import type { Machine, Outcome, PeerRole, ReceiverSink, SenderSink } from '../../src/transfer/contract.ts'
import { anticipation } from '../../src/transfer/policy/anticipation.ts'
import { Receiver } from '../../src/transfer/receiver.ts'
import { Sender } from '../../src/transfer/sender.ts'

/** Virtual milliseconds after which every patience has ended. */
const LONG_MS = 120_000

class Sink implements SenderSink, ReceiverSink {
  outcome: Outcome | undefined
  at = Infinity
  readonly sent: string[] = []
  sendBlocks(first: number, count: number): void {
    for (let seq = first; seq < first + count; seq++) this.sent.push(`data ${seq}`)
  }
  sendControl(): void {}
  deadline(at: number): void {
    this.at = at
  }
  ended(outcome: Outcome): void {
    this.outcome = outcome
  }
  notice(): void {}
  store(): void {}
  finish(): void {}
}

/** `file to 10.0.0.1:2070` for a server that sends, `"file" from 10.0.0.1:69` for a client that receives … */
const LABELS = {
  client: { sends: 'file to 10.0.0.1:2070', receives: 'file from 10.0.0.1:2070' },
  server: { sends: '"file" to 10.0.0.1:69', receives: '"file" from 10.0.0.1:69' },
} as const

type Act = (machine: Machine & { handleStored?(now: number, error?: ForesendError): void }, sink: Sink) => void

function sending(peer: PeerRole, act: Act, more: object = {}): ForesendError | undefined {
  const sink = new Sink()
  const config = {
    sizeBytes: 5000,
    blksize: 512,
    rollover: 0,
    oack: undefined,
    near: true,
    clientTimeoutMs: 1000,
    proven: peer === 'server',
    label: LABELS[peer].sends,
    peerRole: peer,
    ...more,
  } as const
  const machine = new Sender(config, anticipation({ windowBlocks: 1 }), sink)
  machine.start(0)
  act(machine, sink)
  return finish(machine, sink)
}

function receiving(peer: PeerRole, act: Act, more: object = {}): ForesendError | undefined {
  const sink = new Sink()
  const config = {
    blksize: 512,
    windowsize: 1,
    rollover: 'any',
    oack: undefined,
    acknowledgeRequest: peer === 'client',
    near: true,
    peerTimeoutMs: 1000,
    proven: peer === 'server',
    label: LABELS[peer].receives,
    peerRole: peer,
    ...more,
  } as const
  const machine = new Receiver(config, sink)
  machine.start(0)
  act(machine, sink)
  return finish(machine, sink)
}

function finish(machine: Machine, sink: Sink): ForesendError | undefined {
  while (sink.outcome === undefined && sink.at <= LONG_MS) machine.handleTimer(sink.at)
  return sink.outcome?.error
}

const ack = (machine: Machine, now: number, block: number): void => {
  const packet = new Uint8Array(4)
  writeAck(packet, 0, block)
  machine.handleDatagram(now, packet, 0, 4)
}
const data = (machine: Machine, now: number, block: number, bytes: number): void => {
  const packet = new Uint8Array(4 + bytes)
  writeDataHeader(packet, 0, block)
  machine.handleDatagram(now, packet, 0, packet.length)
}
const error = (machine: Machine, now: number, code: number, text: string): void => {
  const packet = encodeError(code, text)
  machine.handleDatagram(now, packet, 0, packet.length)
}
const noise = (machine: Machine, now: number): void => machine.handleDatagram(now, Uint8Array.of(0, 77, 0, 0), 0, 4)

/** What is said for each, with PEER for the other end. */
const SENDING: readonly (readonly [string, Act, RegExp, object?])[] = [
  ['no ACK at all', () => {}, /the PEER never acknowledged DATA 1: .*check its receiving side/, { proven: false }],
  [
    'an OACK that stays unanswered',
    (m) => noise(m, 10),
    /the PEER never acknowledged the options \(OACK\), while 1 datagram \(opcode 77\) came/,
    { oack: Uint8Array.of(0, 6, 0), proven: false },
  ],
  [
    'silence in the middle',
    (m) => {
      ack(m, 1, 1)
      noise(m, 2)
    },
    /block 2 of 10 was never acknowledged in \d+ s of repeats, while 1 datagram \(opcode 77\) came that make no sense here; check the cable and the PEER/,
  ],
  [
    'an ERROR',
    (m) => {
      ack(m, 1, 1)
      error(m, 2, 3, 'disk\nfull')
    },
    /: the PEER ended it with ERROR 3 "disk\\x0afull"$/,
  ],
  [
    'a port that closes',
    (m) => {
      ack(m, 1, 1)
      m.handleUnreachable(2)
    },
    /: the PEER closed its port: it gave up or was restarted; start the transfer again$/,
  ],
  [
    'an ACK of what never left, after a repeat',
    (m, sink) => {
      ack(m, 1, 1)
      while (sink.sent.filter((one) => one === 'data 2').length < 2) m.handleTimer(sink.at)
      ack(m, sink.at - 1, 3)
    },
    /: the PEER acknowledged block 3, which was never sent: it counts repeated blocks as new ones, and what it stored is spoilt/,
  ],
]

const RECEIVING: readonly (readonly [string, Act, RegExp, object?])[] = [
  ['no DATA at all', () => {}, /: no new block for \d+ s after 0 blocks; check the cable and the PEER$/],
  [
    'silence in the middle',
    (m) => {
      data(m, 1, 1, 512)
      noise(m, 2)
    },
    /: no new block for \d+ s after 1 block, while 1 datagram \(opcode 77\) came that make no sense here; check the cable and the PEER$/,
  ],
  [
    'an ERROR',
    (m) => {
      data(m, 1, 1, 512)
      data(m, 2, 2, 512)
      error(m, 3, 0, 'no')
    },
    /: the PEER ended it with ERROR 0 "no" after 2 blocks$/,
  ],
  [
    'a port that closes',
    (m) => {
      data(m, 1, 1, 512)
      m.handleUnreachable(2)
    },
    /: the PEER closed its port after 1 block; start the transfer again$/,
  ],
  [
    'a block that is too large',
    (m) => data(m, 1, 1, 600),
    /: the PEER sent a block of 600 bytes where at most 512 were/,
  ],
  [
    'another size than announced',
    (m) => data(m, 1, 1, 10),
    /: 10 bytes arrived where the PEER announced 1000; nothing is kept/,
    { sizeBytes: 1000 },
  ],
]

describe.each(['client', 'server'] as const)('the peer is a %s', (peer) => {
  const other = peer === 'client' ? 'server' : 'client'
  const check = (found: ForesendError | undefined, words: RegExp, label: string): void => {
    expect(found).toBeInstanceOf(ForesendError)
    const message = found?.message ?? ''
    expect(message).toMatch(new RegExp(words.source.replaceAll('PEER', peer)))
    expect(message.startsWith(`${label}: `)).toBe(true)
    expect(message).not.toMatch(new RegExp(`the ${other}|\\b1 (blocks|datagrams|bytes)\\b|nobody|somebody|\\n`))
  }

  for (const [what, act, words, more] of SENDING) {
    test(`we send: ${what}`, () => check(sending(peer, act, more), words, LABELS[peer].sends))
  }
  for (const [what, act, words, more] of RECEIVING) {
    test(`we receive: ${what}`, () => check(receiving(peer, act, more), words, LABELS[peer].receives))
  }
})
