/**
 * A client may acknowledge each block of its window, and some servers send the whole window again behind each of these ACKs. On a narrow link the copies
 * wait for each other, and each ACK comes at the same time behind the last copy of its block: such healthy transfers had a full receive ring, or a card
 * that shows each frame one frame too late.
 */
import { describe, expect, it } from 'vitest'
import { diagnose } from '../../src/capture/diagnosis/index.ts'
import { packet } from '../golden/capture-maker.ts'
import { Scene } from '../golden/capture-scene.ts'

const WINDOW = 8
const FINAL = 300
const ROUND_TRIP_MS = 0.35

/** The server sends the window behind each ACK. The link takes `blockMs` for a block, and for each packet in its turn. */
function fullLink(blockMs: number): Scene {
  const scene = new Scene()
    .ask(packet.rrq('test.bin', 'windowsize', `${WINDOW}`))
    .server(packet.oack('windowsize', `${WINDOW}`))
  let have = 0
  let nowMs = 0
  let freeMs = 0
  const arriving: { readonly seq: number; readonly ms: number }[] = []
  const acknowledge = (ms: number): void => {
    scene.client(packet.ack(have), { afterMs: ms - nowMs })
    nowMs = ms
    for (let seq = have + 1; seq <= Math.min(FINAL, have + WINDOW); seq++) {
      scene.server(packet.data(seq, seq === FINAL ? 9 : 512), { afterMs: 0 })
      freeMs = Math.max(freeMs, nowMs) + blockMs
      arriving.push({ seq, ms: freeMs + ROUND_TRIP_MS })
    }
  }
  acknowledge(ROUND_TRIP_MS)
  while (arriving.length > 0) {
    const { seq, ms } = arriving.shift()!
    if (seq !== have + 1) continue
    have = seq
    acknowledge(ms)
  }
  return scene
}

describe('a client that acknowledges each block, on a link that copies fill', () => {
  it.each([0.1, 0.45, 1.2, 5])('is healthy where a block takes %s ms', (blockMs) => {
    expect(diagnose(fullLink(blockMs).one()).causes.filter(({ id }) => id !== 'sorcerers-apprentice')).toEqual([])
  })
})
