import { describe, expect, test } from 'vitest'
import { ForesendError } from '../error.ts'
import type { ServerStats } from '../server/contract.ts'
import { answer, type ApiServer } from './api.ts'

const ABOUT = { version: '1.2.3', pid: 42 }
const STATS = { since: 5, transfers: { running: 1 }, bytes: { read: 7, written: 0 }, network: {} } as ServerStats

function server(change: Partial<ApiServer> = {}): ApiServer {
  return {
    bound: [{ address: '127.0.0.1', port: 69 }],
    transfers: () => [],
    stats: () => STATS,
    abort: (id) => id === 3,
    forget: async (name) => (name === '02:00:00:00:00:01' ? [`${name} 1 octet`] : []),
    reload: async () => {},
    ...change,
  }
}

describe('the API', () => {
  test.each([
    ['GET', '/api/v1/status', { version: '1.2.3', pid: 42, listening: [{ address: '127.0.0.1', port: 69 }], since: 5 }],
    ['GET', '/api/v1/transfers', { transfers: [] }],
    ['GET', '/api/v1/stats', STATS],
    ['POST', '/api/v1/transfers/3/abort', { aborted: 3 }],
    ['DELETE', '/api/v1/devices/02%3A00%3A00%3A00%3A00%3A01/memory', { forgotten: ['02:00:00:00:00:01 1 octet'] }],
    ['POST', '/api/v1/reload', { reloaded: true }],
  ])('%s %s', async (method, path, body) => {
    const given = await answer(server(), ABOUT, method, path)
    expect(given.status).toBe(200)
    expect(given.body).toMatchObject(body)
  })

  test.each([
    ['GET', '/', 404, /\/api\/v1\//],
    ['GET', '/api/v1/../stats', 404, /path/],
    ['POST', '/api/v1/stats', 405, /GET/],
    ['POST', '/api/v1/transfers/4/abort', 404, /no transfer 4/],
    ['POST', '/api/v1/transfers/x/abort', 404, /path/],
    ['DELETE', '/api/v1/devices/a%0ab/memory', 404, /"a\\nb"/],
    ['DELETE', '/api/v1/devices/%E0%A4%A/memory', 400, /URL/],
  ])('%s %s is an error that says why', async (method, path, status, detail) => {
    const given = await answer(server(), ABOUT, method, path)
    expect(given).toMatchObject({
      status,
      body: { status, code: expect.stringMatching(/^ERR_TFTP_/), detail: expect.stringMatching(detail) },
    })
  })

  test('what the server refuses is answered with its code', async () => {
    const refusing = server({
      reload: async () => {
        throw new ForesendError('ERR_TFTP_NOT_FOUND', 'the folder is gone', { fault: 'local' })
      },
      forget: async () => {
        throw new ForesendError('ERR_TFTP_ACCESS', 'the disk is full', { fault: 'local' })
      },
    })
    expect(await answer(refusing, ABOUT, 'POST', '/api/v1/reload')).toMatchObject({
      status: 409,
      body: { detail: 'the folder is gone' },
    })
    expect(await answer(refusing, ABOUT, 'DELETE', '/api/v1/devices/a/memory')).toMatchObject({
      status: 503,
      body: { code: 'ERR_TFTP_ACCESS' },
    })
  })
})
