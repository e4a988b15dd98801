/** A receive ring with few places: the first packets of a burst arrive, later ones do not. */
import type { Rule } from '../rule.ts'
import type { Incident } from '../view/incident.ts'
import { shown } from '../view/view.ts'
import { blocksText, certainty, packetsOf } from './certainty.ts'

const LEAST = 3
/** Loss by chance hits the first packet of a burst too. */
const NEARLY_ALL = 0.9

export const rxRing: Rule = {
  id: 'rx-ring',
  title: 'the device loses the later packets of a burst: its receive ring is full',
  advice:
    'Do not send ahead: serve it with `--window 1`, or keep the packets apart with `--gap 1`; refuse the option windowsize, or grant a smaller one.',
  find(view) {
    const { incidents, latencies, tally, transfer } = view
    if (latencies.windowBlocks < 2) return undefined
    // In a window the client names the gap; without one each block has an ACK of its own.
    const isWindow = transfer.agreed.windowsize > 1
    const lost = incidents.filter(({ what, isGap }) => (isWindow ? isGap : what === 'data' || what === 'either'))
    // Windows that are longer than the ring come short each time.
    if (isWindow && lost.length < MOST_WINDOWS * transfer.blocks.acknowledged) return undefined
    if (!isWindow && tally.of.ack.length > lost.length / 4) return undefined
    const later = lost.filter(({ inBurst }) => inBurst > 0)
    if (lost.length < LEAST || later.length < NEARLY_ALL * lost.length || !isSamePlace(later)) return undefined
    return {
      confidence: Math.min(1, certainty(later.length) * EXPLAINS_MORE),
      evidence: [
        shown(view, `${blocksText(later)}: lost, and each left right behind another packet`, packetsOf(later)),
      ],
      tellApart: 'Serve it with `--window 1`: a full ring then loses nothing, and a bad link still does.',
    }
  },
}

/** Chance loses any packet of a burst; a ring is full at the same one. */
function isSamePlace(lost: readonly Incident[]): boolean {
  const places = new Map<number, number>()
  for (const { inBurst } of lost) places.set(inBurst, (places.get(inBurst) ?? 0) + 1)
  return Math.max(...places.values()) >= SAME_PLACE * lost.length
}

const MOST_WINDOWS = 0.3
const SAME_PLACE = 0.6
/** Loss by chance would have to hit the same place each time. */
const EXPLAINS_MORE = 1.02
