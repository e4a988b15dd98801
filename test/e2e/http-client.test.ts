/** A client that is generated from the document of the API, as another program would be: it finds each route there, and each answer as it is described. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { type Document, OpenAPIClientAxios, type Operation } from 'openapi-client-axios'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { tempFolder } from '../support/temp-folder.ts'
import { Watched } from './http-serving.ts'
import { pattern } from './pattern.ts'
import { RawClient } from './raw-client.ts'

type Values = Record<string, string | number>

/** For a machine that is busy. */
const PATIENT = { timeout: 10_000 }

let watched: Watched
beforeAll(async () => {
  const root = tempFolder()
  writeFileSync(join(root, 'image'), pattern(50_000))
  watched = await Watched.open(root)
})
afterAll(() => watched.close())

/** A copy in which no object may have a member that is not described. */
function strict(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(strict)
  if (typeof schema !== 'object' || schema === null) return schema
  const copy = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, strict(value)]))
  return 'properties' in copy && !('additionalProperties' in copy) ? { ...copy, additionalProperties: false } : copy
}

/** The schema of what `operation` answers with `status`, and its content type. */
function answerOf({ responses }: Operation, status: number): { type: string; schema: object | undefined } {
  const { content } = (responses[status] ?? responses.default) as { content: Record<string, { schema?: object }> }
  const [[type, { schema }]] = Object.entries(content)
  return { type, schema }
}

test('every GET route is called through it, and answers with exactly what the document says', async () => {
  const document = (await watched.ask('/api/v1/openapi.json')).json() as unknown as Document
  const generated = new OpenAPIClientAxios({
    definition: document,
    withServer: { url: `http://127.0.0.1:${watched.port}` },
    axiosConfigDefaults: { validateStatus: () => true },
  })
  const client = await generated.init()

  const device = await RawClient.open(watched.tftpPort)
  await device.get('image')
  await expect.poll(async () => (await client.getHistory()).data.transfers, PATIENT).toHaveLength(1)
  const [ended] = (await client.getHistory()).data.transfers as { id: number }[]
  device.request(1, 'image')
  await device.next()
  // The first one may still be listed while the server waits for a late ACK.
  await expect
    .poll(async () => ((await client.getTransfers()).data.transfers as { id: number }[]).map(({ id }) => id), PATIENT)
    .toEqual([ended.id + 1])
  const running = { id: ended.id + 1 }

  /** What to call them with, and the status where that is not 200. Those that are not here take nothing. */
  const calls: Readonly<Record<string, readonly { params: Values; status?: number }[]>> = {
    getTransfersId: [
      { params: { id: running.id } },
      { params: { id: `h${ended.id}` } },
      { params: { id: 9e9 }, status: 404 },
    ],
    getTransfersIdTrace: [{ params: { id: running.id } }],
    getDiagnosisTransfer: [{ params: { transfer: running.id } }],
    getDevicesName: [{ params: { name: '127.0.0.1' } }, { params: { name: '<b>' }, status: 404 }],
    getFilesNameDigests: [{ params: { name: 'image' } }, { params: { name: 'missing' }, status: 404 }],
    getHistory: [
      { params: {} },
      { params: { outcome: 'completed', limit: 1 } },
      { params: { limit: -1 }, status: 400 },
    ],
    getAssetsName: [{ params: { name: 'missing.js' }, status: 404 }],
    getFaviconSvg: [{ params: {}, status: 404 }],
  }
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  const operations = generated.getOperations().filter(({ method }) => method === 'get')
  expect(operations.length).toBeGreaterThan(15)
  expect(operations.map(({ operationId }) => operationId)).toEqual(expect.arrayContaining(Object.keys(calls)))
  for (const operation of operations) {
    const id = operation.operationId as string
    for (const { params, status = 200 } of calls[id] ?? [{ params: {} }]) {
      const { type, schema } = answerOf(operation, status)
      const isStream = type === 'text/event-stream'
      const answer = await client[id](params, undefined, isStream ? { responseType: 'stream' } : {})
      if (isStream) (answer.data as Readable).destroy()
      // A build without a page says so in plain text.
      const told = String(answer.headers['content-type']).split(';')[0].replace('text/html', 'text/plain')
      expect([id, answer.status, told]).toEqual([id, status, type.split(';')[0].replace('text/html', 'text/plain')])
      if (schema === undefined) continue
      // The document itself has members that OpenAPI describes.
      const fits = ajv.compile(id === 'getOpenapiJson' ? schema : (strict(schema) as object))
      expect([id, fits(answer.data), fits.errors]).toEqual([id, true, null])
    }
  }
  device.close()
})
