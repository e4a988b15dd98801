/** The middle value; of an even count the lower one of the two in the middle. Undefined without any. */
export function median(values: readonly number[]): number | undefined {
  return quantile(values, 0.5)
}

/** The value that a share of the others lies below. */
export function quantile(values: readonly number[], share: number): number | undefined {
  if (values.length === 0) return undefined
  const sorted = Float64Array.from(values).sort()
  return sorted[Math.floor((sorted.length - 1) * share)]
}

/** Infinity without any value. A transfer has more packets than a call takes arguments: no `Math.min(...values)`. */
export function lowest(values: readonly number[]): number {
  return values.reduce((low, value) => Math.min(low, value), Infinity)
}

/** -Infinity without any value; as `lowest`. */
export function highest(values: readonly number[]): number {
  return values.reduce((high, value) => Math.max(high, value), -Infinity)
}
