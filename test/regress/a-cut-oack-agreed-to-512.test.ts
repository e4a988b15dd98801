/**
 * A capture of 54 or 68 bytes of each packet has no whole OACK. What it did not show of the block size counted as RFC 1350's 512 bytes: a transfer of 1468 bytes that was
 * complete had its last block "never acknowledged". Where no OACK was captured, and the client answered one, it was the same.
 */
import { describe, expect, test } from 'vitest'
import { diagnose } from '../../src/capture/diagnosis/index.ts'
import { packet } from '../golden/capture-maker.ts'
import { Scene } from '../golden/capture-scene.ts'

function seen(scene: Scene, blksize: number, blocks: number, lastBytes: number) {
  for (let seq = 1; seq <= blocks; seq++)
    scene.server(packet.data(seq, seq === blocks ? lastBytes : blksize)).client(packet.ack(seq), { afterMs: 0.5 })
  const transfer = scene.one()
  const { outcome, causes } = diagnose(transfer)
  const { blksize: size, blksizeFrom, windowsizeFrom } = transfer.agreed
  return { outcome, causes, final: transfer.blocks.final, size, blksizeFrom, windowsizeFrom }
}

const asks = (blksize: number) => packet.rrq('image.bin', 'tsize', '0', 'blksize', String(blksize))
const oack = (blksize: number) => packet.oack('tsize', '1000', 'blksize', String(blksize))

describe.each([54, 60, 68])('%i bytes of each packet', (snapBytes) => {
  const cut = (blksize: number) =>
    new Scene({ snapBytes }).ask(asks(blksize)).server(oack(blksize)).client(packet.ack(0))

  test.each([128, 1024, 1468, 8192])('blocks of %i bytes: it is complete', (blksize) => {
    const transfer = seen(cut(blksize), blksize, 20, 100)
    expect(transfer).toMatchObject({ outcome: 'complete', causes: [], final: 20, size: blksize })
  })

  test('without a short block it is not', () => {
    expect(seen(cut(1468), 1468, 20, 1468)).toMatchObject({ outcome: 'running', final: undefined })
  })
})

test('the end of the OACK is cut off: a file of one block is complete', () => {
  const scene = new Scene().ask(asks(1468)).server(oack(1468), { snapBytes: 54 }).client(packet.ack(0))
  expect(seen(scene, 1468, 1, 200)).toMatchObject({ outcome: 'complete', final: 1 })
})

test('the OACK was not captured, and its ACK was', () => {
  const scene = new Scene().ask(asks(1024)).client(packet.ack(0))
  const transfer = seen(scene, 1024, 20, 600)
  expect(transfer).toMatchObject({ outcome: 'complete', final: 20, size: 1024, blksizeFrom: 'inferred' })
  expect(transfer.windowsizeFrom).toBe('packets')
})

test('a server that knows no options sends 512 bytes, and its only block is the last one', () => {
  const transfer = seen(new Scene().ask(asks(1024)), 512, 1, 200)
  expect(transfer).toMatchObject({ outcome: 'complete', size: 512, blksizeFrom: 'default' })
})
