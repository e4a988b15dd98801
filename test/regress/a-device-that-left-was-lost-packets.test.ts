/**
 * A device that was silent from one block on was told of as one that does not answer ARP, of which the capture had nothing, and as lost DATA and lost ACKs.
 * Its ICMP message that the port is closed, and its next request, stood behind these guesses or were not read at all.
 */
import { describe, expect, it } from 'vitest'
import { diagnose, type Diagnosis } from '../../src/capture/diagnosis/index.ts'
import { packet } from '../golden/capture-maker.ts'
import { blocks, CLIENT, Scene, SERVER } from '../golden/capture-scene.ts'

const REPEATS_MS = [1000, 2000, 4000, 8000, 16_000]

/** Blocks 1 to 50 are through, and then the device says nothing. */
function silent(): Scene {
  const scene = blocks(new Scene().ask(packet.rrq('test.bin')), 1, 50).server(packet.data(51, 512))
  for (const afterMs of REPEATS_MS) scene.server(packet.data(51, 512), { afterMs })
  return scene
}

const ids = ({ causes }: Diagnosis): string[] => causes.map(({ id }) => id)

describe('a device that says nothing more', () => {
  it('is gone or not reached: both come first, level, and no word is said of ARP as a fact', () => {
    const diagnosis = diagnose(silent().wait(20_000).one())
    expect(ids(diagnosis).slice(0, 2)).toEqual(['arp-silent', 'client-silent'])
    const [first, second] = diagnosis.causes
    expect(first.confidence).toBe(second.confidence)
    expect(first.title).toContain('crashed')
    expect(first.title).not.toContain('MAC')
    for (const { evidence } of diagnosis.causes)
      for (const { text } of evidence) expect(text).not.toMatch(/as what it says later proves|only after a repeat/)
  })

  it('and asks for the file anew restarted', () => {
    const scene = silent().wait(3000)
    scene.ask(packet.rrq('test.bin'), { clientPort: 2071 })
    for (let seq = 1; seq <= 3; seq++) {
      const options = { clientPort: 2071, serverPort: 40_001 }
      scene.server(packet.data(seq, seq === 3 ? 9 : 512), options).client(packet.ack(seq), options)
    }
    const { transfers } = scene.read()
    const [first, second] = transfers.map((transfer) => diagnose(transfer))
    expect(ids(first)).toEqual(['client-silent'])
    expect(first.causes[0].title).toContain('anew 34.0 s after its last packet')
    expect(second.causes).toEqual([])
  })

  it('and answers that its port is closed has ended its program', () => {
    const scene = blocks(new Scene().ask(packet.rrq('test.bin')), 1, 50)
    for (let n = 0; n < 4; n++) {
      scene.server(packet.data(51, 512), { afterMs: n === 0 ? 0.1 : 1000 })
      scene.icmp(3, 3, scene.quote(false, packet.data(51, 512)), CLIENT, SERVER)
    }
    const { causes } = diagnose(scene.one())
    expect(causes.map(({ id }) => id)).toEqual(['unreachable'])
    expect(causes[0].title).toContain('port is closed')
  })

  it('behind the last block left, as devices do that start the image at once', () => {
    const scene = blocks(new Scene().ask(packet.rrq('test.bin')), 1, 50).server(packet.data(51, 9))
    for (const afterMs of REPEATS_MS) scene.server(packet.data(51, 9), { afterMs })
    const diagnosis = diagnose(scene.wait(20_000).one())
    expect(diagnosis.outcome).toBe('last-ack-missing')
    expect(ids(diagnosis)[0]).toBe('client-silent')
    expect(diagnosis.causes[0].advice).toContain('CRC32')
  })
})

describe('a server that stops', () => {
  it('is the cause of the timeouts that the device spends on it', () => {
    const scene = blocks(new Scene().ask(packet.rrq('test.bin')), 1, 50)
    for (let n = 0; n < 10; n++) scene.client(packet.ack(50), { afterMs: 5000 })
    const [first, second] = diagnose(scene.wait(20_000).one()).causes
    expect(first.id).toBe('server-silent')
    expect(first.confidence).toBe(0.8)
    expect(second.id).toBe('budget-used-up')
  })
})

describe('a server that asks for the MAC address in vain', () => {
  it('has that cause alone, and is not called silent', () => {
    const scene = blocks(new Scene().ask(packet.rrq('test.bin', 'timeout', '5')), 1, 50).server(packet.data(51, 512))
    for (let n = 0; n < 8; n++) scene.client(packet.ack(50), { afterMs: 5000 }).arp(1, SERVER, CLIENT)
    expect(ids(diagnose(scene.wait(20_000).one()))).toEqual(['arp-silent', 'budget-used-up'])
  })
})
