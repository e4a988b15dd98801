/** The reference driver: Node's own UDP sockets. Works on every platform. */
import { cpus } from 'node:os'
import { performance } from 'node:perf_hooks'
import type { Peer } from '../../endpoint/contract.ts'
import type { GroupAddress } from '../../transfer/multicast/group-option.ts'
import type { Bound, Driver, DriverHandlers, GroupPort, Tid } from '../driver.ts'
import { GroupSocket } from './group-socket.ts'
import { Alarm } from './alarm.ts'
import { ForesendError } from '../../error.ts'
import { adoptError, bindError, tidError } from '../bind-error.ts'
import type { Core } from './core.ts'
import { Listener } from './listener.ts'
import type { ListeningHook } from './listener.ts'
import { ConnectedTid, SharedTid } from './tid.ts'
import { Wildcard } from './wildcard.ts'
import type { WildcardOwner } from './wildcard.ts'
import type { PortRange } from '../port-range.ts'
import { SendMemory } from './send-memory.ts'
import { EventLoopSpin } from './event-loop-spin.ts'
import { localAddresses, localFor } from '../interfaces.ts'
import type { InterfaceTable, LocalAddress } from '../interfaces.ts'
import { countSendError, newStats } from '../driver-stats.ts'
import type { DriverStats } from '../driver-stats.ts'

/** A scan costs some 50 us; bootloaders ask within seconds of their link coming up. */
const RESCAN_MS = 1000

export interface DgramOptions {
  /** Private, link-local or loopback addresses; becomes `Peer.near`. */
  readonly isNear: (address: string) => boolean
  /** Serve all transfers from the listening socket, for networks that let only its port through. */
  readonly singlePort?: boolean
  /** Ports of transfers; the system's choice without it. */
  readonly ports?: PortRange | undefined
  /** For tests: where the list of interfaces comes from. */
  readonly interfaces?: () => InterfaceTable
}

export function createDgramDriver<Owner>(
  handlers: DriverHandlers<Owner>,
  options: DgramOptions,
  listening?: ListeningHook<Owner>,
): DgramDriver<Owner> {
  return new DgramDriver(handlers, options, listening)
}

export class DgramDriver<Owner> implements Driver<Owner>, WildcardOwner<Owner> {
  readonly name = 'dgram'
  readonly stats: DriverStats = newStats()
  readonly core: Core<Owner>
  readonly listening: ListeningHook<Owner> | undefined
  readonly #options: DgramOptions
  readonly #alarm: Alarm
  /** Listening sockets that can send, by address. */
  readonly #listeners = new Map<string, Listener<Owner>>()
  readonly #wildcards = new Set<Wildcard<Owner>>()
  #locals: readonly LocalAddress[] = []
  #scan: NodeJS.Timeout | undefined
  #scanning = false

  constructor(handlers: DriverHandlers<Owner>, options: DgramOptions, listening: ListeningHook<Owner> | undefined) {
    this.#options = options
    this.listening = listening
    const now = (): number => performance.now()
    const spin = new EventLoopSpin(now, cpus().length)
    this.core = { handlers, stats: this.stats, frames: new SendMemory(), spin, now }
    this.#alarm = new Alarm(
      this.core.now,
      () => this.stats.arrivals,
      (now) => handlers.timer(now),
    )
  }

  now(): number {
    return performance.now()
  }

  async listen(address: string, port: number): Promise<Bound> {
    this.#readLocals()
    try {
      if (isWildcard(address)) return await this.#listenAll(address, port)
      const listener = await Listener.open(this, address, port, false)
      this.opened(listener)
      return {
        address,
        port: listener.port,
        addresses: () => [address],
        close: () => {
          this.closed(listener)
          listener.close()
        },
      }
    } catch (error) {
      throw bindError(address, port, error)
    }
  }

  async adopt(fd: number): Promise<Bound> {
    this.#readLocals()
    try {
      const listener = await Listener.adopt(this, fd)
      this.opened(listener)
      this.#scan ??= setInterval(() => void this.rescan(), RESCAN_MS).unref()
      const { address, port } = listener
      return {
        address,
        port,
        addresses: () => [address],
        close: () => {
          this.closed(listener)
          listener.close()
        },
      }
    } catch (error) {
      throw error instanceof ForesendError ? error : adoptError(fd, error)
    }
  }

  async rescan(): Promise<void> {
    if (this.#scanning) return
    this.#scanning = true
    this.#readLocals()
    for (const wildcard of this.#wildcards) await wildcard.rescan()
    this.#scanning = false
  }

  async openTid(peer: Peer, owner: Owner): Promise<Tid> {
    if (this.#options.singlePort !== true) return ConnectedTid.open(this.core, peer, owner, this.#options.ports)
    const listener = this.listenerFor(peer)
    if (listener === undefined) throw tidError(peer.address, new Error('the listening socket is closed'))
    const tid = new SharedTid(this.core, listener, peer, owner)
    listener.share(peer, tid)
    return tid
  }

  openGroup(group: GroupAddress, local: string, ttl: number): Promise<GroupPort<Owner>> {
    return GroupSocket.open(this.core, { group, local, ttl, ports: this.#options.ports })
  }

  reply(peer: Peer, buffer: Uint8Array, length: number): void {
    const listener = this.listenerFor(peer)
    if (listener === undefined) return
    // Rare, so a copy is cheap, and the caller's memory is free again whatever the socket does.
    const data = buffer.slice(0, length)
    try {
      listener.socket.send(data, peer.port, listener.nameOf(peer.address), (error) => {
        if (error) countSendError(this.stats, error)
      })
    } catch (error) {
      countSendError(this.stats, error)
      return
    }
  }

  deadline(at: number): void {
    this.#alarm.set(at)
  }

  close(): void {
    clearInterval(this.#scan)
    this.#alarm.close()
    for (const wildcard of this.#wildcards) wildcard.close()
    for (const listener of this.#listeners.values()) listener.close()
    this.#wildcards.clear()
    this.#listeners.clear()
  }

  isNear(address: string): boolean {
    return this.#options.isNear(address)
  }

  localFor(peer: string): string {
    return localFor(peer, this.#locals)
  }

  locals(): readonly LocalAddress[] {
    return this.#locals
  }

  opened(listener: Listener<Owner>): void {
    if (!listener.broadcast) this.#listeners.set(listener.address, listener)
  }

  closed(listener: Listener<Owner>): void {
    if (this.#listeners.get(listener.address) === listener) this.#listeners.delete(listener.address)
  }

  failed(listener: Listener<Owner>, cause: Error): void {
    for (const wildcard of this.#wildcards) wildcard.drop(listener)
    this.core.handlers.listenerFailed(listener.address, listener.port, cause)
  }

  async #listenAll(address: string, port: number): Promise<Bound> {
    const wildcard = await Wildcard.open(this, address, port)
    this.#wildcards.add(wildcard)
    this.#scan ??= setInterval(() => void this.rescan(), RESCAN_MS).unref()
    return {
      address,
      port: wildcard.port,
      addresses: () => wildcard.addresses(),
      close: () => {
        this.#wildcards.delete(wildcard)
        wildcard.close()
      },
    }
  }

  #readLocals(): void {
    this.#locals = localAddresses(this.#options.interfaces?.())
  }

  /** The socket that `peer` asked, or one that can answer it. */
  listenerFor(peer: Peer): Listener<Owner> | undefined {
    const asked = this.#listeners.get(peer.local)
    if (asked !== undefined) return asked
    const six = peer.address.includes(':')
    const all = [...this.#listeners.values()]
    // One for every IPv6 address may have been bound for IPv4 as well.
    return (
      all.find((listener) => listener.address.includes(':') === six) ??
      all.find((listener) => listener.address === '::')
    )
  }
}

function isWildcard(address: string): boolean {
  return address === '0.0.0.0' || address === '::'
}
