import type { Frame } from '../frame.ts'
import type { Fault, FaultOutput } from '../link.ts'

export interface RxRingOptions {
  /** Frames that the ring holds, the one in work included. Default 1. */
  readonly descriptors?: number
  /** How long the device takes for each. Default 0.2 (200 us). */
  readonly drainMs?: number
}

/** A receive ring with few descriptors: later frames of a burst find it full and are lost. Anticipation hurts here. */
export function rxRing(options: RxRingOptions = {}): Fault {
  const descriptors = options.descriptors ?? 1
  const drainMs = options.drainMs ?? 0.2
  // When each occupied descriptor is free again, oldest first.
  const freeAt = new Float64Array(descriptors).fill(-Infinity)
  let oldest = 0
  return {
    type: 'rx-ring',
    side: 'arriving',
    apply(now: number, frame: Frame, out: FaultOutput): void {
      if (freeAt[oldest]! > now) return
      const newest = (oldest + descriptors - 1) % descriptors
      const done = Math.max(now, freeAt[newest]!) + drainMs
      freeAt[oldest] = done
      oldest = (oldest + 1) % descriptors
      out.pass(frame, done - now)
    },
  }
}
