/** IP addresses from and to their text, for packet headers. */

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

/** The text of the 4 or 16 bytes at `at`: dotted, or the shortest form of IPv6 (RFC 5952). */
export function formatAddress(b: Uint8Array, at: number, bytes: number): string {
  if (bytes === 4) return `${b[at]}.${b[at + 1]}.${b[at + 2]}.${b[at + 3]}`
  const groups: number[] = []
  for (let i = 0; i < bytes; i += 2) groups.push((b[at + i] << 8) | b[at + i + 1])
  const [from, count] = longestZeros(groups)
  const hex = (part: readonly number[]) => part.map((group) => group.toString(16)).join(':')
  // One group of zeros alone is written out.
  if (count < 2) return hex(groups)
  return `${hex(groups.slice(0, from))}::${hex(groups.slice(from + count))}`
}

/** Where the first of the longest runs of zeros begins, and its length. */
function longestZeros(groups: readonly number[]): [from: number, count: number] {
  let best: [number, number] = [0, 0]
  for (let from = 0; from < groups.length; from++) {
    let end = from
    while (groups[end] === 0) end++
    if (end - from > best[1]) best = [from, end - from]
    from = end
  }
  return best
}

const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** `aa:bb:cc:dd:ee:ff`, of the six bytes at `at`. */
export function formatMac(b: Uint8Array, at: number): string {
  let text = HEX[b[at]]
  for (let i = at + 1; i < at + 6; i++) text += `:${HEX[b[i]]}`
  return text
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
