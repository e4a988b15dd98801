/**
 * Clients and load generators ask again from the port that they had. Within 100 ms of the request before it counted as that request, doubled by the network, although the transfer
 * was over: two transfers were one with each packet repeated.
 */
import { expect, test } from 'vitest'
import { diagnose } from '../../src/capture/diagnosis/index.ts'
import { packet } from '../golden/capture-maker.ts'
import { blocks, Scene } from '../golden/capture-scene.ts'

const transfer = (scene: Scene): Scene =>
  blocks(scene.ask(packet.rrq('image.bin'), { afterMs: 0.3 }), 1, 9)
    .server(packet.data(10, 100))
    .client(packet.ack(10))

test('three transfers from one port, within some milliseconds', () => {
  const { transfers } = transfer(transfer(transfer(new Scene()))).read()
  expect(transfers.map((one) => diagnose(one).outcome)).toEqual(['complete', 'complete', 'complete'])
  expect(transfers.map(({ request, blocks }) => [request?.count, blocks.datagrams])).toEqual([
    [1, 10],
    [1, 10],
    [1, 10],
  ])
  expect(transfers.flatMap((one) => diagnose(one).causes)).toEqual([])
})

test('a request that the network doubles while the transfer goes on is one', () => {
  const scene = new Scene().ask(packet.rrq('image.bin'))
  blocks(scene, 1, 4).ask(packet.rrq('image.bin'))
  blocks(scene, 5, 9).server(packet.data(10, 100)).client(packet.ack(10))
  expect(scene.one()).toMatchObject({ request: { count: 2 }, outcome: { type: 'complete' } })
})
