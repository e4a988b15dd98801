/** The middle value; of an even number of values the mean of the two in the middle. Undefined for none. */
export function median(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((a, b) => a - b)
  const half = sorted.length >> 1
  return sorted.length % 2 === 1 || sorted.length === 0 ? sorted[half] : (sorted[half - 1]! + sorted[half]!) / 2
}
