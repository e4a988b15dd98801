import { expect, test } from 'vitest'
import { diagnose } from '../../src/capture/diagnosis/index.ts'
import { packet } from '../golden/capture-maker.ts'
import { CLIENT, Scene, SERVER } from '../golden/capture-scene.ts'

const EVERY = 25

/** A capture at a device whose server waits for it: each stall ends when the device speaks again. Nothing was said of it. */
function prompted(toServer: boolean): Scene {
  const scene = new Scene().ask(packet.rrq('test.bin', 'timeout', '5'))
  for (let seq = 1; seq <= 200; seq++) {
    if (seq % EVERY === 0) scene.client(packet.ack(seq - 1), { afterMs: 5000 })
    scene.server(packet.data(seq, seq === 200 ? 100 : 512), { afterMs: toServer ? 0.02 : 0.3 })
    scene.client(packet.ack(seq), { afterMs: toServer ? 0.3 : 0.02 })
  }
  return scene
}

test('a stall that ends when the device speaks again, seen at the device: either packet may be lost out of sight', () => {
  const { causes } = diagnose(prompted(false).one())
  expect(causes.map(({ id }) => id).toSorted()).toEqual(['ack-loss', 'data-loss'])
  expect(causes[0].confidence).toBe(causes[1].confidence)
  expect(causes[0].tellApart).toContain('Capture at the server')
})

test('the same, seen at the server: there no block is lost before it is seen', () => {
  const transfer = prompted(true).one()
  expect(transfer.vantage.at).toBe('server')
  expect(diagnose(transfer).causes.map(({ id }) => id)).toEqual(['ack-loss'])
})

test('a server that goes on late of itself is no such case', () => {
  const scene = new Scene().ask(packet.rrq('test.bin', 'timeout', '1'))
  for (let seq = 1; seq <= 200; seq++) {
    if (seq % EVERY === 0) scene.client(packet.ack(seq - 1), { afterMs: 1000 }).wait(777)
    scene.server(packet.data(seq, seq === 200 ? 100 : 512), { afterMs: 0.3 })
    scene.client(packet.ack(seq), { afterMs: 0.02 })
  }
  expect(diagnose(scene.one()).causes.map(({ id }) => id)).not.toContain('ack-loss')
})

test('a server that cannot find the device is not called silent', () => {
  const scene = new Scene()
  for (let n = 0; n < 2; n++) {
    scene.ask(packet.rrq('test.bin', 'timeout', '5'), { afterMs: 2000 })
    for (let k = 0; k < 3; k++) scene.arp(1, SERVER, CLIENT).wait(1000)
  }
  expect(diagnose(scene.one()).causes.map(({ id }) => id)).toEqual(['arp-silent'])
})

/** tftp-hpa takes no ACK that it has, and sends the block again by its own timer, which a busy host keeps to some milliseconds. */
test.each([
  ['a client that waits', []],
  ['a client that says its ACK again and again', [100, 151, 226, 339]],
])('blocks that come only by the timer of the server, seen at %s, may be lost', (_who, repeatsMs) => {
  const scene = new Scene().ask(packet.rrq('test.bin', 'tsize', '0')).server(packet.oack('tsize', '102000'))
  scene.client(packet.ack(0), { afterMs: 0.02 })
  for (let seq = 1; seq <= 200; seq++) {
    let restMs = 0.3
    if (seq % EVERY === 0) {
      for (const afterMs of repeatsMs) scene.client(packet.ack(seq - 1), { afterMs })
      restMs = 1003 + (seq % 7) * 9 - repeatsMs.reduce((sum, ms) => sum + ms, 0)
    }
    scene.server(packet.data(seq, seq === 200 ? 100 : 512), { afterMs: restMs })
    scene.client(packet.ack(seq), { afterMs: 0.02 })
  }
  const { causes } = diagnose(scene.one())
  const lost = causes.find(({ id }) => id === 'data-loss')
  expect(lost?.confidence).toBe(causes[0].confidence)
})

const WINDOW = 8
const LOST = [5, 45, 85, 125, 165]

/** In a window the device asks at once for a block that is missing, and nothing stalls. */
function windows(isOvertaken: boolean): Scene {
  const scene = new Scene().ask(packet.rrq('test.bin', 'windowsize', '8')).server(packet.oack('windowsize', '8'))
  scene.client(packet.ack(0))
  const lost = new Set(LOST)
  for (let acked = 0; acked < 200; ) {
    const sent = Array.from({ length: WINDOW }, (_, n) => acked + 1 + n)
    const missing = sent.find((seq) => lost.delete(seq))
    for (const seq of sent) if (seq !== missing) scene.server(packet.data(seq, 512), { afterMs: 0.05 })
    if (missing !== undefined && isOvertaken) scene.server(packet.data(missing, 512), { afterMs: 0.05 })
    acked = missing === undefined ? acked + WINDOW : missing - 1
    scene.client(packet.ack(acked), { afterMs: 0.1 })
  }
  return scene
}

test('a block of a window that comes only when it is asked for was lost before', () => {
  const { causes } = diagnose(windows(false).one())
  expect(causes[0].id).toBe('data-loss')
  expect(causes[0].evidence[0].text).toContain(`blocks ${LOST.join(', ')}`)
})

test('one that is overtaken was not', () => {
  expect(diagnose(windows(true).one()).causes[0]?.evidence[0].text ?? '').not.toContain(
    'only when the device had asked',
  )
})
