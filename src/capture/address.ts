/** IP addresses from their text, for packet headers. */

/**
 * The 4 or 16 bytes of an IPv4 or IPv6 address; a zone (`%eth0`) is dropped, and an IPv4 address inside IPv6
 * (`::ffff:10.0.0.1`) gives 4 bytes. Undefined when `text` is no address.
 */
export function parseAddress(text: string): Uint8Array | undefined {
  const bytes = text.includes(':') ? parseIpv6(text.replace(/%.*$/s, '')) : parseIpv4(text)
  if (bytes !== undefined && isMapped(bytes)) return bytes.slice(12)
  return bytes
}

/** The IPv6 form of a 4-byte address, `::ffff:a.b.c.d`; 16 bytes stay as they are. */
export function toIpv6(address: Uint8Array): Uint8Array {
  if (address.length === 16) return address
  const mapped = new Uint8Array(16).fill(0xff, 10, 12)
  mapped.set(address, 12)
  return mapped
}

function parseIpv4(text: string): Uint8Array | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)
  if (match === null) return undefined
  const numbers = match.slice(1).map(Number)
  return numbers.every((number) => number <= 255) ? Uint8Array.from(numbers) : undefined
}

function parseIpv6(text: string): Uint8Array | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const head = parseGroups(halves[0], halves.length === 1)
  const tail = halves.length === 2 ? parseGroups(halves[1], true) : []
  if (head === undefined || tail === undefined) return undefined
  const missing = 16 - head.length - tail.length
  // `::` stands for one group of zeros at least; without it all eight must be there.
  if (halves.length === 2 ? missing < 2 : missing !== 0) return undefined
  return Uint8Array.from([...head, ...Array<number>(missing).fill(0), ...tail])
}

/** The bytes of groups between colons; the last may be an IPv4 address where `atEnd` says that nothing follows. */
function parseGroups(text: string, atEnd: boolean): number[] | undefined {
  if (text === '') return []
  const bytes: number[] = []
  const groups = text.split(':')
  for (const [index, group] of groups.entries()) {
    if (/^[0-9a-fA-F]{1,4}$/.test(group)) {
      const value = Number.parseInt(group, 16)
      bytes.push(value >>> 8, value & 0xff)
      continue
    }
    const ipv4 = atEnd && index === groups.length - 1 ? parseIpv4(group) : undefined
    if (ipv4 === undefined) return undefined
    bytes.push(...ipv4)
  }
  return bytes
}

function isMapped(b: Uint8Array): boolean {
  return b.length === 16 && b[10] === 0xff && b[11] === 0xff && b.subarray(0, 10).every((byte) => byte === 0)
}
