import type { Frame } from '../frame.ts'
import type { Fault, FaultOutput } from '../link.ts'

/** Loses exactly the datagrams with these numbers, counted from 1 in the order of sending. For tests. */
export function dropNth(numbers: Iterable<number>): Fault {
  const doomed = new Set(numbers)
  let count = 0
  return {
    type: 'drop-nth',
    side: 'sending',
    apply(_now: number, frame: Frame, out: FaultOutput): void {
      if (!doomed.has(++count)) out.pass(frame, 0)
    },
  }
}
