import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readAll } from '../../test/golden/capture-scene.ts'
import { tempFolder } from '../../test/support/temp-folder.ts'
import { encodeRequest } from '../packet/index.ts'
import { type RecordedTransfer, recordingOf } from './recorder-file.ts'
import { TransferLog } from './recorder-log.ts'

const RRQ = encodeRequest({
  opcode: 1,
  filename: 'image',
  mode: 'octet',
  options: [{ name: 'blksize', value: '1000' }],
})
const OACK = Buffer.from('\0\x06blksize\x001000\0', 'latin1')
const ack = (block: number): Uint8Array => Uint8Array.of(0, 4, block >> 8, block & 255)
const hasTshark = spawnSync('tshark', ['--version']).status === 0

function transfer(change: Partial<RecordedTransfer> = {}): RecordedTransfer {
  return {
    startMs: 1_700_000_000_000,
    peer: '192.168.0.1',
    peerPort: 2070,
    local: '192.168.0.66',
    requestPort: 69,
    localPort: 40_000,
    blksize: 1000,
    rollover: 0,
    sizeBytes: 2500,
    name: 'x.pcapng',
    comment: 'a test',
    ...change,
  }
}

function begun(budget = { left: 1 << 20 }, most = 1 << 16): TransferLog {
  const log = new TransferLog(budget, most)
  log.received(0, RRQ, 0, RRQ.length)
  return log
}

describe('a recording', () => {
  test('is in the order of time, also where datagrams came together and the answer to the first left before the second was read', () => {
    const log = begun()
    log.sentBlocks(1, 1, 2)
    log.received(2, ack(1), 0, 4)
    log.sentBlocks(2.4, 3, 2)
    log.received(2, ack(2), 0, 4)
    log.sentBlocks(2.6, 5, 1)
    const { words } = log.take()
    const entries = Array.from({ length: words.length / 2 }, (_, i) => [words[2 * i], words[2 * i + 1] & 0x0fff_ffff])
    expect(entries).toEqual([
      [0, 0],
      [1000, 1],
      [1000, 2],
      [2000, 1],
      [2000, 2],
      [2400, 3],
      [2400, 4],
      [2600, 5],
    ])
  })

  test('shows each packet with its time, both ends and its length on the wire, as capture and Wireshark read it', () => {
    const log = begun()
    log.sent(1, OACK, OACK.length)
    log.received(2, ack(0), 0, 4)
    log.sentBlocks(3, 1, 2)
    log.received(4.5, ack(1), 0, 4)
    log.received(5, ack(2), 0, 4)
    log.sentBlocks(6, 3, 1)
    log.received(7, ack(3), 0, 4)
    const bytes = recordingOf(transfer(), log.take(), 1 << 20)
    const { transfers, summary } = readAll(bytes)
    expect(transfers).toHaveLength(1)
    const { packets, outcome, request, agreed, blocks } = transfers[0]
    const shown = Array.from({ length: packets.length }, (_, i) => [
      packets.timeMs(i),
      packets.kind(i),
      packets.seq(i),
      packets.payloadBytes(i),
    ])
    expect(shown).toEqual([
      [0, 'rrq', 0, expect.any(Number)],
      [1, 'oack', 0, expect.any(Number)],
      [2, 'ack', 0, expect.any(Number)],
      [3, 'data', 1, 1000],
      [3, 'data', 2, 1000],
      [4.5, 'ack', 1, expect.any(Number)],
      [5, 'ack', 2, expect.any(Number)],
      [6, 'data', 3, 500],
      [7, 'ack', 3, expect.any(Number)],
    ])
    expect([outcome.type, request?.filename, agreed.blksize, blocks.bytes]).toEqual(['complete', 'image', 1000, 2500])
    // DATA is cut, and so cannot be checked.
    expect(transfers[0].checksums).toMatchObject({ client: { good: 5, bad: 0 }, server: { good: 1, bad: 0 } })
    expect(summary.comments[0]?.text).toBe('a test')
    if (!hasTshark) return
    const file = join(tempFolder(), 'x.pcapng')
    writeFileSync(file, bytes)
    const fields = ['ip.src', 'udp.srcport', 'udp.dstport', 'udp.length', 'tftp.opcode', '_ws.malformed'].flatMap(
      (name) => ['-e', name],
    )
    const { stdout } = spawnSync('tshark', ['-r', file, '-T', 'fields', ...fields], { encoding: 'utf8' })
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split('\t'))
    expect(lines).toHaveLength(9)
    expect(lines[0].slice(0, 3)).toEqual(['192.168.0.1', '2070', '69'])
    expect(lines[3].slice(0, 5)).toEqual(['192.168.0.66', '40000', '2070', '1012', '3'])
    expect(lines.map((line) => line[5] ?? '').join('')).toBe('')
  })

  test('an upload has its blocks with their lengths', () => {
    const log = new TransferLog({ left: 1000 }, 1000)
    const data = (block: number, bytes: number): Uint8Array =>
      Uint8Array.from([0, 3, 0, block, ...new Uint8Array(bytes)])
    for (const [block, bytes] of [
      [1, 512],
      [2, 512],
      [3, 100],
    ]) {
      const packet = data(block, bytes)
      log.received(block, packet, 0, packet.length)
      log.sent(block + 0.5, ack(block), 4)
    }
    const { transfers } = readAll(recordingOf(transfer({ blksize: 512, sizeBytes: undefined }), log.take(), 1 << 20))
    const { packets } = transfers[0]
    const lengths = Array.from({ length: packets.length }, (_, i) =>
      packets.kind(i) === 'data' ? packets.payloadBytes(i) : 'ack',
    )
    expect(lengths).toEqual([512, 'ack', 512, 'ack', 100, 'ack'])
  })

  test('a full log keeps the beginning and the end, and says what is missing', () => {
    const budget = { left: 1 << 20 }
    const log = begun(budget, 256)
    for (let seq = 1; seq <= 1000; seq++) log.sentBlocks(seq, seq, 1)
    const content = log.take()
    expect(content.words.length / 2).toBe(256)
    expect(content.leftOut).toBe(1001 - 256)
    const numbers = Array.from({ length: 255 }, (_, i) => content.words[2 * (i + 1) + 1] & 0x0fff_ffff)
    expect(numbers).toEqual([
      ...Array.from({ length: 63 }, (_, i) => i + 1),
      ...Array.from({ length: 192 }, (_, i) => 809 + i),
    ])
    expect(budget.left).toBe(1 << 20)
    const { summary } = readAll(recordingOf(transfer({ sizeBytes: 1e9 }), content, 1 << 20))
    expect(summary.comments[0]?.text).toMatch(/^a test; 745 packets or more are left out/)
  })

  test('logs together have a bound', () => {
    const budget = { left: 300 }
    const logs = Array.from({ length: 4 }, () => begun(budget))
    for (const log of logs) for (let seq = 1; seq <= 1000; seq++) log.sentBlocks(seq, seq, 1)
    expect(budget.left).toBeGreaterThanOrEqual(-64)
    for (const log of logs) log.take()
    expect(budget.left).toBe(300)
  })

  test.each([1000, 5000, 100_000])('is no larger than %i bytes', (maxBytes) => {
    const log = begun()
    log.sentBlocks(1, 1, 3000)
    const bytes = recordingOf(transfer({ sizeBytes: 1e9 }), log.take(), maxBytes)
    expect(bytes.length).toBeLessThanOrEqual(maxBytes)
    expect(readAll(bytes).summary.broken).toBeUndefined()
  })
})
