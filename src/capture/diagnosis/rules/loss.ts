/** What the two rules of loss share. */
import type { Hypothesis } from '../explain/judge.ts'
import type { Rule } from '../rule.ts'
import { uploadFinding } from '../upload/finding.ts'
import { judgedRule, ofKind } from './judged.ts'

/** The rule of one direction. */
export interface LossSettings extends Pick<Rule, 'title' | 'advice' | 'adviceOfOurs'> {
  readonly id: 'ack-loss' | 'data-loss'
  /** What the incidents show; `blocks` names them. */
  readonly evidence: (blocks: string) => string
}

export function lossRule({ evidence, ...rule }: LossSettings): Rule {
  const { id } = rule
  const other: Hypothesis = id === 'ack-loss' ? 'data-loss' : 'ack-loss'
  const ofDownload = judgedRule({
    ...rule,
    hypotheses: [id, 'both-losses'],
    events: ofKind(id === 'ack-loss' ? 'up-lost' : 'down-lost'),
    words: (blocks, _events, { story }, { judgement }) => {
      const isLevel = judgement.judged.some((j) => j.hypothesis === other && j.cost - story.cost < LEVEL)
      return isLevel
        ? `${blocks}: acknowledged only after a repeat, which both directions of loss explain`
        : evidence(blocks)
    },
  })
  return {
    ...ofDownload,
    find: (view) => (view.upload === undefined ? ofDownload.find(view) : uploadFinding(view, view.upload, id)),
  }
}

const LEVEL = 1
