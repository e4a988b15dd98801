/** One file between a client that none of us wrote and a server of ours, with everything checked that both of them say. */
import { createHash, randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { expect } from 'vitest'
import type { TransferEvent } from '../../src/endpoint/contract.ts'
import type { ServerConfigInput } from '../../src/server/server.ts'
import { folderWith, type Running, serve } from '../e2e/serving.ts'
import { tempFolder } from '../support/temp-folder.ts'
import type { Errand, ForeignClient } from './clients.ts'

export interface Exchange {
  /** What the server's `completed` says. */
  readonly event: TransferEvent
  /** Everything that it said. */
  readonly running: Running
}

/** The client loads `bytes` (or as many random ones); fails when a byte is wrong at its end. */
export async function fetchWhole(
  client: ForeignClient,
  content: number | Buffer,
  options: ServerConfigInput = {},
  mode?: 'netascii',
): Promise<Exchange> {
  const bytes = typeof content === 'number' ? randomBytes(content) : content
  const running = await serve(folderWith({ image: bytes }), options)
  const local = join(tempFolder(), 'local')
  const errand = { ...addressOf(running), local, ...(mode === undefined ? {} : { mode }) }
  const printed = await run(client, running, { ...errand, direction: 'get', remote: 'image' })
  // curl makes no file of nothing.
  const got = existsSync(local) || bytes.length > 0 ? readFileSync(local) : Buffer.alloc(0)
  expect(digestOf(got), `${printed}; ${said(running)}`).toBe(digestOf(bytes))
  const event = await running.event('completed')
  expect(event).toMatchObject({ file: 'image', direction: 'read', crc32: crcOf(bytes) })
  // netascii is longer on its way.
  if (mode === undefined) expect(event.bytes).toBe(bytes.length)
  expect(event.lastAck).toBeUndefined()
  expect(said(running)).not.toMatch(/failed|refused|superseded/)
  return { event, running }
}

/** The client stores as many random bytes; whole at the server's end as soon as the client is gone. */
export async function storeWhole(
  client: ForeignClient,
  content: number | Buffer,
  options: ServerConfigInput = {},
  mode?: 'netascii',
): Promise<Exchange> {
  const bytes = typeof content === 'number' ? randomBytes(content) : content
  const folder = folderWith({})
  const running = await serve(folder, { writable: true, ...options })
  const local = join(tempFolder(), 'local')
  writeFileSync(local, bytes)
  const errand = { ...addressOf(running), local, ...(mode === undefined ? {} : { mode }) }
  const printed = await run(client, running, { ...errand, direction: 'put', remote: 'stored' })
  // Acknowledged means that it is on disk: nothing to wait for.
  expect(readdirSync(folder), `${printed}; ${said(running)}`).toEqual(['stored'])
  expect(digestOf(readFileSync(join(folder, 'stored')))).toBe(digestOf(bytes))
  const event = await running.event('completed')
  expect(event).toMatchObject({ file: 'stored', direction: 'write', crc32: crcOf(bytes) })
  // netascii is longer on its way.
  if (mode === undefined) expect(event.bytes).toBe(bytes.length)
  expect(said(running)).not.toMatch(/failed|refused|superseded/)
  return { event, running }
}

/** Where the client fails the error names what the server saw of it, with times. */
async function run(client: ForeignClient, running: Running, errand: Errand): Promise<string> {
  try {
    return await client.run(errand)
  } catch (cause) {
    throw new Error(`${(cause as Error).message}\nthe server: ${JSON.stringify(running.events)}`, { cause })
  }
}

/** Where a client finds the server. */
export function addressOf(running: Running): Pick<Errand, 'address' | 'port'> {
  return { address: running.server.bound[0]?.address ?? '', port: running.port }
}

/** The server's events in one line, for failures. */
export function said(running: Running): string {
  return running.events
    .map((event) => ('reason' in event ? `${event.event} (${event.reason})` : event.event))
    .join(', ')
}

/** The name of a group of tests: who plays, or what is missing. */
export function titleOf(client: ForeignClient): string {
  return `${client.name} and our server${client.lacks === undefined ? '' : `: ${client.lacks}`}`
}

export function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function crcOf(bytes: Uint8Array): string {
  return (crc32(bytes) >>> 0).toString(16).padStart(8, '0')
}
