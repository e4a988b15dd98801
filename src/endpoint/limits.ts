/** What `serve` allows: to one transfer, and to all of them together. The lab's Foresend has the same. */
import type { Limits } from '../transfer/negotiate.ts'

/** RFC 2348. */
const MAX_BLKSIZE = 65_464
/** Blocks that one ACK may set free: with tiny blocks the bytes alone would allow tens of thousands. */
const MAX_WINDOWSIZE = 1024
/** What the kernel's buffers of both ends can hold without loss, give or take. */
const MAX_WINDOW_BYTES = 512 * 1024

/** Of one transfer. */
export const SERVE_LIMITS: Limits = {
  maxBlksize: MAX_BLKSIZE,
  maxWindowsize: MAX_WINDOWSIZE,
  maxWindowBytes: MAX_WINDOW_BYTES,
  refuse: new Set<string>(),
}

/** Of all transfers together, where the configuration does not say otherwise. */
export const SERVE_CAPS = {
  maxTransfers: 16_384,
  /** A rack behind one NAT, or 5000 clients of a test on one machine; all of it costs tens of megabytes. */
  maxTransfersPerAddress: 8192,
  /** As many clients as may start at the same moment. */
  maxHalfOpen: 8192,
} as const
