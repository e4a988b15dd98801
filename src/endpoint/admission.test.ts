import { describe, expect, test } from 'vitest'
import { LAST_BLOCK, OwnerDouble, peer } from '../../test/double/endpoint.ts'
import { encodeRequest, OPCODE } from '../packet/index.ts'
import type { Peer } from './contract.ts'

describe('admission', () => {
  test('the oldest half-open transfer makes room, answered ones never do', () => {
    const owner = new OwnerDouble({ maxHalfOpen: 3 })
    for (let port = 1; port <= 3; port++) {
      owner.request(peer(port), `f${port}`)
      owner.accept(owner.transfer)
    }
    owner.answer(owner.opened[0])
    owner.request(peer(4), 'f4')
    expect(owner.closed).toEqual([])
    expect(owner.request(peer(5), 'f5')).toEqual(['event:failed 2', 'close 2', 'event:requested 5', 'open 5'])
    expect(owner.endpoint.halfOpen).toBe(3)
    expect(owner.endpoint.size).toBe(4)
  })

  test('when nothing can be dropped the request stays unanswered', () => {
    const owner = new OwnerDouble({ maxTransfers: 2 })
    for (let port = 1; port <= 2; port++) {
      owner.request(peer(port, `10.0.0.${port}`))
      owner.accept(owner.transfer)
      owner.answer(owner.transfer)
    }
    expect(owner.request(peer(3, '10.0.0.3'))).toEqual(['event:refused 3'])
    expect(owner.events.at(-1)?.outcome?.error?.code).toBe('ERR_TFTP_BUSY')
    expect(owner.replies).toEqual([])
  })

  test('one address takes no more than its share, and drops only its own', () => {
    const owner = new OwnerDouble({ maxTransfersPerAddress: 2 })
    owner.request(peer(1, '10.0.0.9'))
    owner.request(peer(1), 'a')
    owner.request(peer(2), 'b')
    expect(owner.request(peer(3), 'c')).toEqual(['event:failed 2', 'close 2', 'event:requested 4', 'open 4'])
    owner.accept(owner.opened[2])
    owner.answer(owner.opened[2])
    owner.accept(owner.opened[3])
    owner.answer(owner.opened[3])
    expect(owner.request(peer(4), 'd')).toEqual(['event:refused 5'])
    expect(owner.request(peer(2, '10.0.0.9'), 'e')).toContain('open 6')
  })

  test('a request looks at no more than 16 transfers of its file, however many its address has', () => {
    const owner = new OwnerDouble()
    let looks = 0
    for (let port = 1; port <= 100; port++) {
      owner.request(peer(port))
      owner.accept(owner.transfer)
      Object.defineProperty(owner.transfer, 'flushing', { get: () => looks++ < 0, set: () => {} })
    }
    looks = 0
    owner.request(peer(101))
    expect(looks).toBeGreaterThan(0)
    expect(looks).toBeLessThanOrEqual(16)
  })

  test('what a flood brings is counted unread, but for the addresses that have a transfer', () => {
    const owner = new OwnerDouble({ maxHalfOpen: 2 })
    owner.request(peer(1, '10.0.0.1'))
    for (let host = 1; host < 200; host++) owner.request(peer(1, `10.0.1.${host}`))
    const { peer: last } = owner.transfer
    const { refused } = owner.endpoint.counts
    const before = { replies: owner.replies.length, opened: owner.opened.length, events: owner.events.length }
    // Elsewhere it is answered with an ERROR.
    const mail = encodeRequest({ opcode: OPCODE.rrq, filename: 'x', mode: 'mail', options: [] })
    const ask = (from: Peer): void =>
      void owner.input(() => owner.endpoint.handleRequest(owner.now, from, mail, 0, mail.length))
    ask(peer(1, '10.0.2.1'))
    expect({ replies: owner.replies.length, opened: owner.opened.length, events: owner.events.length }).toEqual(before)
    expect(owner.endpoint.counts.refused).toBe(refused + 1)
    ask(peer(2, last.address))
    expect(owner.replies).toHaveLength(before.replies + 1)
    // A second later new ones are let in again.
    owner.now += 1000
    owner.request(peer(1, '10.0.2.1'))
    expect(owner.opened).toHaveLength(before.opened + 1)
  })

  test('10,000 forged requests leave a running transfer alone and memory bounded', () => {
    const owner = new OwnerDouble({ maxHalfOpen: 256 })
    owner.request(peer(2000))
    const { transfer } = owner
    owner.accept(transfer)
    owner.answer(transfer)
    owner.onOpen = (forged) => owner.endpoint.acceptRead(owner.now, forged, 1e6)
    for (let i = 0; i < 10_000; i++) {
      owner.now += 0.05
      owner.request(peer(1024 + (i % 7), `172.16.${i >> 8}.${i & 255}`), 'image')
      if (i % 100 === 0) owner.answer(transfer)
      expect(owner.endpoint.size).toBeLessThanOrEqual(257)
    }
    owner.answer(transfer, LAST_BLOCK)
    expect(owner.kinds(transfer).at(-1)).toBe('completed')
    owner.passTo(owner.now + 20_000)
    expect(owner.endpoint.size).toBe(0)
    expect(owner.deadlineAt).toBe(Infinity)
  })

  test('when all half-open places are taken, new clients get in at a thousand a second, and one that answers stays', () => {
    const owner = new OwnerDouble({ maxHalfOpen: 256 })
    owner.onOpen = (transfer) => owner.endpoint.acceptRead(owner.now, transfer, 1e6)
    const flood = (requests: number): number => {
      const before = owner.opened.length
      for (let i = 0; i < requests; i++) {
        owner.now += 0.05
        owner.request(peer(1024, `172.${16 + (sent >> 16)}.${(sent >> 8) & 255}.${sent++ & 255}`))
      }
      return owner.opened.length - before
    }
    let sent = 0
    expect(flood(256)).toBe(256)
    // 20,000 in a second for a second, and what may come at once.
    expect(flood(20_000)).toBeLessThanOrEqual(1100)
    expect(flood(20_000)).toBeGreaterThanOrEqual(990)
    expect(owner.endpoint.counts.refused).toBeGreaterThan(37_000)
    expect(owner.replies).toEqual([])
    // One that asks again and again gets in, and the flood does not take its place.
    const before = owner.opened.length
    for (let tries = 0; owner.opened.at(-1)?.peer.address !== '10.0.0.7'; tries++) {
      expect(tries).toBeLessThan(200)
      flood(190 + tries)
      owner.now += 0.05
      owner.request(peer(7, '10.0.0.7'))
    }
    expect(owner.opened.length).toBeGreaterThan(before)
    const client = owner.transfer
    owner.answer(client)
    flood(20_000)
    owner.answer(client, LAST_BLOCK)
    expect(owner.kinds(client).at(-1)).toBe('completed')
  })

  test('in a flood nothing is repeated to clients that have not answered, and it goes on when the flood is over', () => {
    const owner = new OwnerDouble({ maxHalfOpen: 8 })
    owner.onOpen = (transfer) => owner.endpoint.acceptRead(owner.now, transfer, 1e6)
    let sent = 0
    const flood = (ms: number): void => {
      for (const end = owner.now + ms; owner.now < end; ) {
        owner.passTo(owner.now + 0.05)
        owner.request(peer(1024, `172.${16 + (sent >> 16)}.${(sent >> 8) & 255}.${sent++ & 255}`))
      }
    }
    flood(1000)
    const before = owner.log.length
    const admitted = owner.opened.length
    flood(1000)
    const blocks = owner.log.slice(before).filter((line) => line.startsWith('blocks')).length
    expect(blocks).toBe(owner.opened.length - admitted)
    const last = owner.transfer
    owner.passTo(owner.now + 3000)
    expect(owner.log.filter((line) => line.startsWith(`blocks ${last.id} `)).length).toBeGreaterThan(1)
    owner.answer(last, LAST_BLOCK)
    expect(owner.kinds(last).at(-1)).toBe('completed')
  })

  test('of clients that lose their place sixteen and then one a second are told of; the others are quiet', () => {
    const owner = new OwnerDouble({ maxHalfOpen: 8 })
    for (let i = 0; i < 1000; i++) owner.request(peer(1024, `172.16.${i >> 8}.${i & 255}`))
    const dropped = owner.events.filter(({ kind }) => kind === 'failed')
    expect(dropped.length).toBe(owner.opened.length - 8)
    const told = dropped.filter(({ transfer }) => !transfer.quiet)
    // Those that came before all places were taken.
    expect(told.length).toBe(8)
    expect(told[0].outcome?.error?.message).toContain('image to 172.16.0.0:1024 dropped')
    const quiet = owner.transfer
    expect(quiet.isUnheard).toBe(true)
    owner.now += 1
    owner.accept(quiet)
    owner.answer(quiet)
    expect(quiet.isUnheard).toBe(false)
  })

  test('5000 at once from one address when allowed', () => {
    const owner = new OwnerDouble({ maxTransfersPerAddress: 5000, maxHalfOpen: 5000 })
    owner.onOpen = (transfer) => owner.endpoint.acceptRead(owner.now, transfer, 1e6)
    for (let i = 0; i < 5000; i++) owner.request(peer(1024 + i))
    expect(owner.endpoint.size).toBe(5000)
    for (const transfer of owner.opened) owner.answer(transfer, LAST_BLOCK)
    expect(owner.events.filter((e) => e.kind === 'completed').length).toBe(5000)
    expect(owner.endpoint.size).toBe(0)
  })
})
