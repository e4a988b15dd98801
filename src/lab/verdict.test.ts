import { describe, expect, test } from 'vitest'
import type { ClientResult } from './client/client.ts'
import type { Outcome } from '../transfer/contract.ts'
import { judge, judgeUpload } from './verdict.ts'

const image = Uint8Array.from({ length: 1300 }, (_, i) => i * 7)
const ok: ClientResult = {
  status: 'ok',
  image: image.slice(),
  writtenMap: Uint8Array.of(1, 1, 1),
  bytes: 1300,
  strayBytes: 0,
  timeouts: 0,
  acksSent: 3,
  errorsSent: 0,
  repeats: 0,
  overruns: 0,
  requests: 1,
  blksize: 512,
  endedAt: 1,
  reason: '',
}
const failed: ClientResult = { ...ok, status: 'failed', bytes: 512 }
const wrong = image.slice()
wrong[700]! ^= 1

describe('verdict', () => {
  test.each([
    ['intact', ok, { status: 'completed' }, false],
    ['intact', ok, { status: 'completed', lastAck: 'missing' }, false],
    ['intact-but-server-failed', ok, { status: 'failed' }, false],
    ['intact-but-server-failed', ok, undefined, false],
    ['both-know-it-failed', failed, { status: 'failed' }, false],
    ['both-know-it-failed', { ...failed, status: 'restarted' }, { status: 'failed' }, false],
    ['client-failed-server-unsure', failed, { status: 'completed', lastAck: 'missing' }, false],
    ['client-failed-server-thinks-complete', failed, { status: 'completed' }, true],
    ['client-failed-server-thinks-complete', undefined, { status: 'completed' }, true],
    ['unfinished', undefined, { status: 'failed' }, false],
    ['unfinished', failed, undefined, false],
    ['hole', { ...ok, writtenMap: Uint8Array.of(1, 0, 1) }, { status: 'completed' }, true],
    ['hole', { ...ok, writtenMap: Uint8Array.of(1, 0, 1) }, { status: 'failed' }, true],
    ['wrong-bytes', { ...ok, image: wrong }, { status: 'completed' }, true],
    ['wrong-bytes', { ...ok, bytes: 1299 }, { status: 'completed' }, true],
    ['wrong-bytes', { ...ok, bytes: 1812, strayBytes: 512 }, { status: 'completed' }, true],
    ['probed', failed, { status: 'probed' }, false],
  ] as const)('%s', (kind, client, server, harmful) => {
    const verdict = judge(client, server, image)
    expect(verdict.kind).toBe(kind)
    expect(verdict.harmful).toBe(harmful)
  })

  test('names the holes by block, and the first wrong byte', () => {
    expect(judge({ ...ok, writtenMap: Uint8Array.of(0, 1, 0) }, undefined, image).holes).toEqual([1, 3])
    expect(judge({ ...ok, writtenMap: Uint8Array.of(1) }, undefined, image).holes).toEqual([2, 3])
    expect(judge({ ...ok, image: wrong }, undefined, image).firstDifference).toBe(700)
    expect(judge({ ...ok, bytes: 1299 }, undefined, image).firstDifference).toBe(1299)
  })

  test('a hole counts even where the image happens to be zero', () => {
    const zeros = new Uint8Array(1300)
    expect(judge({ ...ok, image: zeros, writtenMap: Uint8Array.of(1, 1, 0) }, undefined, zeros).kind).toBe('hole')
  })

  test('a client whose request never arrived failed, and there is nobody to think otherwise', () => {
    expect(judge(failed, undefined, image, false).kind).toBe('both-know-it-failed')
    expect(judge(undefined, undefined, image, false).kind).toBe('unfinished')
  })

  test('an empty file', () => {
    const empty = { ...ok, image: new Uint8Array(0), writtenMap: Uint8Array.of(1), bytes: 0 }
    expect(judge(empty, { status: 'completed' }, new Uint8Array(0)).kind).toBe('intact')
  })
})

describe('verdict of an upload', () => {
  const stored = { bytes: image, storedAt: 1 }
  const short = { bytes: image.subarray(0, 1299), storedAt: 1 }
  test.each<[string, Outcome['status'] | 'missing' | undefined, typeof stored | undefined, boolean, boolean]>([
    ['intact', 'completed', stored, true, false],
    ['intact', 'missing', stored, false, false],
    ['intact-but-server-failed', 'failed', stored, true, false],
    ['wrong-bytes', 'completed', short, true, true],
    ['wrong-bytes', 'failed', { ...stored, bytes: wrong }, false, true],
    // Its last block was acknowledged, and there is no file.
    ['client-failed-server-thinks-complete', 'completed', undefined, true, true],
    ['client-failed-server-thinks-complete', 'failed', undefined, true, true],
    ['believed-without-ack', 'completed', undefined, false, false],
    ['client-failed-server-unsure', 'missing', undefined, false, false],
    ['both-know-it-failed', 'failed', undefined, false, false],
    ['unfinished', undefined, undefined, false, false],
  ])('%s: client %s', (kind, status, file, acknowledged, harmful) => {
    const missing: Outcome = { status: 'completed', lastAck: 'missing' }
    const client = status === 'missing' ? missing : status === undefined ? undefined : { status }
    expect(judgeUpload(client, file, acknowledged, image)).toMatchObject({ kind, harmful })
  })
})
