/** What the two rules of loss share: how the doubtful incidents are divided between the two directions, and what a rule makes of its part. */
import type { Rule } from '../rule.ts'
import type { Tally } from '../view/tally.ts'
import { shown, type View } from '../view/view.ts'
import { blocksText, certainty, packetsOf } from './certainty.ts'

export interface LossShares {
  readonly ack: number
  readonly data: number
  /** Incidents of any kind, lost packets and others. */
  readonly total: number
}

/** Where both directions explain an incident. */
const HALF = 0.5
/** Of two directions, one that has only this share of the sure incidents is a chance. */
export const BOTH_SHARE = 0.15

export function lossShares({ tally }: View): LossShares {
  const { of, answered, silent, ignoresRepeats, total } = tally
  const ack = of.ack.length
  const data = of.data.length
  if (ignoresRepeats) return { ack: ack + silent.length, data: data + answered.length, total }
  // What is sure of the others speaks for the doubtful ones.
  const sure = ack + data
  const ackShare = sure === 0 ? HALF : (ack + HALF) / (sure + 1)
  const doubtful = answered.length + silent.length
  return { ack: ack + ackShare * doubtful, data: data + (1 - ackShare) * doubtful, total }
}

export const TELL_LOSSES_APART =
  'Serve it again with `--window 2`, or compare `ethtool -S` of the server before and after: lost DATA shows as drops or CRC errors on the way to the device, lost ACKs as CRC errors at the server.'

/** The rule of one direction. */
export interface LossSettings extends Pick<Rule, 'title' | 'advice'> {
  readonly id: 'ack-loss' | 'data-loss'
  /** Where a client ignores repeats, which incidents its behaviour decides for this direction. */
  readonly decided: (tally: Tally) => Tally['answered']
  /** What the sure incidents show; `blocks` names them. */
  readonly evidence: (blocks: string) => string
}

export function lossRule({ id, title, advice, decided, evidence: words }: LossSettings): Rule {
  const [own, other] = id === 'ack-loss' ? (['ack', 'data'] as const) : (['data', 'ack'] as const)
  return {
    id,
    title,
    advice,
    find(view) {
      const { tally } = view
      const shares = lossShares(view)
      const sure = [...tally.of[own], ...(tally.ignoresRepeats ? decided(tally) : [])]
      const doubtful = tally.ignoresRepeats ? [] : tally.of.either
      if (sure.length + doubtful.length === 0) return undefined
      const evidence = []
      if (sure.length > 0) evidence.push(shown(view, words(blocksText(sure)), packetsOf(sure)))
      if (doubtful.length > 0) {
        const text = `${blocksText(doubtful)}: acknowledged only after a repeat, which both directions of loss explain`
        evidence.push(shown(view, text, packetsOf(doubtful)))
      }
      return {
        confidence: (shares[own] / Math.max(1, shares.total)) * certainty(sure.length + doubtful.length),
        evidence,
        tellApart: shares[other] > 0 && sure.length < shares[own] ? TELL_LOSSES_APART : undefined,
      }
    },
  }
}
