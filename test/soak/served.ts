/** The server process of a soak run: started as a user does, heard through its JSON events, asked by signals. */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { Ledger, type SoakEvent } from './ledger.ts'

const COLLECT = fileURLToPath(new URL('collect.ts', import.meta.url))
export const LAUNCHER = fileURLToPath(new URL('../../bin/foresend.js', import.meta.url))

/** A server gives silent clients up after 30 s, and one that is busy is late. */
const QUIET_WITHIN_MS = 90_000
const ASK_AGAIN_MS = 1000

export class Served {
  readonly ledger = new Ledger()
  readonly pid: number
  port = 0
  /** What is never said in a run that goes well. */
  readonly complaints: string[] = []
  reloads = 0
  #collections = 0
  readonly #child: ChildProcessByStdio<null, Readable, Readable>
  readonly #ended: Promise<unknown>
  readonly #watchers = new Set<() => void>()
  #rest = ''
  #fences = 0

  private constructor(folder: string) {
    const args = ['serve', folder, '--host', '127.0.0.1', '--port', '0', '--log-format', 'json', '--no-history']
    // One thread, so that one queue of requests tells when all before it were handled.
    const how = ['--writable', '--overwrite', '--driver', 'batch', '--workers', '1']
    const node = ['--expose-gc', '--import', COLLECT]
    this.#child = spawn(process.execPath, [...node, LAUNCHER, ...args, ...how], { stdio: ['ignore', 'pipe', 'pipe'] })
    this.pid = this.#child.pid ?? 0
    this.#ended = once(this.#child, 'close')
    this.#child.stdout.setEncoding('utf8').on('data', (piece: string) => this.#read(piece))
    this.#child.stderr.setEncoding('utf8').on('data', (piece: string) => void this.complaints.push(piece.trim()))
    void this.#ended.then(() => this.#wake())
  }

  /** Rejects when it does not listen with the driver that was asked for. */
  static async start(folder: string): Promise<Served> {
    const served = new Served(folder)
    await served.until(() => served.port !== 0, QUIET_WITHIN_MS)
    return served
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** Calls `look` after each piece of events; the function returned ends that. */
  watch(look: () => void): () => void {
    this.#watchers.add(look)
    return () => this.#watchers.delete(look)
  }

  /** Resolves once `holds`, looked at with each piece of events. Rejects when the server ends, or at the limit. */
  until(holds: () => boolean, limitMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (settle: () => void): void => {
        clearTimeout(timer)
        unwatch()
        settle()
      }
      const look = (): void => {
        if (holds()) end(resolve)
        else if (!this.isRunning) end(() => reject(new Error(`the server ended: ${this.complaints.join(' ')}`)))
      }
      const timer = setTimeout(() => end(() => reject(new Error(`not within ${limitMs / 1000} s`))), limitMs)
      const unwatch = this.watch(look)
      look()
    })
  }

  reload(): void {
    this.#child.kill('SIGHUP')
  }

  /**
   * Everything that was asked is handled, and no transfer runs. A request that the server hears after all others, as it
   * reads one queue of them, tells the first. Rejects with the transfers that did not end.
   */
  async quiet(reloads: number): Promise<void> {
    const fence = `fence-${++this.#fences}`
    const socket = createSocket('udp4')
    const ask = (): void => socket.send(Buffer.from(`\0\x01${fence}\0octet\0`), this.port, '127.0.0.1')
    const again = setInterval(ask, ASK_AGAIN_MS)
    try {
      ask()
      const { ledger } = this
      const isFenced = (): boolean => (ledger.endsOf(fence)?.ended ?? 0) > 0
      await this.until(() => isFenced() && ledger.running === 0 && this.reloads >= reloads, QUIET_WITHIN_MS)
    } catch (cause) {
      const stuck = this.ledger.stuck()
      const message = `${stuck.length} transfers did not end: ${stuck.slice(0, 10).join(', ')} (${String(cause)})`
      throw new Error(message, { cause })
    } finally {
      clearInterval(again)
      socket.close()
    }
  }

  /** Garbage is gone: what the process holds then it keeps. */
  async collect(): Promise<void> {
    const before = this.#collections
    this.#child.kill('SIGUSR2')
    await this.until(() => this.#collections > before, QUIET_WITHIN_MS)
  }

  /** As an operator does; the code is 0 when all is well. */
  async stop(): Promise<number | null> {
    if (this.isRunning) this.#child.kill('SIGTERM')
    await this.#ended
    return this.#child.exitCode
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }

  #read(piece: string): void {
    const lines = (this.#rest + piece).split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) this.#event(JSON.parse(line) as SoakEvent & { port?: number; driver?: string })
    this.#wake()
  }

  #event(event: SoakEvent & { port?: number; driver?: string }): void {
    if (event.event === 'listening') {
      this.port = event.port ?? 0
      if (event.driver !== 'batch') this.complaints.push(`it serves with the driver ${event.driver}`)
    } else if (event.event === 'notice') {
      if (event.code === 'RELOADED') this.reloads++
      else this.complaints.push(`${event.code}: ${event.message}`)
    } else if (event.event === 'collected') this.#collections++
    else this.ledger.note(event)
  }

  #wake(): void {
    for (const look of this.#watchers) look()
  }
}
