import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { fuzzEndpoint } from './endpoint-fuzz.ts'

/** `npm run fuzz` does fifty times as many. */
const PACKETS = 200_000
/** Compiled code and caches; a leak of five bytes for each packet of the second half would be as much. */
const MOST_GROWTH_BYTES = 500_000

test('packets that nobody should send: bounded answers, bounded memory, no transfer stuck, no honest file wrong', () => {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as () => void
  const report = fuzzEndpoint({ seed: 20_261_122, packets: PACKETS, collectGarbage: gc })

  const [half, end] = report.heapBytes
  expect(end - half).toBeLessThan(MOST_GROWTH_BYTES)
  // The noise reached what it was made for.
  expect(report.packets).toBe(PACKETS)
  expect(report.mostTransfers).toBeGreaterThan(150)
  expect(report.furthestBlock).toBeGreaterThan(1000)
  expect(report.whole).toBeGreaterThan(1000)
  expect(report.failed).toBeGreaterThan(100)
  expect([...report.events.keys()]).toEqual(
    expect.arrayContaining([
      'requested',
      'started',
      'completed',
      'probed',
      'superseded ERR_TFTP_ABORTED',
      'refused ERR_TFTP_NOT_FOUND',
      'refused ERR_TFTP_BAD_REQUEST',
      'failed ERR_TFTP_BUSY',
      'failed ERR_TFTP_PEER_ERROR',
      'failed ERR_TFTP_PROTOCOL',
      'failed ERR_TFTP_UNREACHABLE',
      'failed ERR_TFTP_TIMEOUT',
      'failed ERR_TFTP_DISK_FULL',
    ]),
  )
})
