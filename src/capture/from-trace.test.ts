import { describe, expect, test } from 'vitest'
import { Traces } from '../transfer/trace.ts'
import { diagnose } from './diagnosis/index.ts'
import { type TracedTransfer, transferFromTrace } from './from-trace.ts'

const ack = (block: number): Uint8Array => Uint8Array.of(0, 4, block >> 8, block & 255)

function traced(change: Partial<TracedTransfer> = {}): TracedTransfer {
  return {
    id: 7,
    startMs: 1000,
    client: { address: '192.168.0.1', port: 2070 },
    server: { address: '192.168.0.66', port: 69 },
    direction: 'read',
    filename: 'test.bin',
    mode: 'octet',
    options: [{ name: 'timeout', value: '1' }],
    agreed: { blksize: 512, windowsize: 1, timeoutMs: 1000, rollover: 0, oack: [{ name: 'timeout', value: '1' }] },
    sizeBytes: 100_000_000,
    end: { type: 'silent' },
    counted: { blocks: 0, bytes: 0, datagrams: 0, acks: 0 },
    ...change,
  }
}

/** The trace of a transfer in which `play` happened. */
function wordsOf(play: (traces: Traces) => void): Uint32Array {
  const traces = new Traces()
  traces.begin(0)
  traces.requested(0, 0, 1)
  play(traces)
  return traces.copy(0)
}

describe('transferFromTrace', () => {
  test('makes the packets of a capture of it: times, directions, runs of blocks, repeats, bytes', () => {
    const words = wordsOf((t) => {
      t.sentControl(0, 1, Uint8Array.of(0, 6, 97, 0), 4)
      t.received(0, 2, ack(0), 0, 4)
      t.sentBlocks(0, 3, 1, 3)
      t.received(0, 4, ack(3), 0, 4)
      t.sentBlocks(0, 5, 3, 1)
      t.requested(0, 6, 1)
      t.received(0, 7, Uint8Array.of(0, 5, 0, 2, 0), 0, 5)
    })
    const transfer = transferFromTrace(
      traced({ sizeBytes: 1500, end: { type: 'refused', wireCode: 2, message: '' } }),
      words,
    )
    const { packets } = transfer
    const shown = Array.from({ length: packets.length }, (_, i) =>
      [
        packets.number(i),
        packets.timeMs(i),
        packets.fromClient(i),
        packets.kind(i),
        packets.seq(i),
        packets.payloadBytes(i),
        packets.flags(i),
      ].join(' '),
    )
    expect(shown).toEqual([
      '0 0 true rrq 0 0 0',
      '1 1 false oack 0 0 0',
      '2 2 true ack 0 0 0',
      '3 3 false data 1 512 0',
      '4 3 false data 2 512 0',
      '4 3 false data 3 476 0',
      '5 4 true ack 3 0 0',
      '6 5 false data 3 476 1',
      '7 6 true rrq 0 0 1',
      '8 7 true error 0 0 0',
    ])
    expect(transfer).toMatchObject({
      source: 'trace',
      endMs: 7,
      request: { filename: 'test.bin', count: 2, sent: [{ timeMs: 0 }, { timeMs: 6 }] },
      blocks: { highest: 3, final: 3, highestAcknowledged: 3 },
      outcome: { type: 'error', from: 'client', wireCode: 2, number: 8 },
      fromClient: 5,
      fromServer: 5,
    })
  })

  test.each([0, 1] as const)('ACKs are counted on over the end of 16 bits, where %i follows 65535', (rollover) => {
    const words = wordsOf((t) => {
      for (let seq = 131_060; seq < 131_100; seq++) {
        t.sentBlocks(0, seq, seq, 1)
        t.received(0, seq + 0.5, ack(rollover === 0 ? seq & 0xffff : ((seq - 1) % 0xffff) + 1), 0, 4)
      }
    })
    const agreed = { blksize: 512, windowsize: 1, timeoutMs: undefined, rollover, oack: [] }
    const { packets, blocks } = transferFromTrace(traced({ agreed }), words)
    for (let i = 1; i < packets.length; i++) expect(packets.seq(i)).toBe(Math.floor(packets.timeMs(i)))
    expect(blocks).toMatchObject({ highest: 131_099, highestAcknowledged: 131_099 })
  })

  test('of a long transfer it says how much is missing, and nothing of that is blamed', () => {
    const words = wordsOf((t) => {
      for (let seq = 1; seq <= 1000; seq++) {
        t.sentBlocks(0, seq, seq, 1)
        t.received(0, seq + 0.25, ack(seq), 0, 4)
      }
    })
    const counted = { blocks: 1000, bytes: 512_000, datagrams: 1000, acks: 1000 }
    const transfer = transferFromTrace(traced({ counted }), words)
    expect(transfer.packets.seen).toBe(2001)
    expect(transfer.packets.thinnedBefore(1)).toBe(2000 - words.length / 2)
    expect(transfer.request?.count).toBe(1)
    expect(diagnose(transfer).causes).toEqual([])
  })

  test('an upload has its blocks numbered on from what was stored', () => {
    const words = wordsOf((t) => {
      for (let seq = 1; seq <= 70_000; seq++) {
        t.received(0, seq, Uint8Array.of(0, 3, (seq >> 8) & 255, seq & 255), 0, 4)
        t.sentControl(0, seq + 0.25, ack(seq & 0xffff), 4)
      }
    })
    const counted = { blocks: 70_000, bytes: 70_000 * 512, datagrams: 70_000, acks: 70_000 }
    const { packets, blocks } = transferFromTrace(traced({ direction: 'write', counted, sizeBytes: undefined }), words)
    for (let i = 1; i < packets.length; i++) expect(packets.seq(i)).toBe(Math.floor(packets.timeMs(i)))
    expect(blocks.highest).toBe(70_000)
  })

  test('blocks that are repeated right behind new ones are no sign of a server that mixes numbers up', () => {
    const words = wordsOf((t) => {
      t.sentBlocks(0, 1, 1, 16)
      t.sentBlocks(0, 1.01, 5, 4)
      t.received(0, 2, ack(16), 0, 4)
    })
    const agreed = { blksize: 512, windowsize: 16, timeoutMs: undefined, rollover: 0 as const, oack: [] }
    const transfer = transferFromTrace(traced({ agreed, sizeBytes: 15 * 512 + 1, end: { type: 'complete' } }), words)
    expect(diagnose(transfer).causes.map(({ id }) => id)).not.toContain('cumulative-server-hole')
  })

  test('two entries for a window of 65,535 blocks, again and again, do not become more packets than memory', () => {
    const words = wordsOf((t) => {
      for (let i = 0; i < 12; i++) t.sentBlocks(0, i, 1, 65_535)
    })
    expect(transferFromTrace(traced(), words).packets.length).toBeLessThan(70_000)
  })

  test('what the system says of a closed port is the sign of it', () => {
    const words = wordsOf((t) => t.sentBlocks(0, 1, 1, 1))
    const { causes } = diagnose(transferFromTrace(traced({ end: { type: 'gone' } }), words))
    expect(causes.map(({ id }) => id)).toContain('unreachable')
  })
})
