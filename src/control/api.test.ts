/** The API through its control socket, with a server that stands in. */
import { afterEach, describe, expect, test } from 'vitest'
import { tempFolder } from '../../test/support/temp-folder.ts'
import { ForesendError } from '../error.ts'
import { Api } from './api.ts'
import { askServer, type Reply } from './ask.ts'
import { openControlSocket } from './socket.ts'
import type { ApiServer } from './source.ts'
import { sourceOf, STATS } from '../../test/support/api-source.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

async function asked(change: Partial<ApiServer>, method: string, path: string): Promise<Reply> {
  const folder = tempFolder()
  const api = new Api(sourceOf(change))
  const socket = await openControlSocket(folder, api)
  closing.push(
    () => socket.close(),
    () => api.close(),
  )
  return (await askServer(folder, method, path)) as Reply
}

describe('the API', () => {
  test.each([
    ['GET', '/api/v1/status', { version: '1.2.3', pid: 42, listening: [{ address: '127.0.0.1', port: 69 }], since: 5 }],
    ['GET', '/api/v1/transfers', { transfers: [] }],
    ['GET', '/api/v1/stats', STATS],
    ['POST', '/api/v1/transfers/3/abort', { aborted: 3 }],
    ['DELETE', '/api/v1/devices/02%3A00%3A00%3A00%3A00%3A01/memory', { forgotten: ['02:00:00:00:00:01 1 octet'] }],
    ['POST', '/api/v1/reload', { reloaded: true }],
    ['GET', '/api/v1/config', { settings: { path: 'images' }, defaults: ['port'] }],
  ])('%s %s', async (method, path, body) => {
    const given = await asked({}, method, path)
    expect(given.status).toBe(200)
    expect(given.body).toMatchObject(body)
  })

  test.each([
    ['GET', '/nothing', 404, /\/api\/v1\//],
    ['GET', '/api/v1/transfers/../nothing', 404, /path/],
    ['POST', '/api/v1/stats', 405, /GET/],
    ['POST', '/api/v1/transfers/4/abort', 404, /no such transfer/],
    ['POST', '/api/v1/transfers/x/abort', 404, /numbers/],
    ['DELETE', '/api/v1/devices/a%0ab/memory', 404, /such a device/],
    ['GET', '/api/v1/history', 404, /no history/],
    ['GET', '/api/v1/files?limit=0', 400, /limit/],
  ])('%s %s is an error that says why, and quotes nothing', async (method, path, status, detail) => {
    expect(await asked({}, method, path)).toMatchObject({
      status,
      body: { status, code: expect.stringMatching(/^ERR_TFTP_/), detail: expect.stringMatching(detail) },
    })
  })

  test('what the server refuses is answered with its code', async () => {
    const gone = async (): Promise<void> => {
      throw new ForesendError('ERR_TFTP_USAGE', 'the folder is gone', { fault: 'local' })
    }
    const full = async (): Promise<string[]> => {
      throw new ForesendError('ERR_TFTP_ACCESS', 'the disk is full', { fault: 'local' })
    }
    expect(await asked({ reload: gone }, 'POST', '/api/v1/reload')).toMatchObject({
      status: 409,
      body: { detail: 'the folder is gone' },
    })
    expect(await asked({ forget: full }, 'DELETE', '/api/v1/devices/a/memory')).toMatchObject({
      status: 503,
      body: { code: 'ERR_TFTP_ACCESS' },
    })
  })

  test('a fault in the program is a 500 that tells nothing of it', async () => {
    const broken = (): never => {
      throw new TypeError('secret.ts:17')
    }
    const given = await asked({ transfers: broken }, 'GET', '/api/v1/transfers')
    expect(given.status).toBe(500)
    expect(JSON.stringify(given.body)).not.toContain('secret')
  })
})
