import { isWindowUnknown } from '../holes.ts'
import type { Rule } from '../rule.ts'

export const cumulativeServerHole: Rule = {
  id: 'cumulative-server-hole',
  title: 'the server took blocks for delivered that the device never acknowledged by themselves',
  advice:
    'Do not flash this image: load it again with a server that keeps one acknowledgement for each block (Foresend), or compare its checksum in the device first.',
  find({ holes, transfer }) {
    // A window that the capture does not show leaves as many without an ACK: that is said of the blocks, and no fault of a server.
    if (holes.count === 0 || isWindowUnknown(transfer)) return undefined
    const ranges = holes.ranges
      .slice(0, 5)
      .map(({ first, last }) => (first === last ? `${first}` : `${first} to ${last}`))
    return {
      confidence: 0.8,
      evidence: [{ text: `blocks ${ranges.join(', ')}: ${holes.because}`, packets: [] }],
    }
  },
  isConsequence: true,
}
