import { expect, test } from 'vitest'
import { diagnose } from '../../src/capture/diagnosis/index.ts'
import { packet } from '../golden/capture-maker.ts'
import { Scene } from '../golden/capture-scene.ts'

/** Servers as captures of the programs show them: on loopback they take as long for a block as the client for its ACK, and a busy host is late. */
const LAST = 64

function transfer(odd: Readonly<Record<number, (scene: Scene) => void>>): Scene {
  const scene = new Scene().ask(packet.rrq('test.bin'))
  for (let seq = 1; seq <= LAST; seq++) {
    const play = odd[seq]
    if (play === undefined) scene.server(data(seq), { afterMs: 0.2 }).client(packet.ack(seq), { afterMs: 0.2 })
    else play(scene)
  }
  return scene
}

function data(seq: number): Uint8Array {
  return packet.data(seq, seq === LAST ? 100 : 512)
}

/** A block that is repeated after each of these waits, and then acknowledged. */
const repeated =
  (seq: number, ...waits: readonly number[]) =>
  (scene: Scene): void => {
    scene.server(data(seq))
    for (const afterMs of waits) scene.server(data(seq), { afterMs })
    scene.client(packet.ack(seq), { afterMs: 0.4 })
  }

/** The timers of both sides end together: the client repeats its ACK, and the server answers that as well. */
const bothTimers =
  (seq: number, waitMs: number) =>
  (scene: Scene): void => {
    scene
      .server(data(seq))
      .server(data(seq), { afterMs: waitMs })
      .client(packet.ack(seq - 1), { afterMs: 0.5 })
      .client(packet.ack(seq), { afterMs: 0.1 })
      .server(data(seq), { afterMs: 0.25 })
  }

/** Its answers to repeated ACKs, 0.25 ms behind them, passed for none. */
test('atftpd answers repeated ACKs in the time that it takes for any block', () => {
  const scene = transfer({ 20: bothTimers(20, 5003), 40: bothTimers(40, 5004), 50: bothTimers(50, 5003) })
  const { server } = diagnose(scene.one())
  expect([server?.name, ...(server?.orElse ?? [])]).toContain('atftpd')
})

/** The first of the two copies answers the client, the other one the timer of the server. Their distance was taken for a wait. */
test('two copies of a block behind a repeated ACK are no wait of a server', () => {
  const scene = transfer({
    20: (s) => {
      s.server(data(20))
        .client(packet.ack(19), { afterMs: 5084 })
        .server(data(20), { afterMs: 1.2 })
        .server(data(20), { afterMs: 0.6 })
        .client(packet.ack(20), { afterMs: 0.3 })
    },
  })
  expect(diagnose(scene.one()).server).toBeUndefined()
})

test('a wait of a busy host among exact ones makes no other server of it', () => {
  const scene = transfer({
    4: repeated(4, 1000.6),
    20: repeated(20, 1121),
    40: repeated(40, 1048.7),
    50: repeated(50, 999.2),
  })
  expect(diagnose(scene.one()).server?.name).toBe('tftp-hpa')
})

test('dnsmasq looks at its clock of whole seconds four times in a second', () => {
  const scene = transfer({
    4: repeated(4, 2039.4),
    20: repeated(20, 1768.7),
    40: repeated(40, 2190),
    50: repeated(50, 1826, 2188.6),
  })
  expect(diagnose(scene.one()).server?.name).toBe('dnsmasq')
})
