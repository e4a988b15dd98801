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
