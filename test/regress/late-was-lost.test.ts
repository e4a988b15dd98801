import { expect, test } from 'vitest'
import { diagnose } from '../../src/capture/diagnosis/index.ts'
import { packet } from '../golden/capture-maker.ts'
import { Scene } from '../golden/capture-scene.ts'

/**
 * Clients with a short timer over a link that holds packets up for a while and loses none, as captures of real programs show them. Each was blamed for
 * losses in both directions, or for packets that wait in the device.
 */
const LAST = 64
const RTT_MS = 41.6

/** `odd` plays the blocks that are named in it. */
function transfer(scene: Scene, odd: Readonly<Record<number, (scene: Scene) => void>> = {}): Scene {
  for (let seq = 1; seq <= LAST; seq++) {
    const play = odd[seq]
    if (play === undefined) plain(scene, seq)
    else play(scene)
  }
  return scene
}

function plain(scene: Scene, seq: number, sinceMs = RTT_MS): void {
  scene.server(data(seq), { afterMs: 0.5 }).client(packet.ack(seq), { afterMs: sinceMs + 0.1 * (seq % 7) })
}

function data(seq: number): Uint8Array {
  return packet.data(seq, seq === LAST ? 100 : 512)
}

const ask = (): Scene => new Scene().ask(packet.rrq('test.bin', 'tsize', '0'))
const oack = packet.oack('tsize', '32000')

test('an ACK of options that comes late, once, is no repeat of the request', () => {
  const scene = ask().server(oack, { afterMs: 83 }).client(packet.ack(0), { afterMs: 252 })
  expect(diagnose(transfer(scene).one())).toMatchObject({ outcome: 'complete', causes: [] })
})

test('a client that asked twice takes the first of two answers, and leaves the other alone', () => {
  const request = packet.rrq('test.bin', 'tsize', '0')
  const scene = ask()
    .ask(request, { afterMs: 0.4 })
    .server(oack, { afterMs: 10 })
    .ask(request, { afterMs: 3 })
    .server(oack, { serverPort: 40_001, afterMs: 0.6 })
    .server(oack, { serverPort: 40_002, afterMs: 0.1 })
    .client(packet.ack(0), { afterMs: RTT_MS - 4 })
  expect(diagnose(transfer(scene).one())).toMatchObject({ outcome: 'complete', causes: [] })
})

const begun = (): Scene => ask().server(oack).client(packet.ack(0), { afterMs: RTT_MS })

/** No two packets of a timer are as close: both waited, and the first one is the answer. */
test('copies of an ACK that come together behind a wait were on their way all the time', () => {
  const scene = transfer(begun(), {
    6: (s) =>
      s.server(data(6), { afterMs: 0.8 }).client(packet.ack(6), { afterMs: 243 }).client(packet.ack(6), { afterMs: 3 }),
    // One more of them is on its way when block 7 leaves.
    7: (s) =>
      s.server(data(7), { afterMs: 2 }).client(packet.ack(6), { afterMs: 40 }).client(packet.ack(7), { afterMs: 2 }),
    19: (s) => s.server(data(19)).client(packet.ack(19), { afterMs: 387 }),
    20: (s) =>
      s
        .server(data(20), { afterMs: 23 })
        .client(packet.ack(19), { afterMs: 0.3 })
        .client(packet.ack(19), { afterMs: 0.1 })
        .server(data(20), { afterMs: 9.5 })
        .server(data(20), { afterMs: 0.2 })
        .client(packet.ack(20), { afterMs: 32 }),
  })
  expect(diagnose(scene.one())).toMatchObject({ outcome: 'complete', causes: [] })
})

/** The block came once, and its ACK came: the client only had not seen it yet when its timer spoke. */
test('a block that arrives late behind the timer of the client is not lost', () => {
  const scene = transfer(begun(), {
    60: (s) =>
      s
        .server(data(60), { afterMs: 381 })
        .client(packet.ack(59), { afterMs: 325 })
        .client(packet.ack(59), { afterMs: 0.1 })
        .client(packet.ack(59), { afterMs: 19 })
        .client(packet.ack(60), { afterMs: 10 }),
  })
  expect(diagnose(scene.one())).toMatchObject({ outcome: 'complete', causes: [] })
})

/** The client has the final block by then, and says nothing more of the one before. */
test('a copy of an ACK that is on its way while the final block leaves is no odd one', () => {
  const scene = transfer(begun(), {
    [LAST - 1]: (s) =>
      s
        .server(data(LAST - 1), { afterMs: 1.8 })
        .client(packet.ack(LAST - 2), { afterMs: 241 })
        .client(packet.ack(LAST - 1), { afterMs: 3.3 }),
    [LAST]: (s) =>
      s
        .server(data(LAST), { afterMs: 3.3 })
        .client(packet.ack(LAST - 1), { afterMs: 13.1 })
        .client(packet.ack(LAST), { afterMs: 29.8 }),
  })
  expect(diagnose(scene.one())).toMatchObject({ outcome: 'complete', causes: [] })
})

/** The other way round: the block came only when the server repeated it, and that is a loss. */
test('a block that is acknowledged behind its repeat alone is lost, whatever the timer of the client says meanwhile', () => {
  const lost =
    (seq: number) =>
    (s: Scene): void => {
      s.server(data(seq))
      for (const afterMs of [100, 150, 225, 338]) s.client(packet.ack(seq - 1), { afterMs: afterMs + RTT_MS / 2 })
      s.wait(180)
      plain(s, seq)
    }
  const scene = transfer(begun(), { 20: lost(20), 40: lost(40), 50: lost(50) })
  expect(diagnose(scene.one()).causes.map(({ id }) => id)).toContain('data-loss')
})
