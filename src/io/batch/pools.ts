/** The sockets that transfers share: a pool of ports for each local address, made when it is needed first. */
import { errnoOf } from '../bind-error.ts'
import { type PortRange, portsOf } from '../port-range.ts'
import { SharedSocket } from './socket.ts'
import type { SocketHost } from './socket.ts'
import type { Messages } from '../native/messages.ts'

/** Ports per local address: enough to keep TIDs random and repeated requests of one peer apart. */
const POOL = 8
/** Ports of a pool that few transfers use: two, so that a client that asks again gets another one. */
const LEAST_PORTS = 2
/** Transfers that fill a port before one more is used: what goes through one socket shares a system call. */
const TRANSFERS_PER_PORT = 64
/** Transfers that one port may have above its share, when many requests come together. */
const TRANSFERS_AHEAD = 32
/** Local addresses that get a pool; transfers on more than these get sockets of their own. */
const MAX_POOLS = 64

export class SocketPools<Peer> {
  readonly #host: SocketHost<Peer>
  readonly #inbox: Messages
  readonly #nextIndex: () => number
  readonly #pools = new Map<string, SharedSocket<Peer>[]>()
  readonly #ports: PortRange | undefined
  /** Of a socket that could not be had: the table has room for 65536 numbers. */
  #spareIndex: number | undefined
  #turn = Math.floor(Math.random() * POOL)

  /** Every socket receives into `inbox`; `nextIndex` numbers them in the host's table, `ports` are those that they may have. */
  constructor(host: SocketHost<Peer>, inbox: Messages, nextIndex: () => number, ports?: PortRange) {
    this.#ports = ports
    this.#host = host
    this.#inbox = inbox
    this.#nextIndex = nextIndex
  }

  /** A transfer ended: the next ones get the next socket, so that a peer that asks again from its old port meets another one of ours. */
  nextTurn(): void {
    this.#turn++
  }

  /**
   * The socket on `local` whose turn it is, or one after it that talks to no transfer at the sockaddr at word `at` of `names` yet; undefined when
   * there is none. Requests that come together share one, and what is sent to them shares a system call. `live`: transfers that run.
   * Throws the system's error.
   */
  socketFor(local: string, names: Uint32Array, at: number, live: number): SharedSocket<Peer> | undefined {
    const pool = this.#poolOf(local)
    const used = Math.min(pool.length, Math.max(LEAST_PORTS, Math.ceil(live / TRANSFERS_PER_PORT)))
    const most = live / used + TRANSFERS_AHEAD
    let ahead: SharedSocket<Peer> | undefined
    for (let i = 0; i < pool.length; i++) {
      const socket = pool[i < used ? (this.#turn + i) % used : i] as SharedSocket<Peer>
      if (this.#host.table.get(socket.index, names, at) !== undefined) continue
      if (socket.live < most) return socket
      ahead ??= socket
    }
    return ahead
  }

  close(): void {
    for (const pool of this.#pools.values()) for (const socket of pool) socket.close()
    this.#pools.clear()
  }

  /** One of `ports` that another program has is left to it. Throws the system's error. */
  #open(pool: SharedSocket<Peer>[], local: string, port: number): void {
    try {
      this.#spareIndex ??= this.#nextIndex()
      pool.push(new SharedSocket(this.#host, this.#inbox, local, this.#spareIndex, undefined, port))
      this.#spareIndex = undefined
    } catch (error) {
      if (port === 0 || errnoOf(error) !== 'EADDRINUSE') throw error
    }
  }

  #poolOf(local: string): SharedSocket<Peer>[] {
    const known = this.#pools.get(local)
    if (known !== undefined) return known
    if (this.#pools.size >= MAX_POOLS) return []
    const pool: SharedSocket<Peer>[] = []
    try {
      const ports = this.#ports
      for (const port of ports === undefined ? Array.from({ length: POOL }, () => 0) : portsOf(ports)) {
        if (pool.length === POOL) break
        this.#open(pool, local, port)
      }
    } catch (error) {
      // A few will do as well.
      if (pool.length === 0) throw error
    }
    // Ports of a range may be free again for the next transfer.
    if (pool.length > 0) this.#pools.set(local, pool)
    return pool
  }
}
