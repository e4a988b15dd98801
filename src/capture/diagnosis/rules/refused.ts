import type { CauseId } from '../contract.ts'
import type { Rule } from '../rule.ts'

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
    find({ transfer }) {
      const { outcome } = transfer
      if (outcome.type !== 'error' || outcome.from !== by) return undefined
      const before = transfer.blocks.highest === 0 ? 'before any block' : `at block ${transfer.blocks.highest}`
      return {
        confidence: 0.99,
        evidence: [{ text: `ERROR ${outcome.wireCode}, ${before}`, packets: [outcome.number] }],
      }
    },
  }
}
