/**
 * How fast and in how much memory captures are read: `node test/fuzz/capture-speed.ts [MEGABYTES] [transfers|one|flood]`. The capture is made
 * in memory piece by piece: transfers of 8 MB one after the other, one that never ends, or requests from made-up addresses.
 */
import { CaptureTransfers } from '../../src/capture/transfers.ts'
import { ethernet, ip, LINK, packet, pcap, udp } from '../golden/capture-maker.ts'

const wanted = Number(process.argv[2] ?? 1000) * 1e6
const kind = process.argv[3] ?? 'transfers'
const PIECE_BYTES = 256 * 1024
const BLOCKS = kind === 'one' ? Infinity : kind === 'flood' ? 0 : 16_384
const [CLIENT, SERVER] = ['10.0.0.1', '10.0.0.2']
/** Where a frame of Ethernet, IPv4 and UDP has its parts, behind the 16 bytes of pcap. */
const AT = { source: 16 + 26, ports: 16 + 34, block: 16 + 44 } as const

/** A record of pcap with one frame, whose checksum is left out. */
function record(fromClient: boolean, payload: Uint8Array): Uint8Array {
  const [from, to] = fromClient ? [CLIENT, SERVER] : [SERVER, CLIENT]
  const [fromPort, toPort] = fromClient ? [2070, 40_000] : [40_000, 2070]
  const datagram = udp(from, to, fromPort, toPort, payload, { checksum: 'none' })
  const bytes = ethernet('02:00:00:00:00:01', '02:00:00:00:00:02', 0x0800, ip(from, to, datagram))
  return pcap([{ ms: 0, bytes }], { linkType: LINK.ethernet }).subarray(24)
}

const request = record(true, packet.rrq('image.bin'))
new DataView(request.buffer, request.byteOffset).setUint16(AT.ports + 2, 69)
const data = record(false, packet.data(0, 512))
const last = record(false, packet.data(0, 100))
const ack = record(true, packet.ack(0))

let [transfers, made, filled, ms] = [0, 0, 0, 0]
const piece = new Uint8Array(PIECE_BYTES)
const reader = new CaptureTransfers('speed', () => transfers++)
let [readMs, readerStartedAt] = [0, 0]

function flush(): void {
  readerStartedAt = performance.now()
  reader.push(piece.subarray(0, filled))
  readMs += performance.now() - readerStartedAt
  made += filled
  filled = 0
}

function add(bytes: Uint8Array, block: number, client: number): void {
  if (filled + bytes.length > PIECE_BYTES) flush()
  piece.set(bytes, filled)
  const view = new DataView(piece.buffer, filled)
  ms += 0.05
  view.setUint32(0, 1_700_000_000 + Math.floor(ms / 1000), true)
  view.setUint32(4, Math.round((ms % 1000) * 1000), true)
  if (block > 0) view.setUint16(AT.block, block & 0xffff)
  const atClient = bytes === data || bytes === last ? AT.source + 4 : AT.source
  view.setUint16(atClient, 0x0a00 | ((client >>> 16) & 255))
  view.setUint16(atClient + 2, client & 0xffff)
  filled += bytes.length
}

piece.set(pcap([]))
filled = 24
for (let client = 1; made + filled < wanted; client++) {
  add(request, 0, client)
  for (let n = 1; n <= BLOCKS && made + filled < wanted; n++) {
    add(n === BLOCKS ? last : data, n, client)
    add(ack, n, client)
  }
}
flush()
const { frames } = reader.end()
const { maxRSS } = process.resourceUsage()
console.log(
  `${(made / 1e6).toFixed(0)} MB, ${frames} frames, ${transfers} transfers: ${(readMs / 1000).toFixed(1)} s, ` +
    `${(made / 1e6 / (readMs / 1000)).toFixed(0)} MB/s, at most ${(maxRSS / 1024).toFixed(0)} MB of memory`,
)
