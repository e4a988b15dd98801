/** What a policy that learns nothing does with its notifications. Spread into the objects of the other files. */
export const QUIET = {
  wholeMs: 0,
  sent(): void {},
  acked(): void {},
  gap(): void {},
  timeout(): void {},
  recovered(): void {},
  refused(): void {},
}
