/**
 * A capture that begins behind the request of an upload, with its OACK: the answer was taken for that to a read, the DATA of the device for nothing, and there was "no TFTP transfer".
 */
import { describe, expect, test } from 'vitest'
import { diagnose } from '../../src/capture/diagnosis/index.ts'
import { packet } from '../golden/capture-maker.ts'
import { CLIENT, Scene, SERVER } from '../golden/capture-scene.ts'

function stored(scene: Scene): Scene {
  for (let seq = 1; seq <= 20; seq++)
    scene.client(packet.data(seq, seq === 20 ? 9 : 1024), { afterMs: 0.5 }).server(packet.ack(seq), { afterMs: 0.2 })
  return scene
}

describe('from the OACK on', () => {
  test.each([Infinity, 60])('it is an upload (snap length %d)', (snapBytes) => {
    const scene = new Scene({ snapBytes }).server(packet.oack('blksize', '1024'))
    const transfer = stored(scene).one()
    expect(transfer).toMatchObject({
      direction: 'write',
      client: { address: CLIENT.address },
      server: { address: SERVER.address },
      blocks: { sent: 20, final: 20, acknowledged: 20 },
    })
    expect(diagnose(transfer)).toMatchObject({ outcome: 'complete', causes: [] })
  })

  test('its ACKs alone tell it', () => {
    const scene = new Scene().server(packet.oack('blksize', '1024'))
    for (let seq = 1; seq <= 9; seq++) scene.server(packet.ack(seq))
    expect(scene.one()).toMatchObject({ direction: 'write', fromClient: 0, server: { address: SERVER.address } })
  })

  test('a read stays one', () => {
    const scene = new Scene().server(packet.oack('blksize', '1024')).client(packet.ack(0))
    for (let seq = 1; seq <= 20; seq++) scene.server(packet.data(seq, seq === 20 ? 9 : 1024)).client(packet.ack(seq))
    expect(scene.one()).toMatchObject({ direction: 'read', outcome: { type: 'complete' } })
  })
})

test('without the OACK it may be either, and that is said', () => {
  const transfer = stored(new Scene()).one()
  expect(transfer.rolesFrom).toBe('assumed')
  expect(diagnose(transfer).limits.join()).toMatch(/other way round/)
})
