/** For tests of the server: events to be waited for, clients, and serving instances without sockets. */
import { createSocket } from 'node:dgram'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { get } from '../../src/client/get.ts'
import { parseConfig } from '../../src/server/config.ts'
import type { Server, ServerEvent } from '../../src/server/contract.ts'
import { startControl } from '../../src/server/control.ts'
import type { LinkOwner, OpenLink } from '../../src/server/link.ts'
import type { InstanceStart, ToInstance } from '../../src/server/protocol.ts'
import { tempFolder } from './temp-folder.ts'

/** What arrives, to be waited for. */
export class Arrivals<T> {
  readonly events: T[] = []
  #waiting: (() => void)[] = []
  readonly add = (event: T): void => {
    this.events.push(event)
    for (const wake of this.#waiting.splice(0)) wake()
  }

  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }
}

/** Events of one server. */
export class Log extends Arrivals<ServerEvent> {
  of(kind: string): ServerEvent[] {
    return this.events.filter(({ event }) => event === kind)
  }
}

export function folderWith(name: string, bytes: Buffer): string {
  const folder = tempFolder()
  writeFileSync(join(folder, name), bytes)
  return folder
}

export async function fetched(port: number, filename: string, localAddress = '127.0.0.1'): Promise<number> {
  const output = join(tempFolder(), 'out')
  return (await get({ host: '127.0.0.1', port, filename, output, localAddress })).bytes
}

/** A client that asks and then says nothing more: its transfer runs until something ends it. */
export async function hanging(
  port: number,
  name = 'image.bin',
): Promise<{ client: string; next(): Promise<Buffer>; acknowledge(block: number): void; close(): void }> {
  const socket = createSocket('udp4')
  const packets: Buffer[] = []
  let wake = (): void => {}
  let tid = 0
  socket.on('message', (data, from) => {
    packets.push(data)
    tid = from.port
    wake()
  })
  const next = async (): Promise<Buffer> => {
    while (packets.length === 0) await new Promise<void>((resolve) => (wake = resolve))
    return packets.shift() as Buffer
  }
  socket.send(Buffer.from(`\0\x01${name}\0octet\0`), port, '127.0.0.1')
  await next()
  const acknowledge = (block: number): void => socket.send(Buffer.from([0, 4, 0, block]), tid, '127.0.0.1')
  return { client: `127.0.0.1:${socket.address().port}`, next, acknowledge, close: () => socket.close() }
}

/** Instances without sockets, which answer the control side as a test wants. */
export class FakeInstances {
  readonly starts: InstanceStart[] = []
  readonly indexes: number[] = []
  readonly owners: LinkOwner[] = []
  /** Everything that each instance was sent, by its number. */
  readonly sent: ToInstance[][] = []
  /** Answers to `prepare`, by the number of the instance; the rest answers at once that it is prepared. */
  readonly prepare = new Map<number, () => void>()

  readonly open: OpenLink = (start, index, owner) => {
    this.starts.push(start)
    this.indexes.push(index)
    this.owners[index] = owner
    this.sent[index] ??= []
    queueMicrotask(() => owner.handle({ type: 'ready', bound: [{ address: '127.0.0.1', port: 69 }], driver: 'dgram' }))
    return {
      send: (message) => {
        this.sent[index].push(message)
        queueMicrotask(() => this.#answer(message, index, owner))
      },
      terminate: async () => owner.exited(''),
      cpuUsage: async () => ({ user: 1, system: 1 }),
    }
  }

  async start(path: string, count: number, listener: (event: ServerEvent) => void): Promise<Server> {
    const restart = { firstMs: 0, maxMs: 0, wellMs: 60_000 }
    const config = parseConfig({ path, hosts: ['127.0.0.1'], port: 69 })
    const server = await startControl(config, { count, open: this.open, restart }, listener, [])
    return server
  }

  fail(index: number): void {
    const error = { message: 'cannot open it; look at it', code: 'ERR_TFTP_ACCESS', fault: 'local' } as const
    this.owners[index].handle({ type: 'prepared', error })
  }

  /** The kinds of message that instance `index` was sent, the last `count`. */
  last(index: number, count: number): string[] {
    return this.sent[index].slice(-count).map(({ type }) => type)
  }

  #answer(message: ToInstance, index: number, owner: LinkOwner): void {
    const { type } = message
    if (type === 'prepare') (this.prepare.get(index) ?? (() => owner.handle({ type: 'prepared' })))()
    if (type === 'follow') owner.handle({ type: 'following' })
    if (type === 'stop') owner.handle({ type: 'stopped' })
  }
}
