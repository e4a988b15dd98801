/** What `serve` asks of confinement at its start, and what it says of it. */
import { usageError } from '../exit.ts'
import { plain } from '../render/plain.ts'
import { findWayOut } from './check.ts'
import { startConfined, wasStartedAgain } from './confine.ts'
import type { Plan } from './plan.ts'

export { barredFolder, type Plan, planOf } from './plan.ts'

/** In force, or why it is not. */
export type Confinement = { readonly inForce: true } | { readonly inForce: false; readonly reason: string }

/**
 * Confines the program, with `sockets` handed to it, to `plan`, unless it is already: then it resolves in the program that was started again. Rejects with
 * ERR_TFTP_USAGE where it is `required` and cannot be had, or where a file outside can still be opened.
 */
export async function confine(plan: Plan, required: boolean, sockets: number): Promise<Confinement> {
  const reason = wasStartedAgain() ? await findWayOut(plan) : startConfined(plan, sockets)
  if (reason === undefined) return { inForce: true }
  if (required) throw usageError(`cannot be confined, which --require-confinement asks for: ${reason}`)
  return { inForce: false, reason }
}

/** For the log. */
export function confinementLine(plan: Plan, confinement: Confinement): string {
  if (!confinement.inForce) return `not confined: ${confinement.reason}`
  const stored = plan.stored.length === 0 ? 'writes nothing' : `writes ${plan.stored.join(', ')}`
  return `confined: reads ${plain(plan.served.join(', '))}, ${plain(stored)}, and no other files but its own and the system's programs`
}
