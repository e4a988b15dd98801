/** The receive buffers of a bootloader that is busy: what finds all of them taken is lost. */
import type { Branch } from './branch.ts'

const BUFFERS = 4
const FULL_COST = 0.05

export function areTaken({ queued }: Branch): boolean {
  return queued >= BUFFERS
}

export function dropped(branch: Branch): Branch {
  return { ...branch, isDownLost: false, cost: branch.cost + FULL_COST }
}
