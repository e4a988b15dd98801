/** What tshark reads in a capture and what Foresend reads in it, packet by packet. */
import { execFile, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CapturedTransfer, PACKET_FLAG, PACKET_KIND } from '../../src/capture/contract.ts'
import { CaptureReader } from '../../src/capture/read/capture-reader.ts'
import { concat, join as bytesOf, LINK, packet, pcap, pcapngSection } from './capture-maker.ts'
import { CLIENT, readAll, Scene, SERVER, type Side } from './capture-scene.ts'

const has = (program: string) => spawnSync(program, ['--version']).status === 0
const hasTshark = has('tshark')
const hasEditcap = has('editcap')

/** Real captures: Foresend and curl over Ethernet with fragments and ICMP, the same on Linux's "any", tftp-hpa with busybox and atftp. */
const CAPTURES = new URL('captures/', import.meta.url)
const REAL = readdirSync(CAPTURES)

const { rrq, wrq, data, ack, error, oack } = packet

/** A bit of everything. */
function scene(): Scene {
  const s = new Scene()
  s.ask(rrq('uImage', 'blksize', '1024', 'tsize', '0'))
    .server(oack('blksize', '1024', 'tsize', '3000'))
    .client(ack(0))
  for (let n = 1; n <= 3; n++) s.server(data(n, n === 3 ? 952 : 1024), { afterMs: 0.123 }).client(ack(n))
  s.client(ack(3)).wait(1500.001)
  s.ask(wrq('config'), { clientPort: 3000 }).server(ack(0), { clientPort: 3000, serverPort: 40_001 })
  s.client(data(1, 5), { clientPort: 3000, serverPort: 40_001, snapBytes: 50, checksum: 'bad' })
  s.server(error(3, 'Disk full'), { clientPort: 3000, serverPort: 40_001 })
  return s
}

const { frames } = scene()
/** The same frames without their Ethernet header. */
const packets = frames.map(({ bytes, ms, originalBytes = bytes.length }) => ({
  bytes: bytes.subarray(14),
  ms,
  originalBytes: originalBytes - 14,
}))

/** A link header around each packet of a conversation of its own. */
const LINKS: readonly (readonly [
  linkType: number,
  client: Side,
  server: Side,
  wrap: (packetBytes: Uint8Array) => Uint8Array,
])[] = [
  [LINK.null, CLIENT, SERVER, (b) => bytesOf([2, 0, 0, 0], b)],
  [LINK.null, CLIENT, SERVER, (b) => bytesOf([0, 0, 0, 2], b)],
  [LINK.loop, CLIENT, SERVER, (b) => bytesOf([0, 0, 0, 2], b)],
  [LINK.sll, CLIENT, SERVER, (b) => bytesOf([0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 8, 0], b)],
  [LINK.sll2, CLIENT, SERVER, (b) => bytesOf([8, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0], b)],
  [LINK.ipv4, CLIENT, SERVER, (b) => b],
  [LINK.ipv6, { ...CLIENT, address: 'fe80::1' }, { ...SERVER, address: 'fe80::2' }, (b) => b],
  [LINK.ethernet, CLIENT, SERVER, (b) => bytesOf(new Uint8Array(12), [0x88, 0xa8, 0, 100, 0x81, 0, 0, 7, 8, 0], b)],
]

function linkSections(): Uint8Array[] {
  return LINKS.map(([linkType, client, server, wrap], i) => {
    const s = new Scene({ client, server, clientPort: 5000 + i, pad: false }).ask(rrq('link'))
    const { frames: own } = s.server(data(1, 512)).client(ack(1)).server(data(2, 3)).client(ack(2))
    return pcapngSection(
      own.map(({ bytes, ms }) => ({ ms, bytes: wrap(bytes.subarray(14)) })),
      { linkType },
    )
  })
}

const MADE: Readonly<Record<string, Uint8Array>> = {
  'pcap.pcap': pcap(frames),
  'pcap-nanoseconds-big-endian.pcap': pcap(frames, { nanoseconds: true, littleEndian: false }),
  'pcapng-big-endian.pcapng': pcapngSection(frames, { littleEndian: false, resolution: 9 }),
  'pcapng-binary-unit.pcapng': pcapngSection(frames, { resolution: 128 + 20, offsetSeconds: 100 }),
  'pcapng-old.pcapng': pcapngSection(frames, { kind: 'old' }),
  'links.pcapng': concat(linkSections()),
  'sections.pcapng': concat([
    pcapngSection(frames.slice(0, 5)),
    pcapngSection(packets.slice(5), { littleEndian: false, linkType: LINK.raw }),
  ]),
}

/** What editcap makes of a file, by the name that is given to it. */
const CONVERTED: Readonly<Record<string, readonly string[]>> = {
  'editcap-cut.pcap': ['-F', 'pcap', '-s', '60'],
}

let folder = ''
/** What tshark says of each file. */
const dissected = new Map<string, Row[]>()
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'foresend-'))
  for (const [name, bytes] of Object.entries(MADE)) writeFileSync(join(folder, name), bytes)
  for (const name of REAL) writeFileSync(join(folder, name), readFileSync(new URL(name, CAPTURES)))
  if (hasEditcap) {
    for (const [name, flags] of Object.entries(CONVERTED))
      await run('editcap', [...flags, join(folder, 'pcap.pcap'), join(folder, name)])
  }
  if (!hasTshark) return
  // Its start takes half a second: two at a time.
  const [odd, even] = [NAMES.filter((_, i) => i % 2 === 1), NAMES.filter((_, i) => i % 2 === 0)]
  await Promise.all(
    [odd, even].map(async (names) => {
      for (const name of names) dissected.set(name, await dissect(name))
    }),
  )
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A start of tshark takes half a second: the byte orders and units that differ most. */
const NAMES = [...Object.keys(MADE).slice(1), ...REAL, ...(hasEditcap ? Object.keys(CONVERTED) : [])]

const FIELDS = [
  'frame.number',
  'frame.time_epoch',
  'frame.cap_len',
  'frame.len',
  'tftp.opcode',
  'tftp.block',
  'tftp.error.code',
  'udp.srcport',
  'udp.dstport',
  'udp.checksum.status',
  'icmp.type',
  'ip.reassembled.length',
] as const
type Row = Readonly<Record<(typeof FIELDS)[number], string>>

describe.skipIf(!hasTshark).each(NAMES)('tshark and Foresend agree on %s:', (name) => {
  let rows: Row[] = []
  let file = new Uint8Array(0)
  beforeAll(() => {
    rows = dissected.get(name) ?? []
    file = readFileSync(join(folder, name))
  })

  test('number, time, and both lengths of each frame', () => {
    const read: string[][] = []
    const reader = new CaptureReader(name, {
      record: (r) => {
        const time = `${r.seconds}.${String(r.nanos).padStart(9, '0')}`
        read.push([String(r.number), time, String(r.length), String(r.originalBytes)])
      },
      comment: () => {},
    })
    reader.push(file)
    expect(reader.end().broken).toBeUndefined()
    expect(read).toEqual(frameRows(rows))
  })

  test('kind, block, ports, length and checksum of each packet of TFTP', () => {
    const ofTftp = rows.filter(
      (row) => row['tftp.opcode'] !== '' && row['icmp.type'] === '' && row['ip.reassembled.length'] === '',
    )
    const seen = readAll(file).transfers.flatMap(packetsOf)
    expect(seen.sort((a, b) => Number(a[0]) - Number(b[0]))).toEqual(
      ofTftp.map((row) => [
        row['frame.number'],
        row['tftp.opcode'],
        row['tftp.block'],
        row['tftp.error.code'],
        row['udp.srcport'],
        row['udp.dstport'],
        row['frame.len'],
        row['udp.checksum.status'],
      ]),
    )
    expect(seen.length).toBeGreaterThan(8)
  })
})

const frameRows = (rows: readonly Row[]) =>
  rows.map((row) => [row['frame.number'], row['frame.time_epoch'], row['frame.cap_len'], row['frame.len']])

/** A transfer's packets as tshark shows them; those in fragments are shown with their last one, and left out here. */
function packetsOf({ packets: p, request, client, server, checksums }: CapturedTransfer): string[][] {
  const whole = Array.from({ length: p.length }, (_, i) => i).filter((i) => (p.flags(i) & PACKET_FLAG.fragmented) === 0)
  return whole.map((i) => {
    const kind = p.kind(i)
    const serverPort = kind === 'rrq' || kind === 'wrq' ? (request?.toPort ?? 0) : server.port
    const ports = p.fromClient(i) ? [client.port, serverPort] : [serverPort, client.port]
    const block = kind === 'data' || kind === 'ack' ? p.block(i) : ''
    const code = kind === 'error' ? p.block(i) : ''
    // tshark calls sums bad that the card adds later, and cannot verify a cut packet.
    const isOffloaded = (p.fromClient(i) ? checksums.client : checksums.server).offloaded > 0
    const isBad = isOffloaded || (p.flags(i) & PACKET_FLAG.badChecksum) !== 0
    const status = (p.flags(i) & PACKET_FLAG.cut) !== 0 ? 2 : isBad ? 0 : 1
    return [p.number(i), PACKET_KIND[kind], block, code, ...ports, p.frameBytes(i), status].map(String)
  })
}

test('the real captures are understood', () => {
  const { transfers } = readAll(readFileSync(new URL('tftp-hpa.pcap', CAPTURES)))
  expect(transfers.map((t) => [t.request?.filename, t.outcome.type, t.agreed.blksize, t.blocks.bytes])).toEqual([
    ['small.bin', 'complete', 512, 700],
    ['small.bin', 'complete', 1024, 700],
    ['none.bin', 'error', 512, 0],
  ])
  const curl = readAll(readFileSync(new URL('foresend-curl.pcap', CAPTURES)))
  expect(curl.transfers.map((t) => [t.request?.filename, t.agreed.blksize, t.outcome.type])).toEqual([
    ['big.bin', 512, 'silent'],
    ['big.bin', 8192, 'silent'],
    ['small.bin', 512, 'complete'],
    ['none.bin', 512, 'error'],
  ])
  expect(curl.transfers[0].sideEvents.map((e) => e.type)).toEqual(['icmp', 'neighbour-question', 'neighbour-answer'])
  expect(curl.transfers[1].checksums.server).toMatchObject({ good: expect.any(Number), bad: 0 })
})

/** What tshark says of each frame. */
async function dissect(name: string): Promise<Row[]> {
  const flags = [
    '-n',
    '-o',
    'udp.check_checksum:TRUE',
    '-r',
    join(folder, name),
    '-T',
    'fields',
    '-E',
    'separator=|',
    '-E',
    'occurrence=f',
  ]
  const output = await run('tshark', [...flags, ...FIELDS.flatMap((field) => ['-e', field])])
  const lines = output.trimEnd().split('\n')
  return lines.map((line) => {
    const values = line.split('|')
    return Object.fromEntries(FIELDS.map((field, i) => [field, values[i]])) as Row
  })
}

/** Rejects with what the program says when it fails. */
async function run(program: string, args: readonly string[]): Promise<string> {
  return (await promisify(execFile)(program, args)).stdout
}
