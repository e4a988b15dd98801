/** What attackers try over HTTP: it is refused or bounded, and transfers go on. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ServerStats } from '../../src/server/index.ts'
import { fuzzHttp } from '../fuzz/http-fuzz.ts'
import { INSIDE, pathTricks, SECRET, trickFolder, type TrickFolder } from '../fuzz/path-tricks.ts'
import { outside } from '../fuzz/trick-trial.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { Watched } from './http-serving.ts'
import { pattern } from './pattern.ts'
import { RawClient } from './raw-client.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const IMAGE = pattern(400_000)
/** Bounds that a test can wait for. */
const SHORT = { headersWithinMs: 400, lookEveryMs: 100, idleMs: 1500 }

let folder: TrickFolder
let watched: Watched
/** Beyond loopback, as its settings are; here it is reached through loopback. */
let guarded: Watched
beforeAll(async () => {
  folder = trickFolder(tempFolder())
  writeFileSync(join(folder.root, 'image'), IMAGE)
  watched = await Watched.open(folder.root, {}, { bounds: SHORT })
  guarded = await Watched.open(folder.root, { readsNeedToken: true }, { readsNeedToken: true })
})
afterAll(async () => {
  await watched.close()
  await guarded.close()
})

async function fetched(): Promise<unknown> {
  const client = await RawClient.open(watched.tftpPort)
  try {
    return await client.get('image', { blksize: 1400 })
  } finally {
    client.close()
  }
}

/** What this process holds, without what nothing refers to. */
function memoryBytes(): number {
  collectGarbage()
  const { heapUsed, external, arrayBuffers } = process.memoryUsage()
  return heapUsed + external + arrayBuffers
}

const statusOf = (text: string): number => Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0)

describe('a page of another site', () => {
  const lines = (host: string, path = '/api/v1/status', more = ''): string =>
    `GET ${path} HTTP/1.1\r\n${host}${more}Connection: close\r\n\r\n`

  test.each([
    ['evil.example', 421],
    ['evil.example:PORT', 421],
    ['127.0.0.1.evil.example:PORT', 421],
    ['localhost.evil.example:PORT', 421],
    ['evil.example#127.0.0.1:PORT', 421],
    ['127.0.0.1:PORT.evil.example', 421],
    ['127.0.0.1', 421],
    ['127.0.0.1:1', 421],
    ['127.0.0.2:PORT', 421],
    ['0.0.0.0:PORT', 421],
    ['[::ffff:127.0.0.1]:PORT', 421],
    ['2130706433:PORT', 421],
    ['127.0.0.1:0PORT', 421],
    ['127.0.0.1:PORT', 200],
    ['LOCALHOST:PORT', 200],
    ['localhost.:PORT', 200],
    ['[::1]:PORT', 200],
  ])('Host: %s', async (host, status) => {
    const port = String(watched.port)
    for (const path of ['/api/v1/status', '/metrics', '/healthz', '/', '/api/v1/events']) {
      const answer = await watched.raw(lines(`Host: ${host.replace('PORT', port)}\r\n`, path), 10_000, (text) =>
        text.includes('\r\n\r\n'),
      )
      expect([path, statusOf(answer)]).toEqual([path, status])
    }
  })

  test('two hosts, none, and another one in the request line', async () => {
    const own = `Host: 127.0.0.1:${watched.port}\r\n`
    expect(statusOf(await watched.raw(lines(`${own}Host: evil.example\r\n`)))).toBeGreaterThanOrEqual(400)
    expect(statusOf(await watched.raw(lines('')))).toBe(400)
    expect(
      statusOf(await watched.raw(lines('Host: evil.example\r\n', `http://127.0.0.1:${watched.port}/api/v1/status`))),
    ).toBe(421)
  })

  test.each<[string, Record<string, string>, number]>([
    ['another origin', { origin: 'http://evil.example' }, 403],
    ['no origin at all', { origin: 'null' }, 403],
    ['another port', { origin: 'http://127.0.0.1:1' }, 403],
    ['what the browser says of it', { 'sec-fetch-site': 'cross-site' }, 403],
    ['another site of the same name', { 'sec-fetch-site': 'same-site' }, 403],
    ['its own page', { origin: 'OWN', 'sec-fetch-site': 'same-origin' }, 404],
    ['a program', {}, 404],
  ])('a POST of %s', async (_, headers, status) => {
    const given = Object.fromEntries(
      Object.entries(headers).map(([key, value]) => [key, value.replace('OWN', `http://127.0.0.1:${watched.port}`)]),
    )
    const answer = await watched.ask('/api/v1/transfers/99999/abort', { method: 'POST', may: true, headers: given })
    expect(answer.status).toBe(status)
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([])
  })

  test('a preflight is answered with nothing that allows anything', async () => {
    const answer = await watched.ask('/api/v1/reload', {
      method: 'OPTIONS',
      headers: { 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' },
    })
    expect(answer.status).toBe(405)
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([])
  })
})

describe('the token', () => {
  const guesses = (token: string): string[] => [
    '',
    'Bearer',
    'Bearer ',
    `Bearer ${token.slice(0, -1)}`,
    `Bearer ${token}x`,
    `Bearer ${token.toUpperCase()}`,
    `Basic ${Buffer.from(`x:${token}`).toString('base64')}`,
    `Bearer ${token}, Bearer ${token}`,
    `Bearer ${'x'.repeat(512)}`,
    token,
  ]

  test('is needed whole, for what changes and where asked for what reads', async () => {
    for (const authorization of guesses(guarded.token)) {
      for (const [method, path] of [
        ['POST', '/api/v1/reload'],
        ['DELETE', '/api/v1/devices/x/memory'],
        ['PUT', '/api/v1/files/x'],
        ['GET', '/api/v1/status'],
        ['GET', '/api/v1/events'],
        ['GET', '/metrics'],
        ['GET', '/api/v1/openapi.json'],
        ['GET', '/api/v1/x/../status'],
        ['GET', '/healthz/../api/v1/status'],
      ] as const) {
        const answer = await guarded.ask(path, { method, headers: { authorization } })
        expect([method, path, authorization, answer.status]).toEqual([method, path, authorization, 401])
        expect(answer.text).not.toContain(guarded.token)
      }
    }
    expect((await guarded.ask('/api/v1/status', { may: true })).status).toBe(200)
    for (const open of ['/', '/healthz']) expect((await guarded.ask(open)).status).toBe(200)
    expect((await guarded.ask(`/api/v1/status?t=${guarded.token}&token=${guarded.token}`)).status).toBe(401)
  })
})

describe.skipIf(process.platform === 'win32')('names that lead out', () => {
  test('nothing is stored, read or listed outside', async () => {
    // All of them pass too; each file that is stored inside is flushed to the disk, which takes its time.
    const tricks = pathTricks(folder).filter((_, i) => i % 3 === 0)
    const before = outside(folder)
    let refused = 0
    for (const trick of tricks) {
      // Encoded once, and as it is.
      for (const path of [encodeURIComponent(trick.replaceAll(/[\ud800-\udfff]/g, '')), trick]) {
        if (/[^!-~]/.test(path)) continue
        const put = await watched.ask(`/api/v1/files/${path}?overwrite`, { method: 'PUT', body: INSIDE, may: true })
        expect([path, put.status < 500]).toEqual([path, true])
        if (put.status !== 201) refused++
        expect(put.text).not.toContain(SECRET)
        if (path === trick) continue
        const digests = await watched.ask(`/api/v1/files/${path}/digests`)
        expect([path, digests.status < 500]).toEqual([path, true])
      }
    }
    expect(refused).toBeGreaterThan(tricks.length / 2)
    expect(outside(folder)).toEqual(before)
    expect(readFileSync(join(folder.base, 'secret'), 'utf8')).toBe(SECRET)
    const { files } = (await watched.ask('/api/v1/files?limit=500')).json() as { files: { name: string }[] }
    const links = readdirSync(folder.root, { withFileTypes: true }).filter((entry) => entry.isSymbolicLink())
    for (const link of links) expect(files.map(({ name }) => name)).not.toContain(link.name)
  })
})

describe('bodies and connections without an end', () => {
  test('a body where none belongs, one that never ends, one that breaks off', async () => {
    const chunked = { 'transfer-encoding': 'chunked' }
    const large = { 'content-length': '1000000000' }
    for (const headers of [chunked, large]) {
      const head = Object.entries(headers)
        .map(([name, value]) => `${name}: ${value}\r\n`)
        .join('')
      const text = await watched.raw(
        `POST /api/v1/reload HTTP/1.1\r\nHost: 127.0.0.1:${watched.port}\r\nAuthorization: Bearer ${watched.token}\r\n${head}\r\n`,
      )
      expect(statusOf(text)).toBe(413)
    }
    const put = `PUT /api/v1/files/broken HTTP/1.1\r\nHost: 127.0.0.1:${watched.port}\r\nAuthorization: Bearer ${watched.token}\r\nContent-Length: 1000\r\n\r\nhalf`
    // Nothing more comes: the connection ends, and nothing of the file is left.
    await watched.raw(put, 10_000)
    expect(existsSync(join(folder.root, 'broken'))).toBe(false)
    await expect.poll(() => readdirSync(folder.root).filter((name) => name.endsWith('.part'))).toEqual([])
  })

  test('bodies that are refused again and again: twenty at once, and the next ones a second later', async () => {
    const began = performance.now()
    const waits = await Promise.all(
      Array.from({ length: 40 }, async () => {
        const text = await guarded.raw(
          `POST /api/v1/reload HTTP/1.1\r\nHost: 127.0.0.1:${guarded.port}\r\nTransfer-Encoding: chunked\r\n\r\nffffff\r\n`,
        )
        expect(statusOf(text)).toBe(401)
        return performance.now() - began
      }),
    )
    expect(waits.filter((ms) => ms > 990).length).toBeGreaterThan(10)
    expect(waits.filter((ms) => ms < 990).length).toBeGreaterThanOrEqual(20)
  })

  test('1000 slow connections: bounded, gone in time, and a transfer goes on meanwhile', async () => {
    const slow: Socket[] = []
    for (let i = 0; i < 1000; i++) {
      const socket = connect(watched.port, '127.0.0.1')
      socket.on('error', () => {}).resume()
      socket.write('GET /api/v1/status HTTP/1.1\r\nHost: 127.')
      slow.push(socket)
    }
    expect(await fetched()).toEqual(IMAGE)
    await Promise.all(
      slow.map((socket) => (socket.closed ? Promise.resolve() : new Promise((resolve) => socket.on('close', resolve)))),
    )
    expect((await watched.ask('/api/v1/status')).status).toBe(200)
  })

  test('while 1000 slow connections hold all places, the page still answers', async () => {
    const slow = Array.from({ length: 1000 }, () => {
      const socket = connect(guarded.port, '127.0.0.1')
      socket.on('error', () => {}).resume()
      socket.write('GET /api/v1/status HTTP/1.1\r\nHost: 127.')
      return socket
    })
    await Promise.all(slow.map((socket) => new Promise((resolve) => socket.once('connect', resolve))))
    for (let i = 0; i < 3; i++) expect((await guarded.ask('/healthz')).status).toBe(200)
    expect(slow.filter((socket) => !socket.closed).length).toBeGreaterThan(100)
    for (const socket of slow) socket.destroy()
  })

  test('500 readers of the stream that do not read: little memory, and a reader that reads gets all', async () => {
    const idle: Socket[] = []
    for (let i = 0; i < 499; i++) {
      const socket = connect(guarded.port, '127.0.0.1')
      socket.on('error', () => {}).pause()
      socket.write(
        `GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1:${guarded.port}\r\nAuthorization: Bearer ${guarded.token}\r\n\r\n`,
      )
      idle.push(socket)
    }
    const reader = await guarded.stream(undefined, { Authorization: `Bearer ${guarded.token}` })
    await reader.next()
    await expect
      .poll(async () => (await guarded.ask('/metrics', { may: true })).text)
      .toMatch(/foresend_http_event_readers 500\n/)
    const refused = await guarded.ask('/api/v1/events', { may: true })
    expect([refused.status, refused.json().code]).toEqual([503, 'ERR_TFTP_BUSY'])
    const before = memoryBytes()
    const client = await RawClient.open(guarded.tftpPort)
    for (let i = 0; i < 5; i++) expect(await client.get('image', { blksize: 1400 })).toEqual(IMAGE)
    client.close()
    await reader.next(({ data }) => {
      const { stats } = data as { stats?: ServerStats }
      return stats?.transfers.requested === 5 && stats.transfers.running === 0
    })
    expect(memoryBytes() - before).toBeLessThan(16 << 20)
    for (const socket of idle) socket.destroy()
    reader.close()
  })
})

test('400 requests of noise (more: `npm run fuzz -- http`): no crash, no 500', async () => {
  const report = await fuzzHttp(watched, { requests: 400, seed: 1 })
  expect(report.faults).toEqual([])
  expect(report.answered).toBeGreaterThan(200)
  expect((await watched.ask('/healthz')).status).toBe(200)
})

test('streams end with the server', async () => {
  const ending = await Watched.open(folder.root)
  const stream = await ending.stream()
  await stream.next()
  await ending.close()
  await stream.ended
})
