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

/**
 * A group that a client left without saying that it has everything: it may still listen, and would take blocks of another file for those that it
 * lacks. Clients give up after 30 s without a block.
 */
const REST_MS = 60_000

interface Shared {
  readonly version: object
  readonly blksize: number
  readonly local: string
  readonly session: MulticastSession<GroupMember>
  readonly port: Promise<GroupPort<ServedTransfer>>
  users: number
  /** A client of it failed, or is unconfirmed. */
  mayBeHeard: boolean
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
  /** Groups that are not given again before this time, by their address and port. */
  readonly #resting = new Map<string, number>()

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

  /** The transfers whose clients listen to the group of `transfer`, itself included. */
  *listeners(transfer: ServedTransfer): Generator<ServedTransfer> {
    const own = this.#of.get(transfer)
    if (own === undefined) return
    for (const [other, shared] of this.#of)
      if (shared === own && other.machine instanceof GroupMember && !other.machine.closed) yield other
  }

  /** `transfer` is over, whether it is in a group or not. */
  leave(now: number, transfer: ServedTransfer): void {
    if (transfer.machine instanceof GroupMember) transfer.machine.leave(now)
    const shared = this.#of.get(transfer)
    const isConfirmed = transfer.outcome?.status === 'completed' && transfer.outcome.lastAck === undefined
    if (shared !== undefined && !isConfirmed) shared.mayBeHeard = true
    this.#forget(transfer)
  }

  #forget(transfer: ServedTransfer): undefined {
    const shared = this.#of.get(transfer)
    if (shared === undefined || !this.#of.delete(transfer) || --shared.users > 0) return
    this.#shared.splice(this.#shared.indexOf(shared), 1)
    if (shared.mayBeHeard) this.#resting.set(nameOf(shared.session.group), this.#driver.now() + REST_MS)
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
    const shared = { version, blksize, local, session, port, users: 0, mayBeHeard: false }
    this.#shared.push(shared)
    return shared
  }

  /** Other addresses first: network cards tell groups apart by them. */
  #freeGroup(): GroupAddress | undefined {
    const now = this.#driver.now()
    for (const [name, until] of this.#resting) if (until <= now) this.#resting.delete(name)
    const taken = new Set(this.#shared.map(({ session: { group } }) => nameOf(group)))
    for (const port of this.#ports) {
      for (const address of this.#addresses) {
        const name = nameOf({ address, port })
        if (!taken.has(name) && !this.#resting.has(name)) return { address, port }
      }
    }
    return undefined
  }
}

function nameOf({ address, port }: GroupAddress): string {
  return `${address} ${port}`
}
