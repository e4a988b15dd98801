/** The servers of a run: started when they are needed, again when one has ended or failed, all in the same way. */
import { setTimeout as delay } from 'node:timers/promises'
import type { WorkFolder } from './content.ts'
import { runLoad } from './load.ts'
import type { ServerKind } from './servers.ts'
import { startServer, type StartedServer } from './server-process.ts'

const READY_BYTES = 1000
const READY_TRIES = 20
const READY_RETRY_MS = 100

export type Place = 'memory' | 'disk'

export class Pool {
  readonly programs: ReadonlyMap<ServerKind, string>
  readonly #folder: WorkFolder
  readonly #servers = new Map<string, StartedServer>()

  constructor(programs: ReadonlyMap<ServerKind, string>, folder: WorkFolder) {
    this.programs = programs
    this.#folder = folder
  }

  /** One that answers. Rejects with the reason when it cannot be had. */
  async get(kind: ServerKind, place: Place): Promise<StartedServer> {
    const key = `${kind.name} ${place}`
    const known = this.#servers.get(key)
    if (known !== undefined && !known.hasEnded()) return known
    this.#servers.delete(key)
    await known?.stop()
    const server = await this.start(kind, place)
    this.#servers.set(key, server)
    return server
  }

  /** Ends it; the next one who asks gets a new one. */
  async drop(kind: ServerKind, place: Place): Promise<void> {
    const key = `${kind.name} ${place}`
    const known = this.#servers.get(key)
    this.#servers.delete(key)
    await known?.stop()
  }

  /** One that no other case gets: its caller stops it. */
  async start(kind: ServerKind, place: Place): Promise<StartedServer> {
    const folder = place === 'disk' ? this.#folder.disk() : this.#folder.served
    const server = await startServer(kind, this.programs.get(kind) ?? '', folder, this.#folder.local)
    try {
      await this.#untilReady(server)
      return server
    } catch (error) {
      await server.stop()
      throw error
    }
  }

  async #untilReady(server: StartedServer): Promise<void> {
    const { address, port } = server
    const { name: file } = this.#folder.file(READY_BYTES)
    const one = { clients: 1, transfers: 1, blksize: 512, windowsize: 1, timeoutMs: 200, limitSeconds: 2 }
    // A folder on disk does not hold the file: that it is refused is an answer, too.
    for (let tries = 0; !server.hasEnded(); tries++) {
      const { completed, faults } = await runLoad({ address, port, file, direction: 'get', ...one })
      if (completed === 1 || (server.folder !== this.#folder.served && faults.length > 0)) return
      if (tries === READY_TRIES) throw new Error(`${server.kind.name} does not answer: ${faults[0] ?? 'silence'}`)
      await delay(READY_RETRY_MS)
    }
    throw new Error(`${server.kind.name} ended right after its start`)
  }
}
