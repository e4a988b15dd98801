import { readFileSync, readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { CaptureTransfers } from '../../src/capture/transfers.ts'
import type { CapturedTransfer } from '../../src/capture/contract.ts'
import {
  be16,
  be32,
  concat,
  ethernet,
  ip,
  join,
  LINK,
  packet,
  pcap,
  pcapngSection,
  typeOf,
  udp,
} from '../golden/capture-maker.ts'
import { CLIENT, Scene, SERVER } from '../golden/capture-scene.ts'
import { fuzzCaptures } from './capture-fuzz.ts'

const { rrq, wrq, data, ack, error, oack } = packet

function everything(): Scene {
  const s = new Scene()
    .ask(rrq('image', 'blksize', '1024'))
    .server(oack('blksize', '1024'))
    .client(ack(0))
  s.arp(1, SERVER, CLIENT).arp(2, CLIENT, SERVER)
  for (let n = 1; n <= 6; n++) s.server(data(n, n === 6 ? 5 : 1024)).client(ack(n))
  s.icmp(3, 3, s.quote(false, ack(1)), CLIENT, SERVER)
    .ask(wrq('up'), { clientPort: 7 })
    .server(error(2, 'no'), { clientPort: 7 })
  const datagram = udp(SERVER.address, CLIENT.address, 40_000, 2070, data(7, 3000))
  for (const offset of [0, 1480, 2960]) {
    const part = ip(SERVER.address, CLIENT.address, datagram.subarray(offset, offset + 1480), {
      id: 9,
      fragment: { offset, more: offset < 2960 },
    })
    s.frame(ethernet(SERVER.mac, CLIENT.mac, typeOf(part), part))
  }
  const [a, b] = ['fe80::1', 'fe80::2']
  const six = ip(a, b, udp(a, b, 2070, 69, rrq('six')))
  return s
    .frame(ethernet(CLIENT.mac, SERVER.mac, typeOf(six), six))
    .server(join(data(1, 512), data(2, 512), data(3, 9)), { clientPort: 9 })
}

const FOLDER = new URL('../golden/captures/', import.meta.url)
const { frames } = everything()
const raw = frames.map(({ bytes, ms }) => ({ bytes: bytes.subarray(14), ms }))
const ORIGINALS = [
  pcap(frames),
  pcap(frames, { littleEndian: false, nanoseconds: true }),
  pcapngSection(frames, { comment: 'c', resolution: 9 }),
  concat([pcapngSection(frames.slice(0, 9)), pcapngSection(raw, { linkType: LINK.raw, littleEndian: false })]),
  pcapngSection(frames, { kind: 'simple' }),
  ...readdirSync(FOLDER).map((name) => readFileSync(new URL(name, FOLDER)).subarray(0, 8000)),
]

test('mutated captures end in nothing but transfers, or in the one error that is documented', () => {
  const report = fuzzCaptures(ORIGINALS, 4000, 1)
  expect(report.refused).toBeGreaterThan(10)
  expect(report.broken).toBeGreaterThan(500)
  expect(report.transfers).toBeGreaterThan(4000)
})

describe('floods', () => {
  const HEAD = pcap([])

  /** A frame of raw IPv4 in a pcap file, made without waste: there are very many. */
  function request(i: number, target: Uint8Array): void {
    const view = new DataView(target.buffer)
    view.setUint32(0, 1_700_000_000 + Math.floor(i / 10_000), true)
    view.setUint32(4, (i % 10_000) * 100, true)
    target.set([10, (i >>> 16) & 255, (i >>> 8) & 255, i & 255], 16 + 12)
  }

  const packetBytes = ip('10.0.0.1', '10.9.9.9', udp('10.0.0.1', '10.9.9.9', 2070, 69, rrq('a'), { checksum: 'none' }))
  const template = join(be32(0), be32(0), [packetBytes.length, 0, 0, 0], [packetBytes.length, 0, 0, 0], packetBytes)

  test('of requests from made-up addresses: each is handed on, and few are kept', () => {
    let [handed, mostAlive] = [0, 0]
    const reader = new CaptureTransfers('flood', (t) => {
      handed++
      expect(t.outcome.type).toBe('unanswered')
    })
    const header = HEAD.slice()
    header.set([101, 0, 0, 0], 20)
    reader.push(header)
    const count = 20_000
    for (let i = 0; i < count; i++) {
      request(i, template)
      reader.push(template)
      mostAlive = Math.max(mostAlive, i + 1 - handed)
    }
    const { transfers, evicted } = reader.end()
    expect([transfers, handed]).toEqual([count, count])
    expect(mostAlive).toBeLessThanOrEqual(8192)
    expect(evicted).toBe(count - mostAlive)
  })

  test('of requests from one port: the same', () => {
    const scene = new Scene()
    for (let i = 0; i < 500; i++) scene.ask(rrq(`file ${i}`))
    const { transfers, summary } = scene.read()
    expect(transfers.length).toBe(500)
    expect(summary.evicted).toBe(500 - 16)
  })

  test('of blocks that jump through all numbers: memory ends, and says so', () => {
    const seen: CapturedTransfer[] = []
    const reader = new CaptureTransfers('jumps', (t) => seen.push(t))
    const scene = new Scene().ask(rrq('a'))
    for (let i = 0, block = 1; i < 3000; i++, block = (block + 30_000) & 0xffff)
      scene.server(data(block, 0, 0), { checksum: 'none' })
    reader.push(scene.file())
    reader.end()
    expect(seen).toMatchObject([{ blocks: { bounded: true } }])
    expect(seen[0].blocks.neverSeen.count).toBeGreaterThan(1_000_000)
  })
})

test('random datagrams between known ports are kept as what they are', () => {
  const scene = new Scene().ask(rrq('a')).server(data(1, 512)).client(ack(1))
  for (const payload of [[], [0], [0, 3], [0, 3, 0], [0, 9, 1, 1], [1, 3, 0, 1], [0, 5, 0], be16(6)])
    scene.server(Uint8Array.from(payload))
  expect(scene.one().packets.length).toBe(11)
})
