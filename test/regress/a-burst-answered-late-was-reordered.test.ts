/**
 * U-Boot 1.1.3 loses acknowledgements, and the server sends several blocks ahead. The host of the device was busy: all that had come meanwhile was answered
 * at one late moment. Each of these answers counted as late by itself, and a socket that had kept more than four packets was unknown, so that packets
 * which overtake each other, or arrive twice, were the cheaper story.
 */
import { expect, test } from 'vitest'
import { diagnose } from '../../src/capture/diagnosis/index.ts'
import { packet } from '../golden/capture-maker.ts'
import { Scene } from '../golden/capture-scene.ts'
import { evaluate } from '../diagnosis/evaluation.ts'

const BLOCKS = 600
const AHEAD = 8
const LOST_EVERY = 27

/** `lateMs`: how long the client takes for its answers in a round of the server. */
function firstCause(lateMs: (round: number) => number, isLossy: boolean): string {
  const scene = new Scene().ask(packet.rrq('image.bin'))
  let acks = 0
  let took = 0
  let next = 1
  let missing: number[] = []
  for (let round = 0; next <= BLOCKS || missing.length > 0; round++) {
    const sent = missing
    missing = []
    while (sent.length < AHEAD && next <= BLOCKS) sent.push(next++)
    for (const seq of sent) scene.server(packet.data(seq, seq === BLOCKS ? 100 : 512), { afterMs: 0.01 })
    scene.wait(lateMs(round))
    for (const seq of sent) {
      // It says nothing to the block that it took last.
      if (seq === took || (isLossy && ++acks % LOST_EVERY === 0)) missing.push(seq)
      else scene.client(packet.ack(seq), { afterMs: 0 })
      took = seq
    }
  }
  return diagnose(scene.one()).causes[0]?.id ?? '(none)'
}

const usual = (round: number): number => 0.3 + (round % 7) / 20

test.each<[name: string, lateMs: (round: number) => number]>([
  ['by milliseconds', (round) => (round % 5 === 3 ? 2 + (round % 3) : usual(round))],
  ['by a whole time slice', (round) => (round % 12 === 3 ? 11 + (round % 5) : usual(round))],
])('a host that answers a burst late, %s', (_name, lateMs) => {
  expect(firstCause(lateMs, true)).toBe('ack-loss')
  expect(firstCause(lateMs, false)).toBe('(none)')
})

test('what a socket kept is answered for no less than what found room', () => {
  // A frame waits for the repeat of the server, which would be a coincidence for a host that was busy until then.
  const causes = evaluate('rx-hold', 'window', 'foresend', 14)?.diagnosis.causes.map(({ id }) => id)
  expect(causes).toContain('rx-hold')
})
