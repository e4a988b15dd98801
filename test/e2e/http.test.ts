/** What a running server answers over HTTP, and that each answer is as the API says it is. */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { crc32 } from 'node:zlib'
import { Validator } from '@seriousme/openapi-schema-validator'
import * as v from 'valibot'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  DEVICE,
  DIAGNOSIS,
  FILE,
  HISTORY_ROW,
  NETWORK,
  PROBLEM,
  STATS,
  STATUS,
  TRACE,
  TRANSFER_VIEW,
} from '../../src/control/http/schemas.ts'
import { findProgram, missingNote } from '../interop/programs.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { Watched } from './http-serving.ts'
import { pattern } from './pattern.ts'
import { RawClient } from './raw-client.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const IMAGE = pattern(100_000)
const promtool = findProgram('promtool')
const note = promtool === undefined ? `: ${missingNote('promtool', 'prometheus')}` : ''

/** For a machine that is busy. */
const PATIENT = { timeout: 10_000 }

let watched: Watched
beforeAll(async () => {
  const root = tempFolder()
  writeFileSync(join(root, 'image'), IMAGE)
  writeFileSync(join(root, 'other.bin'), 'x')
  watched = await Watched.open(root)
})
afterAll(() => watched.close())

/** A client that got the first block and says nothing more. */
async function stuckClient(): Promise<RawClient> {
  const client = await RawClient.open(watched.tftpPort)
  client.request(1, 'image')
  await client.next()
  return client
}

async function json(path: string): Promise<Record<string, unknown>> {
  const answer = await watched.ask(path)
  expect([path, answer.status, answer.text]).toEqual([path, 200, expect.any(String)])
  return answer.json()
}

/** Each member is described, and none is missing. */
function expectFits(schema: v.ObjectSchema<v.ObjectEntries, undefined>, value: unknown): void {
  expect(v.safeParse(v.strictObject(schema.entries), value).issues).toBeUndefined()
}

test('the document of the API is valid OpenAPI 3.1, and names every route', async () => {
  const document = await json('/api/v1/openapi.json')
  expect(await new Validator().validate(structuredClone(document))).toMatchObject({ valid: true })
  expect(document.openapi).toBe('3.1.0')
  expect(Object.keys(document.paths as object).length).toBeGreaterThan(18)
  const ids = Object.values(document.paths as Record<string, Record<string, { operationId: string }>>)
    .flatMap((methods) => Object.values(methods))
    .map(({ operationId }) => operationId)
  expect(new Set(ids).size).toBe(ids.length)
})

describe('what it answers', () => {
  test('status, stats, network', async () => {
    expectFits(STATUS, await json('/api/v1/status'))
    expectFits(STATS, await json('/api/v1/stats'))
    const network = await json('/api/v1/network')
    expectFits(NETWORK, network)
    expect(network.hints).toContainEqual(expect.stringMatching(/loopback alone/))
  })

  test('a running transfer, its packets, why it stands still, and its end on request', async () => {
    const client = await stuckClient()
    await expect.poll(async () => (await json('/api/v1/transfers')).transfers, PATIENT).toHaveLength(1)
    const [view] = (await json('/api/v1/transfers')).transfers as { id: number; inWords: string }[]
    expectFits(TRANSFER_VIEW, view)
    expect(view.inWords).toMatch(/^[A-Z].*\.$/)
    expectFits(TRANSFER_VIEW, (await json(`/api/v1/transfers/${view.id}`)).transfer)
    const { trace } = await json(`/api/v1/transfers/${view.id}/trace`)
    for (const entry of trace as unknown[]) expectFits(TRACE, entry)
    expect(trace).toContainEqual(expect.objectContaining({ kind: 'data', sent: true, number: 1 }))
    expectFits(DIAGNOSIS, await json(`/api/v1/diagnosis/${view.id}`))

    expect((await watched.ask(`/api/v1/transfers/${view.id}/abort`, { method: 'POST' })).status).toBe(401)
    const aborted = await watched.ask(`/api/v1/transfers/${view.id}/abort`, { method: 'POST', may: true })
    expect(aborted.json()).toEqual({ aborted: view.id })
    await expect
      .poll(async () => (await watched.ask(`/api/v1/transfers/${view.id}`)).status, { timeout: 10_000 })
      .toBe(200)
    const { ended } = await json(`/api/v1/transfers/${view.id}`)
    expectFits(HISTORY_ROW, ended)
    expect(ended).toMatchObject({ outcome: 'failed', code: 'ERR_TFTP_ABORTED', asked: 'image' })
    const row = (ended as { id: number }).id
    expect((await json(`/api/v1/transfers/h${row}`)).ended).toEqual(ended)
    expect((await json(`/api/v1/transfers/h${row}/trace`)).trace).toContainEqual(
      expect.objectContaining({ kind: 'request' }),
    )
    expectFits(DIAGNOSIS, await json(`/api/v1/diagnosis/h${row}`))
    client.close()
  })

  test('devices, and the history by filters and pages', async () => {
    const client = await RawClient.open(watched.tftpPort)
    for (const file of ['image', 'other.bin', 'missing']) await client.get(file)
    client.close()
    const rows = async (query: string): Promise<Record<string, unknown>[]> =>
      (await json(`/api/v1/history?${query}`)).transfers as Record<string, unknown>[]
    await expect.poll(() => rows('file=other&outcome=completed'), PATIENT).toHaveLength(1)
    expect(await rows('outcome=refused')).toMatchObject([{ asked: 'missing' }])
    expect((await rows('outcome=trouble')).map(({ outcome }) => outcome)).not.toContain('completed')
    expect(await rows('direction=write')).toEqual([])
    for (const row of await rows('limit=500')) expectFits(HISTORY_ROW, row)
    const first = await json('/api/v1/history?limit=2')
    const second = await json(`/api/v1/history?limit=2&before=${String(first.next)}`)
    const four = [first, second].flatMap(({ transfers }) => transfers as { id: number; started: string }[])
    expect(new Set(four.map(({ id }) => id)).size).toBe(4)
    const times = four.map(({ started }) => started)
    expect(times).toEqual(times.toSorted().reverse())

    const { devices } = await json('/api/v1/devices')
    for (const device of devices as unknown[]) expectFits(DEVICE, device)
    expect(devices).toMatchObject([{ name: '127.0.0.1', addresses: ['127.0.0.1'] }])
    const one = await json('/api/v1/devices/127.0.0.1')
    expect(one.device).toEqual((devices as unknown[])[0])
    expect((one.transfers as unknown[]).length).toBeGreaterThan(2)
    expect((await watched.ask('/api/v1/devices/10.9.8.7/memory', { method: 'DELETE', may: true })).status).toBe(404)
  })

  test('files, by name and by what is searched for; digests of one', async () => {
    const { files, next } = await json('/api/v1/files?limit=1')
    for (const file of files as unknown[]) expectFits(FILE, file)
    expect({ files, next }).toMatchObject({ files: [{ name: 'image', sizeBytes: IMAGE.length }], next: 'image' })
    expect((await json('/api/v1/files?after=image')).files).toMatchObject([{ name: 'other.bin' }])
    expect((await json('/api/v1/files?search=OTHER')).files).toHaveLength(1)
    expect(await json('/api/v1/files/image/digests')).toEqual({
      name: 'image',
      sizeBytes: IMAGE.length,
      sha256: createHash('sha256').update(IMAGE).digest('hex'),
      md5: createHash('md5').update(IMAGE).digest('hex'),
      crc32: crc32(IMAGE).toString(16).padStart(8, '0'),
    })
    writeFileSync(join(watched.root, 'image'), IMAGE)
    expect((await watched.ask('/api/v1/files/missing/digests')).status).toBe(404)
  })

  test('a file that is stored is whole, is served, and is replaced only on request', async () => {
    const body = pattern(300_000)
    const put = (query: string, bytes: Buffer): ReturnType<Watched['ask']> =>
      watched.ask(`/api/v1/files/new.bin${query}`, { method: 'PUT', body: bytes, may: true })
    const stored = await put('', body)
    expect([stored.status, stored.json()]).toEqual([
      201,
      { name: 'new.bin', sizeBytes: body.length, sha256: createHash('sha256').update(body).digest('hex') },
    ])
    const again = await put('', Buffer.from('other'))
    expect([again.status, again.json().code]).toEqual([409, 'ERR_TFTP_EXISTS'])
    expect(readFileSync(join(watched.root, 'new.bin')).equals(body)).toBe(true)
    expect((await put('?overwrite', Buffer.from('second'))).status).toBe(201)
    const client = await RawClient.open(watched.tftpPort)
    expect(await client.get('new.bin')).toEqual(Buffer.from('second'))
    client.close()
    expect((await watched.ask('/api/v1/files/x', { method: 'PUT', body: 'x' })).status).toBe(401)
  })

  test('the page, or that there is none', async () => {
    const page = await watched.ask('/')
    expect(page.status).toBe(200)
    expect(page.headers['content-security-policy']).toMatch(/^default-src 'none'; script-src 'self'/)
    expect(page.headers['content-type']).toMatch(/^text\/(html|plain)/)
    // The page itself is built, or not.
    if (String(page.headers['content-type']).startsWith('text/html')) {
      const [, frame, data] = /id="snapshot" data-frame="(\d+)">([^<]+)<\/script>/.exec(page.text) ?? []
      expectFits(STATUS, (JSON.parse(data) as { status: unknown }).status)
      expect(page.headers['cache-control']).toBe('no-store')
      const stream = await watched.stream(Number(frame))
      const client = await RawClient.open(watched.tftpPort)
      await client.get('other.bin')
      expect((await stream.next()).event).toBe('changes')
      client.close()
      stream.close()
    }
    expect((await watched.ask('/assets/..%2f..%2fpackage.json')).status).toBe(404)
  })

  test('HEAD has no body', async () => {
    for (const path of ['/', '/api/v1/status', '/api/v1/events', '/metrics'])
      expect(await watched.ask(path, { method: 'HEAD' })).toMatchObject({ status: 200, text: '' })
  })
})

describe('the live stream', () => {
  test('a snapshot, then what begins, changes and ends', async () => {
    const stream = await watched.stream()
    const snapshot = await stream.next()
    expect(snapshot.event).toBe('snapshot')
    expectFits(STATUS, snapshot.data.status)
    const client = await stuckClient()
    const began = await stream.next(({ data }) => ((data.changed ?? []) as unknown[]).length > 0)
    expect(began.event).toBe('changes')
    const [{ id }] = began.data.changed as { id: number }[]
    expectFits(TRANSFER_VIEW, (began.data.changed as unknown[])[0])
    expectFits(STATS, began.data.stats)
    expect(watched.server.abort(id)).toBe(true)
    const ended = await stream.next(({ data }) => ((data.ended ?? []) as unknown[]).length > 0)
    expect(ended.data.ended).toMatchObject([{ event: 'failed', id, code: 'ERR_TFTP_ABORTED' }])
    expect(ended.data.gone).toContain(id)
    client.close()
    stream.close()
  })

  test('goes on behind the last frame that a reader has; else a snapshot', async () => {
    const witness = await watched.stream()
    const { id } = await witness.next()
    const client = await RawClient.open(watched.tftpPort)
    await client.get('other.bin')
    const last = await witness.next(({ data }) => ((data.ended ?? []) as unknown[]).length > 0)
    const resumed = await watched.stream(id)
    const events = []
    do events.push(await resumed.next())
    while (events.at(-1)?.id !== last.id)
    expect(events.map(({ event }) => event)).not.toContain('snapshot')
    expect(events.map((event) => event.id)).toEqual(events.map((_, i) => id + 1 + i))
    expect(events.at(-1)?.data).toEqual(last.data)
    const unknown = await watched.stream(id - 100_000)
    expect((await unknown.next()).event).toBe('snapshot')
    for (const stream of [witness, resumed, unknown]) stream.close()
    client.close()
  })
})

describe('what monitoring reads', () => {
  test('metrics: counters and histograms, and no text of a peer', async () => {
    await watched.ask('/metrics')
    const client = await RawClient.open(watched.tftpPort)
    await client.get('image')
    await client.get('evil"} 1\nfile')
    client.close()
    await expect
      .poll(async () => (await watched.ask('/metrics')).text, PATIENT)
      .toMatch(/foresend_transfer_endings_total\{direction="read",outcome="completed",window="\d[^"]*"\} \d/)
    const { text, headers } = await watched.ask('/metrics')
    expect(headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/)
    expect(text).toMatch(/foresend_transfers_total\{direction="read",outcome="refused"\} [1-9]/)
    expect(text).toMatch(/foresend_transfers_total\{direction="write",outcome="failed"\} 0/)
    expect(text).toMatch(/foresend_transfer_failures_total\{outcome="refused",code="ERR_TFTP_[A-Z_]+"\} \d/)
    expect(text).toMatch(/foresend_transfer_duration_seconds_count\{direction="read",outcome="completed"\} \d/)
    expect(text).toMatch(/foresend_worker_up\{worker="1"\} 1\n/)
    expect(text).toMatch(/foresend_worker_restarts_total\{worker="1"\} 0\n/)
    const userSeconds = /foresend_worker_cpu_seconds_total\{worker="1",mode="user"\} (\S+)/.exec(text)?.[1]
    expect(Number(userSeconds)).toBeGreaterThan(0)
    expect(text).not.toMatch(/evil|127\.0\.0\.1|image/)
  })

  test.runIf(promtool)(`promtool finds nothing wrong with the metrics and the alert rules${note}`, async () => {
    const { text } = await watched.ask('/metrics')
    const metrics = spawnSync(promtool as string, ['check', 'metrics'], { input: text, encoding: 'utf8' })
    expect([metrics.status, metrics.stderr]).toEqual([0, ''])
    const rules = spawnSync(promtool as string, ['check', 'rules', join(ROOT, 'packaging/prometheus-alerts.yml')], {
      encoding: 'utf8',
    })
    expect([rules.status, rules.stdout]).toEqual([0, expect.stringMatching(/SUCCESS/)])
  })

  test('the dashboard and the alerts ask for metrics that are there', async () => {
    const { text } = await watched.ask('/metrics')
    const known = new Set([...text.matchAll(/^# TYPE (\S+) (\S+)/gm)].map(([, name]) => name))
    for (const file of ['grafana-dashboard.json', 'prometheus-alerts.yml']) {
      const asked = readFileSync(join(ROOT, 'packaging', file), 'utf8').match(/\bforesend_\w+/g) ?? []
      expect(asked.length).toBeGreaterThan(5)
      for (const name of asked) expect(known).toContain(name.replace(/_(bucket|sum|count)$/, ''))
    }
    expect(
      () => JSON.parse(readFileSync(join(ROOT, 'packaging/grafana-dashboard.json'), 'utf8')) as unknown,
    ).not.toThrow()
  })

  test('health: the TFTP port answers, and nothing of it is seen', async () => {
    const before = watched.server.stats().transfers
    for (const path of ['/healthz', '/readyz'])
      expect(await watched.ask(path)).toMatchObject({ status: 200, text: 'ok\n' })
    expect(watched.server.stats().transfers).toEqual(before)
  })
})

test('errors are problem details', async () => {
  for (const [path, status] of [
    ['/api/v1/nothing', 404],
    ['/api/v1/history?limit=-1', 400],
    ['/api/v1/history?outcome=<script>', 400],
    ['/api/v1/transfers/1e9', 404],
  ] as const) {
    const answer = await watched.ask(path)
    expect(answer.headers['content-type']).toBe('application/problem+json')
    expectFits(PROBLEM, answer.json())
    expect([path, answer.status]).toEqual([path, status])
    expect(answer.text).not.toContain('script')
  }
})
