/**
 * Where a request is not in the capture, or cut before its `windowsize`, a client that had negotiated a window could be one that takes blocks in any order and acknowledges each: a healthy
 * transfer in windows of 64 had nearly all of its ACKs and DATA lost, with certainty.
 */
import { describe, expect, test } from 'vitest'
import { diagnose } from '../../src/capture/diagnosis/index.ts'
import { packet } from '../golden/capture-maker.ts'
import { Scene, type SendOptions } from '../golden/capture-scene.ts'

const BLOCKS = 201

function windows(windowsize: number, hasRequest: boolean, options: SendOptions = {}): Scene {
  const scene = new Scene()
  const asked = ['timeout', '2', 'tsize', '0', 'blksize', '512', 'windowsize', String(windowsize)]
  if (hasRequest) scene.ask(packet.rrq('image.bin', ...asked), options)
  scene.server(packet.oack(...asked)).client(packet.ack(0), { afterMs: 0.2 })
  for (let seq = 1; seq <= BLOCKS; seq++) {
    scene.server(packet.data(seq, seq === BLOCKS ? 9 : 512), { afterMs: 0.001 })
    if (seq % windowsize === 0 || seq === BLOCKS) scene.client(packet.ack(seq), { afterMs: 0.2 })
  }
  return scene
}

describe.each([16, 64])('windows of %i', (windowsize) => {
  test.each<[string, Scene]>([
    ['the request is there', windows(windowsize, true)],
    ['it is not', windows(windowsize, false)],
    ['it is cut', windows(windowsize, true, { snapBytes: 80 })],
  ])('%s: nothing is lost', (_, scene) => {
    const { agreed } = scene.one()
    expect(agreed.windowsize).toBe(windowsize)
    expect(diagnose(scene.one())).toMatchObject({ outcome: 'complete', causes: [] })
  })
})
