/** Ports that transfers may use, where a firewall knows only those. */

export interface PortRange {
  readonly first: number
  readonly last: number
}

/** Of `FIRST:LAST`; undefined for what is no range. */
export function portRangeOf(text: string): PortRange | undefined {
  const match = /^(\d{1,5}):(\d{1,5})$/.exec(text)
  if (match === null) return undefined
  const [first, last] = [Number(match[1]), Number(match[2])]
  return first >= 1 && first <= last && last <= 65_535 ? { first, last } : undefined
}

/** Every port of `range` once, from a random one on; 0, the system's choice, without a range. */
export function* portsOf(range: PortRange | undefined, random: () => number = Math.random): Iterable<number> {
  if (range === undefined) {
    yield 0
    return
  }
  const count = range.last - range.first + 1
  const start = Math.floor(random() * count)
  for (let i = 0; i < count; i++) yield range.first + ((start + i) % count)
}
