/** The middle value; of an even number the upper of the two, so that counts stay counts. Undefined for none. */
export function median(values: readonly number[]): number | undefined {
  return [...values].sort((a, b) => a - b)[values.length >> 1]
}
