/** Who asks for a name, as the rules know it. */
import ipaddr from 'ipaddr.js'

export interface Asking {
  /** As it came: bytes as latin1, one character for each. */
  readonly name: string
  readonly direction: 'read' | 'write'
  readonly address: string
}

/** The client's address in both forms that a replacement can hold. */
export interface ClientAddress {
  readonly family: 4 | 6
  /** `192.0.2.169` or `2001:db8::1`, without a zone. */
  readonly text: string
  /** `C00002A9` or `20010DB8000000000000000000000001`. */
  readonly hex: string
}

/** For replacements that cannot name the client. */
export const NO_CLIENT: ClientAddress = { family: 4, text: '', hex: '' }

/** An IPv4 address within IPv6 (`::ffff:192.0.2.169`) is IPv4. */
export function clientAddress(address: string): ClientAddress {
  const parsed = ipaddr.process(address.replace(/%.*$/, ''))
  return {
    family: parsed.kind() === 'ipv4' ? 4 : 6,
    text: parsed.toString(),
    hex: Buffer.from(parsed.toByteArray()).toString('hex').toUpperCase(),
  }
}
