import type { Frame } from '../frame.ts'
import type { Fault, FaultOutput } from '../link.ts'

export interface FragmentLossOptions {
  /** The largest IP packet that the path carries whole, in bytes. Default 1500. */
  readonly mtu?: number
}

const DEFAULT_MTU = 1500
/** IPv4 20, UDP 8. */
const IP_AND_UDP_BYTES = 28

/**
 * A path whose later fragments are lost: a firewall, a tunnel, or a device that does not put fragments together. The first
 * fragment of a datagram that is too long arrives and is of no use, so the datagram is lost, each time it is sent.
 */
export function fragmentLoss(options: FragmentLossOptions = {}): Fault {
  const longestBytes = (options.mtu ?? DEFAULT_MTU) - IP_AND_UDP_BYTES
  return {
    type: 'fragment-loss',
    side: 'sending',
    apply(_now: number, frame: Frame, out: FaultOutput): void {
      if (frame.length <= longestBytes) out.pass(frame, 0)
    },
  }
}
