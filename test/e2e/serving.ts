/** A server on loopback for tests, with its events to wait for. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, onTestFinished } from 'vitest'
import type { TransferEvent } from '../../src/endpoint/contract.ts'
import { probeBatch } from '../../src/io/native/probe.ts'
import { startServer } from '../../src/server/server.ts'
import type { Server, ServerConfigInput, ServerEvent } from '../../src/server/server.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { RawClient } from './raw-client.ts'

export { pattern } from './pattern.ts'

export interface Running {
  readonly server: Server
  readonly port: number
  readonly events: ServerEvent[]
  client(): Promise<RawClient>
  /** Waits for a transfer's event of this kind: the first one, or the one of the file. */
  event(kind: ServerEvent['event'], file?: string): Promise<TransferEvent>
}

let driverName: 'dgram' | 'batch' = 'dgram'

/** Runs the same tests for each driver; what `serve` starts has that one, unless it is told otherwise. */
export function eachDriver(tests: (driver: 'dgram' | 'batch') => void): void {
  describe.each(['dgram', 'batch'] as const)('%s:', (name) => {
    beforeEach((context) => {
      const native = name === 'batch' ? probeBatch() : undefined
      if (typeof native === 'string') context.skip(native)
      driverName = name
      return () => {
        driverName = 'dgram'
      }
    })
    tests(name)
  })
}

/** On a port of its own; ends with the test (and not by a hook of this file, which only the first file that imports it would run). */
export async function serve(
  path: string,
  more: ServerConfigInput = {},
  start: (...args: [ServerConfigInput, (event: ServerEvent) => void]) => Promise<Server> = startServer,
): Promise<Running> {
  const events: ServerEvent[] = []
  let woken: (() => void)[] = []
  const server = await start(
    {
      path,
      hosts: ['127.0.0.1'],
      port: 0,
      window: 'auto',
      driver: driverName,
      writable: false,
      overwrite: false,
      singlePort: false,
      allow: [],
      ...more,
    },
    (event) => {
      events.push(event)
      for (const wake of woken.splice(0)) wake()
    },
  )
  onTestFinished(() => server.stop(0))
  const port = server.bound[0]?.port ?? 0
  return {
    server,
    port,
    events,
    async client() {
      const client = await RawClient.open(port)
      onTestFinished(() => client.close())
      return client
    },
    async event(kind, file) {
      for (;;) {
        const found = events.find((event) => event.event === kind && (file === undefined || hasFile(event, file)))
        if (found !== undefined) return found as TransferEvent
        await new Promise<void>((resolve) => (woken = [...woken, resolve]))
      }
    },
  }
}

/** A folder with these files, removed after the test. */
export function folderWith(files: Record<string, Buffer>): string {
  const folder = tempFolder()
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes)
  return folder
}

function hasFile(event: ServerEvent, file: string): boolean {
  return 'file' in event && event.file === file
}
