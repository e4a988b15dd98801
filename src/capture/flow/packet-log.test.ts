import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { PACKET_FLAG, PACKET_KIND } from '../contract.ts'
import { BlockTally, RangeCollector } from './block-tally.ts'
import { PacketLog } from './packet-log.ts'

interface Added {
  readonly ms: number
  readonly flags?: number
  readonly kind?: number
}

function filled(most: number, packets: readonly Added[]): PacketLog {
  const log = new PacketLog({ most })
  for (const [i, { ms, flags = 0, kind = PACKET_KIND.data }] of packets.entries())
    log.append(i + 1, ms, i % 2 === 0, kind, i & 0xffff, i, 512, flags, 558)
  return log
}

const numbers = (log: PacketLog) => Array.from({ length: log.length }, (_, i) => log.number(i))

describe('the log of packets', () => {
  test('gives back what was put in', () => {
    const time = fc.double({ min: -1e9, max: 1e9, noNaN: true })
    const u16 = fc.nat(0xffff)
    const u32 = fc.nat(0xffffffff)
    const entry = fc.tuple(u32, time, fc.boolean(), fc.integer({ min: 1, max: 7 }), u16, u32, u16, fc.nat(127), u32)
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 50 }), (entries) => {
        const log = new PacketLog({ most: 1000 })
        for (const values of entries) log.append(...values)
        expect(log.length).toBe(entries.length)
        for (const [i, [number, ms, fromClient, kind, block, seq, payload, flags, frame]] of entries.entries()) {
          expect([log.number(i), log.fromClient(i), log.kindNumber(i), log.block(i), log.seq(i)]).toEqual([
            number,
            fromClient,
            kind,
            block,
            seq,
          ])
          expect([log.payloadBytes(i), log.flags(i), log.frameBytes(i)]).toEqual([payload, flags, frame])
          expect(Math.abs(log.timeMs(i) - ms)).toBeLessThan(1.1e-6)
        }
      }),
    )
  })

  test('keeps no more than it may, the first and last packets, and the order', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 64, max: 400 }),
        fc.integer({ min: 1, max: 3000 }),
        fc.nat(9),
        (most, count, odd) => {
          const packets = Array.from({ length: count }, (_, i) => ({
            ms: i * 0.1,
            flags: i % 10 < odd ? PACKET_FLAG.repeat : 0,
          }))
          const log = filled(most, packets)
          expect(log.length).toBeLessThanOrEqual(most)
          expect(log.seen).toBe(count)
          const kept = numbers(log)
          expect(kept).toEqual(kept.toSorted((a, b) => a - b))
          expect(kept.slice(0, most >>> 4)).toEqual(
            Array.from({ length: Math.min(count, most >>> 4) }, (_, i) => i + 1),
          )
          expect(kept.at(-1)).toBe(count)
          // Every packet that is gone is counted at the next one.
          for (let i = 1; i < kept.length; i++) expect(log.thinnedBefore(i)).toBe(kept[i] - kept[i - 1] - 1)
        },
      ),
      { numRuns: 60 },
    )
  })

  test('thinned, it still has every long silence, every request and every error', () => {
    const packets: Added[] = []
    let ms = 0
    for (let i = 0; i < 20_000; i++) {
      ms += i % 5000 === 2500 ? 1000 : 0.1
      packets.push({ ms, kind: i % 4000 === 77 ? PACKET_KIND.error : PACKET_KIND.ack })
    }
    const kept = new Set(numbers(filled(1024, packets)))
    for (let i = 2500; i < 20_000; i += 5000) expect([i, i + 1].every((n) => kept.has(n))).toBe(true)
    for (let i = 77; i < 20_000; i += 4000) expect(kept.has(i + 1)).toBe(true)
  })

  test('a smaller share is obeyed at the next packet', () => {
    const budget = { most: 1000 }
    const log = new PacketLog(budget)
    for (let i = 0; i < 1000; i++) log.append(i, i, true, 4, i, i, 2, 0, 60)
    budget.most = 100
    log.append(1000, 1000, true, 4, 1, 1, 2, 0, 60)
    expect(log.length).toBeLessThanOrEqual(51)
    expect(log.seen).toBe(1001)
  })
})

describe('the tally of blocks', () => {
  test('agrees with two sets', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat(3000)), { maxLength: 300 }), (marks) => {
        const tally = new BlockTally({ left: 100 })
        const sets = { sent: new Set<number>(), acked: new Set<number>() }
        for (const [isSent, index] of marks) {
          const set = isSent ? sets.sent : sets.acked
          expect(isSent ? tally.markSent(index) : tally.markAcked(index)).toBe(!set.has(index))
          set.add(index)
        }
        const all = Array.from({ length: 3001 }, (_, i) => i)
        expect(all.filter((i) => tally.wasSent(i))).toEqual([...sets.sent].sort((a, b) => a - b))
        expect(all.filter((i) => tally.wasAcked(i))).toEqual([...sets.acked].sort((a, b) => a - b))
      }),
      { numRuns: 30 },
    )
  })

  test('says when there was no memory for a block, and gives the memory back', () => {
    const budget = { left: 1 }
    const tally = new BlockTally(budget)
    expect([tally.markSent(5), tally.markSent(5000), tally.uncountedFrom]).toEqual([true, false, 5000])
    tally.close()
    expect(budget.left).toBe(1)
    expect(new BlockTally(budget).markSent(1 << 24)).toBe(false)
  })

  test('ranges are joined and bounded', () => {
    const ranges = new RangeCollector()
    for (const [first, last] of [
      [1, 3],
      [4, 4],
      [6, 9],
    ])
      ranges.add(first, last)
    expect(ranges.ranges).toEqual({
      count: 8,
      ranges: [
        { first: 1, last: 4 },
        { first: 6, last: 9 },
      ],
    })
    for (let i = 0; i < 1000; i++) ranges.add(100 + 2 * i, 100 + 2 * i)
    expect([ranges.ranges.count, ranges.ranges.ranges.length]).toEqual([1008, 256])
  })
})
