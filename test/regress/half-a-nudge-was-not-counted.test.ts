/**
 * A silent peer gets at most eight datagrams in a second (rule A14). Where only one more might leave, a nudge was cut down to a repeat of the first
 * unacknowledged block, but its second half left all the same, uncounted: sixteen datagrams in each of the seconds two to four.
 */
import { expect, test } from 'vitest'
import { patternedImage, runUpload } from '../../src/lab/experiment.ts'
import { InitiatorNode } from '../../src/lab/initiator-node.ts'
import type { Fault } from '../../src/lab/link.ts'
import { plainGrant, Storer } from '../../src/lab/storer/storer.ts'

/** The final block is never asked about: at the one before it nothing runs ahead, and nudges are all that is left. */
const BLOCKS = 11
const ANSWERED = BLOCKS - 2

test('A14: a peer that fell silent gets eight datagrams in a second, and the second half of a nudge', () => {
  const image = patternedImage((BLOCKS - 1) * 512 + 10, 1)
  const sent: number[] = []
  let acks = 0
  let heardAt = 0
  const silence: Fault = {
    type: 'drop-nth',
    side: 'sending',
    apply: (now, frame, out) => {
      // The first one answers the request.
      if (acks++ > ANSWERED) return
      heardAt = now
      out.pass(frame, 0)
    },
  }
  runUpload({
    client: new InitiatorNode({ direction: 'write', image, blksize: 512, windowsize: 1 }),
    server: new Storer({
      answersFrom: 'own-port',
      negotiate: plainGrant,
      order: 'inorder',
      repeat: 'ignore',
      lastAck: 'sent',
      timeoutMs: 20_000,
      retries: 5,
      opensMs: 0,
      windowMs: Infinity,
      dallyMs: 0,
    }),
    image,
    up: { delayMs: 4, tap: { sent: (now) => void sent.push(now), arrived: () => {} } },
    down: { delayMs: 4, faults: [silence] },
    limits: { untilMs: 60_000, maxDatagrams: 10_000 },
  })
  const asked = sent.filter((at) => at > heardAt + 100)
  const inSecond = asked.map((at) => asked.filter((other) => other >= at && other < at + 999).length)
  expect(Math.max(...inSecond)).toBeLessThanOrEqual(9)
})
