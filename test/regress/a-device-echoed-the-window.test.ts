/**
 * A device that echoes the options of a request agreed to a window, and stored and acknowledged each block by itself, in any order. Its ACKs
 * were read as those of RFC 7440: where a block was lost, the ACK of the next one counted for both. `put` reported success, and the device
 * had a hole (rule N5).
 */
import { describe, expect, test } from 'vitest'
import { runUpload, patternedImage } from '../../src/lab/experiment.ts'
import { FAULTS } from '../../src/lab/fault/catalogue.ts'
import { dropNth } from '../../src/lab/fault/drop-nth.ts'
import { InitiatorNode } from '../../src/lab/initiator-node.ts'
import type { Fault } from '../../src/lab/link.ts'
import { Rng } from '../../src/lab/rng.ts'
import { Storer, type StorerTraits } from '../../src/lab/storer/storer.ts'
import { encodeOack, optionNumber } from '../../src/packet/index.ts'

const BLKSIZE = 512
const WINDOW = 8

/** A server that answers with the options as they were asked. */
const ECHOING: StorerTraits = {
  answersFrom: 'own-port',
  negotiate: ({ options }) => ({
    blksize: BLKSIZE,
    windowsize: optionNumber(options, 'windowsize', 1, 65_535) ?? 1,
    oack: encodeOack(options),
  }),
  order: 'any',
  repeat: 'ignore',
  lastAck: 'sent',
  timeoutMs: 1000,
  retries: 10,
  opensMs: 0,
  windowMs: Infinity,
  dallyMs: 3000,
}

function put(traits: Partial<StorerTraits>, faults: Fault[], blocks = 40) {
  const image = patternedImage(blocks * BLKSIZE - 10, 1)
  const client = new InitiatorNode({ direction: 'write', image, blksize: BLKSIZE, windowsize: WINDOW })
  const { verdict, datagrams, ms } = runUpload({
    client,
    server: new Storer({ ...ECHOING, ...traits }),
    image,
    up: { delayMs: 0.1, faults, rng: new Rng(1) },
    down: { delayMs: 0.1 },
    limits: { untilMs: 600_000, maxDatagrams: 100_000 },
  })
  return { kind: verdict.kind, datagrams, ms }
}

describe('N5: a device that echoes the window and stores any block', () => {
  test.each([3, 5, 9, 20, 38, 40])('block %d is lost: it leaves again', (block) => {
    // The request is the first packet.
    expect(put({}, [dropNth([block + 1])]).kind).toBe('intact')
  })

  test.each(Array.from({ length: 30 }, (_, i) => i + 1))('seed %d of a lossy link: no hole', (seed) => {
    expect(put({}, FAULTS['data-loss'](new Rng(seed), 0.05).down as Fault[]).kind).toBe('intact')
  })
})

describe('N5: a server that keeps to RFC 7440', () => {
  test('gets its windows, and no block twice', () => {
    const { kind, datagrams, ms } = put({ order: 'inorder', repeat: 'acknowledge' }, [])
    expect(kind).toBe('intact')
    expect(datagrams).toBe(40)
    // Six round trips of 0.2 ms, and the time that DATA 1 travels alone.
    expect(ms).toBeLessThan(12)
  })

  test.each([2, 3, 8, 20, 40])('block %d is lost: it leaves again', (block) => {
    expect(put({ order: 'inorder', repeat: 'acknowledge' }, [dropNth([block + 1])]).kind).toBe('intact')
  })
})
