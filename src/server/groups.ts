/**
 * Files that go to several clients at once (RFC 2090). Clients that ask for the same version of a file with the same blksize, at the same
 * address of this machine, share a session, a group and a port.
 */
import type { Driver, GroupPort, Tid } from '../io/driver.ts'
import { groupAddressesOf, groupPortsOf } from '../io/group-range.ts'
import { SERVE_LIMITS } from '../endpoint/limits.ts'
import { asksForGroup, MAX_GROUP_BLOCKS, negotiateGroup } from '../transfer/multicast/group-agreement.ts'
import { type GroupAddress, MULTICAST } from '../transfer/multicast/group-option.ts'
import { GroupMember } from '../transfer/multicast/member.ts'
import { MulticastSession } from '../transfer/multicast/session.ts'
import type { ServedImage, ServedTransfer } from './content.ts'
import type { ServerConfig } from './contract.ts'

/** Of a registered port, which RFC 2090 proposes. */
const DEFAULT_PORTS = '1758'

interface Shared {
  readonly version: object
  readonly blksize: number
  readonly local: string
  readonly session: MulticastSession<GroupMember>
  readonly port: Promise<GroupPort<ServedTransfer>>
  users: number
}

export type GroupsConfig = Pick<ServerConfig, 'multicast' | 'multicastPorts' | 'multicastTtl' | 'multicastSwitch'>

export class Groups {
  readonly #driver: Driver<ServedTransfer>
  readonly #addresses: readonly string[]
  readonly #ports: readonly number[]
  readonly #ttl: number
  readonly #switches: boolean
  readonly #shared: Shared[] = []
  readonly #of = new Map<ServedTransfer, Shared>()

  /** Without addresses in `config` no client gets a group. */
  constructor(driver: Driver<ServedTransfer>, config: GroupsConfig) {
    const { multicast, multicastPorts = DEFAULT_PORTS, multicastTtl = 1, multicastSwitch = false } = config
    this.#driver = driver
    this.#addresses = multicast === undefined ? [] : (groupAddressesOf(multicast) ?? [])
    this.#ports = groupPortsOf(multicastPorts) ?? []
    this.#ttl = multicastTtl
    this.#switches = multicastSwitch
  }

  /**
   * The port of the group that `transfer` joins; undefined where its client does not ask for one, none can be had, or the file is not for
   * groups. The client is then served alone. `leave` must follow.
   */
  join(transfer: ServedTransfer, content: ServedImage): Promise<Tid | undefined> | undefined {
    const { peer, request } = transfer
    if (this.#addresses.length === 0 || !asksForGroup(request) || peer.address.includes(':')) return undefined
    const { version, sizeBytes } = content.image
    const limits = content.service?.limits ?? SERVE_LIMITS
    if (version === undefined || limits.refuse.has(MULTICAST)) return undefined
    const { blksize } = negotiateGroup(request, sizeBytes, limits, { address: '', port: 0 })
    if (Math.floor(sizeBytes / blksize) + 1 > MAX_GROUP_BLOCKS) return undefined
    const shared = this.#find(version, blksize, peer.local) ?? this.#open(version, blksize, peer.local)
    if (shared === undefined) return undefined
    shared.users++
    this.#of.set(transfer, shared)
    return shared.port.then(
      (port) => (transfer.closed ? undefined : port.tid(peer, transfer)),
      () => this.#forget(transfer),
    )
  }

  /** The session of a transfer that has joined. */
  sessionOf(transfer: ServedTransfer): MulticastSession<GroupMember> | undefined {
    return this.#of.get(transfer)?.session
  }

  /** `transfer` is over, whether it is in a group or not. */
  leave(now: number, transfer: ServedTransfer): void {
    if (transfer.machine instanceof GroupMember) transfer.machine.leave(now)
    this.#forget(transfer)
  }

  #forget(transfer: ServedTransfer): undefined {
    const shared = this.#of.get(transfer)
    if (shared === undefined || !this.#of.delete(transfer) || --shared.users > 0) return
    this.#shared.splice(this.#shared.indexOf(shared), 1)
    shared.port.then(
      (port) => port.close(),
      () => {},
    )
  }

  #find(version: object, blksize: number, local: string): Shared | undefined {
    return this.#shared.find(
      (shared) => shared.version === version && shared.blksize === blksize && shared.local === local,
    )
  }

  #open(version: object, blksize: number, local: string): Shared | undefined {
    const group = this.#freeGroup()
    if (group === undefined) return undefined
    const session = new MulticastSession<GroupMember>(group, this.#switches)
    const port = this.#driver.openGroup(group, local, this.#ttl)
    const shared = { version, blksize, local, session, port, users: 0 }
    this.#shared.push(shared)
    return shared
  }

  /** Other addresses first: network cards tell groups apart by them. */
  #freeGroup(): GroupAddress | undefined {
    const taken = new Set(this.#shared.map(({ session: { group } }) => `${group.address} ${group.port}`))
    for (const port of this.#ports) {
      for (const address of this.#addresses) if (!taken.has(`${address} ${port}`)) return { address, port }
    }
    return undefined
  }
}
