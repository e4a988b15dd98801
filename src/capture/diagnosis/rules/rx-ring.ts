/** A receive ring with few places: the first packets of a burst arrive, later ones do not. */
import type { Rule } from '../rule.ts'
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
    const { incidents, tally, latencies } = view
    if (latencies.windowBlocks < 2 || tally.of.ack.length > tally.of.data.length) return undefined
    const lost = incidents.filter(({ what }) => what === 'data' || what === 'either')
    const later = lost.filter(({ inBurst }) => inBurst > 0)
    if (lost.length < LEAST || later.length < NEARLY_ALL * lost.length) return undefined
    return {
      confidence: (later.length / tally.total) * certainty(later.length) * SURE,
      evidence: [
        shown(view, `${blocksText(later)}: lost, and each left right behind another packet`, packetsOf(later)),
      ],
      tellApart: 'Serve it with `--window 1`: a full ring then loses nothing, and a bad link still does.',
    }
  },
}

const SURE = 0.98
