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
      confidence: 0.98,
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
  if (transfer.agreed.windowsize > 1) return false
  const blocks = new Set(incidents.map(({ seq }) => seq))
  if (blocks.size < LEAST_BLOCKS) return false
  // A server that sends ahead later pushes the frames through: then only the first blocks show it.
  let inARow = 0
  while (blocks.has(inARow + 1)) inARow++
  return inARow >= LEAST_BLOCKS || blocks.size >= NEARLY_ALL * transfer.blocks.sent
}
