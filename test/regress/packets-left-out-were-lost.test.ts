/**
 * In a capture of many transfers each keeps fewer packets, and regular ones are left out to save memory. A block whose ACK was among these was judged as
 * lost, and the blocks behind as sent ahead: healthy transfers were blamed.
 */
import { expect, it } from 'vitest'
import type { CapturedPackets, CapturedTransfer } from '../../src/capture/index.ts'
import { diagnose } from '../../src/capture/diagnosis/index.ts'
import { packet } from '../golden/capture-maker.ts'
import { blocks, Scene } from '../golden/capture-scene.ts'

/** The packets without those at positions `from` to `to` - 1. */
function without(packets: CapturedPackets, from: number, to: number): CapturedPackets {
  const at = (i: number): number => (i < from ? i : i + to - from)
  return {
    length: packets.length - (to - from),
    seen: packets.length,
    number: (i) => packets.number(at(i)),
    timeMs: (i) => packets.timeMs(at(i)),
    fromClient: (i) => packets.fromClient(at(i)),
    kind: (i) => packets.kind(at(i)),
    block: (i) => packets.block(at(i)),
    seq: (i) => packets.seq(at(i)),
    payloadBytes: (i) => packets.payloadBytes(at(i)),
    payloadSum: (i) => packets.payloadSum(at(i)),
    flags: (i) => packets.flags(at(i)),
    frameBytes: (i) => packets.frameBytes(at(i)),
    thinnedBefore: (i) => (i === from ? to - from : 0),
  }
}

const FIRST = 200

it.each([
  ['between a block and its ACK, up to a block', FIRST, FIRST + 101],
  ['between a block and its ACK, up to an ACK', FIRST, FIRST + 100],
  ['behind an ACK, up to a block', FIRST + 1, FIRST + 101],
  ['behind an ACK, up to an ACK', FIRST + 1, FIRST + 100],
])('packets left out %s are no losses', (_, from, to) => {
  const scene = blocks(new Scene().ask(packet.rrq('test.bin')), 1, 400)
  const transfer = scene.server(packet.data(401, 9)).client(packet.ack(401)).one()
  const thinned: CapturedTransfer = { ...transfer, packets: without(transfer.packets, from, to) }
  const diagnosis = diagnose(thinned)
  expect(diagnosis.causes).toEqual([])
  expect(diagnosis.figures.windowBlocks).toBe(1)
})
