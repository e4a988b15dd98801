/** `tftp://` URLs (RFC 3617). */
import { isIPv6 } from 'node:net'
import { ForesendError } from '../error.ts'
import { escapeText } from '../packet/index.ts'

/** RFC 1350 §4. */
export const TFTP_PORT = 69

/** RFC 4291 §2.4: fe80::/10. Every network card has them, so that the address alone says nothing of where to. */
const LINK_LOCAL = /^fe[89ab]/i

export interface TftpUrl {
  /** A name or a numeric address; IPv6 without brackets, with its zone. */
  readonly host: string
  readonly port: number
  readonly filename: string
  readonly mode: 'octet' | 'netascii'
}

/**
 * Reads `tftp://HOST[:PORT]/NAME[;mode=octet|netascii]`. The name starts after the slash (`//NAME` asks for `/NAME`), is
 * percent-decoded as UTF-8, and `?` and `#` are part of it. Throws ERR_TFTP_USAGE.
 */
export function parseTftpUrl(text: string): TftpUrl {
  const [, authority, rest] = /^tftp:\/\/([^/]*)(?:\/(.*))?$/is.exec(text) ?? []
  if (authority === undefined) throw malformed(text, 'write it as tftp://HOST/NAME')
  if (authority.includes('@')) throw malformed(text, 'TFTP has no users or passwords; leave out what stands before @')
  const [, path = '', type] = /^(.*?)(?:;mode=([^;/]*))?$/is.exec(rest ?? '') ?? []
  const mode = type === undefined ? 'octet' : type.toLowerCase()
  if (mode !== 'octet' && mode !== 'netascii') throw malformed(text, 'the mode is octet or netascii')
  const filename = decoded(text, path)
  if (filename === '') throw malformed(text, 'it names no file: write it as tftp://HOST/NAME')
  if (filename.includes('\0')) throw malformed(text, 'TFTP cannot carry a NUL in a name')
  return { ...hostAndPort(text, authority), filename, mode }
}

/** Reads `HOST` or `HOST:PORT`, as it stands in a URL; an IPv6 address alone needs no brackets. Throws ERR_TFTP_USAGE. */
export function parseTftpHost(text: string): Pick<TftpUrl, 'host' | 'port'> {
  return isIPv6(text) ? hostAndPort(text, `[${text}]`) : hostAndPort(text, text)
}

function hostAndPort(text: string, authority: string): { host: string; port: number } {
  const [, bracketed, plain, portText] = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::([0-9]*))?$/.exec(authority) ?? []
  // RFC 6874 writes the % before a zone as %25; people and other tools write it plainly.
  const host = bracketed === undefined ? plain : bracketed.replace('%25', '%')
  if (host === undefined || host === '') {
    throw malformed(text, 'it has no host; IPv6 addresses stand in brackets: tftp://[fe80::1%eth0]/NAME')
  }
  if (isIPv6(host) && LINK_LOCAL.test(host) && !host.includes('%'))
    throw malformed(text, `a link-local address needs its network card: tftp://[${host}%eth0]/NAME`)
  if (bracketed !== undefined && !isIPv6(host)) throw malformed(text, `${escapeText(host)} is no IPv6 address`)
  if (bracketed === undefined && !/^[\p{L}\p{N}._-]+$/u.test(host))
    throw malformed(text, 'its host has characters that no name has')
  const port = portText === undefined || portText === '' ? TFTP_PORT : Number(portText)
  if (port < 1 || port > 65535) throw malformed(text, 'a port is a number from 1 to 65535')
  return { host, port }
}

function decoded(text: string, part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw malformed(text, 'a % in it must be followed by two hex digits, UTF-8; a plain % is written %25')
  }
}

function malformed(text: string, reason: string): ForesendError {
  const shown = text === '' ? 'an empty text' : escapeText(text)
  return new ForesendError('ERR_TFTP_USAGE', `${shown} is no TFTP address: ${reason}`, { fault: 'local' })
}
