/** Multicast groups that files may be sent to, as atftpd writes them: `239.255.0.0-31,128-132` and ports `1758-1761,8000`. */
import { isGroupAddress } from '../transfer/multicast/group-option.ts'

/** Inclusive. */
type Range = readonly [first: number, last: number]

/** Of the last number of an address, or of ports. */
const MAX_RANGES = 32

/** Every address of `text` in its order; undefined where it is no list of multicast addresses (224.0.1.0 to 239.255.255.255). */
export function groupAddressesOf(text: string): readonly string[] | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.([\d,-]+)$/.exec(text)
  if (match === null) return undefined
  const [a, b, c] = match.slice(1, 4).map(Number)
  const ranges = rangesOf(match[4] as string, 0, 255)
  const addresses = ranges?.flatMap(([first, last]) => numbers(first, last).map((d) => `${a}.${b}.${c}.${d}`))
  return addresses?.every(isGroupAddress) ? addresses : undefined
}

/** Every port of `text` in its order; undefined where it is no list of ports. */
export function groupPortsOf(text: string): readonly number[] | undefined {
  return rangesOf(text, 1, 65_535)?.flatMap(([first, last]) => numbers(first, last))
}

function rangesOf(text: string, min: number, max: number): Range[] | undefined {
  const parts = text.split(',')
  if (parts.length > MAX_RANGES) return undefined
  const ranges: Range[] = []
  for (const part of parts) {
    const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part)
    if (match === null) return undefined
    const first = Number(match[1])
    const last = Number(match[2] ?? match[1])
    if (first < min || last > max || first > last) return undefined
    ranges.push([first, last])
  }
  return ranges
}

function numbers(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i)
}
