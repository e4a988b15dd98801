/** Puts what the rules found in order. */
import type { Cause } from './contract.ts'
import { causeOf, type Finding } from './rule.ts'
import { RULES } from './rules/index.ts'
import type { View } from './view/view.ts'

/** Below this a cause is not worth a line. */
const LEAST_CONFIDENCE = 0.05
/** From here on a cause explains what follows from it. */
const LIKELY = 0.3

/** `isOurs`: the server is Foresend. */
export function rank(view: View, isOurs: boolean): Cause[] {
  const causes: Cause[] = []
  const consequences: Cause[] = []
  for (const rule of RULES) {
    const finding = toned(view, rule.find(view))
    if (finding === undefined || finding.confidence < LEAST_CONFIDENCE) continue
    const list = (finding.isConsequence ?? rule.isConsequence === true) ? consequences : causes
    list.push(causeOf(rule, finding, isOurs))
  }
  causes.sort(byConfidence)
  consequences.sort(byConfidence)
  // What another cause brings about stands behind it, unless all that may have done so is a guess.
  return causes.reduce((sum, { confidence }) => sum + confidence, 0) >= LIKELY
    ? [...causes, ...consequences]
    : [...causes, ...consequences].sort(byConfidence)
}

/** A healthy network loses a packet now and then: one incident of a whole transfer is hardly a fault. */
function toned({ judgement, transfer }: View, finding: Finding | undefined): Finding | undefined {
  const isAccident =
    judgement.judged[0]?.story.own.length === 1 &&
    transfer.outcome.type === 'complete' &&
    transfer.blocks.sent >= MANY_BLOCKS
  return finding !== undefined && isAccident ? { ...finding, confidence: finding.confidence / 2 } : finding
}

const MANY_BLOCKS = 100

function byConfidence(a: Cause, b: Cause): number {
  return b.confidence - a.confidence
}
