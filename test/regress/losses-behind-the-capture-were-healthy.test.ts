/**
 * A capture at the client or on a mirror port shows ACKs that are lost behind it, and misses DATA that was lost before it: such transfers were called
 * healthy, although the server sent each block again. So were those whose server paused. A capture that ends in the middle was a failure.
 */
import { describe, expect, it } from 'vitest'
import { diagnose } from '../../src/capture/diagnosis/index.ts'
import { packet } from '../golden/capture-maker.ts'
import { blocks, Scene } from '../golden/capture-scene.ts'

const LOST = [21, 31, 41, 51] as const

/** `trouble` stands in place of DATA `seq` and its ACK, for each block of LOST. */
function withTrouble(trouble: (scene: Scene, seq: number) => void): Scene {
  const scene = blocks(new Scene().ask(packet.rrq('test.bin')), 1, 20)
  for (const seq of LOST) {
    trouble(scene, seq)
    blocks(scene, seq + 1, seq + 9)
  }
  return scene.server(packet.data(61, 9)).client(packet.ack(61))
}

describe('a capture that was not taken at the server', () => {
  it('shows ACKs that the server never got', () => {
    const scene = withTrouble((s, seq) => {
      s.server(packet.data(seq, 512)).client(packet.ack(seq))
      s.server(packet.data(seq, 512), { afterMs: 1000 }).client(packet.ack(seq))
    })
    const [cause, ...others] = diagnose(scene.one()).causes
    expect(cause.id).toBe('ack-loss')
    expect(cause.title).toContain('between the place of this capture and the server')
    expect(cause.confidence).toBeGreaterThan(0.9)
    expect(others).toEqual([])
  })

  it('does not tell DATA that was lost before it from a server that waits as a timer does, and says so', () => {
    const scene = withTrouble((s, seq) => s.server(packet.data(seq, 512), { afterMs: 1000 }).client(packet.ack(seq)))
    const [first, second] = diagnose(scene.one()).causes
    expect([first.id, second.id]).toEqual(['data-loss', 'server-slow'])
    expect(first.confidence).toBe(second.confidence)
    expect(first.tellApart).toContain('Capture at the server')
  })
})

describe('a server that pauses', () => {
  it('is named, with how often and how long', () => {
    const waitsMs = new Map([
      [21, 900],
      [31, 2300],
      [41, 1450],
      [51, 3100],
    ])
    const scene = withTrouble((s, seq) =>
      s.server(packet.data(seq, 512), { afterMs: waitsMs.get(seq) ?? 0 }).client(packet.ack(seq)),
    )
    const { causes } = diagnose(scene.one())
    expect(causes.map(({ id }) => id)).toEqual(['server-slow'])
    expect(causes[0].title).toContain('4 times, 7.8 s in all, 3.1 s at the longest')
  })
})

describe('a device that drops what comes while it writes its flash', () => {
  it('is told from loss by the rhythm of its sizes', () => {
    const scene = new Scene().ask(packet.rrq('test.bin'))
    blocks(scene, 1, 127)
    for (let seq = 128; seq <= 640; seq += 128) {
      scene.server(packet.data(seq, 512)).server(packet.data(seq, 512), { afterMs: 1000 })
      scene.server(packet.data(seq, 512), { afterMs: 1000 }).client(packet.ack(seq))
      blocks(scene, seq + 1, seq + 127)
    }
    const [first] = diagnose(scene.server(packet.data(768, 9)).client(packet.ack(768)).one()).causes
    expect(first.id).toBe('slow-flash')
    expect(first.evidence[0].text).toContain('every 128 blocks')
  })
})

describe('a capture that ends in the middle', () => {
  it('of a transfer that runs well is no failure', () => {
    const diagnosis = diagnose(blocks(new Scene().ask(packet.rrq('test.bin')), 1, 50).one())
    expect(diagnosis).toMatchObject({ outcome: 'running', causes: [] })
  })

  it('of one that stalls is one', () => {
    const scene = blocks(new Scene().ask(packet.rrq('test.bin')), 1, 50).server(packet.data(51, 512))
    for (let n = 0; n < 3; n++) scene.server(packet.data(51, 512), { afterMs: 1000 })
    expect(diagnose(scene.one()).outcome).toBe('silent')
  })
})

describe('a transfer that stops behind block 65535', () => {
  it.each([
    [0, 'where the numbers of blocks end'],
    [1, 'goes on with number 1'],
  ])('and whose next block has the number %i', (number, title) => {
    const scene = blocks(new Scene(), 65_500, 65_535).server(packet.data(number, 512))
    for (let n = 0; n < 5; n++) scene.server(packet.data(number, 512), { afterMs: 1000 })
    const [cause] = diagnose(scene.wait(10_000).one()).causes
    expect(cause.id).toBe('rollover')
    expect(cause.title).toContain(title)
  })
})

describe('what is beside the transfer', () => {
  it('is said: a second server, a capture of requests alone', () => {
    const ascii = new Scene().ask(packet.rrq('test.bin'))
    expect(diagnose(ascii.one()).limits.join()).toContain('port 69')
    const scene = blocks(new Scene().ask(packet.rrq('test.bin')), 1, 5)
    scene.server(packet.data(1, 512), {
      server: { address: '192.168.0.67', mac: '02:00:00:00:00:67' },
      serverPort: 41_000,
    })
    const { limits } = diagnose(scene.server(packet.data(6, 9)).client(packet.ack(6)).one())
    expect(limits.join()).toContain('192.168.0.67 answered this client as well')
  })
})

describe('a device that gets each block with the second try alone', () => {
  it('may see frames late or be deaf: that is no certainty', () => {
    const scene = new Scene().ask(packet.rrq('test.bin'))
    for (let seq = 1; seq <= 30; seq++)
      scene
        .server(packet.data(seq, seq === 30 ? 9 : 512))
        .server(packet.data(seq, seq === 30 ? 9 : 512), { afterMs: 1000 })
        .client(packet.ack(seq))
    const [first] = diagnose(scene.one()).causes
    expect(first.id).toBe('rx-one-behind')
    expect(first.confidence).toBeLessThanOrEqual(0.8)
    expect(first.tellApart).toContain('deaf')
  })
})
