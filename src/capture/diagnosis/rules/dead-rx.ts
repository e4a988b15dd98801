import type { PacketKind } from '../../contract.ts'
import { asleepFromTheStart } from '../explain/asleep.ts'
import { LEVEL_COST } from '../explain/judge.ts'
import type { Rule } from '../rule.ts'
import { shown } from '../view/view.ts'
import { EEE_APART } from './apart.ts'
import { answeredLate } from './server-silent.ts'
import { reachesClient } from './unreachable.ts'
import { wrongSourceAddress } from './wrong-source-address.ts'

export const deadRx: Rule = {
  id: 'dead-rx',
  title: 'nothing that the server sends reaches the device, or the device drops all of it',
  advice:
    'No server can repair this. Check the address that the device has and the netmask of the server, another cable and port, and the firewall between them; a unit that receives nothing in its bootloader needs its serial console or a programmer.',
  find(view) {
    const { transfer, packets, list } = view
    if (transfer.request === undefined || transfer.fromServer === 0) return undefined
    // What arrives, or comes from a stranger, is not lost.
    if (reachesClient(transfer) || wrongSourceAddress.find(view) !== undefined) return undefined
    if (answeredLate(view) !== undefined) return undefined
    const answers = [...list].filter((i) => !packets.fromClient(i) && packets.kind(i) !== 'error')
    const spoken = [...list].some((i) => packets.fromClient(i) && !isRequest(packets.kind(i)))
    const { count } = transfer.request
    const waitedMs = answers.length === 0 ? 0 : transfer.endMs - packets.timeMs(answers[0]) + transfer.quietMs
    if (spoken || answers.length === 0 || (answers.length < 2 && waitedMs < LONE_ANSWER_MS)) return undefined
    const requests = [...list].filter((i) => isRequest(packets.kind(i)))
    const words =
      answers.length === 1 ? 'the answer of the server was' : `${answers.length} answers of the server, and not one was`
    const evidence = [shown(view, `${words} ${answers.length === 1 ? 'never ' : ''}acknowledged`, answers)]
    const asksOn = requests.some((i) => i > answers[0])
    if (asksOn) evidence.push(shown(view, `the device asks ${count} times, as if nothing had come`, requests))
    const confidence = asksOn ? 0.9 : answers.length > 1 ? 0.75 : 0.5
    // Its first block, which the server waits for, is lost as well as may be.
    if (transfer.direction === 'write') return { ...OF_UPLOAD, confidence, evidence }
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

const OF_UPLOAD = {
  title: 'the answers of the server do not reach the device, or its first block does not reach the server',
  advice:
    'If the device asks again and again, the answers are lost: look at the firewall between the two, which may not know TFTP, and at the address and netmask of both. If it asks once, its blocks are lost: refuse the option blksize once, as a path that carries only smaller packets loses large ones.',
  tellApart: 'Capture at the device: there the answers arrive, and its blocks leave, or they do not.',
} as const

function isRequest(kind: PacketKind): boolean {
  return kind === 'rrq' || kind === 'wrq'
}
