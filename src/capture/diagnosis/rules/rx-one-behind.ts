import type { Rule } from '../rule.ts'
import { shown, type View } from '../view/view.ts'
import { packetsOf } from './certainty.ts'

/** A share of the blocks that chance does not explain. */
const NEARLY_ALL = 0.7
const LEAST_BLOCKS = 4

export const rxOneBehind: Rule = {
  id: 'rx-one-behind',
  title: 'the device sees each frame only when the next one arrives',
  advice: 'Send every packet twice (`--copies 2 --gap 1`): the copy pushes the packet through.',
  find(view) {
    if (!isOneBehind(view)) return undefined
    const { incidents } = view
    return {
      confidence: 0.9,
      evidence: [
        shown(
          view,
          `${incidents.length} blocks in a row were acknowledged only after a second frame`,
          packetsOf(incidents),
        ),
      ],
    }
  },
}

/** Each block needs a second frame. */
export function isOneBehind({ incidents, transfer }: View): boolean {
  const blocks = new Set(incidents.map(({ seq }) => seq)).size
  return blocks >= LEAST_BLOCKS && blocks >= NEARLY_ALL * transfer.blocks.sent
}
