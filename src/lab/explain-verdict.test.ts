import { describe, expect, test } from 'vitest'
import type { ExplainedCell, ExplainedServer } from './explain.ts'
import { judgeFault } from './explain-verdict.ts'

const BASE = {
  fault: 'ack-loss',
  kinds: {},
  reportedSuccess: 0,
  ms: 1,
  holes: 0,
  clientTimeouts: 0,
  serverTimeouts: 0,
  datagramsPerBlock: 1,
} as const

/** A device that does exactly what was reported. */
const REPORTED: Record<string, ExplainedCell> = {
  'tftp-hpa-5.2': row('tftp-hpa-5.2', { outcome: 'both-know-it-failed', blocks: 300, clientTimeouts: 10 }),
  'tftpd64-1000': row('tftpd64-1000', { outcome: 'intact', rateKBytesPerSec: 10, serverTimeouts: 500 }),
  'tftpd64-3584': row('tftpd64-3584', { outcome: 'both-know-it-failed', blocks: 400 }),
  'pytftpd-2': row('pytftpd-2', { outcome: 'intact', rateKBytesPerSec: 200 }),
}

function row(server: ExplainedServer, changes: Partial<ExplainedCell>): ExplainedCell {
  return { ...BASE, server, outcome: 'intact', blocks: 15_872, rateKBytesPerSec: 1000, ...changes }
}

function fits(server: ExplainedServer, changes: Partial<ExplainedCell>): string {
  const cells = Object.values(REPORTED).map((c) => (c.server === server ? { ...c, ...changes } : c))
  const verdict = judgeFault('ack-loss', cells)
  return `${verdict.fit}: ${verdict.observations.map((o) => o.fit).join(' ')}`
}

describe('a fault is judged by its three observations', () => {
  test('what was reported fits in size', () => {
    expect(fits('pytftpd-2', {})).toBe('size: size size size')
  })

  test.each<[string, ExplainedServer, Partial<ExplainedCell>, string]>([
    ['lock-step finishes', 'tftp-hpa-5.2', { outcome: 'intact' }, 'no: no size size'],
    ['lock-step dies late', 'tftp-hpa-5.2', { blocks: 900 }, 'kind: kind size size'],
    ['lock-step hardly starts', 'tftp-hpa-5.2', { blocks: 5 }, 'no: no size size'],
    ['lock-step has no timeouts', 'tftp-hpa-5.2', { clientTimeouts: 0 }, 'no: no size size'],
    ['Tftpd64 dies', 'tftpd64-1000', { outcome: 'both-know-it-failed' }, 'no: size no size'],
    ['Tftpd64 at 40 kB/s', 'tftpd64-1000', { rateKBytesPerSec: 40 }, 'kind: size kind size'],
    ['Tftpd64 at full speed', 'tftpd64-1000', { rateKBytesPerSec: 3000 }, 'no: size no no'],
    ['Tftpd64 faster with 8', 'tftpd64-3584', { outcome: 'intact', rateKBytesPerSec: 50 }, 'no: size no size'],
    ['Tftpd64 slower with 8', 'tftpd64-3584', { outcome: 'intact', rateKBytesPerSec: 5 }, 'size: size size size'],
    ['PyTFTPd leaves holes', 'pytftpd-2', { outcome: 'hole', holes: 22 }, 'no: size size no'],
    ['PyTFTPd at 300 kB/s', 'pytftpd-2', { rateKBytesPerSec: 300 }, 'kind: size size kind'],
    ['PyTFTPd no better than Tftpd64', 'pytftpd-2', { rateKBytesPerSec: 20 }, 'no: size size no'],
    ['the device times out', 'pytftpd-2', { clientTimeouts: 3 }, 'no: size size no'],
    ['the last ACK is lost', 'pytftpd-2', { outcome: 'intact-but-server-failed' }, 'size: size size size'],
  ])('%s', (_what, server, changes, expected) => {
    expect(fits(server, changes)).toBe(expected)
  })

  test.each<[Parameters<typeof row>[1], string]>([
    [{ outcome: 'hole', holes: 22 }, 'leaves 22 holes in the image, and reports success'],
    [{ outcome: 'hole', holes: 1 }, 'leaves 1 hole in the image, and reports success'],
  ])('says what differs, with the numbers: %j', (changes, says) => {
    const cells = Object.values(REPORTED).filter((c) => c.server !== 'pytftpd-2')
    cells.push(row('pytftpd-2', changes))
    expect(judgeFault('ack-loss', cells).observations[2].differences).toEqual([`PyTFTPd with 2 packets ${says}`])
  })

  test('a missing cell is a mistake of the caller', () => {
    expect(() => judgeFault('data-loss', Object.values(REPORTED))).toThrow('no cell for data-loss with tftp-hpa-5.2')
  })
})
