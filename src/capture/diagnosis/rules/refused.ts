import type { CauseId } from '../contract.ts'
import type { Rule } from '../rule.ts'
import { unansweredAcks } from '../upload/unanswered.ts'
import type { View } from '../view/view.ts'

export const clientRefused = refused(
  'client-refused',
  'client',
  'the device ended the transfer with an ERROR',
  'Read its text: a full memory, a file that it does not take, or an option that it did not ask for. Try a plain transfer: `--window strict` and no options.',
)

export const serverRefused = refused(
  'server-refused',
  'server',
  'the server ended the transfer with an ERROR',
  'Read its text: usually the file does not exist under this name, or the server may not read it. Compare the name letter by letter, with its folder.',
)

function refused(id: CauseId, by: 'client' | 'server', title: string, advice: string): Rule {
  return {
    id,
    title,
    advice,
    isConsequence: true,
    find(view) {
      const { transfer } = view
      const { outcome } = transfer
      if (outcome.type !== 'error' || outcome.from !== by) return undefined
      const isGivenUp = by === 'server' && outcome.wireCode === 0 && unansweredRepeats(view) >= LEAST_REPEATS
      const before = transfer.blocks.highest === 0 ? 'before any block' : `at block ${transfer.blocks.highest}`
      return {
        confidence: isGivenUp ? 0.25 : 0.99,
        evidence: [
          {
            text: `ERROR ${outcome.wireCode}, ${before}${isGivenUp ? ', when its repeats had brought no answer' : ''}`,
            packets: [outcome.number],
          },
        ],
      }
    },
  }
}

/** Blocks, or ACKs of an upload, that the server sent again since the device last moved it on. */
function unansweredRepeats(view: View): number {
  if (view.transfer.direction === 'write') return unansweredAcks(view).length - 1
  const { packets, list, episodes } = view
  const last = episodes.at(-1)
  if (last === undefined || last.closed) return 0
  const sent = new Set<number>()
  let repeats = 0
  for (const [at, i] of list.entries()) {
    if (packets.fromClient(i) || packets.kind(i) !== 'data') continue
    const seq = packets.seq(i)
    if (sent.has(seq) && at >= last.from) repeats++
    sent.add(seq)
  }
  return repeats
}

const LEAST_REPEATS = 2
