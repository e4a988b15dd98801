import { describe, expect, test } from 'vitest'
import { ByHand, SERVER_PORT, SERVER_TID } from './by-hand.ts'
import { uboot113, uboot2008 } from './uboot-classic.ts'

const sizeBytes = 10 * 512 + 100

describe('U-Boot 1.1.3', () => {
  test('asks as captured; a whole file, each block acknowledged, then silence', () => {
    const client = uboot113({ sizeBytes: 1100 })
    const hand = new ByHand(client)
    expect(hand.take()).toEqual(['RRQ timeout=1'])
    expect(hand.to).toBe(SERVER_PORT)
    expect(hand.oack({ timeout: 1 })).toEqual(['ACK 0'])
    expect(hand.to).toBe(SERVER_TID)
    expect(hand.data(1)).toEqual(['ACK 1'])
    expect(hand.data(2)).toEqual(['ACK 2'])
    expect(hand.data(3, 76)).toEqual(['ACK 3'])
    expect(client.result).toMatchObject({ status: 'ok', bytes: 1100, timeouts: 0, acksSent: 4, strayBytes: 0 })
    expect([...client.result!.writtenMap]).toEqual([1, 1, 1])
    expect(client.result!.image[512]).toBe(2)
    expect(hand.data(3, 76)).toEqual([])
    expect(hand.wait(60_000)).toEqual([])
  })

  test('any block is stored and acknowledged: ACK n+1 does not prove that n arrived', () => {
    const client = uboot113({ sizeBytes })
    const hand = new ByHand(client)
    hand.take()
    expect([hand.data(1), hand.data(5), hand.data(3), hand.data(1)]).toEqual([
      ['ACK 1'],
      ['ACK 5'],
      ['ACK 3'],
      ['ACK 1'],
    ])
    expect(hand.data(11, 100)).toEqual(['ACK 11'])
    expect(client.result!.status).toBe('ok')
    expect([...client.result!.writtenMap]).toEqual([2, 0, 1, 0, 1, 0, 0, 0, 0, 0, 1])
  })

  test('ends on any short block, holes or not', () => {
    const client = uboot113({ sizeBytes })
    const hand = new ByHand(client)
    hand.data(1)
    expect(hand.data(4, 511)).toEqual(['ACK 4'])
    expect(client.result).toMatchObject({ status: 'ok', bytes: 3 * 512 + 511 })
  })

  test('a repeat of the last block is ignored, and costs 2.86 ms during which nothing is looked at', () => {
    const client = uboot113({ sizeBytes })
    const hand = new ByHand(client)
    hand.take()
    hand.data(1)
    expect(hand.data(1)).toEqual([])
    expect(hand.data(2)).toEqual([])
    expect(hand.wait(2.86)).toEqual([])
    expect(hand.wait(0.01)).toEqual(['ACK 2'])
  })

  test('n-1 and then n are acknowledged where a repeat of n is not', () => {
    const client = uboot113({ sizeBytes })
    const hand = new ByHand(client)
    hand.data(1)
    hand.data(2)
    hand.take()
    expect(hand.data(1)).toEqual(['ACK 1'])
    expect(hand.data(2)).toEqual(['ACK 2'])
  })

  test('frames that come while it prints wait in a small ring, later ones are lost', () => {
    const client = uboot113({ sizeBytes, rxQueue: 2 })
    const hand = new ByHand(client)
    hand.data(1)
    hand.take()
    for (const block of [1, 2, 3, 4, 5]) hand.data(block)
    expect(hand.wait(10)).toEqual(['ACK 2', 'ACK 3'])
    hand.data(11, 100)
    expect(client.result).toMatchObject({ repeats: 1, overruns: 2 })
  })

  test('repeats in the ring each cost their time', () => {
    const client = uboot113({ sizeBytes })
    const hand = new ByHand(client)
    hand.data(1)
    hand.take()
    for (const block of [1, 1, 1, 2]) hand.data(block)
    expect(hand.wait(3 * 2.86)).toEqual([])
    expect(hand.wait(0.1)).toEqual(['ACK 2'])
  })

  test('its timer runs from the last block that it took; repeats do not restart it', () => {
    const client = uboot113({ sizeBytes })
    const hand = new ByHand(client)
    hand.data(1)
    hand.data(2)
    hand.take()
    hand.wait(900)
    expect(hand.data(2)).toEqual([])
    expect(hand.wait(99)).toEqual([])
    expect(hand.wait(1)).toEqual(['ACK 2'])
    expect(hand.wait(999)).toEqual([])
    expect(hand.wait(1)).toEqual(['ACK 2'])
    hand.data(3)
    hand.take()
    expect(hand.wait(999)).toEqual([])
  })

  test('before any answer it repeats the request, first after two timeouts', () => {
    const hand = new ByHand(uboot113({ sizeBytes }))
    expect(hand.take()).toEqual(['RRQ timeout=1'])
    expect(hand.wait(1999)).toEqual([])
    expect(hand.wait(1)).toEqual(['RRQ timeout=1'])
    expect(hand.wait(1000)).toEqual(['RRQ timeout=1'])
  })

  test('ten timeouts in the whole transfer, however much it moves between them; the eleventh ends it', () => {
    const client = uboot113({ sizeBytes: 100 * 512 })
    const hand = new ByHand(client)
    for (let block = 1; block <= 10; block++) {
      hand.data(block)
      hand.take()
      expect(hand.wait(1000)).toEqual([`ACK ${block}`])
    }
    hand.data(11)
    hand.take()
    expect(hand.wait(1000)).toEqual([])
    expect(client.result).toMatchObject({ status: 'restarted', timeouts: 10, reason: 'retry count exceeded' })
  })

  test('with a start left it asks again from another port and remembers nothing', () => {
    const client = uboot113({ sizeBytes, starts: 2, restartDelayMs: 300 })
    const hand = new ByHand(client)
    hand.data(1)
    hand.error(0)
    hand.take()
    expect(hand.wait(299)).toEqual([])
    expect(hand.wait(1)).toEqual(['RRQ timeout=1'])
    expect(hand.port).toBe(2071)
    expect(hand.data(1, 512, 7, SERVER_TID + 1)).toEqual(['ACK 1'])
    expect(hand.data(2, 512, 7, SERVER_TID)).toEqual([])
    expect(hand.data(2, 5, 8, SERVER_TID + 1)).toEqual(['ACK 2'])
    expect(client.result!.image[0]).toBe(7)
    expect([...client.result!.writtenMap.subarray(0, 3)]).toEqual([1, 1, 0])
  })

  test.each([
    ['the first DATA is not block 1', (hand: ByHand) => hand.data(2)],
    ['the first DATA after an OACK is not block 1', (hand: ByHand) => [hand.oack({}), hand.data(0)]],
    ['an OACK in the middle, then the next block', (hand: ByHand) => [hand.data(1), hand.oack({}), hand.data(2)]],
    ['ERROR 1', (hand: ByHand) => hand.error(1)],
  ])('starts again: %s', (_name, act) => {
    const client = uboot113({ sizeBytes })
    act(new ByHand(client))
    expect(client.result!.status).toBe('restarted')
  })

  test('another port does not count once it has its server', () => {
    const client = uboot113({ sizeBytes })
    const hand = new ByHand(client)
    hand.take()
    hand.data(1)
    expect(hand.data(2, 512, 2, SERVER_TID + 1)).toEqual([])
  })

  test('wraps to block 0, where a repeat moves everything after it by 32 MiB', () => {
    const sizeAcross = 65_540 * 512
    const across = (repeatZero: boolean) => {
      const client = uboot113({ sizeBytes: sizeAcross })
      const hand = new ByHand(client)
      for (let seq = 1; seq <= 65_536; seq++) hand.data(seq & 0xffff)
      if (repeatZero) hand.data(0)
      hand.wait(3)
      for (let seq = 65_537; seq <= 65_541; seq++) hand.data(seq & 0xffff, seq === 65_541 ? 0 : 512)
      return client.result!
    }
    const good = across(false)
    expect(good).toMatchObject({ status: 'ok', bytes: sizeAcross, strayBytes: 0 })
    expect(good.writtenMap.subarray(0, 65_540).every((count) => count === 1)).toBe(true)
    const bad = across(true)
    expect(bad.bytes).toBe(sizeAcross + 65_536 * 512)
    expect([...bad.writtenMap.subarray(65_534, 65_541)]).toEqual([1, 1, 0, 0, 0, 0, 0])
  })
})

describe('U-Boot 2008', () => {
  test('takes the block size that it is given, of those that it asked for', () => {
    const client = uboot2008({ sizeBytes: 3000, blksize: 1468, tsize: true })
    const hand = new ByHand(client)
    expect(hand.take()).toEqual(['RRQ timeout=5 tsize=0 blksize=1468'])
    expect(hand.oack({ timeout: 5, tsize: 3000, blksize: 1468 })).toEqual(['ACK 0'])
    hand.data(1, 1468)
    hand.data(2, 1468)
    hand.data(3, 64)
    expect(client.result).toMatchObject({ status: 'ok', bytes: 3000, blksize: 1468 })
  })

  test('any block is stored; a repeat is silent and costs nothing', () => {
    const client = uboot2008({ sizeBytes })
    const hand = new ByHand(client)
    hand.take()
    expect([hand.data(1), hand.data(3), hand.data(3), hand.data(2)]).toEqual([['ACK 1'], ['ACK 3'], [], ['ACK 2']])
  })

  test('a repeated block 0 right after block 0 moves nothing', () => {
    const client = uboot2008({ sizeBytes: 65_540 * 8, blksize: 8 })
    const hand = new ByHand(client)
    hand.oack({ blksize: 8 })
    for (let seq = 1; seq <= 65_536; seq++) hand.data(seq & 0xffff, 8)
    hand.take()
    expect(hand.data(0, 8)).toEqual([])
    for (let seq = 65_537; seq <= 65_541; seq++) hand.data(seq & 0xffff, seq === 65_541 ? 0 : 8)
    expect(client.result).toMatchObject({ status: 'ok', bytes: 65_540 * 8, strayBytes: 0 })
  })

  test('ERROR 1 and 2 end it for good', () => {
    const client = uboot2008({ sizeBytes })
    new ByHand(client).error(1)
    expect(client.result!.status).toBe('failed')
  })
})
