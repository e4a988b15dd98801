import type { CapturedTransfer } from '../../contract.ts'
import type { Evidence } from '../contract.ts'

/** The server asks for the address of the device, and gets no answer. */
export function unansweredQuestions(transfer: CapturedTransfer): Evidence[] {
  const questions = transfer.sideEvents.filter(
    (e) => e.type === 'neighbour-question' && e.about === 'client' && e.by === transfer.server.address,
  )
  const answers = transfer.sideEvents.some((e) => e.type === 'neighbour-answer' && e.about === 'client')
  if (questions.length < 2 || answers) return []
  return [
    {
      text: `the server asks ${questions.length} times for its MAC address, and no answer comes`,
      packets: questions.slice(0, 8).map(({ number }) => number),
    },
  ]
}
