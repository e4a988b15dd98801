/**
 * A port of ours for all clients that get one file together (RFC 2090): what is for one of them goes to it alone, blocks go to the group,
 * and all of it leaves from here. Clients pass over a block of another port.
 */
import type { Socket } from 'node:dgram'
import type { Peer } from '../../endpoint/contract.ts'
import type { GroupAddress } from '../../transfer/multicast/group-option.ts'
import { errnoOf, tidError } from '../bind-error.ts'
import type { GroupPort, Tid } from '../driver.ts'
import { countSendError } from '../driver-stats.ts'
import { anyAddress } from '../interfaces.ts'
import { type PortRange, portsOf } from '../port-range.ts'
import { bind, type Core, createSocket } from './core.ts'
import { type SharedPort, SharedTid } from './tid.ts'

/** ACKs of all clients may wait while others are handled. */
const RECEIVE_BYTES = 1024 * 1024

export interface GroupSocketOptions {
  readonly group: GroupAddress
  /** IPv4; '' where it is not known: the system then chooses the network. */
  readonly local: string
  readonly ttl: number
  readonly ports?: PortRange | undefined
}

export class GroupSocket<Owner> implements GroupPort<Owner>, SharedPort {
  readonly socket: Socket
  readonly address: string
  readonly port: number
  open = true
  readonly #core: Core<Owner>
  readonly #members = new Map<string, Owner>()
  readonly #toGroup: SharedTid<undefined>

  /** Rejects with ERR_TFTP_BIND. */
  static async open<Owner>(core: Core<Owner>, options: GroupSocketOptions): Promise<GroupSocket<Owner>> {
    const { local, ttl, ports, group } = options
    const address = local === '' ? anyAddress(group.address) : local
    let failure: unknown
    for (const port of portsOf(ports)) {
      const socket = createSocket(group.address)
      try {
        await bind(socket, { address, port, exclusive: true })
      } catch (error) {
        failure = error
        if (ports === undefined || errnoOf(error) !== 'EADDRINUSE') break
        continue
      }
      try {
        socket.setMulticastTTL(ttl)
        if (local !== '') socket.setMulticastInterface(local)
        return new GroupSocket(core, socket, address, group)
      } catch (error) {
        socket.close()
        failure = error
        break
      }
    }
    throw tidError(`the group ${group.address} port ${group.port}`, failure, ports)
  }

  private constructor(core: Core<Owner>, socket: Socket, address: string, group: GroupAddress) {
    this.#core = core
    this.socket = socket
    this.address = address
    this.port = socket.address().port
    try {
      socket.setRecvBufferSize(RECEIVE_BYTES)
    } catch {
      // Clients repeat an ACK that found no room.
    }
    const all: Peer = { ...group, local: address, near: true }
    this.#toGroup = new SharedTid(core as unknown as Core<undefined>, this, all, undefined)
    socket.on('message', (data, from) => this.#received(data, from.address, from.port))
    socket.on('error', () => core.stats.receiveErrors++)
  }

  tid(peer: Peer, owner: Owner): Tid {
    const name = key(peer)
    this.#members.set(name, owner)
    const toPeer = new SharedTid(this.#core, this, peer, owner)
    return {
      localPort: this.port,
      sendControl: (buffer, length) => toPeer.sendControl(buffer, length),
      sendBlocks: (framer, first, count, maxBytes) => this.#toGroup.sendBlocks(framer, first, count, maxBytes),
      reserve: () => {},
      close: () => {
        if (this.#members.get(name) === owner) this.#members.delete(name)
      },
    }
  }

  /** Of `SharedPort`: its members are forgotten by their own `close`. */
  forget(): void {}

  nameOf(address: string): string {
    return address
  }

  close(): void {
    if (!this.open) return
    this.open = false
    this.socket.close()
  }

  #received(data: Buffer, address: string, port: number): void {
    if (!this.open || port === 0) return
    const core = this.#core
    core.stats.arrivals++
    const now = core.now()
    const owner = this.#members.get(key({ address, port }))
    if (owner !== undefined) return core.handlers.datagram(now, owner, data, 0, data.length)
    const answer = core.handlers.stray(now, data, 0, data.length)
    if (answer === undefined) return
    this.socket.send(answer.slice(), port, address, (error) => {
      if (error) countSendError(core.stats, error)
    })
  }
}

function key({ address, port }: Pick<Peer, 'address' | 'port'>): string {
  return `${address} ${port}`
}
