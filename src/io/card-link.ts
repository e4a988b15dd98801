/** Network cards as Linux shows them in /sys: which there are, and whether their link is up. */
import { readdirSync, readFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import type { LinkState } from '../capture/watch/contract.ts'
import { broadcastOf, localAddresses } from './interfaces.ts'

const FOLDER = '/sys/class/net'
/** ARPHRD_ETHER and ARPHRD_LOOPBACK: frames with an Ethernet header. */
const ETHERNET = 1
const LOOPBACK = 772

export type CardKind = 'ethernet' | 'loopback' | 'other'

export function cardNames(): string[] {
  try {
    return readdirSync(FOLDER)
  } catch {
    return []
  }
}

export function cardKind(card: string): CardKind {
  const type = Number(read(card, 'type'))
  return type === ETHERNET ? 'ethernet' : type === LOOPBACK ? 'loopback' : 'other'
}

export function linkState(card: string): LinkState {
  // The kernel answers EINVAL while the card is switched off.
  const carrier = read(card, 'carrier')
  if (carrier === '1') return 'up'
  if (carrier === '0') return 'no-carrier'
  return read(card, 'type') === undefined ? 'gone' : 'off'
}

/** IPv4 and IPv6 addresses of the card, without zones, and its broadcast addresses. */
export function addressesOf(card: string): { readonly addresses: string[]; readonly broadcasts: string[] } {
  const locals = localAddresses({ [card]: networkInterfaces()[card] ?? [] })
  return {
    addresses: locals.map(({ address }) => address.replace(/%.*$/, '')),
    broadcasts: locals.map(broadcastOf).filter((address) => address !== undefined),
  }
}

function read(card: string, file: string): string | undefined {
  try {
    return readFileSync(`${FOLDER}/${card}/${file}`, 'latin1').trim()
  } catch {
    return undefined
  }
}
