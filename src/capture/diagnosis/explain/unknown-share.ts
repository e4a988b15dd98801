/** Of `some` events of one kind and `others` of another, in one order, where every share of the two is as likely as any other. */
export function unknownShareCost(some: number, others: number): number {
  let cost = Math.log(some + others + 1)
  for (let n = 1; n <= others; n++) cost += Math.log((some + n) / n)
  return cost
}
