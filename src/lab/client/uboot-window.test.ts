import { describe, expect, test } from 'vitest'
import { ByHand } from './by-hand.ts'
import type { Client } from './client.ts'
import { uboot2020, uboot2023 } from './uboot-window.ts'

/** One transfer with blocks of 8 bytes under way. */
function begun(client: Client, windowsize: number): ByHand {
  const hand = new ByHand(client)
  hand.oack({ blksize: 8, windowsize })
  hand.take()
  return hand
}

describe.each([
  ['2020.10', uboot2020],
  ['2023.04', uboot2023],
])('U-Boot %s', (_version, make) => {
  test('asks for a window only when it wants more than one block', () => {
    expect(new ByHand(make({ sizeBytes: 1 })).take()).toEqual(['RRQ timeout=5 blksize=1468'])
    expect(new ByHand(make({ sizeBytes: 1, windowsize: 8, tsize: true })).take()).toEqual([
      'RRQ timeout=5 tsize=0 blksize=1468 windowsize=8',
    ])
  })

  test('acknowledges the end of each window and the final block', () => {
    const client = make({ sizeBytes: 59, blksize: 8, windowsize: 3 })
    const hand = begun(client, 3)
    const said = [1, 2, 3, 4, 5, 6, 7].map((block) => hand.data(block, 8).join())
    expect(said).toEqual(['', '', 'ACK 3', '', '', 'ACK 6', ''])
    expect(hand.data(8, 3)).toEqual(['ACK 8'])
    expect(client.result).toMatchObject({ status: 'ok', bytes: 59 })
  })

  test('a gap is reported once for each position, and the next window starts from there', () => {
    const hand = begun(make({ sizeBytes: 800, blksize: 8, windowsize: 4 }), 4)
    hand.data(1, 8)
    expect(hand.data(3, 8)).toEqual(['ACK 1'])
    expect(hand.data(4, 8)).toEqual([])
    expect([2, 3, 4].map((block) => hand.data(block, 8).join())).toEqual(['', '', ''])
    expect(hand.data(5, 8)).toEqual(['ACK 5'])
  })

  test('blocks ahead are dropped', () => {
    const client = make({ sizeBytes: 40, blksize: 8 })
    const hand = begun(client, 1)
    hand.data(1, 8)
    hand.data(3, 8)
    hand.data(2, 8)
    hand.data(3, 8)
    hand.data(4, 8)
    hand.data(5, 8)
    hand.data(6, 0)
    expect([...client.result!.writtenMap]).toEqual([1, 1, 1, 1, 1, 1])
  })

  test('before block 1 nothing else is answered', () => {
    const hand = new ByHand(make({ sizeBytes: 800 }))
    hand.take()
    expect(hand.data(2, 512)).toEqual([])
    expect(hand.data(1, 512)).toEqual(['ACK 1'])
  })

  test('repeats its last position when its timer runs out; the eleventh time in all ends it', () => {
    const client = make({ sizeBytes: 800 })
    const hand = new ByHand(client)
    hand.data(1)
    hand.take()
    expect(hand.wait(4999)).toEqual([])
    expect(hand.wait(1)).toEqual(['ACK 1'])
    expect(hand.wait(45_000)).toHaveLength(9)
    hand.wait(5000)
    expect(client.result).toMatchObject({ status: 'restarted', timeouts: 10 })
  })

  test.each([
    ['a block size above the one asked for', { blksize: 1469 }],
    ['another timeout', { timeout: 4 }],
  ])('an OACK with %s: ERROR 8', (_name, options) => {
    const client = make({ sizeBytes: 800 })
    const hand = new ByHand(client)
    hand.take()
    expect(hand.oack(options)).toEqual(['ERROR 8'])
    expect(client.result!.status).toBe('failed')
  })

  test('goes on across block 65535', () => {
    const client = make({ sizeBytes: 65_540 * 8, blksize: 8, windowsize: 16 })
    const hand = begun(client, 16)
    for (let seq = 1; seq <= 65_541; seq++) hand.data(seq & 0xffff, seq === 65_541 ? 0 : 8)
    expect(client.result).toMatchObject({ status: 'ok', bytes: 65_540 * 8, strayBytes: 0 })
    expect(client.result!.acksSent).toBe(1 + 4096 + 1)
  })
})

test('a repeat: 2020.10 answers once, 2023.04 never', () => {
  for (const [make, answer] of [
    [uboot2020, ['ACK 2']],
    [uboot2023, []],
  ] as const) {
    const hand = new ByHand(make({ sizeBytes: 8000 }))
    hand.data(1)
    hand.data(2)
    hand.take()
    expect(hand.data(2)).toEqual(answer)
    expect(hand.data(2)).toEqual([])
    expect(hand.data(1)).toEqual([])
  }
})
