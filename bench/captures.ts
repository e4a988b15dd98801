/**
 * What a large capture costs `foresend diagnose`: `npm run bench:captures -- [--bytes N] [--only NAME]`. Each row is a capture of that size (1 GB) in the
 * temporary folder, read by one process. Exit code 1 when a row takes more than LIMIT_SECONDS or LIMIT_BYTES of memory.
 */
import { spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { parseArgs } from 'node:util'
import { pcapngDatagram, pcapngHeader } from '../src/capture/pcapng.ts'
import { Rng } from '../src/lab/index.ts'
import { packet } from '../test/golden/capture-maker.ts'
import { FORESEND } from './servers.ts'

interface Kind {
  readonly name: string
  readonly fileBytes: number
  readonly blksize: number
  readonly windowsize: number
  /** Of the blocks; each leaves again after 100 ms. */
  readonly lost: number
}

const KINDS: readonly Kind[] = [
  { name: 'one transfer', fileBytes: Infinity, blksize: 1468, windowsize: 1, lost: 0 },
  { name: 'one transfer, 1 % lost', fileBytes: Infinity, blksize: 512, windowsize: 1, lost: 0.01 },
  { name: '50 MB each, windows of 16', fileBytes: 5e7, blksize: 1468, windowsize: 16, lost: 0 },
  { name: '1 MB each, 1 % lost', fileBytes: 1e6, blksize: 1428, windowsize: 1, lost: 0.01 },
  { name: '3 kB each, 1 % lost', fileBytes: 3000, blksize: 512, windowsize: 1, lost: 0.01 },
]
const LIMIT_SECONDS = 20
const LIMIT_BYTES = 300e6
const PIECE_BYTES = 1 << 22
const LOST_MS = 100

/** Writes a capture of at least `bytes` bytes. */
function write(path: string, bytes: number, { fileBytes, blksize, windowsize, lost }: Kind): void {
  const fd = openSync(path, 'w')
  const rng = new Rng(1, 'captures')
  let pieces: Uint8Array[] = [pcapngHeader('bench')]
  let heldBytes = 0
  let writtenBytes = 0
  let timeMs = 1_700_000_000_000
  const flush = (): void => {
    writtenBytes += writeSync(fd, Buffer.concat(pieces))
    pieces = []
    heldBytes = 0
  }
  for (let n = 1; writtenBytes < bytes; n++) {
    const client = { address: `10.0.${(n >>> 8) & 255}.${n & 255}`, port: 1024 + ((n * 7) % 60_000) }
    const server = { address: '10.1.0.1', port: 1024 + ((n * 13) % 60_000) }
    const add = (isUp: boolean, payload: Uint8Array, afterMs: number, port = server.port): void => {
      timeMs += afterMs
      const block = pcapngDatagram({
        timeUs: Math.round(timeMs * 1000),
        source: isUp ? client.address : server.address,
        sourcePort: isUp ? client.port : port,
        destination: isUp ? server.address : client.address,
        destinationPort: isUp ? port : client.port,
        payload,
      })
      pieces.push(block)
      heldBytes += block.length
      if (heldBytes >= PIECE_BYTES) flush()
    }
    const options = ['blksize', String(blksize), ...(windowsize > 1 ? ['windowsize', String(windowsize)] : [])]
    add(true, packet.rrq(`file ${n}`, ...options), 0.1, 69)
    add(false, packet.oack(...options), 0.1)
    add(true, packet.ack(0), 0.1)
    const final = Math.floor(fileBytes / blksize) + 1
    for (let seq = 1; seq <= final && writtenBytes < bytes; seq++) {
      const data = packet.data(seq & 0xffff, seq === final ? fileBytes % blksize : blksize)
      add(false, data, 0.02)
      if (rng.chance(lost)) add(false, data, LOST_MS)
      if (seq % windowsize === 0 || seq === final) add(true, packet.ack(seq & 0xffff), 0.1)
    }
  }
  flush()
  closeSync(fd)
}

const folder = mkdtempSync(join(tmpdir(), 'foresend-captures-'))
const capture = join(folder, 'capture.pcapng')
const memory = join(folder, 'memory')
/** The process itself knows the most memory that it ever had. */
const HOOK = `import{writeFileSync}from'node:fs';process.on('exit',()=>writeFileSync(${JSON.stringify(memory)},String(process.resourceUsage().maxRSS*1024)))`

try {
  const { values } = parseArgs({ options: { bytes: { type: 'string', default: '1e9' }, only: { type: 'string' } } })
  for (const kind of KINDS.filter(({ name }) => values.only === undefined || name.includes(values.only))) {
    write(capture, Number(values.bytes), kind)
    const began = performance.now()
    const ran = spawnSync(
      process.execPath,
      ['--import', `data:text/javascript,${encodeURIComponent(HOOK)}`, FORESEND, 'diagnose', capture],
      {
        stdio: ['ignore', 'ignore', 'pipe'],
        encoding: 'utf8',
      },
    )
    if (ran.status !== 0 && ran.status !== 1) throw new Error(`foresend diagnose failed: ${ran.stderr}`)
    const seconds = (performance.now() - began) / 1000
    const bytes = Number(readFileSync(memory, 'utf8'))
    const isFine = seconds <= LIMIT_SECONDS && bytes <= LIMIT_BYTES
    if (!isFine) process.exitCode = 1
    const size = (statSync(capture).size / 1e6).toFixed(0)
    console.log(
      `${isFine ? 'ok  ' : 'MISS'} ${kind.name.padEnd(26)} ${size} MB  ${seconds.toFixed(1)} s  ${(bytes / 1e6).toFixed(0)} MB of memory`,
    )
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
