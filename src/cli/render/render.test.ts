import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { TransferEvent } from '../../endpoint/contract.ts'
import { Board, type Output } from './board.ts'
import { jsonLine } from './json.ts'
import { eventLine, safeLine } from './pretty.ts'
import { barLine, plainLine, RateMeter } from './progress.ts'
import { PLAIN } from './style.ts'
import { countText, durationText, rateText, sizeText } from './units.ts'

describe('units', () => {
  test.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.00 kB'],
    [999_499, '999 kB'],
    [999_500, '1.00 MB'],
    [8_126_464, '8.13 MB'],
    [99_960_000, '100 MB'],
    [4_294_967_296, '4.29 GB'],
    [5e12, '5.00 TB'],
    [Number.NaN, '-'],
  ])('%d bytes is %s', (bytes, text) => expect(sizeText(bytes)).toBe(text))

  test.each([
    [0, '0 ms'],
    [999.4, '999 ms'],
    [999.6, '1.00 s'],
    [2310, '2.31 s'],
    [9996, '10.0 s'],
    [45_000, '45.0 s'],
    [59_960, '1 min 00 s'],
    [125_000, '2 min 05 s'],
    [3_599_700, '1 h 00 min'],
    [7_380_000, '2 h 03 min'],
    [Infinity, '-'],
  ])('%d ms is %s', (ms, text) => expect(durationText(ms)).toBe(text))

  test('rates and counts', () => {
    expect(rateText(3_400_000)).toBe('3.40 MB/s')
    expect([countText(1, 'block'), countText(2, 'block'), countText(2, 'try', 'tries')]).toEqual([
      '1 block',
      '2 blocks',
      '2 tries',
    ])
  })
})

describe('progress', () => {
  test('the rate follows the last seconds, not the whole transfer', () => {
    const meter = new RateMeter(0, 0)
    for (let now = 100; now <= 10_000; now += 100) meter.update(now, now * 1000)
    expect(meter.bytesPerSec).toBeCloseTo(1e6, -3)
    for (let now = 10_100; now <= 20_000; now += 100) meter.update(now, 10e6)
    expect(meter.bytesPerSec).toBeLessThan(0.02e6)
  })

  test('a bar fills its columns exactly, at any width', () => {
    const progress = { label: '192.168.1.1:2070 openwrt.bin', bytes: 450, sizeBytes: 1000, bytesPerSec: 100 }
    for (let columns = 0; columns < 200; columns++)
      expect(barLine(progress, columns).length).toBeLessThanOrEqual(columns)
    expect(barLine(progress, 100)).toMatch(/^192\.168\.1\.1:2070 openwrt\.bin +\[#+-+\] +45 % +100 B\/s +5\.50 s left$/)
  })

  test('without a known size there is no share and no time left', () => {
    const line = plainLine({ label: 'x', bytes: 5000, sizeBytes: undefined, bytesPerSec: 1000 })
    expect(line).toBe('x: 5.00 kB, 1.00 kB/s')
  })

  test('an empty file is all there', () => {
    expect(plainLine({ label: 'x', bytes: 0, sizeBytes: 0, bytesPerSec: 0 })).toContain('100 %')
  })
})

describe('the board', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  function output(isTTY: boolean): Output & { text: string } {
    return {
      isTTY,
      columns: 80,
      rows: 24,
      text: '',
      write(text) {
        this.text += text
      },
    }
  }

  test('without a terminal: plain lines now and then, no escape code', () => {
    const out = output(false)
    let now = 0
    const board = new Board(out, () => now)
    for (; now <= 11_000; now += 500) board.update('1', 'file', now, 20_000)
    board.line('done')
    board.remove('1')
    expect(out.text).toBe(
      'file: 25 %, 5.00 kB of 20.0 kB, 1.00 kB/s, 15.0 s left\nfile: 50 %, 10.0 kB of 20.0 kB, 1.00 kB/s, 10.0 s left\ndone\n',
    )
  })

  test('on a terminal: bars are redrawn in place, lines scroll above them', () => {
    const out = output(true)
    const board = new Board(out, () => Date.now())
    board.update('1', 'one', 1, 10)
    board.update('2', 'two', 2, 10)
    vi.advanceTimersByTime(100)
    board.line('a line')
    board.remove('1')
    board.remove('2')
    board.line('the end')
    expect(screen(out.text)).toEqual(['a line', 'the end'])
    expect(out.text).toContain('one ')
  })

  test('more bars than rows: the rest is counted', () => {
    const out = output(true)
    const board = new Board(out, () => Date.now())
    for (let id = 0; id < 100; id++) board.update(String(id), `file ${id}`, 1, 10)
    vi.advanceTimersByTime(100)
    expect(screen(out.text)).toHaveLength(13)
    expect(screen(out.text).at(-1)).toBe('and 88 more')
    board.close()
    expect(screen(out.text)).toEqual([])
    vi.advanceTimersByTime(1000)
    expect(screen(out.text)).toEqual([])
  })
})

/** What a terminal shows after `text`: knows only what the board uses. */
function screen(text: string): string[] {
  const lines = ['']
  let row = 0
  for (const token of text.match(/\x1b\[\d*A|\x1b\[J|\x1b\[\?7[lh]|\r|\n|[^\x1b\r\n]+/g) ?? []) {
    const up = /^\x1b\[(\d*)A$/.exec(token)
    if (up !== null) row -= Number(up[1])
    else if (token === '\x1b[J') lines.length = row + 1
    else if (token === '\n') row += 1
    else if (token !== '\r' && !token.startsWith('\x1b')) lines[row] = token
    if (token === '\x1b[J') lines[row] = ''
    lines[row] ??= ''
  }
  return lines.filter((line) => line !== '').map((line) => line.trimEnd())
}

const EVENT: TransferEvent = {
  event: 'completed',
  time: new Date(2024, 0, 1, 8, 5, 9).getTime(),
  id: 1,
  client: '192.168.0.1:2070',
  file: 'test.bin',
  direction: 'read',
  bytes: 8_126_464,
  sizeBytes: 8_126_464,
  blocks: 15_873,
  datagrams: 15_873,
  retransmitted: 0,
  window: 1,
  blksize: 512,
  ms: 2310,
  rateBytesPerSec: 3_517_950,
}

describe('event lines', () => {
  const line = (change: Partial<TransferEvent>): string => eventLine({ ...EVENT, ...change }, PLAIN)

  test('completed: bytes, time, rate, and how to check the device', () => {
    expect(line({ crc32: '1a2b3c4d' })).toBe(
      '08:05:09 completed 192.168.0.1:2070 has test.bin: 8126464 bytes in 2.31 s, 3.52 MB/s; CRC32 1a2b3c4d (in U-Boot: crc32 LOADADDR 7c0000)',
    )
  })

  test('completed with repeats says how many', () => {
    expect(line({ datagrams: 15_895, retransmitted: 22 })).toContain('15895 datagrams for 15873 blocks (22 sent again)')
  })

  test('a missing last acknowledgement is only probably complete', () => {
    const text = line({ lastAck: 'missing', crc32: '1a2b3c4d' })
    expect(text).toContain('probably complete')
    expect(text).toContain('verify on the device: CRC32 1a2b3c4d (in U-Boot: crc32 LOADADDR 7c0000)')
  })

  test('an upload is stored; U-Boot has nothing to check', () => {
    expect(line({ direction: 'write', crc32: '1a2b3c4d' })).toMatch(/stored test\.bin: .*; CRC32 1a2b3c4d$/)
  })

  test('failed says where and why', () => {
    const text = line({
      event: 'failed',
      bytes: 153_600,
      code: 'ERR_TFTP_TIMEOUT',
      reason: 'no answer for 30 s: check the cable',
    })
    expect(text).toBe(
      '08:05:09 failed 192.168.0.1:2070 test.bin at byte 153600 (1 %): no answer for 30 s: check the cable',
    )
  })

  test('every event has a line of its own', () => {
    const kinds = [
      'requested',
      'refused',
      'probed',
      'started',
      'progress',
      'stalled',
      'recovered',
      'window-changed',
      'superseded',
      'completed',
      'failed',
    ] as const
    const lines = kinds.map((event) => line({ event }))
    expect(new Set(lines).size).toBe(kinds.length)
    for (const text of lines) expect(text).toMatch(/^08:05:09 .*192\.168\.0\.1:2070/)
  })

  test('what a peer sent cannot move the cursor, break the line or hide itself', () => {
    const evil = 'a\x1b[2J\r\n\u202eb\u0000'
    for (const event of ['requested', 'refused', 'failed'] as const) {
      const text = line({ event, file: evil, reason: evil })
      expect(text).not.toMatch(/[\p{Cc}\p{Cf}]/u)
      expect(text).toContain('\\x1b')
    }
    expect(line({ event: 'requested', file: '' })).toContain('""')
    expect(safeLine('two\nlines')).toBe('two lines')
  })

  test('the listening line and notices', () => {
    expect(
      eventLine({ event: 'listening', time: EVENT.time, address: 'fe80::1%eth0', port: 69, driver: 'dgram' }, PLAIN),
    ).toBe('08:05:09 listening on [fe80::1%eth0]:69 (dgram)')
    expect(eventLine({ event: 'notice', time: EVENT.time, code: 'X', message: 'look\there' }, PLAIN)).toBe(
      '08:05:09 look here',
    )
  })
})

test('a JSON line is one line for every reader, and reads back the same', () => {
  const event = { file: 'a\n\u2028\u2029\u0085\x1b"\\' }
  const line = jsonLine(event)
  expect(line).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u)
  expect(JSON.parse(line)).toEqual(event)
})
