/** A number of a block has 16 bits. What follows 65535 is written nowhere: most servers go on with 0, some with 1, and some devices with neither. */
import type { Rule } from '../rule.ts'
import { shown } from '../view/view.ts'

const LAST_NUMBER = 65_535

export const rollover: Rule = {
  id: 'rollover',
  title: 'the transfer stops where the numbers of blocks end, behind block 65535: the device does not go on from there',
  advice:
    'Use a larger block size, so that the file has fewer blocks than 65,536: 1428 bytes carry 93 MB, 512 only 33 MB. Else ask the device for the option rollover, or use a newer version of its program.',
  find(view) {
    const { transfer, packets, list } = view
    const { outcome, blocks, agreed } = transfer
    const isStopped = outcome.type === 'silent' || outcome.type === 'error'
    const reached = transfer.direction === 'read' ? blocks.highestAcknowledged : blocks.highest
    if (!isStopped || reached > LAST_NUMBER || reached <= LAST_NUMBER - agreed.windowsize || blocks.highest < reached)
      return undefined
    const isServerSending = transfer.direction === 'read'
    const behind = [...list].filter(
      (i) => packets.kind(i) === 'data' && packets.fromClient(i) !== isServerSending && packets.seq(i) > LAST_NUMBER,
    )
    if (behind.length === 0) return undefined
    const number = packets.block(behind[0])
    return {
      ...(isServerSending && number === 1 ? STARTS_AT_1 : {}),
      confidence: 0.9,
      evidence: [
        shown(view, `block 65535 is acknowledged, and the block behind it, numbered ${number}, is not`, behind),
      ],
    }
  },
}

const STARTS_AT_1 = {
  title: 'the server goes on with number 1 behind block 65535, and the device does not take it: most count on from 0',
  advice:
    'Let the server go on with 0 (`--rollover 0` of Foresend), or use a larger block size: 1428 bytes carry 93 MB in fewer than 65,536 blocks.',
} as const
