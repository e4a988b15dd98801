import { describe, expect, test } from 'vitest'
import { negotiateRead } from '../negotiate.ts'
import type { Agreed } from '../negotiate.ts'
import { choosePolicy } from './choose.ts'

const limits = { maxBlksize: 65464, maxWindowsize: 65535, maxWindowBytes: 1 << 20, refuse: new Set<string>() }

function agreed(options: Record<string, string>): Agreed {
  const list = Object.entries(options).map(([name, value]) => ({ name, value }))
  return negotiateRead({ opcode: 1, filename: 'a', mode: 'octet', options: list }, 1000, limits)
}

describe('choosePolicy', () => {
  test.each([
    ['auto begins with lock-step on the wire', { window: 'auto' }, {}, 'adaptive', 1],
    ['a number opens that window', { window: 3 }, {}, 'anticipation', 3],
    [
      'Tftpd64 counts bytes: 1000 are two blocks of 512',
      { window: 'auto', anticipationBytes: 1000 },
      {},
      'anticipation',
      2,
    ],
    ['… and one of 1428', { window: 'auto', anticipationBytes: 1000 }, { blksize: '1428' }, 'anticipation', 1],
    ['strict', { window: 'strict' }, {}, 'strict', 1],
    ['what the client negotiated goes first', { window: 3 }, { windowsize: '16' }, 'negotiated', 16],
    ['… under strict as well: it is its standard', { window: 'strict' }, { windowsize: '4' }, 'negotiated', 4],
    ['a client that asked for one block gets one', { window: 3 }, { windowsize: '1' }, 'anticipation', 1],
  ] as const)('%s', (_, options, asked, type, windowBlocks) => {
    expect(choosePolicy(options, agreed(asked))).toMatchObject({ type, windowBlocks })
  })

  test('copies, gap and RTO pass through', () => {
    const options = { window: 2, copies: 2, gapMs: 1.5, rtoMs: 30 } as const
    expect(choosePolicy(options, agreed({}))).toMatchObject({ copies: 2, gapMs: 1.5, rtoMinMs: 30 })
    expect(choosePolicy(options, agreed({ windowsize: '8' }))).toMatchObject({ copies: 2, gapMs: 1.5, rtoMinMs: 30 })
  })

  test("strict obeys the client's own timeout", () => {
    expect(choosePolicy({ window: 'strict' }, agreed({ timeout: '7' }))).toMatchObject({
      rtoMinMs: 7000,
      rtoMaxMs: 7000,
    })
  })

  test('each transfer has its own', () => {
    expect(choosePolicy({ window: 2 }, agreed({}))).not.toBe(choosePolicy({ window: 2 }, agreed({})))
  })

  test('what was learnt of the device is where auto begins', () => {
    const learnt = { known: true, window: { windowBlocks: 8, gapMs: 0.5 } }
    expect(choosePolicy({ window: 'auto' }, agreed({}), learnt)).toMatchObject({ windowBlocks: 2, gapMs: 0.5 })
    expect(choosePolicy({ window: 2 }, agreed({}), learnt)).toMatchObject({ windowBlocks: 2, gapMs: 0 })
  })

  test('a device that counts repeats gets neither a window nor copies, whatever was chosen', () => {
    const device = { patient: true }
    expect(choosePolicy({ window: 8, copies: 2 }, agreed({}), device)).toMatchObject({ windowBlocks: 1, copies: 1 })
  })
})
