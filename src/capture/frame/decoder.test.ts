import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  addressBytes,
  be16,
  be32,
  ethernet,
  ip,
  join,
  LINK,
  macBytes,
  packet,
  pcap,
  pcapngSection,
  typeOf,
  udp,
} from '../../../test/golden/capture-maker.ts'
import { lines, readAll } from '../../../test/golden/capture-scene.ts'
import type { CapturedTransfer } from '../contract.ts'

const [A, B] = ['10.0.0.1', '10.0.0.2']
const [A6, B6] = ['fe80::1', 'fe80::2']
const [MAC_A, MAC_B] = ['02:00:00:00:00:0a', '02:00:00:00:00:0b']
const V4 = ip(A, B, udp(A, B, 2070, 69, packet.rrq('name')))
const V6 = ip(A6, B6, udp(A6, B6, 2070, 69, packet.rrq('name')))

function only(file: Uint8Array): CapturedTransfer {
  const { transfers } = readAll(file)
  expect(transfers.length).toBe(1)
  return transfers[0]
}

const frame = (linkType: number, bytes: Uint8Array) => pcap([{ ms: 1000, bytes }], { linkType })
const sll = (packetType: number, etherType: number, payload: Uint8Array) =>
  join(be16(packetType), be16(1), be16(6), macBytes(MAC_A), [0, 0], be16(etherType), payload)
const sll2 = (packetType: number, etherType: number, payload: Uint8Array) =>
  join(be16(etherType), [0, 0], be32(3), be16(1), [packetType, 6], macBytes(MAC_A), [0, 0], payload)
const tagged = (tags: readonly (readonly [type: number, vlan: number])[], packetBytes: Uint8Array) =>
  join(
    macBytes(MAC_B),
    macBytes(MAC_A),
    ...tags.flatMap(([type, vlan]) => [be16(type), be16(vlan | 0x6000)]),
    be16(typeOf(packetBytes)),
    packetBytes,
  )

describe('a request is found behind any link header', () => {
  test.each([
    ['Ethernet', LINK.ethernet, ethernet(MAC_A, MAC_B, 0x0800, V4), 'ethernet', []],
    ['Ethernet, IPv6', LINK.ethernet, ethernet(MAC_A, MAC_B, 0x86dd, V6), 'ethernet', []],
    ['802.1Q', LINK.ethernet, tagged([[0x8100, 7]], V4), 'ethernet', [7]],
    [
      'QinQ',
      LINK.ethernet,
      tagged(
        [
          [0x88a8, 100],
          [0x8100, 7],
        ],
        V6,
      ),
      'ethernet',
      [100, 7],
    ],
    [
      'SNAP',
      LINK.ethernet,
      ethernet(MAC_A, MAC_B, V4.length + 8, join([0xaa, 0xaa, 3, 0, 0, 0, 8, 0], V4)),
      'ethernet',
      [],
    ],
    ['Linux cooked', LINK.sll, sll(0, 0x0800, V4), 'cooked', []],
    ['Linux cooked, IPv6', LINK.sll, sll(4, 0x86dd, V6), 'cooked', []],
    ['Linux cooked 2', LINK.sll2, sll2(0, 0x0800, V4), 'cooked', []],
    ['Linux cooked 2, IPv6', LINK.sll2, sll2(0, 0x86dd, V6), 'cooked', []],
    ['Linux cooked with a tag', LINK.sll, sll(0, 0x8100, join(be16(7), be16(0x0800), V4)), 'cooked', [7]],
    ['raw IP', LINK.raw, V4, 'raw', []],
    ['raw IP 12', 12, V6, 'raw', []],
    ['raw IP 14', 14, V4, 'raw', []],
    ['IPv4', LINK.ipv4, V4, 'raw', []],
    ['IPv6', LINK.ipv6, V6, 'raw', []],
    ['BSD loopback, little-endian', LINK.null, join([2, 0, 0, 0], V4), 'loopback', []],
    ['BSD loopback, big-endian', LINK.null, join([0, 0, 0, 30], V6), 'loopback', []],
    ['OpenBSD loopback', LINK.loop, join([0, 0, 0, 24], V6), 'loopback', []],
  ] as const)('%s', (_, linkType, bytes, type, vlans) => {
    const t = only(frame(linkType, bytes))
    const isV6 = bytes.length > V4.length + 24 || t.client.address.includes(':')
    expect(t).toMatchObject({
      link: { type, vlans },
      client: { address: isV6 ? A6 : A, port: 2070, mac: type === 'raw' || type === 'loopback' ? undefined : MAC_A },
      request: { filename: 'name' },
      checksums: { client: { good: 1, bad: 0 } },
    })
    expect(t.packets.frameBytes(0)).toBe(bytes.length)
  })

  test('others are counted', () => {
    const { transfers, summary } = readAll(frame(127, V4))
    expect([transfers, summary.unknownLinkTypes]).toEqual([[], new Map([[127, 1]])])
  })

  test('the same frame on two cards of Linux "any" is one, however its packets are numbered', () => {
    const on = (card: number, bytes: Uint8Array, ms: number) => {
      const frameBytes = sll2(0, 0x0800, bytes)
      frameBytes.set(be32(card), 4)
      return { ms, bytes: frameBytes }
    }
    const answer = ip(B, A, udp(B, A, 4000, 2070, packet.data(1, 4)), { id: 0 })
    const frames = [
      on(1, V4, 1),
      on(2, V4, 1.01),
      on(2, answer, 2),
      on(1, answer, 2.01),
      on(2, answer, 3.5),
      on(1, answer, 3.51),
    ]
    expect(lines(only(pcap(frames, { linkType: LINK.sll2 })))).toEqual([
      'c rrq',
      'c rrq copy',
      's data 1 (4)',
      's data 1 (4) copy',
      's data 1 (4) repeat',
      's data 1 (4) copy',
    ])
  })

  test('SLL tells which frames the capturing host sent', () => {
    const t = only(
      pcap(
        [
          { ms: 1, bytes: sll(0, 0x0800, V4) },
          { ms: 2, bytes: sll(4, 0x0800, ip(B, A, udp(B, A, 4000, 2070, packet.data(1, 4)))) },
        ],
        { linkType: LINK.sll },
      ),
    )
    expect(t.vantage).toMatchObject({ at: 'server', because: ['frame-direction'] })
  })
})

describe('IPv6 extension headers', () => {
  const payload = udp(A6, B6, 2070, 69, packet.rrq('name'))
  const extension = (next: number) => [next, 0, 1, 4, 0, 0, 0, 0]
  const wrapped = (first: number, ...headers: readonly number[][]) =>
    ip(A6, B6, join(...headers, payload), { protocol: first })

  test.each([
    ['hop by hop', wrapped(0, extension(17))],
    ['routing and destination', wrapped(43, extension(60), extension(17))],
    ['an atomic fragment', wrapped(44, [17, 0, 0, 0, 0, 0, 0, 9])],
    ['authentication', wrapped(51, [17, 4, 0, 0, ...Array<number>(20).fill(1)])],
  ])('%s', (_, bytes) => expect(only(frame(LINK.raw, bytes)).request?.filename).toBe('name'))

  test('more than any host sends are left alone', () => {
    const many = wrapped(60, ...Array<number[]>(8).fill(extension(60)), extension(17))
    expect(readAll(frame(LINK.raw, many)).transfers).toEqual([])
  })
})

test.each([
  ['IPv4', A, B],
  ['IPv6', A6, B6],
])('%s: an options header, an unset length and padding do no harm', (_, from, to) => {
  const datagram = udp(from, to, 2070, 69, packet.rrq('name'))
  const unset = ip(from, to, datagram, { totalBytes: 0 })
  if (from === A6) unset.set([0, 0], 4)
  expect(only(frame(LINK.raw, unset)).request?.filename).toBe('name')
  const padded = ethernet(MAC_A, MAC_B, typeOf(unset), join(ip(from, to, datagram), new Uint8Array(30)))
  expect(only(frame(LINK.ethernet, padded)).checksums.client.good).toBe(1)
})

describe('fragments', () => {
  const big = packet.data(1, 4000)
  const request = { ms: 1000, bytes: ip(A, B, udp(A, B, 2070, 69, packet.rrq('name', 'blksize', '4000'))) }

  /** DATA 1 of 4000 bytes in pieces of `mtu`. */
  function pieces(from = B, to = A, mtu = 1480, id = 77): { bytes: Uint8Array; ms: number }[] {
    const datagram = udp(from, to, 4000, 2070, big)
    const count = Math.ceil(datagram.length / mtu)
    return Array.from({ length: count }, (_, i) => {
      const fragment = { offset: i * mtu, more: i < count - 1 }
      const part = datagram.subarray(i * mtu, (i + 1) * mtu)
      return { ms: 1001 + i, bytes: ip(from, to, part, { id, fragment }) }
    })
  }
  const raw = (frames: readonly { bytes: Uint8Array; ms: number }[]) => only(pcap(frames, { linkType: LINK.raw }))

  test('are put together, and the checksum holds', () => {
    const t = raw([request, ...pieces()])
    expect(lines(t)).toEqual(['c rrq', 's data 1 (4000) fragmented'])
    expect(t.checksums.server).toMatchObject({ good: 1, unverifiable: 0 })
    expect([t.packets.number(1), t.packets.frameBytes(1)]).toEqual([2, 4012 + 3 * 20])
  })

  test('in any order, some twice, over both versions of IP', () => {
    for (const [from, to] of [
      [B, A],
      [B6, A6],
    ]) {
      const ask = { ms: 1000, bytes: ip(to, from, udp(to, from, 2070, 69, packet.rrq('name'))) }
      fc.assert(
        fc.property(fc.shuffledSubarray([0, 1, 2, 3, 4, 5], { minLength: 6 }), fc.nat(5), (order, again) => {
          const all = pieces(from, to, 800)
          const t = raw([
            ask,
            ...[...order.slice(0, again + 1), ...order.slice(again)].map((i) => ({ ...all[i], ms: 1001 })),
          ])
          expect(t.checksums.server).toMatchObject({ good: 1, bad: 0 })
          expect(t.blocks).toMatchObject({ sent: 1, bytes: 4000 })
        }),
        { numRuns: 40 },
      )
    }
  })

  test('a wrong byte in a later one is a wrong checksum', () => {
    const all = pieces()
    all[2].bytes[600] ^= 1
    const t = raw([request, ...all])
    expect(lines(t)[1]).toBe('s data 1 (4000) bad fragmented')
    expect(t.checksums.server.bad).toBe(1)
  })

  test('whose rest never comes are a fact', () => {
    const [first] = pieces()
    const again = { ...pieces(B, A, 1480, 78)[0], ms: 2000 }
    // A capture that ends within a second may have ended between two fragments.
    expect(raw([request, first, again]).sideEvents).toEqual([])
    const { transfers } = readAll(pcap([request, first, again, { ms: 40_000, bytes: V6 }], { linkType: LINK.raw }))
    expect(lines(transfers[0])).toEqual([
      'c rrq',
      's data 1 (4000) fragmented incomplete',
      's data 1 (4000) repeat fragmented incomplete',
    ])
    expect(transfers[0].sideEvents).toMatchObject([
      { type: 'fragments-missing', number: 2, seq: 1, seenBytes: 1480, totalBytes: 4012, reason: 'missing' },
      { type: 'fragments-missing', number: 3 },
    ])
  })

  test('whose rest never comes are a fact although the transfer ended', () => {
    const [first] = pieces()
    const gone = { ms: 1500, bytes: ip(A, B, udp(A, B, 2070, 4000, packet.error(0, 'timeout'))) }
    const later = [3000, 12_000, 60_000].map((ms) => ({ ms, bytes: ip(A, B, udp(A, B, 1, 2, packet.ack(1))) }))
    const t = raw([request, first, gone, ...later])
    expect(lines(t)).toEqual(['c rrq', 's data 1 (4000) fragmented incomplete', 'c error 0'])
    expect(t).toMatchObject({ followedUntil: 'idle', outcome: { type: 'error', from: 'client' } })
    expect(t.sideEvents).toMatchObject([{ type: 'fragments-missing', number: 2, timeMs: 1 }])
  })

  test('that contradict each other are refused', () => {
    const [first, second] = pieces()
    const lie = { ms: 1003, bytes: second.bytes.slice() }
    lie.bytes.set(be16(((1480 - 8) / 8) | 0x2000), 6)
    const t = raw([request, first, lie])
    expect(t.sideEvents).toMatchObject([{ type: 'fragments-missing', reason: 'overlap' }])
  })

  test('a ping of death and floods of first fragments cost nothing', () => {
    const [first] = pieces()
    const flood = Array.from({ length: 1000 }, (_, i) => {
      const bytes = first.bytes.slice()
      bytes.set(be16(1000 + i), 4)
      return { bytes, ms: 1000 + i / 1000 }
    })
    const death = ip(B, A, new Uint8Array(64), { id: 5, fragment: { offset: 65_528, more: false } })
    const t = raw([request, ...flood, { ms: 1004, bytes: death }])
    expect(t.blocks.datagrams).toBe(1000)
    expect(t.sideEvents.length).toBe(256)
  })
})

test('pcapng marks of direction are read', () => {
  expect(only(pcapngSection([{ ms: 1, bytes: V4 }], { linkType: LINK.raw })).vantage.at).toBe('unknown')
})

test('addresses of IPv6 are written in their shortest form', () => {
  for (const [from, shortest] of [
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['0:0:0:0:0:0:0:1', '::1'],
    ['1:0:2:0:3:0:4:0', '1:0:2:0:3:0:4:0'],
    ['1:2:3:4:5:0:0:0', '1:2:3:4:5::'],
  ]) {
    const bytes = ip(from, B6, udp(from, B6, 2070, 69, packet.rrq('name')))
    expect(only(frame(LINK.raw, bytes)).client.address).toBe(shortest)
    expect(addressBytes(from).length).toBe(16)
  }
})
