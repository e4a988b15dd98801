import type { Frame } from '../frame.ts'
import type { Fault, FaultOutput } from '../link.ts'

export interface ArpSilentOptions {
  /** How long the host's ARP entry lives. Default 30,000; tests use 800. */
  readonly afterMs?: number
  /** The next frame from the device gives the host its address again, for another `afterMs`. Default false. */
  readonly revives?: boolean
}

const DEFAULT_AFTER_MS = 30_000

/**
 * The device does not answer ARP: when the host's entry expires, nothing reaches the device any more. Two faults that go
 * together: `down` (server to device) drops, `up` (device to server) learns the address.
 */
export function arpSilent(options: ArpSilentOptions = {}): { readonly up: Fault; readonly down: Fault } {
  const afterMs = options.afterMs ?? DEFAULT_AFTER_MS
  let expiresAt = Infinity
  let known = false
  return {
    up: {
      type: 'arp-silent',
      side: 'sending',
      apply(now: number, frame: Frame, out: FaultOutput): void {
        // Traffic alone does not renew an entry; only an expired one is learnt anew.
        if (!known || (options.revives === true && now >= expiresAt)) expiresAt = now + afterMs
        known = true
        out.pass(frame, 0)
      },
    },
    down: {
      type: 'arp-silent',
      side: 'sending',
      apply(now: number, frame: Frame, out: FaultOutput): void {
        if (now < expiresAt) out.pass(frame, 0)
      },
    },
  }
}
