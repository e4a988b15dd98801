/**
 * One lost packet, each of the first six in each direction, costs our `get` and `put` one wait of the side that repeats it, and nothing else:
 * no ERROR, no file that is cut short. The lost OACK of a `put --wait` was the one that did (rule R1).
 */
import { describe, expect, test } from 'vitest'
import { patternedImage, runExperiment, runUpload } from '../../src/lab/experiment.ts'
import { dropNth } from '../../src/lab/fault/drop-nth.ts'
import { InitiatorNode } from '../../src/lab/initiator-node.ts'
import type { LinkOptions } from '../../src/lab/link.ts'
import { Rng } from '../../src/lab/rng.ts'
import { SERVERS, type ServerName } from '../../src/lab/server/catalogue.ts'
import { serverNode } from '../../src/lab/server/model.ts'
import { STORERS } from '../../src/lab/storer/catalogue.ts'

interface Loss {
  readonly side: 'up' | 'down' | 'none'
  readonly nth: number
}

const IMAGE = patternedImage(5000, 1)
const LOSSES: readonly Loss[] = [
  ...[1, 2, 3, 4, 5, 6].map((nth): Loss => ({ side: 'up', nth })),
  ...[1, 2, 3, 4, 5, 6].map((nth): Loss => ({ side: 'down', nth })),
]
const LIMITS = { untilMs: 600_000, maxDatagrams: 10_000 }
const FORMS = { options: {}, plain: { blksize: 512, windowsize: 1 } }
type Form = keyof typeof FORMS
/** How long our client waits for an answer. */
const OUR_WAIT_MS = 1000
/** Repeats of the machines themselves. */
const ROUNDS_MS = 60

/** Milliseconds that servers wait before they repeat something, where that is longer than our own wait. */
const SERVER_WAITS: Readonly<Partial<Record<ServerName, number>>> = {
  // A client that names no timer of its own is given five seconds, to the letter.
  'foresend-strict': 5000,
  'atftpd-0.8': 5000,
  'atftpd-0.8-prevent-sas': 5000,
  'rs-tftpd': 5000,
  matkaczmarek: 5000,
  dnsmasq: 2000,
}

/** Servers whose own rules leave a client no way after some of these losses. It must say so, and keep nothing. */
const DEAD_ENDS: Readonly<Partial<Record<ServerName, string>>> = {
  tftpd64: 'reports success once the final block has left, and is gone',
  'tftpd64-1000': 'the same, and only the ACK of the lowest block of its window moves it on',
  'tftpd64-3584': 'the same',
  'pin-anticipate-2': 'demands the ACKs of both blocks of a batch, in order, and five seconds too late',
}

function lossy(loss: Loss, side: Loss['side']): LinkOptions {
  return { delayMs: 0.1, faults: loss.side === side ? [dropNth([loss.nth])] : [] }
}

function put(server: string, form: Form, waitMs: number, loss: Loss) {
  const client = new InitiatorNode({ direction: 'write', image: IMAGE, waitMs, ...FORMS[form] })
  const links = { up: lossy(loss, 'up'), down: lossy(loss, 'down') }
  const result = runUpload({ client, server: STORERS[server].make(new Rng(1)), image: IMAGE, limits: LIMITS, ...links })
  return { kind: result.verdict.kind, ms: result.ms, says: client.says }
}

function get(server: ServerName, form: Form, waitMs: number, loss: Loss) {
  const client = new InitiatorNode({ direction: 'read', sizeBytes: IMAGE.length, waitMs, ...FORMS[form] })
  const links = { up: lossy(loss, 'up'), down: lossy(loss, 'down') }
  const node = serverNode(SERVERS[server], { image: IMAGE, rng: new Rng(1) })
  const result = runExperiment({ client, server: node, image: IMAGE, limits: LIMITS, ...links })
  return { kind: result.verdict.kind, ms: result.ms, says: client.says }
}

const NONE: Loss = { side: 'none', nth: 0 }

interface Ended {
  readonly kind: string
  readonly ms: number
  readonly says: string
}

/** The losses after which a transfer did not end whole, or not within `mostMs` more than without one. `waits`: with and without `--wait`. */
function misses(
  run: (form: Form, waitMs: number, loss: Loss) => Ended,
  mostMs: number,
  waits: readonly number[] = [0, 10_000],
) {
  const missed: string[] = []
  for (const form of ['options', 'plain'] as const) {
    for (const waitMs of waits) {
      const clean = run(form, waitMs, NONE)
      expect(clean.kind, clean.says).toBe('intact')
      for (const loss of LOSSES) {
        const { kind, ms, says } = run(form, waitMs, loss)
        // Whether the server has heard the last ACK is its own affair.
        const isWhole = kind === 'intact' || kind === 'intact-but-server-failed'
        if (isWhole && ms <= clean.ms + mostMs + ROUNDS_MS) continue
        missed.push(`${form}, wait ${waitMs}, ${loss.side} ${loss.nth}: ${kind} after ${ms} ms: ${says}`)
      }
    }
  }
  return missed
}

describe('put', () => {
  const storing = Object.entries(STORERS).filter(([name]) => name !== 'dnsmasq')
  const servers = storing.filter(([, { type }]) => type !== 'recovery').map(([name]) => name)
  const devices = storing.filter(([, { type }]) => type === 'recovery').map(([name]) => name)

  test.each(servers)('to %s: whole after one wait of a second', (server) => {
    expect(misses((form, waitMs, loss) => put(server, form, waitMs, loss), OUR_WAIT_MS)).toEqual([])
  })

  // It opens for a second or three: the request must come then.
  test.each(devices)('--wait to %s: whole after its own wait of five seconds', (device) => {
    expect(misses((form, waitMs, loss) => put(device, form, waitMs, loss), 5000 + OUR_WAIT_MS, [10_000])).toEqual([])
  })

  test('--wait goes on with its options when one OACK is lost', () => {
    const client = new InitiatorNode({ direction: 'write', image: IMAGE, waitMs: 10_000 })
    const links = { up: lossy(NONE, 'up'), down: lossy({ side: 'down', nth: 1 }, 'down') }
    const result = runUpload({
      client,
      server: STORERS.foresend.make(new Rng(1)),
      image: IMAGE,
      limits: LIMITS,
      ...links,
    })
    expect(client.blksize).toBe(1468)
    expect(result.ms).toBeLessThan(400)
  })
})

describe('get', () => {
  const all = Object.keys(SERVERS) as ServerName[]
  const servers = all.filter((name) => DEAD_ENDS[name] === undefined)

  test.each(servers.map((name) => [name, SERVER_WAITS[name] ?? OUR_WAIT_MS] as const))(
    'from %s: whole after one wait of %d ms',
    (server, mostMs) => {
      expect(misses((form, waitMs, loss) => get(server, form, waitMs, loss), mostMs)).toEqual([])
    },
  )

  test.each(Object.entries(DEAD_ENDS) as [ServerName, string][])('from %s: whole, or told (it %s)', (server) => {
    for (const form of ['options', 'plain'] as const) {
      for (const loss of LOSSES) {
        const { kind, says } = get(server, form, 0, loss)
        if (kind === 'intact' || kind === 'intact-but-server-failed') continue
        expect(says).toMatch(/^"test\.bin" from 10\.0\.0\.2:69: (no new block|the server ended it)/)
      }
    }
  })
})
