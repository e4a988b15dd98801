/** The clients of a load run: what each of them knows, in typed arrays. */

export const PHASE = { idle: 0, asking: 1, running: 2 } as const

/** Ports in use. A client takes the next one for each transfer, so that late packets of the last one are recognised. */
export const PORTS = 4

export class Clients {
  readonly count: number
  readonly phase: Uint8Array
  /** Which made-up host it is. */
  readonly host: Int32Array
  /** Number of the port that its transfer runs on. */
  readonly port: Uint8Array
  /** Which transfer it does; -1 for none. */
  readonly transfer: Int32Array
  /** The server's port for the transfer; 0 until it has answered. */
  readonly tid: Uint16Array
  readonly blksize: Uint16Array
  readonly windowsize: Uint16Array
  /** Blocks that are done: stored, or acknowledged by the server. */
  readonly done: Uint32Array
  /** The highest block seen (get) or sent (put). */
  readonly highest: Uint32Array
  /** get: blocks since the last ACK. */
  readonly unacknowledged: Uint16Array
  /** Since when the client waits, in milliseconds: after the timeout it repeats its last packet. */
  readonly waitsSince: Float64Array
  readonly repeats: Uint8Array
  /** When the window was last sent again. */
  readonly resentAt: Float64Array
  /** The client goes away once this many blocks are done; 0 for never. */
  readonly vanishAt: Uint32Array
  /** Of the transfer before, for each client and port: the server's port and the final block, to answer its repeats. */
  readonly endedTid: Uint16Array
  readonly endedBlock: Uint16Array

  constructor(count: number) {
    this.count = count
    this.phase = new Uint8Array(count)
    this.host = new Int32Array(count)
    this.port = new Uint8Array(count)
    this.transfer = new Int32Array(count).fill(-1)
    this.tid = new Uint16Array(count)
    this.blksize = new Uint16Array(count)
    this.windowsize = new Uint16Array(count)
    this.done = new Uint32Array(count)
    this.highest = new Uint32Array(count)
    this.unacknowledged = new Uint16Array(count)
    this.waitsSince = new Float64Array(count)
    this.repeats = new Uint8Array(count)
    this.resentAt = new Float64Array(count)
    this.vanishAt = new Uint32Array(count)
    this.endedTid = new Uint16Array(count * PORTS)
    this.endedBlock = new Uint16Array(count * PORTS)
  }

  /** A fresh transfer of client `c`, on the port that the caller has set. */
  begin(c: number, transfer: number): void {
    this.phase[c] = PHASE.asking
    this.transfer[c] = transfer
    this.tid[c] = 0
    this.blksize[c] = 512
    this.windowsize[c] = 1
    this.done[c] = 0
    this.highest[c] = 0
    this.unacknowledged[c] = 0
    this.repeats[c] = 0
    this.resentAt[c] = -Infinity
    this.vanishAt[c] = 0
  }

  /** The server did what was asked of it. */
  progressed(c: number, now: number): void {
    this.waitsSince[c] = now
    this.repeats[c] = 0
  }
}
