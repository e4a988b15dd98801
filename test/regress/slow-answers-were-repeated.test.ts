/**
 * A healthy near client whose round trip is longer than the first timeout of 250 ms got each block twice: the ACK of a repeated block is no
 * sample (Karn's rule), so no round trip was ever known. One that stops to erase its flash got eight datagrams in each of its pauses.
 */
import { describe, expect, test } from 'vitest'
import type { Fault } from '../../src/lab/index.ts'
import { CLIENTS, type ClientName } from '../../src/lab/device/clients.ts'
import { OPCODE, readBlock, readOpcode } from '../../src/packet/index.ts'
import { boot, type BootSpec, faultOf } from '../sim/figures-boot.ts'

/** Counts repeats: it gets none before its own timer has spoken (A13). */
const COUNTS_REPEATS: ClientName = 'rpi4-rom'
/** Its receiver asks again before the round trip is known. */
const OWN: ClientName = 'foresend-get'
const OTHERS = (Object.keys(CLIENTS) as ClientName[]).filter((name) => name !== COUNTS_REPEATS && name !== OWN)
/** A silent client gets eight questions in a second; some take a second pause to show that they pause. */
const MOST = 20
/** A window leaves again as a whole, which is no question (N4). */
const WINDOWED: readonly string[] = ['edk2', 'window'] satisfies ClientName[]
const MOST_OF_WINDOWS = 32
const BLOCKS = 300

function mostOf(client: ClientName): number {
  return WINDOWED.includes(client) ? MOST_OF_WINDOWS : MOST
}

/** Datagrams beyond one for each block. */
function surplus(spec: Omit<BootSpec, 'sizeBytes' | 'seed'>): number {
  const { client, values } = spec
  const parameters: Readonly<Record<string, { readonly usual: number }>> = CLIENTS[client].parameters
  const blksize = Number(values?.blksize ?? parameters.blksize?.usual ?? 512)
  const { intact, datagramsPerBlock } = boot({ ...spec, sizeBytes: blksize * BLOCKS - 1, seed: 1 })
  expect(intact).toBe(true)
  return Math.round((datagramsPerBlock - 1) * BLOCKS)
}

/** The device looks at nothing for `pauseMs` when a block that `isSlow` says comes, and then at all that came meanwhile. */
function busy(isSlow: (block: number) => boolean, pauseMs: number): Fault {
  const seen = new Set<number>()
  let until = 0
  return {
    type: 'busy',
    side: 'arriving',
    apply(now, frame, out) {
      const isData = readOpcode(frame.buffer, frame.offset, frame.length) === OPCODE.data
      const block = isData ? readBlock(frame.buffer, frame.offset) : 0
      if (isData && isSlow(block) && !seen.has(block)) until = Math.max(until, now) + pauseMs
      seen.add(block)
      out.pass(frame, Math.max(0, until - now))
    },
  }
}

describe.each([260, 300, 400, 700, 900])('A6: a round trip of %d ms', (rttMs) => {
  test.each(OTHERS)('%s gets DATA 1 again at most, twice', (client) => {
    expect(surplus({ client, link: { delayMs: rttMs / 2 } })).toBeLessThanOrEqual(2)
  })
})

describe.each([300, 500, 700, 900])('A6: %d ms for a block', (pauseMs) => {
  test.each(OTHERS)('%s, the first one: only that one is repeated', (client) => {
    const down = [busy((block) => block === 1, pauseMs)]
    expect(surplus({ client, down })).toBeLessThanOrEqual(mostOf(client))
  })

  // Of a window of sixteen a device that pauses loses what its card cannot hold.
  test.each(OTHERS.filter((name) => name !== 'window'))(
    '%s, each tenth one: only the first of them are repeated',
    (client) => {
      const down = [busy((block) => block % 10 === 0, pauseMs)]
      expect(surplus({ client, down })).toBeLessThanOrEqual(mostOf(client))
    },
  )

  test.each(OTHERS.filter((name) => !WINDOWED.includes(name)))('%s, behind each tenth one', (client) => {
    const { fault } = faultOf('slow-flash')
    expect(surplus({ client, faults: [{ fault, values: { everyBlocks: 10, pauseMs } }] })).toBeLessThanOrEqual(MOST)
  })
})
