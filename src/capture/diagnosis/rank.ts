/** Puts what the rules found in order. */
import type { Cause } from './contract.ts'
import { causeOf } from './rule.ts'
import { RULES } from './rules/index.ts'
import type { View } from './view/view.ts'

/** Below this a cause is not worth a line. */
const LEAST_CONFIDENCE = 0.1

export function rank(view: View): Cause[] {
  const causes: Cause[] = []
  const consequences: Cause[] = []
  for (const rule of RULES) {
    const finding = rule.find(view)
    if (finding === undefined || finding.confidence < LEAST_CONFIDENCE) continue
    const list = rule.isConsequence === true ? consequences : causes
    list.push(causeOf(rule, finding))
  }
  return [...causes.sort(byConfidence), ...consequences.sort(byConfidence)]
}

function byConfidence(a: Cause, b: Cause): number {
  return b.confidence - a.confidence
}
