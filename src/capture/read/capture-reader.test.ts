import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concat, join, LINK, type MadeFrame, pcap, pcapngSection, text } from '../../../test/golden/capture-maker.ts'
import { pcapngDatagram, pcapngHeader } from '../pcapng.ts'
import { CaptureReader, type ReadEnd } from './capture-reader.ts'
import { timeMs } from './record.ts'
import { splitTicks, tickUnit } from './ticks.ts'

interface Read {
  readonly end: ReadEnd
  readonly frames: { number: number; ms: number; bytes: string; wire: number; linkType: number; timed: boolean }[]
  readonly comments: (readonly [number | undefined, string])[]
}

/** Reads the file in pieces of these sizes, repeating. */
function read(file: Uint8Array, sizes: readonly number[] = [file.length]): Read {
  const frames: Read['frames'] = []
  const comments: (readonly [number | undefined, string])[] = []
  const reader = new CaptureReader('test.pcap', {
    record: (r) =>
      frames.push({
        number: r.number,
        ms: timeMs(r),
        bytes: Buffer.from(r.buffer.subarray(r.offset, r.offset + r.length)).toString('hex'),
        wire: r.originalBytes,
        linkType: r.linkType,
        timed: r.timed,
      }),
    comment: (number, comment) => comments.push([number, comment]),
  })
  for (let at = 0, piece = 0; at < file.length; piece++) {
    const size = Math.max(1, sizes[piece % sizes.length])
    // A copy whose memory is spoilt afterwards: the reader may keep nothing of it.
    const bytes = file.slice(at, at + size)
    reader.push(bytes)
    bytes.fill(0xee)
    at += size
  }
  return { end: reader.end(), frames, comments }
}

const FRAMES: readonly MadeFrame[] = [
  { ms: 1_700_000_000_123.456, bytes: text('first frame') },
  { ms: 1_700_000_000_124, bytes: text('cut'), originalBytes: 1500 },
  { ms: 1_700_000_001_000.001, bytes: text('') },
  { ms: 1_700_000_000_999.999, bytes: text('back in time'), comment: 'odd' },
]

const FILES: readonly (readonly [string, Uint8Array])[] = [
  ['pcap, little-endian', pcap(FRAMES)],
  ['pcap, big-endian', pcap(FRAMES, { littleEndian: false })],
  ['pcap, nanoseconds', pcap(FRAMES, { nanoseconds: true })],
  ['pcap, nanoseconds, big-endian', pcap(FRAMES, { nanoseconds: true, littleEndian: false })],
  ['pcapng, little-endian', pcapngSection(FRAMES)],
  ['pcapng, big-endian', pcapngSection(FRAMES, { littleEndian: false })],
  ['pcapng, nanoseconds', pcapngSection(FRAMES, { resolution: 9 })],
  ['pcapng, units of 10^-12 s', pcapngSection(FRAMES, { resolution: 12, offsetSeconds: 1_700_000_000 })],
  [
    'pcapng, units of 2^-30 s, from another epoch',
    pcapngSection(FRAMES, { resolution: 128 + 30, offsetSeconds: -5000 }),
  ],
  ['pcapng, the old packet block', pcapngSection(FRAMES, { kind: 'old' })],
]

describe.each(FILES)('%s', (_, file) => {
  test('gives the frames, their lengths on the wire and their times', () => {
    const { frames, end } = read(file)
    expect(end.broken).toBeUndefined()
    expect(frames.map(({ number, wire }) => [number, wire])).toEqual([
      [1, 11],
      [2, 1500],
      [3, 0],
      [4, 12],
    ])
    expect(frames.map(({ bytes }) => Buffer.from(bytes, 'hex').toString())).toEqual([
      'first frame',
      'cut',
      '',
      'back in time',
    ])
    for (const [i, { ms }] of frames.entries()) expect(Math.abs(ms - FRAMES[i].ms)).toBeLessThan(0.001)
    expect(frames.every(({ linkType, timed }) => linkType === LINK.ethernet && timed)).toBe(true)
  })

  test('however it is cut into pieces', () => {
    const whole = read(file)
    for (const size of [1, 2, 3, 7]) expect(read(file, [size])).toEqual(whole)
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 20 }), (sizes) => {
        expect(read(file, sizes)).toEqual(whole)
      }),
      { numRuns: 50 },
    )
  })

  test('ends at any byte: what was whole is read, and the rest is a fact', () => {
    const { frames } = read(file)
    let most = 0
    for (let length = 1; length < file.length; length++) {
      const part = read(file.subarray(0, length), [13])
      expect(part.frames).toEqual(frames.slice(0, part.frames.length))
      expect(part.frames.length).toBeGreaterThanOrEqual(most)
      most = part.frames.length
      if (part.end.broken === undefined) continue
      expect(part.end.broken.reason).toMatch(
        /^the file ends inside (its header|its first block|frame \d|a block of \d+ bytes behind frame \d)$/,
      )
      expect(part.end.broken.atByte).toBeLessThan(length)
    }
    expect(most).toBeGreaterThanOrEqual(FRAMES.length - 1)
  })
})

test('several sections of different byte orders, link types and units are one file', () => {
  const file = concat([
    pcapngSection(FRAMES, { comment: 'from the first box' }),
    pcapngSection(FRAMES, { littleEndian: false, linkType: LINK.sll, resolution: 9 }),
    pcapngSection(FRAMES.slice(0, 1), { kind: 'simple', linkType: LINK.raw }),
  ])
  const { frames, comments, end } = read(file, [100])
  expect(end.broken).toBeUndefined()
  expect(frames.map(({ number, linkType }) => [number, linkType])).toEqual([
    [1, 1],
    [2, 1],
    [3, 1],
    [4, 1],
    [5, 113],
    [6, 113],
    [7, 113],
    [8, 113],
    [9, 101],
  ])
  expect(comments).toEqual([
    [undefined, 'from the first box'],
    [4, 'odd'],
    [8, 'odd'],
  ])
  // A simple packet has no time: it has that of the frame before it.
  expect(frames[8]).toMatchObject({ timed: false, ms: frames[7].ms })
})

test('what Foresend records itself is read back', () => {
  const payload = text('\0\x04\0\x01')
  const datagram = { timeUs: 1_700_000_000_000_001, source: '10.0.0.1', destination: '10.0.0.2', payload }
  const file = concat([pcapngHeader('a recording'), pcapngDatagram({ ...datagram, sourcePort: 1, destinationPort: 2 })])
  expect(read(file)).toMatchObject({
    comments: [[undefined, 'a recording']],
    frames: [{ ms: 1_700_000_000_000.001, linkType: LINK.raw, wire: 32 }],
  })
})

test('blocks that Wireshark numbers among the frames are counted, and not read', () => {
  const custom = [0xad, 0x0b, 0, 0, 16, 0, 0, 0, 1, 2, 3, 4, 16, 0, 0, 0]
  const section = pcapngSection(FRAMES)
  const { frames, end } = read(join(section, custom, section), [10])
  expect(frames.map(({ number }) => number)).toEqual([1, 2, 3, 4, 6, 7, 8, 9])
  expect(end.broken).toBeUndefined()
})

describe('lies', () => {
  const good = pcap(FRAMES)
  const goodNg = pcapngSection(FRAMES)

  test.each([
    ['an empty file', text(''), /^test\.pcap is empty; capture again/],
    [
      'a text',
      text('hello world'),
      /^test\.pcap is not a capture: it begins with 68 65 6c 6c; give a pcap or pcapng file/,
    ],
    ['one wrong byte', text('x'), /is not a capture: it begins with 78;/],
    ['gzip', Uint8Array.of(0x1f, 0x8b, 8, 9, 0), /packed with gzip; unpack it with gunzip$/],
    ['snoop', text('snoop\0\0\0'), /from snoop; editcap IN OUT\.pcapng/],
  ])('%s is no capture', (_, file, message) => {
    let caught: unknown
    try {
      read(file)
    } catch (error) {
      caught = error
    }
    expect(caught).toMatchObject({ code: 'ERR_TFTP_CAPTURE', message: expect.stringMatching(message) })
  })

  test('a frame of 4 GB', () => {
    const file = join(good.subarray(0, 24 + 27), [1, 0, 0, 0, 1, 0, 0, 0, 255, 255, 255, 255, 0, 0, 0, 0], good)
    const { frames, end } = read(file, [1000])
    expect(frames.length).toBe(1)
    expect(end.broken).toEqual({
      atByte: 24 + 27,
      reason: 'frame 2 says that it has 4294967295 bytes, more than any frame',
    })
  })

  test('a block of 4 GB of an unknown kind is skipped, and its end never comes', () => {
    const file = join(goodNg, [9, 9, 9, 9, 0xfc, 255, 255, 255], new Uint8Array(2000))
    const { frames, end } = read(file, [100])
    expect(frames.length).toBe(4)
    expect(end.broken).toEqual({
      atByte: goodNg.length,
      reason: 'the file ends inside a block of 4294967292 bytes behind frame 4',
    })
  })

  test.each([
    [
      'a packet block of 4 GB',
      [6, 0, 0, 0, 0xfc, 255, 255, 255, 0, 0, 0, 0],
      /type 6 behind frame 4 says .* more than any$/,
    ],
    ['a block shorter than itself', [6, 0, 0, 0, 12, 0, 0, 0, 0, 0, 0, 0], /type 6 .* says that it has 12 bytes$/],
    ['a block of an odd length', [77, 0, 0, 0, 13, 0, 0, 0, 0, 0, 0, 0], /type 77 .* says that it has 13 bytes$/],
    ['lengths that differ', [3, 0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0, 20, 0, 0, 0], /two lengths .* differ$/],
    ['no byte order', [10, 13, 13, 10, 28, 0, 0, 0, 1, 2, 3, 4], /no byte order$/],
    [
      'an interface that is not described',
      [6, 0, 0, 0, 32, 0, 0, 0, 9, 0, 0, 0, ...Array<number>(16).fill(0), 32, 0, 0, 0],
      /frame 5 is from interface 9, which nothing describes$/,
    ],
    [
      'a packet larger than its block',
      [6, 0, 0, 0, 32, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 32, 0, 0, 0],
      /frame 5 says that it has 1 bytes, more than its block$/,
    ],
  ])('%s ends the reading there', (_, bytes, reason) => {
    const { frames, end } = read(join(goodNg, bytes, goodNg), [50])
    expect(frames.length).toBe(4)
    expect(end.broken?.reason).toMatch(reason)
    expect(end.broken?.atByte).toBe(goodNg.length)
  })
})

test('times of any unit are split like big integers', () => {
  const resolution = fc.oneof(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 128, max: 195 }), fc.nat(255))
  fc.assert(
    fc.property(resolution, fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (r, ticks) => {
      const unit = tickUnit(r)
      const split = { seconds: 0, nanos: 0 }
      splitTicks(Number(ticks >> 32n), Number(ticks & 0xffffffffn), unit, split)
      const perSecond = unit.exactPerSecond
      expect(split.seconds).toBe(Number(ticks / perSecond))
      const nanos = Number(((ticks % perSecond) * 1_000_000_000n) / perSecond)
      // Powers of two below a nanosecond may be rounded by one.
      if (r < 128) expect(split.nanos).toBe(nanos)
      else expect(Math.abs(split.nanos - nanos)).toBeLessThanOrEqual(1)
    }),
    { numRuns: 2000 },
  )
})
