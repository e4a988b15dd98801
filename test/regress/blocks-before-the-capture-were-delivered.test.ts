/**
 * A capture that begins in the middle of a transfer shows nothing of the blocks before: that the device lacks none was said of all of them. And a block whose ACK came before the first packet of
 * the capture, because it is a repeat, was one that the device may lack.
 */
import { describe, expect, test } from 'vitest'
import { diagnose } from '../../src/capture/diagnosis/index.ts'
import { holesText } from '../../src/cli/diagnose/words.ts'
import { packet, pcap } from '../golden/capture-maker.ts'
import { blocks, readAll, Scene } from '../golden/capture-scene.ts'

const end = (scene: Scene): Scene => blocks(scene, 51, 80).server(packet.data(81, 9)).client(packet.ack(81))

function said(scene: Scene) {
  const transfer = scene.one()
  const diagnosis = diagnose(transfer)
  return { transfer, diagnosis, holes: holesText({ transfer, diagnosis }) }
}

test('what is before is said to be unknown', () => {
  const { diagnosis, holes, transfer } = said(end(new Scene()))
  expect(transfer.blocks.knownFrom).toBe(51)
  expect(diagnosis.outcome).toBe('complete')
  expect(diagnosis.limits).toContain(
    'the capture begins after the request: what became of the blocks before 51 it does not show',
  )
  expect(holes).toMatch(/none from block 51 on/)
})

test('a repeat at the beginning has had its ACK', () => {
  const { diagnosis, transfer } = said(
    end(new Scene().server(packet.data(49, 512)).server(packet.data(50, 512)).client(packet.ack(50))),
  )
  expect(transfer.blocks.knownFrom).toBe(50)
  expect(diagnosis).toMatchObject({ outcome: 'complete', holes: { count: 0 } })
})

test('a block behind that without an ACK may be missing', () => {
  const { diagnosis } = said(
    end(blocks(new Scene(), 40, 45).server(packet.data(46, 512)).server(packet.data(47, 512)).client(packet.ack(47))),
  )
  expect(diagnosis.holes.ranges).toContainEqual({ first: 46, last: 46 })
})

describe('the last ACK stands before its DATA in the file', () => {
  test('it is complete', () => {
    const { frames } = blocks(new Scene().ask(packet.rrq('f')), 1, 9)
      .server(packet.data(10, 9))
      .client(packet.ack(10), { afterMs: 0.2 })
    const swapped = [...frames.slice(0, -2), frames[frames.length - 1], frames[frames.length - 2]]
    const [transfer] = readAll(pcap(swapped)).transfers
    expect(transfer.outcome.type).toBe('complete')
  })
})
