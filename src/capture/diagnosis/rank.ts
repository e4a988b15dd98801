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
  const causes: Ranked[] = []
  const consequences: Ranked[] = []
  for (const rule of RULES) {
    const finding = toned(view, rule.find(view))
    if (finding === undefined || finding.confidence < LEAST_CONFIDENCE) continue
    const list = (finding.isConsequence ?? rule.isConsequence === true) ? consequences : causes
    list.push({ cause: causeOf(rule, finding, isOurs), likelihood: finding.likelihood ?? 0 })
  }
  causes.sort(byConfidence)
  consequences.sort(byConfidence)
  const all = [...causes, ...consequences]
  // What another cause brings about stands behind it, unless all that may have done so is a guess.
  const isExplained = causes.reduce((sum, { cause }) => sum + cause.confidence, 0) >= LIKELY
  return (isExplained ? all : all.sort(byConfidence)).map(({ cause }) => cause)
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

interface Ranked {
  readonly cause: Cause
  readonly likelihood: number
}

function byConfidence(a: Ranked, b: Ranked): number {
  return b.cause.confidence - a.cause.confidence || b.likelihood - a.likelihood
}
