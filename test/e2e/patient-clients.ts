/**
 * Run in a network namespace of the tests: clients that stop in the middle, wait for an order, and then repeat themselves as long as it
 * takes. Reads orders and prints what happened to each client, one JSON object per line.
 */
import { createSocket } from 'node:dgram'
import { createInterface } from 'node:readline'
import { crc32 } from 'node:zlib'
import { pattern } from './pattern.ts'

const REPEAT_MS = 250
const LIMIT_MS = 120_000
/** What `put` sends. */
const SENT = pattern(60_000)

/** One transfer, from a socket of its own. */
export interface Task {
  readonly direction: 'get' | 'put'
  /** Own address, and that of the server. */
  readonly own: string
  readonly server: string
  readonly port: number
  readonly file: string
  readonly blksize: number
  readonly windowsize: number
  /** Block to stop before; 0: never. */
  readonly pauseAt: number
}

export type Order =
  | { readonly id: number; readonly do: 'start'; readonly task: Task }
  | { readonly id: number; readonly do: 'go on' | 'stop' }

export interface Ending {
  readonly bytes?: number
  readonly crc32?: number
  readonly error?: string
}

export type Report = { readonly id: number; readonly paused: true } | { readonly id: number; readonly ending: Ending }

class PatientClient {
  readonly #task: Task
  readonly #paused: () => void
  readonly #ended: (ending: Ending) => void
  readonly #socket = createSocket('udp4')
  readonly #blocks: Buffer[] = []
  readonly #timers: NodeJS.Timeout[] = []
  #tid = 0
  #acknowledged = 0
  #inWindow = 0
  #isPaused = false
  #wasPaused: boolean
  #sending = 0
  #isStopped = false

  constructor(task: Task, paused: () => void, ended: (ending: Ending) => void) {
    this.#task = task
    this.#paused = paused
    this.#ended = ended
    this.#wasPaused = task.pauseAt === 0
    // A network that is away is an error of a send, here as there.
    this.#socket.on('error', () => {})
    this.#socket.on('message', (data, from) => this.#receive(data, from.port))
    this.#socket.bind(0, task.own, () => {
      this.#repeat()
      this.#timers.push(
        setInterval(() => this.#repeat(), REPEAT_MS),
        setTimeout(() => this.#end({ error: 'it took too long' }), LIMIT_MS),
      )
    })
  }

  goOn(): void {
    this.#isPaused = false
    this.#repeat()
  }

  /** It says nothing more once what it has sent is on its way. */
  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer)
    this.#isStopped = true
    if (this.#sending === 0) this.#socket.close()
  }

  #receive(data: Buffer, from: number): void {
    if (this.#isStopped || this.#isPaused || (this.#tid !== 0 && from !== this.#tid)) return
    this.#tid = from
    const [, opcode] = data
    if (opcode === 5) this.#end({ error: data.toString('latin1', 4) })
    else if (this.#task.direction === 'get') this.#read(opcode, data)
    else this.#wrote(opcode === 6 ? 0 : data.readUInt16BE(2))
  }

  #read(opcode: number | undefined, data: Buffer): void {
    const { blksize, windowsize } = this.#task
    if (opcode === 6) return this.#acknowledge()
    if (opcode !== 3 || data.readUInt16BE(2) !== this.#blocks.length + 1) return
    if (this.#pauses(this.#blocks.length + 1)) return
    this.#blocks.push(data.subarray(4))
    const isFinal = data.length < blksize + 4
    if (isFinal || ++this.#inWindow >= windowsize) this.#acknowledge()
    if (!isFinal) return
    const bytes = Buffer.concat(this.#blocks)
    this.#end({ bytes: bytes.length, crc32: crc32(bytes) })
  }

  #wrote(block: number): void {
    if (block !== this.#acknowledged && block !== this.#acknowledged + 1) return
    if (block === Math.floor(SENT.length / this.#task.blksize) + 1) {
      return this.#end({ bytes: SENT.length, crc32: crc32(SENT) })
    }
    this.#acknowledged = block
    if (!this.#pauses(block + 1)) this.#sendBlock()
  }

  #pauses(block: number): boolean {
    if (this.#wasPaused || block !== this.#task.pauseAt) return false
    this.#wasPaused = true
    this.#isPaused = true
    this.#paused()
    return true
  }

  #repeat(): void {
    if (this.#isPaused) return
    const { direction, file, port, blksize, windowsize } = this.#task
    const options = `octet\0blksize\0${blksize}\0windowsize\0${windowsize}\0`
    const opcode = direction === 'get' ? '\x01' : '\x02'
    if (this.#tid === 0) this.#send(Buffer.from(`\0${opcode}${file}\0${options}`, 'latin1'), port)
    else if (direction === 'get') this.#acknowledge()
    else this.#sendBlock()
  }

  #acknowledge(): void {
    this.#inWindow = 0
    this.#send(Buffer.from([0, 4, this.#blocks.length >> 8, this.#blocks.length & 255]), this.#tid)
  }

  #sendBlock(): void {
    const { blksize } = this.#task
    const next = this.#acknowledged + 1
    const payload = SENT.subarray(this.#acknowledged * blksize, next * blksize)
    this.#send(Buffer.concat([Buffer.from([0, 3, next >> 8, next & 255]), payload]), this.#tid)
  }

  #send(data: Buffer, to: number): void {
    this.#sending++
    this.#socket.send(data, to, this.#task.server, () => {
      if (--this.#sending === 0 && this.#isStopped) this.#socket.close()
    })
  }

  #end(ending: Ending): void {
    this.stop()
    this.#ended(ending)
  }
}

if (import.meta.main) {
  const clients = new Map<number, PatientClient>()
  const tell = (report: Report): void => void process.stdout.write(`${JSON.stringify(report)}\n`)
  const end = (id: number, ending: Ending): void => {
    clients.delete(id)
    tell({ id, ending })
  }
  createInterface({ input: process.stdin }).on('line', (line) => {
    const order = JSON.parse(line) as Order
    const { id } = order
    if (order.do === 'start') {
      const client = new PatientClient(
        order.task,
        () => tell({ id, paused: true }),
        (ending) => end(id, ending),
      )
      clients.set(id, client)
      return
    }
    const client = clients.get(id)
    if (order.do === 'go on') client?.goOn()
    else if (client !== undefined) {
      client.stop()
      clients.delete(id)
    }
  })
}
