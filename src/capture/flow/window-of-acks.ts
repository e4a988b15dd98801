/** The window that ACKs show, where no whole OACK was captured: one that began late, or keeps only the beginning of each packet. */
import { PACKET_FLAG } from '../contract.ts'
import type { Flow } from './flow.ts'

/** Steps of one width, before they count as windows. */
const LEAST_STEPS = 3
/** A lost block ends a window early: of the steps this share is whole. */
const WHOLE_SHARE = 0.4
/** RFC 7440: no ACK goes beyond the window. Where ACKs of single blocks are lost, steps have any width. */
const BEYOND_SHARE = 0.05
/** Blocks that are acknowledged one by one are so by far the most often, whatever is lost then: the wider a step the rarer. */
const SINGLE_SHARE = 0.25
const SINGLE_SHARE_WIDE = 0.5
const WIDE = 4
/** A device that sends its last ACK in place of the one before it acknowledges each second block, and that one twice. */
const REPEATED_SHARE = 0.5

/** Undefined where the ACKs do not tell: blocks were acknowledged one by one, or are few. */
export function windowOfAcks({ log, direction }: Flow): number | undefined {
  const steps = new Map<number, number>()
  let highest: number | undefined
  let count = 0
  let repeated = 0
  for (let i = 0; i < log.length; i++) {
    if (log.thinnedBefore(i) > 0) highest = undefined
    const isReceiver = (direction === 'read') === log.fromClient(i)
    if (!isReceiver || log.kind(i) !== 'ack' || (log.flags(i) & PACKET_FLAG.copy) !== 0) continue
    const seq = log.seq(i)
    if (highest !== undefined && seq > highest) {
      count++
      steps.set(seq - highest, (steps.get(seq - highest) ?? 0) + 1)
    } else if (highest !== undefined) repeated++
    highest = Math.max(highest ?? seq, seq)
  }
  const [width, whole] = [...steps].reduce((best, step) => (step[1] > best[1] ? step : best), [1, 0])
  const beyond = [...steps].reduce((sum, [step, times]) => (step > width ? sum + times : sum), 0)
  const isWindow =
    width > 1 &&
    whole >= Math.max(LEAST_STEPS, WHOLE_SHARE * count) &&
    beyond <= BEYOND_SHARE * count &&
    (steps.get(1) ?? 0) <= (width < WIDE ? SINGLE_SHARE : SINGLE_SHARE_WIDE) * whole &&
    repeated <= REPEATED_SHARE * count
  return isWindow ? width : undefined
}
