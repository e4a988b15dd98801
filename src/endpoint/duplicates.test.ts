import { describe, expect, test } from 'vitest'
import { LAST_BLOCK, OwnerDouble, peer } from '../../test/double/endpoint.ts'
import { OPCODE } from '../packet/index.ts'
import { COUNTER } from '../transfer/contract.ts'
import type { Transfer } from './transfer.ts'

/** Our timer went off twice since the last packet, and the peer did not answer. */
function unanswered({ machine }: Transfer): void {
  if (machine !== undefined) machine.counters[COUNTER.timeouts] += 2
}

describe('a repeated request', () => {
  test('starts nothing while the file is being opened, nor before the first ACK', () => {
    const owner = new OwnerDouble()
    owner.request(peer(2000))
    owner.now = 700
    expect(owner.request(peer(2000))).toEqual([])
    owner.accept(owner.transfer)
    owner.now = 1600
    expect(owner.request(peer(2000))).toEqual([])
    expect(owner.endpoint.counts.repeated).toBe(2)
    expect(owner.endpoint.size).toBe(1)
  })

  test('replaces a running transfer only after 500 ms of silence, without an ERROR', () => {
    const owner = new OwnerDouble()
    owner.request(peer(2000))
    const { transfer } = owner
    owner.accept(transfer)
    owner.now = 100
    owner.answer(transfer)
    unanswered(transfer)
    owner.now = 599.9
    expect(owner.request(peer(2000))).toEqual([])
    owner.now = 600
    expect(owner.request(peer(2000))).toEqual(['event:superseded 1', 'close 1', 'event:requested 2', 'open 2'])
    expect(owner.endpoint.size).toBe(1)
    expect(owner.answer(transfer)).toEqual([])
  })

  test('every packet of the peer counts against a restart, repeats of its request do not', () => {
    const owner = new OwnerDouble()
    owner.request(peer(2000))
    owner.accept(owner.transfer)
    owner.answer(owner.transfer)
    owner.now = 400
    owner.answer(owner.transfer)
    unanswered(owner.transfer)
    owner.now = 800
    expect(owner.request(peer(2000))).toEqual([])
    owner.now = 900
    expect(owner.request(peer(2000))).toContain('event:superseded 1')
  })

  test('for something else replaces what the peer has not answered yet', () => {
    const owner = new OwnerDouble()
    owner.request(peer(2000), 'image', OPCODE.rrq, [{ name: 'blksize', value: '1468' }])
    owner.accept(owner.transfer)
    expect(owner.request(peer(2000), 'image')).toEqual(['event:superseded 1', 'close 1', 'event:requested 2', 'open 2'])
  })

  test('after the end starts anew at once, but a late WRQ does not upload twice', () => {
    const owner = new OwnerDouble()
    owner.request(peer(2000), 'log', OPCODE.wrq)
    const { transfer } = owner
    owner.accept(transfer)
    owner.answer(transfer, LAST_BLOCK)
    owner.input(() => owner.endpoint.handleStored(owner.now, transfer))
    expect(owner.kinds(transfer)).toEqual(['requested', 'started', 'completed'])
    expect(owner.endpoint.size).toBe(1)
    expect(owner.request(peer(2000), 'log', OPCODE.wrq)).toEqual([])
    expect(owner.request(peer(2000), 'other', OPCODE.wrq)).toEqual(['close 1', 'event:requested 2', 'open 2'])
  })

  test('waits while an upload is being flushed', () => {
    const owner = new OwnerDouble()
    owner.request(peer(2000), 'log', OPCODE.wrq)
    owner.accept(owner.transfer)
    owner.answer(owner.transfer, LAST_BLOCK)
    owner.now = 5000
    expect(owner.request(peer(2000), 'log', OPCODE.wrq)).toEqual([])
  })

  test('a repeated WRQ drops the first upload after silence, and the new one is another', () => {
    const owner = new OwnerDouble()
    owner.request(peer(2000), 'log', OPCODE.wrq)
    owner.accept(owner.transfer)
    owner.answer(owner.transfer)
    unanswered(owner.transfer)
    expect(owner.request(peer(2000), 'log', OPCODE.wrq)).toEqual([])
    owner.now = 500
    expect(owner.request(peer(2000), 'log', OPCODE.wrq)).toEqual([
      'event:superseded 1',
      'close 1',
      'event:requested 2',
      'open 2',
    ])
  })
})

describe('a request for the same file from another port of the same address', () => {
  const running = (timeout: string) => {
    const owner = new OwnerDouble()
    owner.request(peer(2000), 'image', OPCODE.rrq, [{ name: 'timeout', value: timeout }])
    owner.accept(owner.transfer)
    owner.answer(owner.transfer)
    return owner
  }

  test('leaves a transfer alone that goes on', () => {
    const owner = running('1')
    owner.now = 2900
    expect(owner.request(peer(2001))).toEqual(['event:requested 2', 'open 2'])
  })

  test('ends one that was silent for 3 s', () => {
    const owner = running('1')
    owner.now = 3000
    expect(owner.request(peer(2001))).toEqual(['event:superseded 1', 'close 1', 'event:requested 2', 'open 2'])
  })

  test('ends one with a long timeout only after two of them', () => {
    const owner = running('4')
    owner.now = 7900
    expect(owner.request(peer(2001), 'image')).toEqual(['event:requested 2', 'open 2'])
    owner.now = 8000
    expect(owner.request(peer(2002), 'image')).toContain('event:superseded 1')
  })

  test('ends one only, the longest silent', () => {
    const owner = running('1')
    owner.now = 10
    owner.request(peer(2001), 'image', OPCODE.rrq, [{ name: 'timeout', value: '1' }])
    owner.accept(owner.transfer)
    owner.answer(owner.transfer)
    owner.now = 4000
    owner.request(peer(2002))
    expect(owner.events.filter((e) => e.kind === 'superseded').map((e) => e.transfer.peer.port)).toEqual([2000])
  })

  test.each([
    ['another file', peer(2001), 'image2', OPCODE.rrq],
    ['another address', peer(2001, '10.0.0.2'), 'image', OPCODE.rrq],
    ['the other direction', peer(2001), 'image', OPCODE.wrq],
  ] as const)('has nothing to do with %s', (_name, from, file, opcode) => {
    const owner = running('1')
    owner.now = 100_000
    expect(owner.request(from, file, opcode)).toEqual(['event:requested 2', 'open 2'])
  })
})

describe('R1: a second request for an upload that nothing has come for yet', () => {
  const OFFER = [{ name: 'blksize', value: '1468' }]
  const halfOpen = () => {
    const owner = new OwnerDouble()
    owner.request(peer(2000), 'log', OPCODE.wrq, OFFER)
    owner.accept(owner.transfer)
    return owner
  }

  test('from another port of the same address starts nothing and is not refused', () => {
    const owner = halfOpen()
    owner.now = 400
    expect(owner.request(peer(2001), 'log', OPCODE.wrq)).toEqual([])
    expect(owner.endpoint.counts).toMatchObject({ repeated: 1, refused: 0 })
    expect(owner.endpoint.size).toBe(1)
    // The first goes on as if nothing had been.
    expect(owner.answer(owner.transfer)).toContain('event:started 1')
  })

  test('so it does while the first is being opened', () => {
    const owner = new OwnerDouble()
    owner.request(peer(2000), 'log', OPCODE.wrq, OFFER)
    expect(owner.request(peer(2001), 'log', OPCODE.wrq)).toEqual([])
  })

  test('after three seconds of silence it takes the place of the first', () => {
    const owner = halfOpen()
    owner.now = 2999
    expect(owner.request(peer(2001), 'log', OPCODE.wrq)).toEqual([])
    owner.now = 3000
    expect(owner.request(peer(2001), 'log', OPCODE.wrq)).toEqual([
      'event:superseded 1',
      'close 1',
      'event:requested 2',
      'open 2',
    ])
  })

  test.each([
    ['another address', peer(2001, '10.0.0.2'), 'log', OPCODE.wrq],
    ['another file', peer(2001), 'log2', OPCODE.wrq],
    ['a read of the file', peer(2001), 'log', OPCODE.rrq],
  ] as const)('from %s is another matter', (_name, from, file, opcode) => {
    expect(halfOpen().request(from, file, opcode)).toEqual(['event:requested 2', 'open 2'])
  })

  test('once a block has come, the owner says whether a second upload may run', () => {
    const owner = halfOpen()
    owner.answer(owner.transfer)
    expect(owner.request(peer(2001), 'log', OPCODE.wrq)).toEqual(['event:requested 2', 'open 2'])
  })

  test('from the same port, with other options, is the one that counts until a block has come, and is stale afterwards', () => {
    const owner = halfOpen()
    expect(owner.request(peer(2000), 'log', OPCODE.wrq)).toContain('event:superseded 1')
    const { transfer } = owner
    owner.accept(transfer)
    owner.answer(transfer)
    expect(owner.request(peer(2000), 'log', OPCODE.wrq, OFFER)).toEqual([])
    expect(transfer.closed).toBe(false)
  })

  test('from the same port and the same in words reaches the receiver', () => {
    const owner = halfOpen()
    let told = 0
    owner.transfer.machine!.handleRepeatedRequest = () => void told++
    owner.request(peer(2000), 'log', OPCODE.wrq, OFFER)
    expect(told).toBe(1)
  })
})
