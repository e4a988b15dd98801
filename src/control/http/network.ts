/** What stands between a device and this server while nothing was heard of it. */
import { networkInterfaces } from 'node:os'
import { Networks, networkText } from '../../server/networks.ts'
import { isNear } from '../../io/near.ts'
import { isLoopback } from './place.ts'
import type { InterfaceTable } from '../../io/interfaces.ts'
import type { ApiSource } from '../source.ts'
import { type FirewallWord, firewallWord } from './firewall.ts'

export interface NetworkView {
  readonly addresses: readonly {
    /** Of the network card. */
    readonly name: string
    readonly address: string
    readonly family: 4 | 6
    readonly isUp: boolean
    readonly isLoopback: boolean
  }[]
  readonly port: number
  /** Null where it cannot be asked, or lets everything in. */
  readonly firewall: FirewallWord | null
  /** When the last request was seen, in milliseconds since the epoch; null while none came. */
  readonly lastRequest: number | null
  /** The likeliest mistakes, the likeliest first. */
  readonly hints: readonly string[]
}

/** Usual addresses of devices in their bootloaders, whose server has to have another one of the same network. */
const USUAL = 'many bootloaders ask 192.168.0.x or 192.168.1.x'

/** `lastRequest`: see `NetworkView`. */
export async function networkOf(
  { server, settings }: ApiSource,
  lastRequest: number | undefined,
): Promise<NetworkView> {
  const port = server.bound[0]?.port ?? 0
  const addresses = Object.entries(networkInterfaces()).flatMap(([name, entries = []]) =>
    entries.map(({ address, family, internal }) => ({
      name,
      address,
      family: family === 'IPv4' ? (4 as const) : (6 as const),
      // The system lists no others.
      isUp: true,
      isLoopback: internal,
    })),
  )
  return {
    addresses,
    port,
    firewall: await firewallWord(port),
    lastRequest: lastRequest ?? null,
    hints: hintsFor(addresses, server.bound, port, unservedNetworks(settings().allow)),
  }
}

/** IPv4 networks of this machine that are not private and that `--allow` does not name. `table` is `os.networkInterfaces()` in real life. */
export function unservedNetworks(allow: unknown, table: InterfaceTable = networkInterfaces()): string[] {
  const allowed = new Networks(Array.isArray(allow) ? allow.map(String) : [])
  const found = new Set<string>()
  for (const { address, cidr, family } of Object.values(table).flatMap((entries) => entries ?? [])) {
    if (family === 'IPv4' && cidr !== null && !isNear(address) && !allowed.has(address)) found.add(networkText(cidr))
  }
  return [...found]
}

function hintsFor(
  addresses: NetworkView['addresses'],
  bound: ApiSource['server']['bound'],
  port: number,
  unserved: readonly string[],
): string[] {
  const reachable = addresses.filter(({ family, isLoopback: loops }) => family === 4 && !loops)
  if (bound.length > 0 && bound.every(({ address }) => isLoopback(address)))
    return [
      'it listens on loopback alone, which no device reaches: start it without --host, or with the address of a card',
    ]
  const refused = unserved.map(
    (network) =>
      `devices in ${network} get no answer, as it is not private: start the server with \`--allow ${network}\``,
  )
  if (port !== 69)
    return [
      ...refused,
      `devices ask port 69, and this is port ${port}: start it so that it may have port 69`,
      `the device has to ask the address of this machine in its own network; ${USUAL}`,
    ]
  if (reachable.length === 0)
    return [
      'this machine has no IPv4 address on a card: plug the cable in, and give the card an address in the network of the device',
    ]
  const list = reachable.map(({ address }) => address).join(', ')
  return [
    ...refused,
    `the device has to ask one of ${list}, from the same network; ${USUAL}: set serverip on it, or give this machine the address that it asks`,
    `the firewall of this machine, or a switch between that has no link light: UDP port ${port} has to come in`,
  ]
}
