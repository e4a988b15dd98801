/** For tests of the history: transfers that ended, and databases to put them in. */
import { rowOf, type Run, type TransferRow } from '../../src/history/batch.ts'
import type { EndedDetails, EndedTransfer } from '../../src/history/contract.ts'
import { Keeper, type KeeperOptions } from '../../src/history/keeper.ts'
import type { DeviceUpdate } from '../../src/profile/memory.ts'
import { Traces } from '../../src/transfer/trace.ts'

export const RUN: Run = { uid: '0123456789abcdef'.repeat(2), version: '0.1.0', node: '24.0.0', startedMs: 1000 }

/** A healthy transfer; `event` and `details` change it. */
export function ended(event: Partial<EndedTransfer['event']> = {}, details: Partial<EndedDetails> = {}): EndedTransfer {
  return {
    event: {
      event: 'completed',
      time: 1_700_000_000_000,
      id: 1,
      client: '192.0.2.7:2001',
      file: 'image.bin',
      direction: 'read',
      bytes: 1000,
      sizeBytes: 1000,
      blocks: 2,
      datagrams: 2,
      retransmitted: 0,
      window: 1,
      blksize: 512,
      ms: 12.5,
      rateBytesPerSec: 80_000,
      crc32: '1a2b3c4d',
      ...event,
    },
    details: {
      device: '02:00:00:00:00:07 1 octet tsize',
      asked: 'tsize=0',
      agreed: 'tsize=1000',
      stalls: 0,
      ...details,
    },
  }
}

export function failed(trace = traceText()): EndedTransfer {
  const reason = 'image.bin to 192.0.2.7:2001: block 2 was never acknowledged'
  const { event } = ended({ event: 'failed', code: 'ERR_TFTP_TIMEOUT', reason })
  const { crc32: _, ...rest } = event
  return { event: rest, details: ended({}, { stalls: 1 }).details, trace }
}

export function rows(...transfers: readonly EndedTransfer[]): TransferRow[] {
  return transfers.map((transfer, index) => rowOf(index + 1, transfer, transfer.trace))
}

/** DATA 1 and 2, ACK 1, and DATA 2 again. */
export function traceText(): string {
  const traces = new Traces()
  traces.begin(0)
  traces.requested(0, 0, 1)
  traces.sentBlocks(0, 1, 1, 2)
  traces.received(0, 2, Uint8Array.of(0, 4, 0, 1), 0, 4)
  traces.sentBlocks(0, 1000, 2, 1)
  const words = traces.copy(0)
  return Buffer.from(words.buffer, words.byteOffset, words.byteLength).toString('base64')
}

export function update(device: string, time: number, windowBlocks?: number): DeviceUpdate {
  return { device, learnt: windowBlocks === undefined ? {} : { window: { windowBlocks, gapMs: 0 } }, time, count: 1 }
}

/** A keeper and what it told the person who runs it. */
export function keeperIn(folder: string, more: Partial<KeeperOptions> = {}): { keeper: Keeper; notices: string[] } {
  const notices: string[] = []
  const notice = (message: string): void => void notices.push(message)
  return { keeper: new Keeper({ folder, run: RUN, notice, ...more }), notices }
}
