/** A rule looks for one cause. One rule is one file in `rules/` and one row of `rules/index.ts`. */
import type { Cause, CauseId, Evidence } from './contract.ts'
import type { View } from './view/view.ts'

/** What a rule found. The ranker makes a `Cause` of it. */
export interface Finding {
  readonly confidence: number
  /** Of causes with one confidence the higher one is named first. */
  readonly likelihood?: number
  /** Packets that it hit. Of two causes that hold at once the one with more of them is named first. */
  readonly hits?: number
  readonly evidence: readonly Evidence[]
  /** Both replace what the rule says in general, where the capture allows more. */
  readonly title?: string
  readonly advice?: string
  readonly tellApart?: string | undefined
  /** As of a rule, where that depends on the capture. */
  readonly isConsequence?: boolean
  /** It speaks of packets behind the last word of the client alone: what is known to follow from other causes may as well have been first. */
  readonly isGuess?: boolean
}

export interface Rule {
  readonly id: CauseId
  readonly title: string
  readonly advice: string
  /** What to do where Foresend itself served it. */
  readonly adviceOfOurs?: string
  /** What it finds follows from another cause, and stands behind that. */
  readonly isConsequence?: true
  /** Undefined when the capture does not show it. Rules do not know of each other. */
  find(view: View): Finding | undefined
}

export function causeOf(rule: Rule, finding: Finding, isOurs: boolean): Cause {
  return {
    id: rule.id,
    title: finding.title ?? rule.title,
    confidence: finding.confidence,
    evidence: finding.evidence,
    advice: finding.advice ?? (isOurs ? rule.adviceOfOurs : undefined) ?? rule.advice,
    tellApart: finding.tellApart,
  }
}
