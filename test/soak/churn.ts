/**
 * A server in two workers under load, steered without end: a reload, an abort, a crash of a worker, over and over, each with
 * transfers in their middle. Nothing may be lost but what was aborted or ran in the worker that crashed, and nothing may be
 * left of it. `node test/soak/churn.ts 1000` runs a thousand rounds.
 */
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isTransferEvent, type ServerEvent } from '../../src/server/contract.ts'
import { pattern } from '../e2e/pattern.ts'
import { type CrashingServer, startCrashing } from '../support/crash.ts'

const CLIENTS = 6
const WORKERS = 2
const BLKSIZE = 512
const IMAGE = pattern(60_000)
/** A client says its last packet again after this time, in milliseconds. */
const REPEAT_MS = 250
/** A client acknowledges this late, so that its transfer is in its middle for a while, in milliseconds. */
const PACE_MS = 1
/** A client whose transfer has not ended by then is lost, in milliseconds. */
const LOST_MS = 20_000
const SETTLE_MS = 5000
/** The event loop of one worker that crashed, which its collection gives back: seen to come and go in 1000 rounds, never twice. */
const MORE_DESCRIPTORS = 10

export interface ChurnResult {
  readonly rounds: number
  /** Ends of transfers as the clients saw them. */
  readonly ends: Readonly<Record<'whole' | 'aborted' | 'crashed', number>>
  readonly reloads: number
  readonly aborts: number
  readonly crashes: number
  /** Empty when all is well. */
  readonly faults: readonly string[]
}

interface Levels {
  readonly descriptors: number
  /** Of the served image. */
  readonly mappings: number
  /** UDP sockets at the server's port. */
  readonly listeners: number
}

export async function runChurn(rounds: number, say: (line: string) => void = () => {}): Promise<ChurnResult> {
  const folder = mkdtempSync(join(tmpdir(), `foresend-churn-${process.pid}-`))
  writeFileSync(join(folder, 'image'), IMAGE)
  try {
    return await new Churn(folder, rounds, say).run()
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

class Churn {
  readonly #folder: string
  readonly #rounds: number
  readonly #say: (line: string) => void
  #control!: CrashingServer
  readonly #ends = { whole: 0, aborted: 0, crashed: 0 }
  readonly #acts = { reload: 0, abort: 0, crash: 0 }
  readonly #faults: string[] = []
  /** The code with which the transfer of a client failed, by `address:port`. */
  readonly #failed = new Map<string, string>()
  #restarts = 0

  constructor(folder: string, rounds: number, say: (line: string) => void) {
    this.#folder = folder
    this.#rounds = rounds
    this.#say = say
  }

  async run(): Promise<ChurnResult> {
    const config = { path: this.#folder, hosts: ['127.0.0.1'], port: 0 }
    const times = { firstMs: 1, maxMs: 1, wellMs: 60_000 }
    const control = await startCrashing(config, (event) => this.#note(event), 'debug', WORKERS, times)
    this.#control = control
    // The first rounds make what stays: threads of Node's pool, caches.
    for (let round = 0; round < 3; round++) await this.#round(round)
    const before = await this.#settled()
    for (let round = 3; round < this.#rounds; round++) {
      await this.#round(round)
      if (round % 100 === 99) this.#say(`${round + 1} rounds: ${this.#text(this.#levels())}`)
    }
    const after = await this.#settled(before)
    this.#say(`at first ${this.#text(before)}; at last ${this.#text(after)}`)
    for (const what of ['descriptors', 'mappings', 'listeners'] as const) {
      const more = what === 'descriptors' ? MORE_DESCRIPTORS : 0
      if (after[what] > before[what] + more) this.#faults.push(`${what} grew from ${before[what]} to ${after[what]}`)
    }
    if (after.listeners !== WORKERS) this.#faults.push(`${after.listeners} sockets listen`)
    if (control.transfers().length > 0) this.#faults.push(`${control.transfers().length} transfers never ended`)
    await control.stop(0)
    const { listeners } = this.#levels()
    if (listeners > 0) this.#faults.push(`${listeners} sockets listen after the stop`)
    const { reload, abort, crash: crashes } = this.#acts
    return { rounds: this.#rounds, ends: this.#ends, reloads: reload, aborts: abort, crashes, faults: this.#faults }
  }

  #note(event: ServerEvent): void {
    if (isTransferEvent(event)) {
      if (event.event === 'failed') this.#failed.set(event.client, event.code ?? '')
    } else if (event.event === 'notice' && event.code === 'WORKER_RESTARTED') this.#restarts++
  }

  async #round(round: number): Promise<void> {
    const { port } = this.#control.bound[0]
    // A transfer whose client is done runs until its checksum is there.
    while (this.#control.transfers().length > 0) await sleep(2)
    this.#failed.clear()
    const clients = await Promise.all(Array.from({ length: CLIENTS }, () => Client.open(port)))
    const loads = clients.map((client) => this.#load(client, round))
    const act = (['reload', 'abort', 'crash'] as const)[round % 3]
    while (this.#control.transfers().filter(({ state }) => state !== 'requested').length === 0) await sleep(1)
    this.#acts[act]++
    let aborted = ''
    if (act === 'reload') await this.#control.reload()
    else if (act === 'abort') aborted = this.#abort(round)
    else await this.#crash(round)
    const ends = await Promise.all(loads)
    for (const [index, end] of ends.entries()) {
      const { name } = clients[index]
      this.#ends[end === 'lost' ? 'crashed' : end]++
      const isMeant =
        end === 'whole' || (end === 'aborted' && name === aborted) || (end === 'crashed' && act === 'crash')
      if (isMeant) continue
      const fault = `round ${round}, ${act}: ${name} ended as ${end} (${this.#failed.get(name)})`
      this.#faults.push(fault)
      this.#say(fault)
    }
    for (const client of clients) client.close()
  }

  #abort(round: number): string {
    const running = this.#control.transfers()
    const one = running[round % running.length]
    return one !== undefined && this.#control.abort(one.id) ? one.client : ''
  }

  async #crash(round: number): Promise<void> {
    const before = this.#restarts
    this.#control.crash(round % WORKERS)
    while (this.#restarts === before) await sleep(2)
  }

  async #load(client: Client, round: number): Promise<'whole' | 'aborted' | 'crashed' | 'lost'> {
    const until = performance.now() + LOST_MS
    const bytes = await client.get('image', () => {
      if (performance.now() > until) return true
      return this.#failed.get(client.name) === 'ERR_TFTP_INTERNAL'
    })
    if (bytes === 'error') return 'aborted'
    if (bytes === 'gone') return performance.now() > until ? 'lost' : 'crashed'
    if (!IMAGE.equals(bytes)) this.#faults.push(`round ${round}: ${client.name} got other bytes`)
    return 'whole'
  }

  async #settled(level?: Levels): Promise<Levels> {
    const until = performance.now() + SETTLE_MS
    for (;;) {
      const levels = this.#levels()
      const isQuiet = levels.mappings === 0 && this.#control.transfers().length === 0
      const isLow = level === undefined || levels.descriptors <= level.descriptors
      if ((isQuiet && isLow) || performance.now() > until) return levels
      await sleep(50)
    }
  }

  #levels(): Levels {
    const maps = readFileSync('/proc/self/maps', 'latin1').split('\n')
    const port = this.#control.bound[0].port.toString(16).toUpperCase().padStart(4, '0')
    const sockets = readFileSync('/proc/net/udp', 'latin1').split('\n')
    return {
      descriptors: readdirSync('/proc/self/fd').length,
      mappings: maps.filter((line) => line.includes(`${this.#folder}/image`)).length,
      listeners: sockets.filter((line) => line.includes(`0100007F:${port} `)).length,
    }
  }

  #text({ descriptors, mappings, listeners }: Levels): string {
    return `${descriptors} descriptors, ${mappings} mappings of the image, ${listeners} listening sockets, ${this.#faults.length} faults`
  }
}

/** Loads in lock-step and repeats itself; it does not give up by itself. */
class Client {
  readonly #socket: Socket
  readonly #server: number

  static async open(server: number): Promise<Client> {
    const socket = createSocket('udp4').bind(0, '127.0.0.1')
    await once(socket, 'listening')
    return new Client(socket, server)
  }

  constructor(socket: Socket, server: number) {
    this.#socket = socket
    this.#server = server
  }

  get name(): string {
    return `127.0.0.1:${this.#socket.address().port}`
  }

  /** The whole file; `error` when an ERROR came, `gone` when `isGone`. */
  get(file: string, isGone: () => boolean): Promise<Buffer | 'error' | 'gone'> {
    const { promise, resolve } = Promise.withResolvers<Buffer | 'error' | 'gone'>()
    const blocks: Buffer[] = []
    let last: [packet: Buffer, port: number] = [Buffer.from(`\0\u0001${file}\0octet\0`, 'latin1'), this.#server]
    let isOver = false
    const send = (): void => {
      if (!isOver) this.#socket.send(...last, '127.0.0.1')
    }
    const repeat = setInterval(() => {
      if (isGone()) resolve('gone')
      else send()
    }, REPEAT_MS)
    this.#socket.on('message', (data, { port }) => {
      if (data[1] === 5) return resolve('error')
      if (data[1] !== 3 || data.readUInt16BE(2) !== blocks.length + 1) return
      blocks.push(data.subarray(4))
      last = [Buffer.from([0, 4, data[2], data[3]]), port]
      if (data.length === 4 + BLKSIZE) return void setTimeout(send, PACE_MS)
      send()
      resolve(Buffer.concat(blocks))
    })
    send()
    return promise.finally(() => {
      isOver = true
      clearInterval(repeat)
    })
  }

  close(): void {
    this.#socket.close()
  }
}

if (process.argv[1] === import.meta.filename) {
  const began = performance.now()
  const { ends, reloads, aborts, crashes, faults } = await runChurn(Number(process.argv[2] ?? 1000), console.log)
  console.log(
    `${reloads} reloads, ${aborts} aborts, ${crashes} crashes in ${Math.round((performance.now() - began) / 1000)} s`,
  )
  console.log(`transfers: ${ends.whole} whole, ${ends.aborted} aborted, ${ends.crashed} lost with their worker`)
  for (const fault of faults) console.log(`WRONG: ${fault}`)
  console.log(faults.length === 0 ? 'nothing else was lost, nothing is left' : `${faults.length} faults`)
  process.exitCode = faults.length === 0 ? 0 : 1
}
