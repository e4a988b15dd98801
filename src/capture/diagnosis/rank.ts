/** Puts what the rules found in order. */
import type { Cause } from './contract.ts'
import { causeOf, type Finding } from './rule.ts'
import { RULES } from './rules/index.ts'
import { deliveryErrors } from './view/delivery-errors.ts'
import type { View } from './view/view.ts'

/** Below this a cause is not worth a line. */
const LEAST_CONFIDENCE = 0.05
/** From here on a cause explains what follows from it. */
const LIKELY = 0.2
const SURE = 0.9

/** `isOurs`: the server is Foresend. */
export function rank(view: View, isOurs: boolean): Cause[] {
  const causes: Ranked[] = []
  const consequences: Ranked[] = []
  for (const rule of RULES) {
    const finding = toned(view, rule.find(view))
    if (finding === undefined || finding.confidence < LEAST_CONFIDENCE) continue
    const list = (finding.isConsequence ?? rule.isConsequence === true) ? consequences : causes
    list.push({
      cause: causeOf(rule, finding, isOurs),
      likelihood: finding.likelihood ?? 0,
      hits: finding.hits ?? 0,
      isGuess: finding.isGuess === true,
    })
  }
  // Packets behind the last one of the client prove no cause: such a finding is left out where another one is sure.
  const isDecided = [...causes, ...consequences].some(({ cause, isGuess }) => !isGuess && cause.confidence >= SURE)
  const kept = causes.filter(({ isGuess }) => !isGuess || !isDecided).sort(byConfidence)
  consequences.sort(byConfidence)
  const all = [...kept, ...consequences]
  // What another cause brings about stands behind it, unless all that may have done so is a guess.
  const isExplained = kept.reduce((sum, { cause, isGuess }) => sum + (isGuess ? 0 : cause.confidence), 0) >= LIKELY
  return (isExplained ? all : all.sort(byConfidence)).map(({ cause }) => cause)
}

/** A healthy network loses a packet now and then: one incident of a whole transfer is hardly a fault. */
function toned({ judgement, transfer, isRunning }: View, finding: Finding | undefined): Finding | undefined {
  // Only what the stories tell is counted in incidents.
  if (finding?.likelihood === undefined) return finding
  const isAccident = judgement.judged[0]?.story.own.length === 1 && transfer.blocks.sent >= MANY_BLOCKS
  if (!isAccident) return finding
  if (isRunning || transfer.outcome.type === 'complete') return { ...finding, confidence: finding.confidence / 2 }
  // Nor did it end a transfer that was refused long after.
  return deliveryErrors(transfer).length > 0 ? { ...finding, isGuess: true } : finding
}

const MANY_BLOCKS = 100

interface Ranked {
  readonly cause: Cause
  readonly likelihood: number
  readonly hits: number
  readonly isGuess: boolean
}

function byConfidence(a: Ranked, b: Ranked): number {
  return b.cause.confidence - a.cause.confidence || b.likelihood - a.likelihood || b.hits - a.hits
}
