/** Times of pcapng: a count of 64 bits in a unit that each interface chooses (option if_tsresol). */

export interface SplitTime {
  seconds: number
  nanos: number
}

/** Counts a second has, by the byte of if_tsresol: a power of ten, or of two where its highest bit is set. */
export interface TickUnit {
  /** Undefined where it is too large for the short division below. */
  readonly perSecond: number | undefined
  readonly exactPerSecond: bigint
}

/** With fewer counts a second the short division below stays within a double. */
const MAX_SHORT = 2 ** 37

export function tickUnit(resolution: number): TickUnit {
  const exponent = BigInt(resolution & 0x7f)
  const exactPerSecond = (resolution & 0x80) === 0 ? 10n ** exponent : 2n ** exponent
  return { perSecond: exactPerSecond < MAX_SHORT ? Number(exactPerSecond) : undefined, exactPerSecond }
}

/** Splits the count `high * 2^32 + low`. */
export function splitTicks(high: number, low: number, unit: TickUnit, into: SplitTime): void {
  const perSecond = unit.perSecond
  if (perSecond === undefined) {
    const ticks = (BigInt(high) << 32n) | BigInt(low)
    into.seconds = Number(ticks / unit.exactPerSecond)
    into.nanos = Number(((ticks % unit.exactPerSecond) * 1_000_000_000n) / unit.exactPerSecond)
    return
  }
  // Long division with digits of 16 bits: a big integer for each frame would cost more than the rest of the reading.
  let quotient = Math.floor(high / perSecond)
  let rest = high % perSecond
  for (const digit of [low >>> 16, low & 0xffff]) {
    const part = rest * 0x10000 + digit
    quotient = quotient * 0x10000 + Math.floor(part / perSecond)
    rest = part % perSecond
  }
  into.seconds = quotient
  into.nanos = nanosOf(rest, perSecond)
}

/** Exact for every power of ten, and where 2^53 allows for powers of two. */
function nanosOf(ticks: number, perSecond: number): number {
  if (perSecond <= 1e9 && 1e9 % perSecond === 0) return ticks * (1e9 / perSecond)
  if (perSecond % 1e9 === 0) return Math.floor(ticks / (perSecond / 1e9))
  return Math.floor((ticks / perSecond) * 1e9)
}
