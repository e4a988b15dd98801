/** What stands back when the processor is short, so that transfers go on. */
import { getPriority, setPriority } from 'node:os'

/** A thread that serves gets three times as much of a core: the weights of nice 0 and 5, sched(7). */
const NICE = 5

/**
 * Lowers the priority of this thread, and of those that it starts from now on. On Linux, where a priority belongs to a thread. A process
 * without privileges cannot raise it again.
 */
export function giveWay(): void {
  if (process.platform !== 'linux') return
  try {
    setPriority(0, Math.max(NICE, getPriority(0)))
  } catch {
    // Some sandboxes do not permit it; then it runs like the others.
  }
}
