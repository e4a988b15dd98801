/** Captures that are made to be slow: time grows with the packets, not with their square. */
import { expect, test } from 'vitest'
import { type CapturedAgreement, PACKET_KIND } from '../../contract.ts'
import { PacketLog } from '../../flow/packet-log.ts'
import { latenciesOf } from '../view/latencies.ts'
import { FAULT_COSTS } from './faults.ts'
import { HABITS } from './habits.ts'
import { scriptOf } from './script.ts'
import { storyOf } from './search.ts'
import { clientTimerOf } from './timer.ts'

/** As many as one transfer keeps. */
const PACKETS = 262_144
/** What grows with the square takes minutes. */
const TIMEOUT_MS = 15_000

/** Packet `i` at a time, from a side, with a block. */
function made(packetOf: (i: number) => { readonly ms: number; readonly fromClient: boolean; readonly seq: number }) {
  const packets = new PacketLog({ most: PACKETS + 1 })
  for (let i = 0; i < PACKETS; i++) {
    const { ms, fromClient, seq } = packetOf(i)
    packets.append(i + 1, ms, fromClient, fromClient ? PACKET_KIND.ack : PACKET_KIND.data, seq & 0xffff, seq, 8, 0, 60)
  }
  return { packets, list: Uint32Array.from({ length: PACKETS }, (_, i) => i) }
}

const HALF = PACKETS / 2
const LATENCY = { medianMs: 1, leastMs: 0, usualMs: 2, latestMs: 2, cleanMs: undefined, inTime: 0, spreadMs: 1 }
const AGREED: CapturedAgreement = {
  blksize: 8,
  blksizeFrom: 'inferred',
  windowsize: 1,
  windowsizeFrom: 'packets',
  timeoutMs: undefined,
  tsizeBytes: undefined,
  rollover: undefined,
  oack: undefined,
}
const NO_TIMER = { ms: undefined, isSure: false }
/** All blocks, and then all of their ACKs, at one moment. */
const ahead = made((i) => ({ ms: 1, fromClient: i >= HALF, seq: (i % HALF) + 1 }))

test('a story of blocks that are all ahead of their ACKs', { timeout: TIMEOUT_MS }, () => {
  const { packets, list } = ahead
  const script = scriptOf({ packets, quietMs: 0, followedUntil: 'idle' }, list, LATENCY, NO_TIMER)
  const terms = { habits: HABITS[0], windowsize: 1, final: Infinity }
  expect(storyOf(script, terms, FAULT_COSTS['data-loss'], Infinity, Infinity)?.read).toBeGreaterThan(1000)
})

test('the latencies of blocks that are all ahead of their ACKs', { timeout: TIMEOUT_MS }, () => {
  expect(latenciesOf(ahead.packets, ahead.list)).toEqual({ medianMs: 0, samples: HALF, windowBlocks: HALF })
})

test('a timer, of waits that all differ', { timeout: TIMEOUT_MS }, () => {
  const { packets, list } = made((i) => ({ ms: i * 300 + i ** 2 / 1e5, fromClient: true, seq: 1 }))
  expect(clientTimerOf({ packets, request: undefined, agreed: AGREED }, list, 20).ms).toBeGreaterThan(200)
})

test('a timer, of waits of which no two are alike', { timeout: TIMEOUT_MS }, () => {
  const packets = new PacketLog({ most: 10 })
  for (const [i, ms] of [0, 400, 1000].entries()) packets.append(i + 1, ms, true, PACKET_KIND.ack, 1, 1, 2, 0, 60)
  expect(clientTimerOf({ packets, request: undefined, agreed: AGREED }, Uint32Array.of(0, 1, 2), 20)).toEqual({
    ms: 400,
    isSure: false,
  })
})
