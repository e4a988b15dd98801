/** Which folders a client reads from: its own before those of all, by its address, its network or its hardware address. */
import { statSync } from 'node:fs'
import { join } from 'node:path'
import ipaddr from 'ipaddr.js'
import { ForesendError } from '../error.ts'

/** The hardware address of a client, `02:00:00:00:00:01`; undefined where the system does not know it. */
export type MacOf = (address: string) => string | undefined

/** A folder of some clients: an address, a network as CIDR, or a hardware address. */
export interface ClientRoot {
  readonly client: string
  readonly root: string
}

/**
 * A folder below the root that is named for the client, as dnsmasq's `tftp-unique-root` has it: `ip`, or `mac` with hyphens
 * (`02-00-00-00-00-01`). Where it is a folder, it takes the place of the root; with `-then-root` names that it does not have are looked up
 * in the root as well.
 */
export const UNIQUE_ROOTS = ['ip', 'mac', 'ip-then-root', 'mac-then-root'] as const
export type UniqueRoot = (typeof UNIQUE_ROOTS)[number]

export interface ClientRootRules {
  readonly clientRoots?: readonly ClientRoot[] | undefined
  readonly uniqueRoot?: UniqueRoot | undefined
}

type Matches = (address: ipaddr.IPv4 | ipaddr.IPv6, macOf: () => string | undefined) => boolean

export class ClientRoots {
  readonly #own: readonly { readonly matches: Matches; readonly root: string }[]
  readonly #unique: UniqueRoot | undefined
  readonly #macOf: MacOf

  /** Throws ERR_TFTP_USAGE for a client that is none. */
  constructor({ clientRoots = [], uniqueRoot }: ClientRootRules, macOf: MacOf) {
    this.#own = clientRoots.map(({ client, root }) => ({ matches: matcherFor(client), root }))
    this.#unique = uniqueRoot
    this.#macOf = macOf
  }

  /** The same for every client. */
  get isPlain(): boolean {
    return this.#own.length === 0 && this.#unique === undefined
  }

  /** `roots` with those of the client before them, or in their place. */
  for(address: string, roots: readonly string[]): readonly string[] {
    const [plain] = address.split('%')
    const parsed = ipaddr.process(plain)
    const macOf = (): string | undefined => this.#macOf(address)
    const own = this.#own.filter(({ matches }) => matches(parsed, macOf)).map(({ root }) => root)
    return [
      ...own,
      ...roots.flatMap((root) =>
        this.#unique === undefined ? [root] : uniqueOf(this.#unique, root, parsed.toString(), macOf),
      ),
    ]
  }
}

function uniqueOf(unique: UniqueRoot, root: string, address: string, macOf: () => string | undefined): string[] {
  const name = unique.startsWith('ip') ? address : macOf()?.replaceAll(':', '-')
  const folder = name === undefined ? undefined : join(root, name)
  if (folder === undefined || !isFolder(folder)) return [root]
  return unique.endsWith('-then-root') ? [folder, root] : [folder]
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}

const MAC = /^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$/i

function matcherFor(client: string): Matches {
  if (MAC.test(client)) {
    const mac = client.replaceAll('-', ':').toLowerCase()
    return (_address, macOf) => macOf() === mac
  }
  try {
    const [network, length] = client.includes('/') ? ipaddr.parseCIDR(client) : hostNetwork(client)
    return (address) => address.kind() === network.kind() && address.match(network, length)
  } catch (cause) {
    const message = `"${client}" is no client: name an address, a network such as 10.0.0.0/8, or a hardware address such as 02:00:00:00:00:01`
    throw new ForesendError('ERR_TFTP_USAGE', message, { fault: 'local', cause })
  }
}

function hostNetwork(client: string): [ipaddr.IPv4 | ipaddr.IPv6, number] {
  const address = ipaddr.process(client)
  return [address, address.kind() === 'ipv4' ? 32 : 128]
}
