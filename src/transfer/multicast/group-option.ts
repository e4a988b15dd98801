/**
 * The value of the option `multicast` (RFC 2090). A client asks with an empty one. The server answers in an OACK with the group to
 * listen to, and with 1 for the client that leads the group (its master: the one whose ACKs ask for blocks), 0 for the others. Later
 * OACKs change only that number, and may leave address and port empty: `,,1`.
 */
import type { Option } from '../../packet/index.ts'

export const MULTICAST = 'multicast'

/** Where blocks of a group go. */
export interface GroupAddress {
  /** IPv4. */
  readonly address: string
  readonly port: number
}

export interface GroupAnswer {
  /** Undefined where the answer leaves it out. */
  readonly group: GroupAddress | undefined
  readonly isMaster: boolean
}

/** Address and port stand in it each time: atftp reads no empty ones. */
export function groupOption({ address, port }: GroupAddress, isMaster: boolean): Option {
  return { name: MULTICAST, value: `${address},${port},${isMaster ? 1 : 0}` }
}

/** Undefined for what is no answer, or names something that is no multicast group. */
export function parseGroupOption(value: string): GroupAnswer | undefined {
  const match = /^([\d.]*),(\d{0,5}),([01])$/.exec(value)
  if (match === null) return undefined
  const [, address = '', port = '', master] = match
  const isMaster = master === '1'
  if (address === '' && port === '') return { group: undefined, isMaster }
  const number = Number(port)
  if (!isGroupAddress(address) || number < 1 || number > 65_535) return undefined
  return { group: { address, port: number }, isMaster }
}

/** IPv4 multicast, 224.0.1.0 to 239.255.255.255: what is below belongs to routing protocols. */
export function isGroupAddress(text: string): boolean {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)
  if (match === null) return false
  const [a, b, c, d] = match.slice(1).map(Number) as [number, number, number, number]
  return a >= 224 && a <= 239 && b <= 255 && c <= 255 && d <= 255 && !(a === 224 && b === 0 && c === 0)
}
