/** What the two rules of loss share. */
import type { Hypothesis } from '../explain/judge.ts'
import type { Rule } from '../rule.ts'
import { uploadFinding } from '../upload/finding.ts'
import { judgedRule, ofKind } from './judged.ts'
import { unheardAcks, unseenData } from './out-of-sight.ts'

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
      if (isLevel) return `${blocks}: acknowledged only after a repeat, which both directions of loss explain`
      if (story.isEither === undefined) return evidence(blocks)
      const share = story.isEither === (id === 'ack-loss' ? 'up-lost' : 'down-lost') ? 'some' : 'most'
      return `${blocks}: acknowledged only after a repeat, ${share} of them because ${id === 'ack-loss' ? 'the ACK' : 'the block'} was lost`
    },
  })
  return {
    ...ofDownload,
    find: (view) => {
      if (view.upload !== undefined) return uploadFinding(view, view.upload, id)
      const told = ofDownload.find(view)
      const outOfSight = id === 'ack-loss' ? unheardAcks(view) : unseenData(view)
      return (told?.confidence ?? 0) >= (outOfSight?.confidence ?? 0) ? told : outOfSight
    },
  }
}

const LEVEL = 1
