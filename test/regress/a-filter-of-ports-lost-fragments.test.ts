/**
 * `tcpdump udp port …` keeps the first fragment of each datagram alone: the others have no ports. A transfer in blocks of 8192 bytes that was complete had "fragments
 * dropped", and none of its DATA counted.
 */
import { describe, expect, test } from 'vitest'
import { diagnose } from '../../src/capture/diagnosis/index.ts'
import { ethernet, ip, packet, udp } from '../golden/capture-maker.ts'
import { CLIENT, CLIENT_PORT, Scene, SERVER, SERVER_PORT } from '../golden/capture-scene.ts'

const BLOCKS = 30

function fragments(scene: Scene, seq: number, bytes: number, which: 'first' | 'all'): void {
  const datagram = udp(SERVER.address, CLIENT.address, SERVER_PORT, CLIENT_PORT, packet.data(seq, bytes))
  const id = 1000 + scene.frames.length
  for (let offset = 0; offset < datagram.length; offset += 1480) {
    const piece = datagram.subarray(offset, offset + 1480)
    const more = offset + 1480 < datagram.length
    if (which === 'first' && offset > 0) return
    const one = ip(SERVER.address, CLIENT.address, piece, { id, fragment: { offset, more } })
    scene.frame(ethernet(SERVER.mac, CLIENT.mac, 0x0800, one), 0.02)
  }
}

function transfer(windowsize: number, isLost: (seq: number) => boolean): Scene {
  const options = ['blksize', '8192', ...(windowsize > 1 ? ['windowsize', String(windowsize)] : [])]
  const scene = new Scene()
    .ask(packet.rrq('image.bin', ...options))
    .server(packet.oack(...options))
    .client(packet.ack(0), { afterMs: 0.3 })
  for (let seq = 1; seq <= BLOCKS; seq++) {
    fragments(scene, seq, seq === BLOCKS ? 3000 : 8192, 'first')
    if (isLost(seq)) {
      scene.wait(1000)
      fragments(scene, seq, seq === BLOCKS ? 3000 : 8192, 'first')
    }
    if (seq % windowsize === 0 || seq === BLOCKS) scene.client(packet.ack(seq), { afterMs: 0.9 })
  }
  // The capture goes on.
  scene.wait(3000).arp(1, CLIENT, SERVER)
  return scene
}

describe.each([1, 4])('a window of %i', (windowsize) => {
  test('all of it arrived', () => {
    const one = transfer(windowsize, () => false).one()
    const { outcome, causes, holes, limits } = diagnose(one)
    expect([outcome, causes, holes.count]).toEqual(['complete', [], 0])
    expect(one.fragmentsUnseen).toBe(true)
    expect(limits.join()).toMatch(/only the first fragment/)
  })
})

test('what is lost is DATA, and the path is not blamed', () => {
  const { outcome, causes } = diagnose(transfer(1, (seq) => seq % 5 === 2).one())
  expect([outcome, causes[0]?.id]).toEqual(['complete', 'data-loss'])
})

test('a block that is not acknowledged until all of it is there has lost fragments', () => {
  const scene = new Scene()
    .ask(packet.rrq('image.bin', 'blksize', '8192'))
    .server(packet.oack('blksize', '8192'))
    .client(packet.ack(0), { afterMs: 0.3 })
  for (let n = 0; n < 5; n++) {
    fragments(scene, 1, 8192, 'first')
    scene.wait(1000)
  }
  fragments(scene, 1, 8192, 'all')
  const one = scene.client(packet.ack(1), { afterMs: 0.9 }).wait(3000).arp(1, CLIENT, SERVER).one()
  expect(one.fragmentsUnseen).toBe(false)
  expect(diagnose(one).causes.map(({ id }) => id)).toContain('fragments-dropped')
})
