/** A client of a group at the server, packet by packet. */
import { describe, expect, test } from 'vitest'
import { encodePeerError, OPCODE, parseOack, readBlock, readOpcode } from '../../packet/index.ts'
import type { Outcome } from '../contract.ts'
import { GroupMember } from './member.ts'
import { MulticastSession } from './session.ts'

const GROUP = { address: '239.255.0.1', port: 1758 }
const BLOCKS = 4

/** One client of the group, and what it was sent. */
class Seat {
  readonly said: string[] = []
  outcome: Outcome | undefined
  dueAt = Infinity
  readonly member: GroupMember

  constructor(session: MulticastSession<GroupMember>, near = true) {
    const config = {
      session,
      sizeBytes: 512 * BLOCKS - 1,
      blksize: 512,
      oack: [{ name: 'multicast', value: '' }],
      near,
      label: 'image to 10.0.0.1:2000',
    }
    this.member = new GroupMember(config, {
      sendBlocks: (first, count) => this.said.push(`DATA ${first}${count === 1 ? '' : ` and ${count - 1} more`}`),
      sendControl: (buffer, length) => this.said.push(controlText(buffer.slice(0, length))),
      deadline: (at) => (this.dueAt = at),
      ended: (outcome) => (this.outcome = outcome),
      notice: () => {},
    })
  }

  start(now: number): this {
    this.member.start(now)
    return this
  }

  ack(now: number, block: number): string[] {
    this.said.length = 0
    this.member.handleDatagram(now, Uint8Array.of(0, 4, block >> 8, block & 255), 0, 4)
    return [...this.said]
  }

  /** Lets its timers ring until `now`. */
  ring(now: number): string[] {
    this.said.length = 0
    while (this.dueAt <= now) this.member.handleTimer(this.dueAt)
    return [...this.said]
  }
}

function controlText(packet: Uint8Array): string {
  if (readOpcode(packet, 0, packet.length) === OPCODE.error) return `ERROR ${readBlock(packet, 0)}`
  const parsed = parseOack(packet, 0, packet.length)
  return parsed.ok ? `OACK ${parsed.value[0]?.value ?? ''}` : 'nonsense'
}

const LEAD = 'OACK 239.255.0.1,1758,1'
const LISTEN = 'OACK 239.255.0.1,1758,0'

function table(count: number, switches = false): Seat[] {
  const session = new MulticastSession<GroupMember>(GROUP, switches)
  return Array.from({ length: count }, () => new Seat(session).start(0))
}

describe('a client alone', () => {
  test('leads from the start, and each ACK brings the block behind it', () => {
    const [one] = table(1)
    expect(one.said).toEqual([LEAD])
    for (let seq = 1; seq <= BLOCKS; seq++) expect(one.ack(seq, seq - 1)).toEqual([`DATA ${seq}`])
    expect(one.ack(9, BLOCKS)).toEqual([])
    expect(one.outcome).toEqual({ status: 'completed' })
    expect(one.member.closed).toBe(true)
  })

  test('an ACK that comes again brings no second block: the timer does', () => {
    const [one] = table(1)
    one.ack(1, 0)
    expect(one.ack(2, 0)).toEqual([])
    expect(one.ring(300)).toEqual(['DATA 1'])
    expect(one.ack(301, 1)).toEqual(['DATA 2'])
    expect(one.ack(302, 0)).toEqual([])
  })

  test('that falls silent is asked five more times, gets an ERROR and is not called complete', () => {
    const [one] = table(1)
    one.ack(1, 0)
    expect(one.ring(60_000)).toEqual([...Array.from({ length: 5 }, () => 'DATA 1'), 'ERROR 0'])
    expect(one.outcome).toMatchObject({ status: 'failed', error: { code: 'ERR_TFTP_TIMEOUT' } })
  })

  test.each([
    [true, 4],
    [false, 2],
  ])('that never answered is asked less often; near: %s', (near, repeats) => {
    const one = new Seat(new MulticastSession<GroupMember>(GROUP), near).start(0)
    expect(one.ring(60_000)).toEqual([...Array.from({ length: repeats }, () => LEAD), 'ERROR 0'])
  })

  test('that claims blocks which never left is found out', () => {
    const [one] = table(1)
    one.ack(1, 0)
    expect(one.ack(2, BLOCKS)).toEqual(['ERROR 4'])
    expect(one.outcome?.error?.message).toMatch(/everything up to block 4, and block 2 was not sent/)
  })

  test('that sends an ERROR is over', () => {
    const [one] = table(1)
    const error = encodePeerError(3, 'disk full')
    one.member.handleDatagram(1, error, 0, error.length)
    expect(one.outcome).toMatchObject({ status: 'failed', error: { code: 'ERR_TFTP_PEER_ERROR', wireCode: 3 } })
  })

  test('that repeats its request gets the OACK again, but not twice in a moment', () => {
    const [one] = table(1)
    one.said.length = 0
    one.member.handleRepeatedRequest(100)
    expect(one.said).toEqual([])
    one.member.handleRepeatedRequest(200)
    expect(one.said).toEqual([LEAD])
  })
})

describe('two clients', () => {
  test('the second listens, and leads when the first is done; then it asks for what it lacks', () => {
    const [one, two] = table(2)
    expect(two.said).toEqual([LISTEN])
    expect(two.ack(1, 0)).toEqual([])
    expect(two.dueAt).toBe(Infinity)
    expect(two.member.silent).toBe(true)
    for (let seq = 1; seq <= BLOCKS; seq++) one.ack(seq, seq - 1)
    one.ack(9, BLOCKS)
    expect(two.ring(9)).toEqual([LEAD])
    // It lacks block 2.
    expect(two.ack(10, 1)).toEqual(['DATA 2'])
    expect(two.ack(11, BLOCKS)).toEqual([])
    expect(two.outcome).toEqual({ status: 'completed' })
  })

  /** Everything has left once, and the first still leads. */
  function allButEnded(): Seat[] {
    const seats = table(2)
    for (let seq = 1; seq <= BLOCKS; seq++) seats[0].ack(seq, seq - 1)
    return seats
  }

  test('the one that listens and says that it has everything is asked at once, and completed by its answer', () => {
    const [one, two] = allButEnded()
    expect(two.ack(10, BLOCKS)).toEqual([LEAD])
    expect(two.outcome).toBeUndefined()
    expect(two.ack(11, BLOCKS)).toEqual([])
    expect(two.outcome).toEqual({ status: 'completed' })
    // The first was not disturbed.
    one.ack(12, BLOCKS)
    expect(one.outcome).toEqual({ status: 'completed' })
  })

  test('the one that does not answer then is unconfirmed', () => {
    const [, two] = allButEnded()
    two.ack(10, BLOCKS)
    expect(two.ring(60_000)).toEqual([LEAD, LEAD])
    const cameInstead = 'ACK 4 before it was asked for'
    expect(two.outcome).toEqual({ status: 'completed', lastAck: 'missing', cameInstead })
  })

  test('the one that answers otherwise has to wait for its turn', () => {
    const [, two] = allButEnded()
    two.ack(10, BLOCKS)
    expect(two.ack(11, 2)).toEqual([LISTEN])
    expect(two.dueAt).toBe(Infinity)
  })

  test('the one that acknowledges whatever it hears is not asked before everything has left', () => {
    const [one, two] = table(2)
    one.ack(1, 0)
    for (const block of [1, 2, BLOCKS]) expect(two.ack(2, block)).toEqual([])
  })

  test('a leader that goes away makes way for the other', () => {
    const [one, two] = table(2)
    one.ack(1, 0)
    one.member.leave(2)
    expect(two.ring(2)).toEqual([LEAD])
  })

  test('with switching a silent leader makes way soon, and gets another turn', () => {
    const [one, two] = table(2, true)
    one.ack(1, 0)
    expect(one.ring(1000)).toEqual(['DATA 1', LISTEN])
    expect(two.ring(1000)).toEqual([LEAD])
    two.ack(1001, 0)
    for (let seq = 1; seq <= BLOCKS; seq++) two.ack(1001, seq)
    expect(two.outcome).toEqual({ status: 'completed' })
    expect(one.ring(1001)).toEqual([LEAD])
    expect(one.ack(1002, 0)).toEqual(['DATA 1'])
  })
})
