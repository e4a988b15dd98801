import type { Rule } from '../rule.ts'
import { shown } from '../view/view.ts'

export const deadRx: Rule = {
  id: 'dead-rx',
  title: 'nothing that the server sends reaches the device, or the device drops all of it',
  advice:
    'No server can repair this. Check the address that the device has and the netmask of the server, another cable and port, and the firewall between them; a unit that receives nothing in its bootloader needs its serial console or a programmer.',
  find(view) {
    const { transfer, packets, list } = view
    if (transfer.direction !== 'read' || transfer.request === undefined || transfer.fromServer === 0) return undefined
    const answers = [...list].filter((i) => !packets.fromClient(i) && packets.kind(i) !== 'error')
    const spoken = [...list].some((i) => packets.fromClient(i) && packets.kind(i) !== 'rrq')
    if (spoken || answers.length < 2) return undefined
    const { count } = transfer.request
    const requests = [...list].filter((i) => packets.kind(i) === 'rrq')
    const evidence = [shown(view, `${answers.length} answers of the server, and not one was acknowledged`, answers)]
    if (count > 1) evidence.push(shown(view, `the device asks ${count} times, as if nothing had come`, requests))
    return {
      confidence: count > 1 ? 0.9 : 0.75,
      evidence,
      tellApart:
        'Capture on a mirror port next to the device: answers that arrive there are lost in the device itself.',
    }
  },
}
