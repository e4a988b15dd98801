/** Where a server is and what the way to it can carry. */
import { lookup } from 'node:dns/promises'
import { readFileSync } from 'node:fs'
import { isIP, isIPv6 } from 'node:net'
import { networkInterfaces } from 'node:os'
import { ForesendError } from '../../error.ts'
import { escapeText } from '../../packet/index.ts'
import { createSocket } from '../dgram/core.ts'

/** What Ethernet carries, in bytes; also assumed where the system names no MTU. */
const ETHERNET_MTU = 1500
/** IPv4 or IPv6 header, UDP header, TFTP header. */
const OVERHEAD4_BYTES = 20 + 8 + 4
const OVERHEAD6_BYTES = 40 + 8 + 4
/**
 * Loopback carries 65536 bytes and jumbo frames 9000, but a window must also fit the receiver's socket buffer, or it loses
 * its end each time. The usual 208 KB, counted in whole pages as Linux does, hold 16 blocks of 4096 and not of 8192.
 */
const MAX_WINDOW_BYTES = 65_536
const MAX_DEFAULT_BLKSIZE = 8192
const MIN_DEFAULT_BLKSIZE = 512

/**
 * The numeric address of `host`, which may be one already, with a zone or without. Of several the first IPv4 one: few
 * TFTP servers listen on IPv6. `localAddress` restricts the family. Rejects with ERR_TFTP_UNREACHABLE.
 */
export async function resolveHost(host: string, localAddress?: string): Promise<string> {
  if (isIP(host) !== 0) return host
  try {
    const family = localAddress === undefined ? 0 : isIP(localAddress)
    const { address } = await lookup(host, { family, order: 'ipv4first' })
    return address
  } catch (cause) {
    const message = `${escapeText(host)} has no address; check the name, or give the server's address as numbers`
    throw new ForesendError('ERR_TFTP_UNREACHABLE', message, { fault: 'network', cause })
  }
}

/**
 * The largest blksize whose datagrams reach `address` in one frame, from the MTU of the interface that leads there, and of
 * which `windowsize` fit a socket's buffer: 512 to 8192. Fragments are never asked for: one lost fragment loses the block,
 * and many bootloaders cannot join them.
 */
export async function defaultBlksize(address: string, windowsize: number, localAddress?: string): Promise<number> {
  const overheadBytes = isIPv6(address) ? OVERHEAD6_BYTES : OVERHEAD4_BYTES
  const fitsFrame = mtuOf(localAddress ?? (await localAddressTo(address))) - overheadBytes
  // Blocks that fit Ethernet stay as they are: who asks for a large window has thought of the buffers.
  const fitsBuffer = Math.max(ETHERNET_MTU - overheadBytes, Math.floor(MAX_WINDOW_BYTES / windowsize))
  return Math.max(MIN_DEFAULT_BLKSIZE, Math.min(MAX_DEFAULT_BLKSIZE, fitsFrame, fitsBuffer))
}

/** The local address that datagrams to `address` leave from; undefined when there is no route. Nothing is sent. */
export function localAddressTo(address: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket(address)
    const done = (found: string | undefined): void => {
      socket.close()
      resolve(found)
    }
    socket.on('error', () => done(undefined))
    // The port does not matter: connecting a UDP socket only asks the routing table.
    socket.connect(9, address, () => done(socket.address().address))
  })
}

function mtuOf(localAddress: string | undefined): number {
  const name = localAddress === undefined ? undefined : interfaceOf(localAddress)
  if (name === undefined || process.platform !== 'linux') return ETHERNET_MTU
  try {
    const mtu = Number(readFileSync(`/sys/class/net/${name}/mtu`, 'utf8'))
    return mtu > 0 ? mtu : ETHERNET_MTU
  } catch {
    return ETHERNET_MTU
  }
}

function interfaceOf(localAddress: string): string | undefined {
  const bare = localAddress.replace(/%.*/, '')
  if (bare.startsWith('127.')) return 'lo'
  for (const [name, entries] of Object.entries(networkInterfaces())) {
    if (entries?.some((entry) => entry.address === bare)) return name
  }
  return undefined
}
