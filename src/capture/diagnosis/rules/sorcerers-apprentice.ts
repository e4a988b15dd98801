/** A server that answers each repeated ACK with DATA: one copy makes the next, to the end of the file. */
import { repeatsAtOnce } from '../explain/flood.ts'
import type { Rule } from '../rule.ts'
import { shown, type View } from '../view/view.ts'

/** A row of blocks that a chance loss does not make. */
const LEAST_IN_A_ROW = 8

export const sorcerersApprentice: Rule = {
  id: 'sorcerers-apprentice',
  title: 'the server answers repeated ACKs with DATA, and every block travels twice or more',
  advice:
    'Use a server that ignores repeated ACKs (RFC 1123 section 4.2.3.1); with atftpd start it with --prevent-sas.',
  isConsequence: true,
  find(view) {
    const { blocks } = view.transfer
    const repeats = repeatsOf(view)
    if (repeats.length < LEAST_IN_A_ROW) return undefined
    return {
      confidence: Math.min(0.95, 0.7 + repeats.length / 200),
      evidence: [
        shown(
          view,
          view.judgement.isFlood
            ? `${repeats.length} packets were sent again at once because an ACK came twice`
            : `${repeats.length} blocks in a row were sent again at once because an ACK came twice`,
          repeats,
        ),
        { text: `${blocks.datagrams} packets of DATA for ${blocks.sent} blocks`, packets: [] },
      ],
    }
  },
}

/** In a window a repeated ACK asks for the blocks behind it: there only a flood is the server's fault. */
function repeatsOf({ transfer, list, latencies, judgement }: View): readonly number[] {
  const { all, early, row } = repeatsAtOnce(transfer, list, latencies.medianMs ?? 0)
  if (judgement.isFlood) return early.length < LEAST_IN_A_ROW ? all : early
  return transfer.agreed.windowsize > 1 ? [] : row
}
