import type { Frame } from '../frame.ts'
import type { Fault, FaultOutput } from '../link.ts'

/** No datagram reaches the device: DATA 1 is never acknowledged, whatever the server does. */
export function deadRx(): Fault {
  return { type: 'dead-rx', side: 'arriving', apply(_now: number, _frame: Frame, _out: FaultOutput): void {} }
}
