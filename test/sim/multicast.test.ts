/** One file to several clients at once (RFC 2090), in virtual time. */
import { describe, expect, test } from 'vitest'
import { type GroupClient, type GroupResult, type GroupRun, type GroupSpec, runGroup } from './group-world.ts'

const SIZE = 100_000
const BLOCKS = Math.floor(SIZE / 512) + 1

function play(clients: readonly GroupClient[], more: Partial<GroupSpec> = {}): GroupRun {
  const run = runGroup({ sizeBytes: SIZE, seed: 1, clients, ...more })
  expect(run.held).toBe(0)
  run.results.forEach((result) => mustBeHonest(result))
  return run
}

/** Nothing is called complete that is not. */
function mustBeHonest({ client, server, isWhole }: GroupResult): void {
  if (client?.status === 'completed') expect(isWhole).toBe(true)
  if (server?.kind === 'completed') expect(isWhole).toBe(true)
}

function expectAllWhole({ results }: GroupRun): void {
  for (const result of results) {
    expect(result).toMatchObject({ client: { status: 'completed' }, isWhole: true, server: { kind: 'completed' } })
    expect(result.server?.outcome).toEqual({ status: 'completed' })
  }
}

describe('three clients at once', () => {
  test('without loss each block leaves once for all of them', () => {
    const run = play([{}, {}, {}])
    expectAllWhole(run)
    // Those that came while the first block was on its way lack that one.
    expect(run.blocksSent).toBeLessThanOrEqual(BLOCKS + 2)
  })

  test('a client that comes late gets what it missed, and no block more', () => {
    const run = play([{}, { joinMs: 20 }, { joinMs: 40 }])
    expectAllWhole(run)
    expect(run.blocksSent).toBeGreaterThan(BLOCKS)
    expect(run.blocksSent).toBeLessThan(2 * BLOCKS)
  })

  test.each([1, 2, 3, 4, 5, 6, 7, 8])('with loss, seed %d: each asks for what it alone lacks', (seed) => {
    const run = play([{ loss: 0.05 }, { loss: 0.1, joinMs: 3 }, { loss: 0.02, deafness: 0.2 }], { seed })
    expectAllWhole(run)
    expect(run.blocksSent).toBeLessThan(2 * BLOCKS)
  })

  test.each([0, 1, 511, 512, 513, 5 * 512])('a file of %d bytes', (sizeBytes) => {
    const run = runGroup({ sizeBytes, seed: 1, clients: [{}, {}, {}] })
    expect(run.held).toBe(0)
    for (const { server, client } of run.results) {
      expect(client).toEqual({ status: 'completed' })
      expect(server).toEqual({ kind: 'completed', outcome: { status: 'completed' } })
    }
  })

  test('with a blksize, and without a size', () => {
    const options = [
      { name: 'blksize', value: '1428' },
      { name: 'multicast', value: '' },
    ]
    expectAllWhole(play([{}, { deafness: 0.3 }, { joinMs: 5 }], { options }))
  })
})

describe('a leader that dies', () => {
  test.each([false, true])('the next one leads and all others are whole; switching: %s', (switches) => {
    const { results, ms } = play([{ diesMs: 30 }, {}, { joinMs: 10 }], { switches })
    expectAllWhole({ results: results.slice(1), blocksSent: 0, held: 0, ms })
    expect(results[0]).toMatchObject({ isWhole: false, server: { kind: 'failed' } })
    expect(results[0].server?.outcome?.error?.message).toMatch(/acknowledged nothing new for \d s .* unconfirmed/)
    expect(ms).toBeLessThan(60_000)
  })

  test('switching is faster for the others', () => {
    const clients = [{ diesMs: 30 }, {}, {}]
    const endOf = (switches: boolean): number => play(clients, { switches }).ms
    // In the end the dead one gets its full time in both.
    expect(endOf(true)).toBeLessThan(20_000)
    expect(endOf(false)).toBeLessThan(20_000)
  })

  test('all of them dead: every transfer ends as failed', () => {
    const { results } = play([{ diesMs: 30 }, { diesMs: 31 }, { diesMs: 32 }])
    for (const { server } of results) expect(server?.kind).toBe('failed')
  })
})

test('one that listens, has everything and vanishes before it is asked is not called complete', () => {
  // It is switched off when the leader is about to have the last block.
  const healthy = play([{}, {}])
  const { results } = play([{}, { diesMs: healthy.ms - 3600 }])
  expect(results[0].server?.outcome).toEqual({ status: 'completed' })
  expect(results[1].server).not.toEqual({ kind: 'completed', outcome: { status: 'completed' } })
})

test('clients behind one address, and a leader that takes long: those that listen are not taken for abandoned', () => {
  const address = '10.9.9.9'
  const slow = { loss: 0.5, address }
  const run = play([slow, { address }, { address, joinMs: 4000 }, { address, joinMs: 9000 }])
  for (const { server } of run.results) expect(server?.kind).not.toBe('superseded')
  expectAllWhole({ ...run, results: run.results.slice(1) })
})

test('a network that carries no multicast: the client says so', () => {
  const { results } = play([{ deafness: 1 }, {}])
  expect(results[0].client?.error?.message).toMatch(/no block came to 239\.255\.0\.1 port 1758/)
  expect(results[1].server?.outcome).toEqual({ status: 'completed' })
})

test('hundreds of groups by seed: nobody is told that a file is whole which is not', () => {
  for (let seed = 1; seed <= 300; seed++) {
    const loss = (seed % 7) / 20
    const run = play([{ loss }, { loss: loss / 4, joinMs: seed % 11 }, { deafness: 0.3, diesMs: 20 + seed }], {
      sizeBytes: 20_000,
      seed,
      switches: seed % 2 === 0,
    })
    expect(run.results[1].client).toEqual({ status: 'completed' })
  }
})
