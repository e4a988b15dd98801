/** A capture without a transfer: what was there instead, and what to check. One line. */
import type { CaptureSummary } from '../../capture/index.ts'
import { escapeText } from '../../packet/index.ts'
import { countText } from '../render/units.ts'

export function nothingLine(summary: CaptureSummary): string {
  const { frames, udpDatagrams, unknownLinkTypes, neighbours } = summary
  const unknown = [...unknownLinkTypes.values()].reduce((sum, count) => sum + count, 0)
  if (frames === 0) return 'no frame in it: check that the capture ran on the card that the device is plugged into'
  const seen = `no TFTP transfer among ${countText(frames, 'frame')}`
  if (unknown > 0) {
    const types = [...unknownLinkTypes.keys()].join(', ')
    return `${seen}; ${countText(unknown, 'frame')} of link type ${types} cannot be read: capture on the Ethernet card, or with tcpdump -i any`
  }
  const unanswered = neighbours.find(({ questions, answers }) => questions > 0 && answers === 0)
  if (unanswered !== undefined) {
    const { askedBy, address, questions, number } = unanswered
    return `${seen}; ${escapeText(askedBy)} asks who has ${escapeText(address)} (${countText(questions, 'time')}, first in packet ${number}) and gets no answer: if it is the device, give this computer the address ${escapeText(address)}`
  }
  if (udpDatagrams === 0)
    return `${seen}, and no UDP: check the cable, that the device's recovery mode began, and that the capture ran on its card`
  return `${seen}, and ${countText(udpDatagrams, 'UDP datagram')} of other programs: check that the capture began before the device asked, and that its filter keeps port 69 and the ports of the answers`
}
