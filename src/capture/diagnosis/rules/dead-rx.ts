import { asleepFromTheStart } from '../explain/asleep.ts'
import { LEVEL_COST } from '../explain/judge.ts'
import type { Rule } from '../rule.ts'
import { shown } from '../view/view.ts'
import { EEE_APART } from './apart.ts'
import { reachesClient } from './unreachable.ts'
import { wrongSourceAddress } from './wrong-source-address.ts'

export const deadRx: Rule = {
  id: 'dead-rx',
  title: 'nothing that the server sends reaches the device, or the device drops all of it',
  advice:
    'No server can repair this. Check the address that the device has and the netmask of the server, another cable and port, and the firewall between them; a unit that receives nothing in its bootloader needs its serial console or a programmer.',
  find(view) {
    const { transfer, packets, list } = view
    if (transfer.direction !== 'read' || transfer.request === undefined || transfer.fromServer === 0) return undefined
    // What arrives, or comes from a stranger, is not lost.
    if (reachesClient(transfer) || wrongSourceAddress.find(view) !== undefined) return undefined
    const answers = [...list].filter((i) => !packets.fromClient(i) && packets.kind(i) !== 'error')
    const spoken = [...list].some((i) => packets.fromClient(i) && packets.kind(i) !== 'rrq')
    const { count } = transfer.request
    const waitedMs = answers.length === 0 ? 0 : transfer.endMs - packets.timeMs(answers[0]) + transfer.quietMs
    if (spoken || answers.length === 0 || (answers.length < 2 && waitedMs < LONE_ANSWER_MS)) return undefined
    const requests = [...list].filter((i) => packets.kind(i) === 'rrq')
    const words =
      answers.length === 1 ? 'the answer of the server was' : `${answers.length} answers of the server, and not one was`
    const evidence = [shown(view, `${words} ${answers.length === 1 ? 'never ' : ''}acknowledged`, answers)]
    if (count > 1) evidence.push(shown(view, `the device asks ${count} times, as if nothing had come`, requests))
    const confidence = count > 1 ? 0.9 : answers.length > 1 ? 0.75 : 0.5
    const asleep = asleepFromTheStart(transfer, list)
    if (asleep === undefined || asleep.deadGain > LEVEL_COST)
      return {
        confidence,
        evidence,
        tellApart:
          'Capture on a mirror port next to the device: answers that arrive there are lost in the device itself.',
      }
    // First of the two: it is the commoner, and a busy device may skip a request too.
    return { confidence: confidence / 2, likelihood: 1, evidence, tellApart: EEE_APART }
  },
}

/** A lone answer that nothing followed for this long. */
const LONE_ANSWER_MS = 3000
