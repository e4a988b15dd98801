import { describe, expect, test } from 'vitest'
import { ByHand, SERVER_PORT } from './by-hand.ts'
import { curlClient } from './curl.ts'
import { grubClient } from './grub.ts'
import { lwipClient } from './lwip.ts'
import { strictClient } from './strict.ts'

const sizeBytes = 20_000

describe('what they ask for', () => {
  test.each([
    ['strict', strictClient({ sizeBytes }), 'RRQ'],
    ['strict with blocks', strictClient({ sizeBytes, blksize: 1428 }), 'RRQ blksize=1428'],
    ['lwIP', lwipClient({ sizeBytes }), 'RRQ tsize=0 blksize=1468'],
    ['GRUB', grubClient({ sizeBytes }), 'RRQ blksize=1024 tsize=0'],
    ['curl', curlClient({ sizeBytes }), 'RRQ tsize=0 blksize=512 timeout=6'],
  ])('%s', (_name, client, request) => {
    const hand = new ByHand(client)
    expect(hand.take()).toEqual([request])
    expect(hand.to).toBe(SERVER_PORT)
  })
})

describe('what they answer after block 3', () => {
  const clients = { strict: strictClient, lwip: lwipClient, grub: grubClient, curl: curlClient }
  test.each([
    // name, ahead (5), repeat (3), older (2), very old (1)
    ['strict', [], ['ACK 3'], [], []],
    ['lwip', ['ERROR 5'], ['ACK 3'], ['ERROR 5'], ['ERROR 5']],
    ['grub', [], ['ACK 3'], ['ACK 2'], ['ACK 1']],
    ['curl', [], ['ACK 3'], [], []],
  ] as const)('%s', (name, ahead, repeat, older, oldest) => {
    const client = clients[name]({ sizeBytes: 2048, blksize: 512 })
    const hand = new ByHand(client)
    hand.oack({ blksize: 512 })
    for (const block of [1, 2, 3]) expect(hand.data(block).slice(-1)).toEqual([`ACK ${block}`])
    expect(hand.data(5)).toEqual(ahead)
    expect(hand.data(3)).toEqual(repeat)
    expect(hand.data(2)).toEqual(older)
    expect(hand.data(1)).toEqual(oldest)
    // And all go on as if nothing had been.
    expect(hand.data(4)).toEqual(['ACK 4'])
    expect(hand.data(5, 0)).toEqual(['ACK 5'])
    expect(client.result).toMatchObject({ status: 'ok', bytes: 2048 })
    expect([...client.result!.writtenMap]).toEqual([1, 1, 1, 1, 1])
  })
})

describe('strict', () => {
  test('repeats its ACK at its timer, five times without progress, then gives up', () => {
    const client = strictClient({ sizeBytes, timeoutMs: 1000 })
    const hand = new ByHand(client)
    hand.data(1)
    hand.take()
    expect(hand.wait(3000)).toEqual(['ACK 1', 'ACK 1', 'ACK 1'])
    hand.data(2)
    hand.take()
    expect(hand.wait(5000)).toHaveLength(5)
    hand.wait(1000)
    expect(client.result).toMatchObject({ status: 'failed', timeouts: 8 })
  })

  test('repeats its request', () => {
    const hand = new ByHand(strictClient({ sizeBytes, timeoutMs: 1000 }))
    expect(hand.wait(2000)).toEqual(['RRQ', 'RRQ', 'RRQ'])
  })

  test('dallies: the final block again brings the final ACK again, for a while', () => {
    const hand = new ByHand(strictClient({ sizeBytes: 100, dallyMs: 2000 }))
    expect(hand.data(1, 100)).toContain('ACK 1')
    hand.wait(1999)
    expect(hand.data(1, 100)).toEqual(['ACK 1'])
    hand.wait(2)
    expect(hand.data(1, 100)).toEqual([])
  })

  test('an OACK again before DATA is answered again; one with what was not asked for is refused', () => {
    const hand = new ByHand(strictClient({ sizeBytes, blksize: 1024 }))
    hand.take()
    expect(hand.oack({ blksize: 1024 })).toEqual(['ACK 0'])
    expect(hand.oack({ blksize: 1024 })).toEqual(['ACK 0'])
    const client = strictClient({ sizeBytes, blksize: 1024 })
    const other = new ByHand(client)
    other.take()
    expect(other.oack({ blksize: 1024, tsize: 5 })).toEqual(['ERROR 8'])
    expect(client.result!.status).toBe('failed')
  })

  test('goes on across block 65535', () => {
    const client = strictClient({ sizeBytes: 65_540 * 8, blksize: 8 })
    const hand = new ByHand(client)
    hand.oack({ blksize: 8 })
    for (let seq = 1; seq <= 65_541; seq++) {
      hand.data(seq & 0xffff, seq === 65_541 ? 0 : 8)
      if (seq === 65_536) hand.data(0, 8)
    }
    expect(client.result).toMatchObject({ status: 'ok', bytes: 65_540 * 8, strayBytes: 0, repeats: 1 })
  })

  test('ERROR ends it', () => {
    const client = strictClient({ sizeBytes })
    new ByHand(client).error(1)
    expect(client.result).toMatchObject({ status: 'failed', reason: 'ERROR 1' })
  })
})

test('slow flash: after so many blocks it looks at nothing for a while; what came then it takes afterwards', () => {
  const hand = new ByHand(strictClient({ sizeBytes, slowFlash: { everyBlocks: 2, pauseMs: 300 } }))
  hand.take()
  expect([hand.data(1), hand.data(2), hand.data(3), hand.data(3)]).toEqual([['ACK 1'], ['ACK 2'], [], []])
  expect(hand.wait(299)).toEqual([])
  expect(hand.wait(1)).toEqual(['ACK 3', 'ACK 3'])
})

describe('lwIP', () => {
  test('repeats nothing: not its request, not an ACK; ten seconds of silence end it', () => {
    const client = lwipClient({ sizeBytes })
    const hand = new ByHand(client)
    hand.oack({ blksize: 512 })
    hand.data(1)
    hand.take()
    expect(hand.wait(9999)).toEqual([])
    expect(client.result).toBeUndefined()
    hand.wait(1)
    expect(client.result!.status).toBe('failed')
    const silent = lwipClient({ sizeBytes })
    expect(new ByHand(silent).wait(60_000)).toEqual(['RRQ tsize=0 blksize=1468'])
    expect(silent.result!.status).toBe('failed')
  })

  test('what comes after the end gets ERROR 2', () => {
    const hand = new ByHand(lwipClient({ sizeBytes: 10 }))
    hand.data(1, 10)
    hand.take()
    expect(hand.data(1, 10)).toEqual(['ERROR 2'])
  })
})

describe('GRUB', () => {
  test('asks every 400 ms until an OACK comes, and cannot do without one', () => {
    const client = grubClient({ sizeBytes })
    const hand = new ByHand(client)
    expect(hand.wait(1200)).toHaveLength(4)
    expect(hand.data(1)).toEqual([])
    expect(hand.oack({ blksize: 1024, tsize: sizeBytes })).toEqual(['ACK 0'])
    expect(hand.data(1, 1024)).toEqual(['ACK 1'])
    expect(hand.wait(31_599)).toEqual([])
    expect(client.result).toBeUndefined()
    hand.wait(1)
    expect(client.result!.status).toBe('failed')
  })
})

test('curl repeats its ACK every six seconds', () => {
  const hand = new ByHand(curlClient({ sizeBytes }))
  hand.data(1)
  hand.take()
  expect(hand.wait(12_000)).toEqual(['ACK 1', 'ACK 1'])
})
