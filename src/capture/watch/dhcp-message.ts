/** BOOTP (RFC 951) and DHCP (RFC 2131) messages: who asks for an address, what it says of itself, and which boot file it gets. */
import { net32 } from '../bytes.ts'
import { formatAddress, formatMac } from '../address.ts'

export const DHCP_PORTS = { server: 67, client: 68 } as const

/** `bootp-request`, `bootp-reply`: without an option that says more. */
export const DHCP_KINDS = [
  'discover',
  'offer',
  'request',
  'decline',
  'ack',
  'nak',
  'release',
  'inform',
  'bootp-request',
  'bootp-reply',
] as const
export type DhcpKind = (typeof DHCP_KINDS)[number]

export interface DhcpMessage {
  readonly kind: DhcpKind
  readonly isReply: boolean
  /** Of the client; undefined where it is no Ethernet card. */
  readonly mac: string | undefined
  /** The client's address that a reply gives; undefined for none. */
  readonly address: string | undefined
  /** Where a reply sends the client for its boot file. */
  readonly bootServer: string | undefined
  readonly bootFile: string | undefined
  /** Option 60, such as `PXEClient:Arch:00007:UNDI:003016`. */
  readonly vendorClass: string | undefined
  readonly hostname: string | undefined
  /** It asks for a boot file: BOOTP, PXE, or the name of one among the wanted options. */
  readonly wantsBoot: boolean
}

const FIXED_BYTES = 236
const MAGIC = 0x63825363
const MAX_TEXT_BYTES = 128
const OPTION = {
  pad: 0,
  hostname: 12,
  overload: 52,
  type: 53,
  wanted: 55,
  vendorClass: 60,
  bootServer: 66,
  bootFile: 67,
  tftpAddress: 150,
  end: 255,
} as const

/** The message of `length` bytes at `at`; undefined when it is none. */
export function readDhcp(b: Uint8Array, at: number, length: number): DhcpMessage | undefined {
  if (length < FIXED_BYTES || (b[at] !== 1 && b[at] !== 2)) return undefined
  const isReply = b[at] === 2
  const options = optionsIn(b, at + FIXED_BYTES, at + length)
  const type = options.get(OPTION.type)?.[0]
  const kind = type === undefined ? undefined : DHCP_KINDS[type - 1]
  const text = (code: number): string | undefined => textOf(options.get(code))
  const vendorClass = text(OPTION.vendorClass)
  const wanted = options.get(OPTION.wanted)
  const tftp = options.get(OPTION.tftpAddress)
  // An overloaded field holds options, not a name.
  const overload = options.get(OPTION.overload)?.[0] ?? 0
  const sname = (overload & 2) === 0 ? textOf(b.subarray(at + 44, at + 108)) : undefined
  const file = (overload & 1) === 0 ? textOf(b.subarray(at + 108, at + FIXED_BYTES)) : undefined
  const siaddr = isReply ? addressAt(b, at + 20) : undefined
  return {
    kind: kind ?? (isReply ? 'bootp-reply' : 'bootp-request'),
    isReply,
    mac: b[at + 1] === 1 && b[at + 2] === 6 ? formatMac(b, at + 28) : undefined,
    address: isReply ? addressAt(b, at + 16) : undefined,
    bootServer:
      (tftp?.length ?? 0) >= 4 ? addressAt(tftp as Uint8Array, 0) : (siaddr ?? text(OPTION.bootServer) ?? sname),
    bootFile: text(OPTION.bootFile) ?? file,
    vendorClass,
    hostname: text(OPTION.hostname),
    wantsBoot:
      type === undefined || vendorClass?.startsWith('PXEClient') === true || wanted?.includes(OPTION.bootFile) === true,
  }
}

/** The first value of each option. */
function optionsIn(b: Uint8Array, from: number, end: number): Map<number, Uint8Array> {
  const options = new Map<number, Uint8Array>()
  if (from + 4 > end || net32(b, from) !== MAGIC) return options
  for (let at = from + 4; at < end && b[at] !== OPTION.end; ) {
    if (b[at] === OPTION.pad) {
      at++
      continue
    }
    if (at + 2 > end) break
    const bytes = b[at + 1]
    if (at + 2 + bytes > end) break
    if (!options.has(b[at])) options.set(b[at], b.slice(at + 2, at + 2 + bytes))
    at += 2 + bytes
  }
  return options
}

function textOf(bytes: Uint8Array | undefined): string | undefined {
  if (bytes === undefined) return undefined
  const nul = bytes.indexOf(0)
  const text = bytes.subarray(0, Math.min(MAX_TEXT_BYTES, nul < 0 ? bytes.length : nul))
  return text.length === 0 ? undefined : new TextDecoder('latin1').decode(text)
}

function addressAt(b: Uint8Array, at: number): string | undefined {
  return net32(b, at) === 0 ? undefined : formatAddress(b, at, 4)
}
