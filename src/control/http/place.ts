/** Where the page, the API and the metrics are reached: `[ADDR:]PORT`. */
import { isIP, isIPv6 } from 'node:net'

export interface HttpPlace {
  readonly address: string
  readonly port: number
}

const LOOPBACK = '127.0.0.1'

/** Undefined where `text` is no such place. A port alone is that of the loopback address. */
export function placeOf(text: string): HttpPlace | undefined {
  const match = /^(?:(?:\[([^\]]+)\]|([^:[\]]+)):)?(\d{1,5})$/.exec(text)
  if (match === null) return undefined
  const [, six, four, digits] = match
  const port = Number(digits)
  if (port > 65_535) return undefined
  if (six !== undefined) return isIPv6(six) ? { address: six, port } : undefined
  if (four === undefined) return { address: LOOPBACK, port }
  return isIP(four) === 4 ? { address: four, port } : undefined
}

export function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1'
}

/** `[::1]:8069` */
export function authorityOf({ address, port }: HttpPlace): string {
  return `${address.includes(':') ? `[${address}]` : address}:${port}`
}
